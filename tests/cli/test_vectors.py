"""`conv2d vectors` as a process: what it writes, on any threads and kernels the same bytes, and what a check finds."""

from __future__ import annotations

import json
import os
import shutil
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import terminal
from forked import conv2d
from jsonschema import Draft202012Validator

from conv2d_cli import Conv2d, analyze
from conv2d_cli.jobs.vectors.choices import DATA, FILES
from conv2d_cli.jobs.vectors.suites import CORNERS, SUITES
from conv2d_cli.layer.forward import geometry_of
from conv2d_cli.limits import MANIFEST_BYTES
from conv2d_cli.report.vectors import VectorsReport

if TYPE_CHECKING:
    from pathlib import Path

LAYER = ("3", "4", "3", "-p", "1", "-i", "8x7")
TENSORS = ("input", "weight", "bias", "output")


def vectors(*words: str, folder: Path) -> Any:
    return conv2d("vectors", *words, folder=folder)


def manifest_of(folder: Path) -> dict[str, Any]:
    manifest: dict[str, Any] = json.loads((folder / "manifest.json").read_text())
    return manifest


def content_of(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def change(folder: Path, *places: str | int, to: Any) -> None:
    """Change one value of a manifest."""
    manifest: Any = manifest_of(folder)
    inner = manifest
    for place in places[:-1]:
        inner = inner[place]
    inner[places[-1]] = to
    (folder / "manifest.json").write_text(json.dumps(manifest))


@pytest.fixture
def golden(tmp_path: Path) -> Path:
    assert vectors(*LAYER, "-o", "golden", folder=tmp_path).code == 0
    return tmp_path / "golden"


def test_a_layer_and_its_manifest(golden: Path) -> None:
    manifest = manifest_of(golden)
    assert [*manifest] == ["schema_version", "tool", "version", "cases"]
    (case,) = manifest["cases"]
    assert [*case] == ["name", "layer", "seed", "data", "dtype", "layout", *TENSORS]
    assert all([*case[place]] == ["file", "shape", "dtype", "sha256"] for place in TENSORS)
    assert {case[place]["file"] for place in TENSORS} | {"manifest.json"} == {path.name for path in golden.iterdir()}
    layer = Conv2d(**case["layer"])
    assert tuple(case["output"]["shape"]) == analyze(layer, case["input"]["shape"]).output_shape == (1, 4, 8, 7)
    schema = json.loads(conv2d("vectors", "--json-schema").out)
    Draft202012Validator.check_schema(schema)
    Draft202012Validator(schema).validate(manifest)
    for wrong in ({"file": "../x.npy"}, {"file": "a/b.npy"}, {"dtype": "float8"}, {"sha256": "0"}, {"more": 1}):
        case["input"] = manifest["cases"][0]["weight"] | wrong
        assert not Draft202012Validator(schema).is_valid(manifest)


@pytest.mark.parametrize("dtype", ["float32", "float64", "bfloat16", "complex64", "int8"])
def test_outputs_are_those_of_an_exact_run(dtype: str, tmp_path: Path) -> None:
    words = ("3", "4", "3x2", "-s", "2", "-p", "1", "--padding-mode", "reflect", "--dtype", dtype)
    assert vectors(*words, "-i", "2x3x8x7", "--seed", "5", "-o", "v", folder=tmp_path).code == 0
    options = ("--weight", "v/layer.weight.npy", "--bias", "v/layer.bias.npy", *words[3:])
    accuracy = () if dtype == "int8" else ("--accuracy", "exact")
    run = conv2d("run", "v/layer.input.npy", *options, *accuracy, "-o", "y.npy", folder=tmp_path)
    assert run.code == 0, run.err
    assert (tmp_path / "y.npy").read_bytes() == (tmp_path / "v" / "layer.output.npy").read_bytes()


def test_several_layers_counts_and_seeds(tmp_path: Path) -> None:
    words = ("Conv2d(1, 2, 3, bias=False)", "nn.Conv2d(2, 2, 1, dtype=torch.float16)", "-i", "5")
    done = vectors(*words, "--seed", "-1", "--count", "2", "-o", "v", "--json", folder=tmp_path)
    assert done.code == 0
    assert json.loads(done.out)["cases"] == 4
    assert done.err.startswith("wrote v  4 cases, 14 files, ")
    cases = manifest_of(tmp_path / "v")["cases"]
    assert [case["name"] for case in cases] == ["layer_0_0", "layer_0_1", "layer_1_0", "layer_1_1"]
    assert [case["seed"] for case in cases] == [-1, 0, -1, 0]
    assert [case["dtype"] for case in cases] == ["float32", "float32", "float16", "float16"]
    assert [case["bias"] is None for case in cases] == [True, True, False, False]
    assert cases[0]["input"]["sha256"] != cases[1]["input"]["sha256"]
    alone = vectors(words[0], "-i", "5", "--seed", "0", "-o", "one", folder=tmp_path)
    assert alone.code == 0
    assert manifest_of(tmp_path / "one")["cases"][0]["output"]["sha256"] == cases[1]["output"]["sha256"]


def test_the_suite_covers_what_it_says() -> None:
    layers = [corner.layer for corner in CORNERS]
    shapes = [analyze(corner.layer, corner.input_shape) for corner in CORNERS]
    names = [corner.name for corner in CORNERS]
    assert len({*names}) == len(names)
    assert {layer.padding_mode for layer in layers} == {"zeros", "reflect", "replicate", "circular"}
    assert {word for layer in layers if isinstance(word := layer.padding, str)} == {"same", "same_upper", "same_lower"}
    for axis in (0, 1):
        assert any(layer.kernel_size[axis] % 2 == 0 for layer in layers)
        assert any(layer.dilation[axis] > 1 for layer in layers)
        assert any(layer.stride[axis] > layer.kernel_size[axis] for layer in layers)
    assert any(1 < layer.groups < layer.in_channels for layer in layers)
    assert any(1 < layer.groups == layer.in_channels for layer in layers)
    assert any(1 < layer.groups < layer.out_channels for layer in layers)
    assert any(not layer.bias for layer in layers)
    assert any(shape.unused_rows for shape in shapes)
    assert any(shape.unused_columns for shape in shapes)
    assert any(shape.output_shape is not None and shape.output_shape[-2:] == (1, 1) for shape in shapes)
    assert any(shape.output_shape is not None and shape.output_shape[0] == 0 for shape in shapes)
    assert any(len(corner.input_shape) == 3 for corner in CORNERS)
    assert any(geometry_of(corner.layer, corner.input_shape).taps_per_output > 500 for corner in CORNERS)
    assert {corner.data for corner in CORNERS} >= {*DATA} - {"normal"}


def test_the_same_bytes_on_any_threads_and_kernels(tmp_path: Path) -> None:
    environments: list[dict[str, str]] = [
        {"OPENBLAS_NUM_THREADS": "1", "OPENBLAS_CORETYPE": "Haswell"},
        {"OPENBLAS_NUM_THREADS": "2", "OPENBLAS_CORETYPE": "Sandybridge"},
    ]
    for dtype in ("float32", "float64", "bfloat16"):
        found = []
        for number, environment in enumerate(environments):
            name = f"{dtype}_{number}"
            words = ("--suite", "corners", "--dtype", dtype, "-o", name, "-q")
            done = terminal.conv2d("vectors", *words, stdin=None, folder=tmp_path, **environment)
            assert (done.code, done.out, done.err) == (0, "", "")
            found.append(content_of(tmp_path / name))
        assert len(found[0]) > 150
        assert all(content == found[0] for content in found[1:])


@pytest.mark.parametrize("files", FILES)
@pytest.mark.parametrize("dtype", ["float32", "uint8"])
def test_every_format_and_order_of_axes_is_checked(files: str, dtype: str, tmp_path: Path) -> None:
    layouts = ("--layout", "NHWC", "--weight-layout", "HWIO")
    words = ("--suite", "corners", "--dtype", dtype, "--files", files, *layouts)
    assert vectors(*words, "-o", "v", folder=tmp_path).code == 0
    checked = vectors("--check", "v", "--json", folder=tmp_path)
    assert checked.code == 0
    report = json.loads(checked.out)
    assert [*report] == ["schema_version", *VectorsReport._fields]
    assert (report["cases"], report["failures"]) == (len(CORNERS), [])
    case = next(case for case in manifest_of(tmp_path / "v")["cases"] if case["name"] == "zeros_3x3")
    assert case["layout"] == {"input": "NHWC", "weight": "HWIO", "output": "NHWC"}
    assert [case[place]["shape"] for place in TENSORS] == [[2, 8, 9, 3], [3, 3, 3, 4], [4], [2, 8, 9, 4]]


def test_orders_of_axes_hold_the_same_values(tmp_path: Path) -> None:
    assert vectors(*LAYER, "-o", "a", folder=tmp_path).code == 0
    assert vectors(*LAYER, "--layout", "NHWC", "--weight-layout", "HWIO", "-o", "b", folder=tmp_path).code == 0
    for place, axes in (("input", (0, 3, 1, 2)), ("output", (0, 3, 1, 2)), ("weight", (3, 2, 0, 1)), ("bias", (0,))):
        one, other = (np.load(tmp_path / name / f"layer.{place}.npy") for name in "ab")
        np.testing.assert_array_equal(one, other.transpose(axes))


def test_a_folder_that_is_there(golden: Path) -> None:
    folder = golden.parent
    before = content_of(golden)
    refused = vectors(*LAYER, "--seed", "1", "-o", "golden", folder=folder)
    assert (refused.code, refused.out) == (4, "")
    assert "golden already exists" in refused.err
    assert content_of(golden) == before
    assert vectors(*LAYER, "--seed", "1", "-o", "golden", "--force", folder=folder).code == 0
    assert content_of(golden)["layer.input.npy"] != before["layer.input.npy"]
    (golden / "notes.txt").write_text("mine")
    kept = vectors(*LAYER, "-o", "golden", "-f", folder=folder)
    assert kept.code == 4
    assert "it also holds notes.txt, which is no part of test vectors" in kept.err
    assert (golden / "notes.txt").read_text() == "mine"
    (folder / "other").mkdir()
    assert vectors(*LAYER, "-o", "other", "-f", folder=folder).code == 0
    (folder / "mine").mkdir()
    (folder / "mine" / "a.npy").write_bytes(b"1")
    assert "not one of test vectors" in vectors(*LAYER, "-o", "mine", "-f", folder=folder).err
    (folder / "file").touch()
    assert "it is a file" in vectors(*LAYER, "-o", "file", "-f", folder=folder).err
    assert {path.name for path in folder.iterdir()} == {"golden", "other", "mine", "file"}


@pytest.mark.parametrize(
    ("words", "code", "error", "hint"),
    [
        ((*LAYER,), 2, "-o is missing", "conv2d vectors 3 4 3 -p 1 -i 8x7 -o golden"),
        ((), 2, "LAYER is missing", "conv2d vectors 3 8 3 -i 16 -o golden"),
        (("-o", "v"), 2, "LAYER is missing", "conv2d vectors -o v 3 8 3 -i 16"),
        (("-o", ""), 2, "LAYER is missing", ""),
        (("--check", ""), 2, "--check names no folder", "--check golden"),
        (("3", "4", "3", "-o"), 2, "-o takes a value", "-o golden"),
        (("Conv2d(3, 4, 3)", "Conv2d(5, 4, 3)", "-i", "3x9x8", "-o", "v"), 2, "Conv2d(5, 4, kernel", "-i 9x8"),
        (
            ("Conv2d(3, 4, 3)", "Conv2d(3, 4, 9)", "-i", "3x8x8", "-o", "v"),
            2,
            "Conv2d(3, 4, kernel_size=(9",
            "-i 3x9x9",
        ),
        (("3", "4", "3", "-o", "v"), 2, "-i is missing", "conv2d vectors 3 4 3 -o v -i 16"),
        ((*LAYER, "-o", "-"), 2, "-o -: test vectors are a folder", "-o golden"),
        ((*LAYER, "-o", "no/v"), 4, "there is no folder no", "make the folder first"),
        ((*LAYER, "-o", "v" * 300), 4, "cannot write", ""),
        ((*LAYER, "-o", "v", "--files", "hexx"), 2, "--files hexx: no such files", "did you mean --files hex?"),
        ((*LAYER, "-o", "v", "--data", "ram"), 2, "--data ram: no such data", "did you mean --data ramp?"),
        ((*LAYER, "-o", "v", "--data", "normal", "--dtype", "int8"), 2, "int8 holds whole numbers", "--data integers"),
        ((*LAYER, "-o", "v", "--dtype", "float8_e5m2"), 2, "nothing is computed in it", "--dtype float32"),
        ((*LAYER, "-o", "v", "--files", "safetensors", "--dtype", "complex128"), 2, "cannot hold complex128", "npy"),
        ((*LAYER, "-o", "v", "--count", "0"), 2, "--count 0: must be 1 or more", "--count 1"),
        ((*LAYER, "-o", "v", "--count", "99999"), 2, "that is 99999 cases", "--count 1"),
        ((*LAYER, "-o", "v", "--seed", "x"), 2, "--seed x: not a whole number", "--seed 1"),
        ((*LAYER, "-o", "v", "--suite", "corner"), 2, "--suite corner", "did you mean --suite corners?"),
        ((*LAYER, "-o", "v", "--suite", "corners"), 2, "layers and sizes of its own: LAYER, -i, --padding", ""),
        ((*LAYER, "-o", "v", "--layout", "HWNC"), 2, "--layout HWNC", "--layout NHWC"),
        (("3", "4", "3", "-i", "2", "-o", "v"), 2, "3", ""),
        (("3", "4", "-i", "2", "-o", "v"), 2, "", ""),
        (("3", "4", "3", "-i", "4x9x9", "-o", "v"), 2, "the layer takes 3 channels, the input has 4", "-i 3x9x9"),
        (("3", "4", "3", "-i", "1000000", "-o", "v"), 5, "a case takes about", "a smaller -i"),
        (("3", "4", "3", "--check", "v"), 2, "--check reads the layers from the manifest", "conv2d vectors --check v"),
        *(
            (("--check", "v", *given), 2, f"writes nothing, and takes no {given[0]}\n", "conv2d vectors --check v")
            for given in (("-i", "8"), ("-o", "w"), ("--files", "hex"), ("--suite", "corners"), ("--force",))
        ),
    ],
)
def test_what_makes_no_vectors(words: tuple[str, ...], code: int, error: str, hint: str, tmp_path: Path) -> None:
    done = vectors(*words, folder=tmp_path)
    assert (done.code, done.out) == (code, "")
    assert error in done.err
    assert hint in done.err
    assert [*tmp_path.iterdir()] == []


def test_a_check_that_holds(golden: Path) -> None:
    done = vectors("--check", "golden", folder=golden.parent)
    assert (done.code, done.out) == (0, "")
    assert done.err.startswith("checked golden  1 case, 4 files, ")
    assert done.err.endswith(": every sum and every output holds\n")
    assert vectors("--check", "golden", "-q", folder=golden.parent) == (0, "", "")
    assert vectors("--check", "golden", "--get", "cases,failures", folder=golden.parent).out == "1\n\n"


def test_a_check_finds_a_changed_bit_of_every_file(golden: Path) -> None:
    for place in TENSORS:
        path = golden / f"layer.{place}.npy"
        kept = path.read_bytes()
        path.write_bytes(kept[:-1] + bytes([kept[-1] ^ 0x40]))
        done = vectors("--check", "golden", "--json", folder=golden.parent)
        assert done.code == 1
        failures = json.loads(done.out)["failures"]
        assert failures[0] == f"layer: layer.{place}.npy is another file than the manifest's: its SHA-256 differs"
        assert "elements of the output are not the exact ones, first 0," in failures[1]
        assert done.err == "".join(f"error: {failure}\n" for failure in failures)
        path.write_bytes(kept)
    change(golden, "cases", 0, "output", "sha256", to="0" * 64)
    assert vectors("--check", "golden", folder=golden.parent).code == 1


def test_a_check_finds_another_layer(golden: Path) -> None:
    change(golden, "cases", 0, "layer", "padding_mode", to="circular")
    done = vectors("--check", "golden", folder=golden.parent)
    assert done.code == 1
    assert "elements of the output are not the exact ones, first 0,0,0,0: " in done.err


HUGE = 2**61
CASE: tuple[str | int, ...] = ("cases", 0)
CHANGES: list[tuple[tuple[str | int, ...], Any, str]] = [
    (("schema_version",), 2, "schema_version"),
    (("schema_version",), "1", "schema_version"),
    (("tool",), "other", "tool"),
    (("more",), 1, "more"),
    (("version",), "v" * 10_000, "version"),
    (("cases",), [], "cases"),
    (("cases",), {}, "cases"),
    ((*CASE, "name"), "../layer", "name"),
    ((*CASE, "name"), "a\u202eb", "name"),
    ((*CASE, "seed"), True, "seed"),
    ((*CASE, "seed"), 2**64, "seed"),
    ((*CASE, "data"), "noise", "is no kind of data"),
    ((*CASE, "dtype"), "float64", "the input is float32, the case float64"),
    ((*CASE, "dtype"), "object", "is no element type"),
    ((*CASE, "layout", "output"), "NHWC", "different orders of axes"),
    ((*CASE, "layout", "weight"), "HWIO", "the weight of its layer is (3, 3, 3, 4)"),
    ((*CASE, "layer", "stride"), 0, "stride"),
    ((*CASE, "layer", "groups"), 3, "groups"),
    ((*CASE, "layer", "in_channels"), 4, "the layer takes 4 channels"),
    ((*CASE, "layer", "out_channels"), HUGE, "the weight of its layer is"),
    ((*CASE, "layer", "bias"), False, "the layer has no bias"),
    ((*CASE, "layer", "dtype"), "float16", "the input is float32"),
    ((*CASE, "layer", "padding"), HUGE, "the output of its layer is"),
    ((*CASE, "bias"), None, "the layer has a bias"),
    ((*CASE, "output"), None, "output"),
    ((*CASE, "input", "shape"), [1, 3, HUGE, HUGE], "the output of its layer is"),
    ((*CASE, "input", "shape"), [1, 3, -8, 7], "shape"),
    ((*CASE, "input", "shape"), [1, 3, 8.0, 7], "shape"),
    ((*CASE, "input", "shape"), [8, 7], "case layer"),
    ((*CASE, "input", "shape"), [3] * 99, "shape"),
    *(
        ((*CASE, "input", "file"), name, "file")
        for name in (
            *(
                "../golden/layer.input.npy",
                "/etc/passwd",
                "a/b.npy",
                ".",
                "..",
                "",
                ".hidden.npy",
                "-",
                "npy:-",
                "a\\b.npy",
            ),
            *("a.npy\n", "a.npz::input", "a b.npy", "MANIFEST.JSON", "C:x.npy", "a\0.npy", "é.npy", "x" * 300 + ".npy"),
        )
    ),
    ((*CASE, "input", "file"), "layer.input.png", "not of one known format"),
    ((*CASE, "input", "file"), "layer.input.bin", "not of one known format"),
    ((*CASE, "input", "file"), "layer.weight.npy", "does not hold these tensors"),
    ((*CASE, "input", "dtype"), "float64", "the input is float64"),
    ((*CASE, "input", "file"), "../x.npy", "file: no plain name of a file in the folder\n"),
    ((*CASE, "name"), "1 2", "name: no name that begins with a letter"),
    ((*CASE, "input", "sha256"), "0" * 63, "sha256: no SHA-256 in 64 hexadecimal digits, small letters\n"),
    ((*CASE, "input", "sha256"), "G" * 64, "sha256: no SHA-256"),
]


@pytest.mark.parametrize(("places", "to", "words"), CHANGES)
def test_hostile_manifests_are_refused(places: tuple[str | int, ...], to: Any, words: str, golden: Path) -> None:
    change(golden, *places, to=to)
    done = vectors("--check", "golden", folder=golden.parent)
    assert (done.code, done.out) == (3, "")
    assert words in done.err
    assert "hint: " in done.err
    assert done.err.isprintable() or all(line.isprintable() for line in done.err.splitlines())
    assert len(done.err) < 2500


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"cases": [' + b"{}," * 1000 + b"{}]}",
        b"NaN",
        b"1e999",
    ],
)
def test_what_is_no_manifest(content: bytes, golden: Path) -> None:
    (golden / "manifest.json").write_bytes(content)
    done = vectors("--check", "golden", folder=golden.parent)
    assert (done.code, done.out) == (3, "")
    assert done.err.startswith("error: golden/manifest.json: ")
    assert len(done.err) < 2500


