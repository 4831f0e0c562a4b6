"""`conv2d trace` as a process: the very output of an exact run, every format, and what does not fit."""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from forked import conv2d

from conv2d_cli import Conv2d, init_parameters, trace_element
from conv2d_cli.report.trace import TOTALS, TermRow

if TYPE_CHECKING:
    from pathlib import Path

MODES = ("zeros", "reflect", "replicate", "circular")
LAYER = ("3", "4", "3x2", "-s", "2x1", "-p", "2x1")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    x = np.random.default_rng(2).standard_normal((2, 3, 6, 5), np.float32)
    np.save(tmp_path / "x.npy", x)
    np.save(tmp_path / "nhwc.npy", np.ascontiguousarray(x.transpose(0, 2, 3, 1)))
    np.save(tmp_path / "fortran.npy", np.asfortranarray(x))
    np.savez(tmp_path / "x.npz", image=x)
    np.savez_compressed(tmp_path / "packed.npz", image=x)
    x.tofile(tmp_path / "x.bin")
    np.save(tmp_path / "one.npy", x[1])
    return tmp_path


def traced(*words: str, folder: Path, **extra: Any) -> dict[str, Any]:
    done = conv2d("trace", *words, "--json", "-q", folder=folder, **extra)
    assert (done.code, done.err) == (0, "")
    record: dict[str, Any] = json.loads(done.out)
    return record


@pytest.mark.parametrize("mode", MODES)
def test_every_element_is_the_very_output_of_an_exact_run(mode: Any, folder: Path) -> None:
    words = (*LAYER, "--padding-mode", mode)
    assert conv2d("run", "x.npy", *words, "--accuracy", "exact", "-o", "y.npy", folder=folder).code == 0
    expected = np.load(folder / "y.npy")
    layer = Conv2d(3, 4, (3, 2), (2, 1), (2, 1), padding_mode=mode)
    x, parameters = np.load(folder / "x.npy"), init_parameters(layer, seed=0)
    for at in np.ndindex(expected.shape):
        report = trace_element(layer, x, *parameters, at=at)
        assert np.array([report.correctly_rounded], np.float32).tobytes() == expected[at].tobytes()
    for at in ((0, 0, 0, 0), (1, 3, 3, 5), (1, 2, 1, 2), (0, 1, 3, 0)):
        record = traced("x.npy", *words, "--at", ",".join(map(str, at)), folder=folder)
        assert np.float32(record["correctly_rounded"]).tobytes() == expected[at].tobytes()
        assert record["index"] == [*at]
        assert len(record["terms"]) == 18
        assert abs(record["result"] - record["correctly_rounded"]) < 1e-6
        assert any(term["padded"] for term in record["terms"]) == (at[2] in {0, 3} or at[3] in {0, 5})


@pytest.mark.parametrize(
    "words",
    [
        ("nhwc.npy", "--layout", "NHWC"),
        ("fortran.npy",),
        ("x.npz::image",),
        ("packed.npz",),
        ("x.bin", "--input-shape", "2,3,6,5", "--input-dtype", "float32"),
    ],
)
def test_all_formats_and_orders_are_the_same_element(words: tuple[str, ...], folder: Path) -> None:
    name, *options = words
    expected = traced("x.npy", *LAYER, "--at", "1,3,2,4", folder=folder)
    assert traced(name, *LAYER, "--at", "1,3,2,4", *options, folder=folder) == expected


def test_a_pipe_and_an_image_alone(folder: Path) -> None:
    expected = traced("x.npy", *LAYER, "--at", "1,3,2,4", folder=folder)
    piped = traced("-", *LAYER, "--at", "1,3,2,4", folder=folder, stdin=(folder / "x.npy").read_bytes())
    assert piped == expected
    alone = traced("one.npy", *LAYER, "--at", "3,2,4", folder=folder)
    assert alone == expected | {"index": [3, 2, 4]}


def test_parameters_of_files_and_typed_ones(folder: Path) -> None:
    assert conv2d("run", "x.npy", *LAYER, "--seed", "5", "--save-parameters", "p.npz", "-q", folder=folder).code == 0
    drawn = traced("x.npy", *LAYER, "--seed", "5", "--at", "0,0,1,1", folder=folder)
    kept = traced("x.npy", *LAYER[3:], "--weight", "p.npz", "--at", "0,0,1,1", folder=folder)
    assert kept == drawn
    typed = ("x.npy", "--weight", "[[1,2],[4,8]]", "--per-channel", "--flip", "--at", "0,2,0,0")
    assert [term["weight"] for term in traced(*typed, folder=folder)["terms"]] == [8, 4, 2, 1]


