"""`conv2d compare` as a process: exit codes, formats, tolerances, every kind of file, wrong lines."""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING, Any

import ml_dtypes
import numpy as np
import pytest
import zarr
from forked import conv2d
from safetensors.numpy import save_file

from conv2d_cli import conv2d as convolved
from conv2d_cli.report.compare import CompareReport

if TYPE_CHECKING:
    from pathlib import Path

    from terminal import Done

SHAPE = (2, 8, 10, 9)
LAYER = ("4", "8", "3", "-p", "1", "--input", "x.npy", "--weight", "w.npy", "--bias", "b.npy")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with a layer's operands, its result, and wrong ones."""
    random = np.random.default_rng(3)
    x, weight, bias = (random.standard_normal(shape, np.float32) for shape in ((2, 4, 10, 9), (8, 4, 3, 3), (8,)))
    right = convolved(x, weight, bias, padding=1)
    wrong = right.copy()
    wrong[1, 5, 3, 7] += 1
    arrays = {
        "x": x,
        "w": weight,
        "b": bias,
        "y": right,
        "wrong": wrong,
        "flipped": convolved(x, weight[..., ::-1, ::-1], bias, padding=1),
        "nhwc": right.transpose(0, 2, 3, 1),
    }
    for name, array in arrays.items():
        np.save(tmp_path / f"{name}.npy", array)
    return tmp_path


def compare(folder: Path, *words: str, stdin: bytes | None = None) -> Done:
    return conv2d("compare", *words, folder=folder, stdin=stdin)


def values(folder: Path, keys: str, *words: str) -> list[str]:
    return compare(folder, *words, "--get", keys).out.splitlines()


def test_json_has_all_keys_always(folder: Path) -> None:
    for words, code in (
        (("y.npy", "y.npy"), 0),
        (("y.npy", "wrong.npy"), 1),
        (("y.npy", "nhwc.npy"), 1),
        (("y.npy", "flipped.npy", *LAYER), 1),
        (("y.npy", "y.npy", *LAYER), 0),
    ):
        done = compare(folder, *words, "--json")
        assert done.code == code
        record = json.loads(done.out)
        assert [*record] == ["schema_version", *CompareReport._fields]
        assert record["schema_version"] == 1


def test_the_facts_of_one_wrong_element(folder: Path) -> None:
    record = json.loads(compare(folder, "y.npy", "wrong.npy", *LAYER, "--json").out)
    right, wrong = np.load(folder / "y.npy"), np.load(folder / "wrong.npy")
    index = (1, 5, 3, 7)
    assert (record["verdict"], record["explanation"], record["explanations"]) == ("unexplained", None, [])
    assert (record["shape_expected"], record["shape_actual"], record["dtype"]) == ([*SHAPE], [*SHAPE], "float32")
    assert (record["elements"], record["differing"], record["beyond"]) == (right.size, 1, 1)
    assert record["first_index"] == record["worst_index"] == [*index]
    assert record["axes"] == ["N", "C", "H", "W"]
    assert record["first_expected"] == record["worst_expected"] == right[index].item()
    assert record["first_actual"] == record["worst_actual"] == wrong[index].item()
    size = abs(float(wrong[index]) - float(right[index]))
    assert record["max_abs"] == size
    assert record["max_rel"] == size / abs(float(right[index]))
    assert sum(record["ulp_histogram"]) == right.size
    assert record["ulp_histogram"][0] == right.size - 1
    assert record["where"] == ["only in image 1", "only in channel 5", "only in row 3", "only in column 7"]
    assert record["error_limit"] == pytest.approx(18.5, abs=0.001)
    assert record["expected_error_units"] < 4 < record["error_limit"] < record["error_units"]


def test_with_the_layer_a_mistake_is_named(folder: Path) -> None:
    done = compare(folder, "y.npy", "flipped.npy", *LAYER, "--get", "verdict,explanation,how")
    assert (done.code, done.err) == (1, "")
    assert done.out == "explained\nflipped_kernel\nthe kernel is flipped along both axes\n"
    alone = compare(folder, "y.npy", "flipped.npy", "--get", "verdict")
    assert (alone.code, alone.out) == (1, "unexplained\n")