def test_a_long_manifest_is_read_no_further(golden: Path) -> None:
    with (golden / "manifest.json").open("r+b") as stream:
        stream.truncate(1 << 40)
    done = vectors("--check", "golden", folder=golden.parent)
    assert done.code == 3
    assert f"it is longer than {MANIFEST_BYTES} bytes" in done.err


def test_two_cases_of_one_name(golden: Path) -> None:
    cases = manifest_of(golden)["cases"]
    change(golden, "cases", to=[*cases, cases[0] | {"name": "LAYER"}])
    done = vectors("--check", "golden", folder=golden.parent)
    assert done.code == 3
    assert "two cases have the same name" in done.err


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="links and pipes of POSIX")
@pytest.mark.parametrize("name", ["manifest.json", "layer.input.npy", "layer.output.npy"])
@pytest.mark.parametrize("kind", ["link", "dangling", "pipe", "folder", "missing"])
def test_what_is_no_plain_file_is_not_read(name: str, kind: str, golden: Path) -> None:
    path = golden / name
    path.rename(golden.parent / "outside")
    if kind == "link":
        path.symlink_to(golden.parent / "outside")
    elif kind == "dangling":
        path.symlink_to("nowhere")
    elif kind == "pipe":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    done = vectors("--check", "golden", folder=golden.parent)
    assert (done.code, done.out) == (4 if kind == "missing" else 3, "")
    assert f"golden/{name}" in done.err