def test_every_format(folder: Path) -> None:
    words = ("trace", "x.npy", *LAYER, "--at", "0,1,0,0", "-q")
    record = json.loads(conv2d(*words, "--json", folder=folder).out)
    assert [*record] == ["schema_version", *TOTALS, "terms"]
    assert {tuple(term) for term in record["terms"]} == {TermRow._fields}
    rows = [*csv.DictReader(io.StringIO(conv2d(*words, "--format", "csv", folder=folder).out))]
    assert tuple(rows[0]) == TermRow._fields
    assert [row["exact"] for row in rows] == [term["exact"] for term in record["terms"]]
    lines = [json.loads(line) for line in conv2d(*words, "--format", "ndjson", folder=folder).out.splitlines()]
    assert [{key: line[key] for key in TermRow._fields} for line in lines] == record["terms"]
    plain = conv2d(*words, folder=folder).out
    assert [line.split()[0] for line in plain.splitlines()] == [*TOTALS]
    assert plain == conv2d(*words, "--format", "plain", folder=folder).out
    values = conv2d(*words, "--get", "index,result", folder=folder).out
    assert values == f"0 1 0 0\n{record['result']}\n"
    markdown = conv2d(*words, "--format", "markdown", folder=folder).out
    assert markdown.count("\n| ") >= len(record["terms"]) + len(TOTALS)


def test_a_table_leaves_out_the_middle_unless_all_is_asked_for(folder: Path) -> None:
    words = ("trace", "x.npy", *LAYER, "--at", "0,1,0,0", "--format", "table")
    cut = conv2d(*words, folder=folder, COLUMNS="120")
    assert "… 2 terms: --all shows them" in cut.out
    assert "parameters drawn as torch.manual_seed(0)" in cut.out
    assert cut.err == ""
    whole = conv2d(*words, "--all", folder=folder, COLUMNS="120")
    assert "…" not in whole.out
    assert len(whole.out.splitlines()) == len(cut.out.splitlines()) + 18 - 17 - 1


def test_a_value_of_no_number(folder: Path) -> None:
    x = np.load(folder / "x.npy")
    x[0, 0, 0, 0] = np.inf
    np.save(folder / "inf.npy", x)
    record = traced("inf.npy", *LAYER, "--at", "0,1,0,1", folder=folder)
    assert "inf" in json.dumps(record["terms"])
    assert record["result"] == record["correctly_rounded"] in {"inf", "-inf"}


@pytest.mark.parametrize(
    ("words", "code", "error", "hint"),
    [
        (("x.npy", *LAYER), 2, "--at is missing", "hint: --at 0,0,0,0"),
        (("x.npy", *LAYER, "--at", "two"), 2, "--at two: no place", "--at 0,0,0,0"),
        (("x.npy", *LAYER, "--at", "7"), 2, "--at 7: no place", "--at 0,0,0,0"),
        (("x.npy", *LAYER, "--at", "0,4,0,0"), 2, "the output is 2x4x4x6", "--at 1,3,3,5, the last element"),
        (("x.npy", *LAYER, "--at", "0,0,0"), 2, "the output has 4 axes, n,c,h,w", "--at 1,3,3,5"),
        (("one.npy", *LAYER, "--at", "0,0,0,0"), 2, "the output has 3 axes, c,h,w", "--at 3,3,5"),
        (("*.npy", *LAYER, "--at", "0,0,0,0"), 2, "one element of one file", "give a file"),
        (("x.npy", "8", "4", "3", "--at", "0,0,0,0"), 3, "x.npy: the layer takes 8 channels", "3 4 3"),
        (("no.npy", *LAYER, "--at", "0,0,0,0"), 4, "cannot read no.npy", ""),
        (("x.npy", "3", "1000000000000", "3", "--at", "0,0,0,0"), 5, "weight and input take about", "fewer channels"),
        (("x.npy", "3", "4", "3", "-p", "1000000", "--at", "0,0,0,2000004"), 2, "", "--at 1,3,2000003,2000002"),
        ((), 2, "INPUT is missing", "conv2d trace FILE 3 64 7 --at 0,0,0,0"),
        (("x.npy", *LAYER, "--at", "0,0,0,0", "-o", "y.npy"), 2, "no such option: -o", ""),
    ],
)
def test_what_does_not_fit(words: tuple[str, ...], code: int, error: str, hint: str, folder: Path) -> None:
    done = conv2d("trace", *words, folder=folder)
    assert (done.code, done.out) == (code, "")
    assert error in done.err
    assert hint in done.err


def test_no_accumulator_is_hinted_at_where_there_is_none(folder: Path) -> None:
    np.save(folder / "u8.npy", np.ones((1, 1, 3, 3), np.uint8))
    np.save(folder / "i8.npy", np.full((1, 1, 3, 3), -100, np.int8))
    words = ("u8.npy", "--weight", "i8.npy", "--at", "0,0,0,0", "--get", "result")
    done = conv2d("trace", *words, folder=folder)
    assert done.code == 3
    assert "--accumulate" not in done.err
    # What the hint names, works.
    option = done.err.rsplit("--dtype ", 1)[1].split()[0]
    assert conv2d("trace", *words, "--dtype", option, folder=folder).out == "-900\n"


def test_of_a_large_file_the_window_alone_is_read(folder: Path) -> None:
    side, channels = 4096, 64
    with (folder / "large.npy").open("wb") as stream:
        np.lib.format.write_array_header_1_0(
            stream, {"shape": (1, channels, side, side), "fortran_order": False, "descr": "<f4"}
        )
        # 4 GiB of zeros that take no place on the disk.
        stream.truncate(stream.tell() + channels * side * side * 4)
    words = ("large.npy", "64", "2", "3", "-p", "1", "--at", "0,1,4095,4095")
    record = traced(*words, folder=folder)
    assert len(record["terms"]) == channels * 9
    assert record["correctly_rounded"] == record["bias"] == record["result"]