def test_unequal_shapes(folder: Path) -> None:
    keys = "verdict,explanation,max_abs,max_rel,max_ulp,differing"
    assert values(folder, keys, "y.npy", "nhwc.npy") == ["explained", "nhwc", "", "", "", ""]
    assert values(folder, "verdict", "y.npy", "x.npy") == ["unexplained"]
    assert values(folder, "verdict", "y.npy", "b.npy") == ["unexplained"]
    assert compare(folder, "y.npy", "nhwc.npy", "-q").code == 1


def test_the_layout_names_the_axes(folder: Path) -> None:
    np.save(folder / "nhwc_wrong.npy", np.load(folder / "wrong.npy").transpose(0, 2, 3, 1))
    np.save(folder / "x_nhwc.npy", np.load(folder / "x.npy").transpose(0, 2, 3, 1))
    line = ("nhwc.npy", "nhwc_wrong.npy", "--layout", "NHWC")
    layer = ("4", "8", "3", "-p", "1", "--input", "x_nhwc.npy", "--weight", "w.npy", "--bias", "b.npy")
    for words in (line, (*line, *layer)):
        assert values(folder, "axes,first_index,where", *words) == [
            "N H W C",
            "1 3 7 5",
            "only in image 1 only in row 3 only in column 7 only in channel 5",
        ]
    bounds = [values(folder, "bound", *words) for words in (("y.npy", "wrong.npy", *LAYER), (*line, *layer))]
    assert bounds[0] == bounds[1]


def test_tolerances(folder: Path) -> None:
    np.save(folder / "a.npy", np.array([1, 2, 3, 0], np.float32))
    np.save(folder / "b.npy", np.array([1, 2 + 2**-20, 3, 1e-6], np.float32))
    line = ("a.npy", "b.npy")
    assert values(folder, "verdict,rtol,atol,ulp", *line) == ["rounding", "1.3e-06", "1e-05", "0"]
    for words, verdict in (
        (("--rtol", "0"), "unexplained"),
        (("--atol", "1e-5"), "rounding"),
        (("--rtol", "1e-6"), "unexplained"),
        (("--rtol", "1e-6", "--atol", "1e-6"), "rounding"),
        (("--ulp", "4"), "unexplained"),
        (("--ulp", "4", "--atol", "1e-6"), "rounding"),
        (("--ulp", "1000000000"), "rounding"),
    ):
        assert values(folder, "verdict", *line, *words) == [verdict], words
    done = compare(folder, *line, "--rtol", "1e-9", "--get", "bound,worst_index,beyond")
    assert done.out == "0.0\n3\n2\n"
    told = compare(folder, *line, "--get", "verdict").err
    assert "--rtol 1.3e-06 --atol 1e-05" in told
    assert "too tight for sums of many products" in told
    assert compare(folder, *line, "--get", "verdict", "-q").err == ""


def test_nan_and_zeros(folder: Path) -> None:
    for name, row in {
        "nan": [np.nan, np.nan, 1],
        "other": [np.nan, 2, 1],
        "zero": [0.0, 0.0, 1],
        "minus": [-0.0, 0.0, 1],
    }.items():
        np.save(folder / f"{name}.npy", np.array(row, np.float32))
    keys = "verdict,differing,nan_expected,nan_actual,first_index,max_abs"
    assert values(folder, keys, "nan.npy", "nan.npy") == ["same", "0", "2", "2", "", "0.0"]
    assert values(folder, keys, "nan.npy", "nan.npy", "--no-equal-nan") == ["unexplained", "2", "2", "2", "0", "0.0"]
    assert values(folder, keys, "nan.npy", "other.npy") == ["unexplained", "1", "2", "1", "1", "0.0"]
    assert values(folder, "verdict,signed_zeros,differing", "zero.npy", "minus.npy") == ["same", "1", "0"]
    record = json.loads(compare(folder, "nan.npy", "other.npy", "--json").out)
    assert (record["first_expected"], record["first_actual"]) == ("nan", 2.0)