@pytest.mark.parametrize("files", FILES)
def test_files_of_other_sizes_are_refused_before_they_are_read(files: str, tmp_path: Path) -> None:
    assert vectors(*LAYER, "--files", files, "-o", "v", folder=tmp_path).code == 0
    name = manifest_of(tmp_path / "v")["cases"][0]["input"]["file"]
    path = tmp_path / "v" / name
    kept = path.read_bytes()
    for size in (1 << 40, len(kept) // 2, 0):
        path.write_bytes(kept)
        os.truncate(path, size)
        done = vectors("--check", "v", folder=tmp_path)
        assert (done.code, done.out) == (3, ""), done.err
        assert done.err.startswith(f"error: v/{name}: ")


def test_a_header_that_says_another_tensor(golden: Path) -> None:
    for array in (np.zeros((1, 3, 7, 8), np.float32), np.zeros((1, 3, 8, 7), np.int32), np.zeros((1, 3, 8, 7), "f2")):
        np.save(golden / "layer.input.npy", array)
        done = vectors("--check", "golden", folder=golden.parent)
        assert done.code == 3
        assert "where the manifest says 1x3x8x7 float32" in done.err
    big = np.load(golden / "layer.weight.npy").astype(">f4")
    np.save(golden / "layer.weight.npy", big)
    shutil.copy(golden / "layer.output.npy", golden / "layer.input.npy")
    assert vectors("--check", "golden", folder=golden.parent).code == 3


def test_a_folder_that_is_none(tmp_path: Path) -> None:
    done = vectors("--check", "nowhere", folder=tmp_path)
    assert (done.code, done.out) == (4, "")
    assert "cannot read nowhere/manifest.json" in done.err


def test_every_suite_is_known_by_name() -> None:
    from conv2d_cli.cli.choices import vector_suites

    assert vector_suites() == tuple(SUITES)