def test_every_kind_of_file(folder: Path) -> None:
    right = np.load(folder / "y.npy")
    np.savez_compressed(folder / "c.npz", y=right, other=right)
    np.savez(folder / "u.npz", y=right)
    np.save(folder / "fortran.npy", np.asfortranarray(right))
    np.save(folder / "big.npy", right.astype(">f4"))
    right.tofile(folder / "y.bin")
    save_file({"y": right}, folder / "y.safetensors")
    zarr.save(folder / "y.zarr", right)
    files = ("c.npz::y", "u.npz", "fortran.npy", "big.npy", "y.bin", "y.safetensors", "y.zarr")
    for name in files:
        for line in (("y.npy", name), (name, "y.npy"), (name, "wrong.npy")):
            done = compare(folder, *line, "--get", "verdict,differing,first_index")
            assert done.out.split("\n")[:2] == (["unexplained", "1"] if "wrong.npy" in line else ["same", "0"]), line
    raw = ("--raw-shape", "2,8,10,9", "--raw-dtype", "float32")
    assert values(folder, "verdict,shape_actual", "y.bin", "y.bin", *raw) == ["same", "2 8 10 9"]
    piped = compare(folder, "y.npy", "-", "--get", "verdict", stdin=(folder / "wrong.npy").read_bytes())
    assert (piped.code, piped.out) == (1, "unexplained\n")


def test_types_may_differ(folder: Path) -> None:
    right = np.load(folder / "y.npy")
    np.save(folder / "y64.npy", right.astype(np.float64) * (1 + 1e-8))
    np.save(folder / "y16.npy", right.astype(np.float16))
    save_file({"y": right.astype(ml_dtypes.bfloat16)}, folder / "half.safetensors")
    keys = "verdict,dtype,max_ulp"
    for line in (("y.npy", "y64.npy"), ("y64.npy", "y.npy")):
        done = compare(folder, *line, "--get", keys)
        assert done.out == "rounding\nfloat32\n0\n"
        assert "compared by value, steps (ulp) are those of float32" in done.err
    assert values(folder, keys, "y.npy", "y16.npy") == ["rounding", "float16", "0"]
    assert values(folder, keys, "y.npy", "half.safetensors") == ["rounding", "bfloat16", "0"]
    assert values(folder, "verdict", "y.npy", "y16.npy", *LAYER) == ["rounding"]


def test_whole_numbers_and_complex_ones(folder: Path) -> None:
    np.save(folder / "i.npy", np.array([2**62, -(2**63), 5]))
    np.save(folder / "j.npy", np.array([2**62 + 1, 2**63 - 1, 5]))
    keys = "verdict,max_abs,max_ulp,rtol,first_index"
    assert values(folder, keys, "i.npy", "j.npy") == ["unexplained", str(2**64 - 1), str(2**64 - 1), "0.0", "0"]
    np.save(folder / "c.npy", np.array([1 + 2j, 3], np.complex64))
    np.save(folder / "d.npy", np.array([1 + 2j, 3 + 4j], np.complex64))
    keys = "verdict,max_abs,first_expected,first_actual"
    assert values(folder, keys, "c.npy", "d.npy") == ["unexplained", "4.0", "3.0 0.0", "3.0 4.0"]
    np.save(folder / "t.npy", np.array([True, False, True, True]))
    np.save(folder / "f.npy", np.array([True, True, True, False]))
    assert values(folder, "dtype,differing", "t.npy", "f.npy") == ["uint8", "2"]


def test_nothing_and_a_number(folder: Path) -> None:
    np.save(folder / "empty.npy", np.zeros((0, 3), np.float32))
    np.save(folder / "one.npy", np.float32(1))
    np.save(folder / "two.npy", np.float32(2))
    assert values(folder, "verdict,elements", "empty.npy", "empty.npy") == ["same", "0"]
    assert values(folder, "verdict,first_index,max_abs", "one.npy", "two.npy") == ["unexplained", "", "1.0"]
    assert compare(folder, "empty.npy", "empty.npy", "--format", "table").out.startswith(
        "same: there are no elements\n"
    )


def test_formats(folder: Path) -> None:
    line = ("y.npy", "wrong.npy", *LAYER)
    plain = compare(folder, *line, "-q")
    assert plain.code == 1
    assert plain.out.splitlines()[0].split() == ["verdict", "unexplained"]
    rows = [*csv.DictReader(io.StringIO(compare(folder, *line, "--format", "csv").out))]
    assert [row["first_index"] for row in rows] == ["1 5 3 7"]
    assert json.loads(compare(folder, *line, "--format", "ndjson").out)["differing"] == 1
    for columns in ("20", "40", "80", "200"):
        done = conv2d("compare", *line, "--format", "table", folder=folder, COLUMNS=columns)
        words = done.out.split()
        assert words[:3] == ["unexplained:", "1", "of"]
        assert {"first_index", "worst_actual", "error_units"} <= {*words}
        assert all(len(text) <= max(int(columns), *map(len, words)) for text in done.out.splitlines())


WRONG: tuple[tuple[tuple[str, ...], int, str, str], ...] = (
    ((), 2, "EXPECTED and ACTUAL are missing: two tensor files are compared", "conv2d compare --help"),
    (("y.npy",), 2, "ACTUAL is missing: two tensor files are compared", "conv2d compare --help"),
    (("y.npy", "none.npy"), 4, "cannot read none.npy: No such file or directory", "give a tensor file, or - for stdin"),
    (("-", "-"), 2, "only one tensor can be read from stdin", "give files for the others"),
    (("y.npy", "y.npy", "--rtol", "x"), 2, "--rtol x: not a number of 0 or more", "--rtol 1e-5"),
    (("y.npy", "y.npy", "--atol", "-1"), 2, "--atol -1: not a number of 0 or more", "--atol 1e-5"),
    (("y.npy", "y.npy", "--ulp", "1.5"), 2, "--ulp 1.5: not a whole number", "--ulp 1"),
    (
        ("y.npy", "y.npy", "-s", "2"),
        2,
        "-s 2 is of a layer, and neither LAYER nor --input is given",
        "leave -s 2 out",
    ),
    (
        ("y.npy", "y.npy", "4", "8", "3"),
        2,
        "the input of the layer is missing: without it nobody knows what should come out",
        "--input FILE",
    ),
    (
        ("y.npy", "y.npy", "--input", "x.npy"),
        2,
        "neither LAYER nor --weight is given",
        "give IN OUT KERNEL, one expression, or --weight FILE",
    ),
    (
        ("y.npy", "y.npy", "4", "8", "3", "--input", "x.npy"),
        3,
        "y.npy is of size [2, 8, 10, 9], what comes out of the layer is [2, 8, 8, 7]",
        "give the layer and the input that it came from",
    ),
    (
        ("y.npy", "y.npy", "--raw-shape", "3"),
        2,
        "--raw-shape: neither file is raw, both say that themselves",
        "leave --raw-shape out",
    ),
    (
        ("y.bin", "y.bin"),
        2,
        "neither y.bin nor y.bin says its shape and its type",
        "--raw-shape 1440 --raw-dtype float32",
    ),
)


@pytest.mark.parametrize(("words", "code", "error", "hint"), WRONG)
def test_wrong_lines(folder: Path, words: tuple[str, ...], code: int, error: str, hint: str) -> None:
    np.load(folder / "y.npy").tofile(folder / "y.bin")
    done = compare(folder, *words)
    assert (done.code, done.out) == (code, "")
    assert done.err == f"error: {error}\nhint: {hint}\n"


def test_an_expected_file_that_is_not_of_the_layer_is_told(folder: Path) -> None:
    done = compare(folder, "flipped.npy", "y.npy", *LAYER, "--get", "verdict")
    assert (done.code, done.out) == (1, "unexplained\n")
    assert done.err.startswith("note: EXPECTED itself does not follow from the layer")


def test_drawn_parameters_and_a_weight_alone(folder: Path) -> None:
    assert conv2d("run", "x.npy", "4", "8", "3", "--seed", "7", "-o", "drawn.npy", folder=folder).code == 0
    line: Any = ("drawn.npy", "drawn.npy", "4", "8", "3", "--input", "x.npy", "--get", "verdict,error_units")
    right = compare(folder, *line, "--seed", "7")
    assert right.code == 0
    assert "torch.manual_seed(7)" in right.err
    assert float(right.out.split()[1]) < 4 < float(compare(folder, *line).out.split()[1])
    assert conv2d("run", "x.npy", "--weight", "w.npy", "-p", "1", "-o", "weighed.npy", folder=folder).code == 0
    words = ("weighed.npy", "weighed.npy", "--input", "x.npy", "--weight", "w.npy", "-p", "1")
    assert float(values(folder, "error_units", *words)[0]) < 4
