"""`conv2d bench` in real processes, with this engine alone: others may be missing."""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from terminal import Done, conv2d

from conv2d_cli.report.bench import ROW_KEYS, BenchMachine

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.long

TINY = ("2", "4", "3", "-i", "8", "--engines", "conv2d", "--rounds", "2")


def bench(*arguments: str, **others: Any) -> Done:
    return conv2d("bench", *arguments, OPENBLAS_CORETYPE="", **others)


def test_json_holds_the_machine_and_a_row_for_each_accuracy() -> None:
    done = bench(*TINY, "--threads", "1,2", "--json")
    assert (done.code, done.err) == (0, "")
    record = json.loads(done.out)
    assert [*record] == ["schema_version", *BenchMachine._fields, "rows"]
    assert record["numpy_version"] == np.__version__
    assert record["processor"]
    rows = record["rows"]
    assert all([*row] == list(ROW_KEYS[: len(row)]) for row in rows)
    assert [(row["threads"], row["engine"], row["accuracy"]) for row in rows] == [
        (threads, "conv2d", accuracy) for threads in (1, 2) for accuracy in ("strict", "fast")
    ]
    first = rows[0]
    assert first["layer"] == "2-4 3x3@8"
    assert first["layer_class"] == "tiny"
    assert first["input_shape"] == [1, 2, 8, 8]
    assert first["macs"] == 4 * 36 * 18
    assert first["rounds"] == 2
    assert first["median_ms"] > 0
    assert first["gflops"] == pytest.approx(2 * first["macs"] / first["median_ms"] / 1e6, rel=2e-3)
    assert first["percent_of_peak"] == pytest.approx(first["gflops"] / first["peak_gflops"] * 100, rel=2e-3)
    assert 0 < first["error_units"] <= 4
    assert first["algorithm"]
    assert first["ratio"] is None
    assert first["note"] is None


def test_ndjson_and_csv_rows_stand_for_themselves() -> None:
    arguments = (*TINY, "--threads", "1", "--accuracy", "strict", "--format")
    record = json.loads(bench(*arguments, "ndjson").out)
    assert [*record] == ["schema_version", *ROW_KEYS]
    keys, values = csv.reader(io.StringIO(bench(*arguments, "csv").out))
    assert keys == list(ROW_KEYS)
    assert values[:2] == ["2-4 3x3@8", "tiny"]


def test_the_table_and_markdown_are_for_people() -> None:
    arguments = (*TINY, "--threads", "1", "--accuracy", "fast")
    lines = bench(*arguments).out.splitlines()
    assert lines[0].startswith("processor")
    assert "2-4 3x3@8  (tiny, input 1x2x8x8, 2592 MACs)" in lines
    assert lines[-2].split() == [
        "threads",
        "engine",
        "algorithm",
        "ms",
        "+-%",
        "GFLOP/s",
        "%",
        "peak",
        "ratio",
        "error",
    ]
    assert lines[-1].split()[:3] == ["1", "conv2d", "fast"]
    lines = bench(*arguments, "--format", "markdown").out.splitlines()
    assert lines[0] == "| key | value |"
    assert lines[-1].startswith("| 2-4 3x3@8 | 1 | conv2d fast | ")


def test_single_values_are_one_a_line() -> None:
    done = bench(*TINY, "--threads", "1", "--get", "accuracy", "--get", "threads")
    assert done == (0, "strict\n1\nfast\n1\n", "")


def test_an_algorithm_and_a_type_may_be_chosen() -> None:
    done = bench(
        *(*TINY, "--threads", "1", "--algorithm", "im2col", "--dtype", "float64", "--accuracy", "strict"),
        *("--get", "algorithm", "--get", "dtype", "--seed", "7", "--no-bias", "--get", "bias"),
    )
    assert done == (0, "im2col\nfloat64\nfalse\n", "")


def test_a_size_may_be_a_file(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.ones((2, 6, 7), np.float32))
    arguments = ("2", "4", "3", "-i", "x.npy", "--engines", "conv2d", "--rounds", "1", "--threads", "1")
    done = bench(*arguments, "--accuracy", "fast", "--get", "input_shape", folder=tmp_path)
    assert done == (0, "1 2 6 7\n", "")
    assert bench("3", *arguments[1:], folder=tmp_path).code == 3


def test_what_holds_the_blas_back_is_said() -> None:
    done = conv2d("bench", *TINY, "--threads", "1", "--get", "rounds", "--device", "cuda", OPENBLAS_CORETYPE="Haswell")
    assert done.code == 0
    assert done.err.startswith(
        "note: device cuda is not used: everything runs on the CPU\nnote: OPENBLAS_CORETYPE=Haswell"
    )
    assert conv2d("bench", *TINY, "--threads", "1", "-q", OPENBLAS_CORETYPE="Haswell").err == ""


@pytest.mark.parametrize(
    ("arguments", "code", "said", "hint"),
    [
        ((), 2, "LAYER is missing", "--suite resnet50"),
        (("3", "64"), 2, "LAYER is three values, IN OUT KERNEL, or one expression, but 2 were given", "bench 3 64 3"),
        (("3", "64", "7"), 2, "-i SIZE is missing", "-i 56"),
        (("3", "64", "7", "-i", "4"), 2, "the kernel spans 7x7, the padded input only 4x4 (torch: ", "-i 1x3x7x7"),
        (("3", "64", "7", "-i", "3x0x9", "-p", "9"), 2, "height and width must be 1 or more", "-i 3x1x9"),
        (("3", "64", "7", "-i", "0x3x9x9"), 2, "there is nothing to measure", "-i 1x3x9x9"),
        (
            ("3", "64", "7", "-i", "9", "--suite", "vgg16"),
            2,
            "a suite has its own layers",
            "conv2d bench --suite vgg16",
        ),
        (("--suite", "vgg16", "-s", "2"), 2, "a suite has its own layers", "conv2d bench --suite vgg16"),
        (("--suite", "vgg19"), 2, "--suite vgg19: no such suite", "did you mean --suite vgg16?"),
        (("--suite", "x"), 2, "--suite x: no such suite", "mobilenet_v2"),
        ((*TINY, "--accuracy", "fsat"), 2, "--accuracy fsat: no such accuracy", "did you mean --accuracy fast?"),
        ((*TINY, "--threads", "0"), 2, "--threads 0: must be 1 or more", "--threads 1"),
        ((*TINY, "--threads", "1,many"), 2, "--threads many", "--threads 1"),
        ((*TINY, "--rounds", "0"), 2, "--rounds 0", "--rounds 1"),
        ((*TINY, "--seed", "x"), 2, "--seed x", "--seed 1"),
        ((*TINY, "--engines", "tensorflow"), 2, "--engines tensorflow: no such engine", "conv2d"),
        ((*TINY, "--algorithm", "magic"), 2, "--algorithm magic: no such algorithm", "--algorithm small, im2col, "),
        ((*TINY, "--dtype", "float16"), 2, "--dtype float16: nothing is measured in it", "--dtype float32 or float64"),
        ((*TINY, "--get", "median"), 2, "--get median: no such key", "median_ms"),
        ((*TINY, "--get", "ratio", "--json"), 2, "--get and --json exclude each other", "bare values"),
        ((*TINY, "-g", "3"), 2, "-g 3: 3 groups do not divide in_channels=2 and out_channels=4", "-g 1 or 2"),
    ],
)
def test_bad_options_end_with_a_hint(arguments: tuple[str, ...], code: int, said: str, hint: str) -> None:
    done = bench(*arguments)
    assert (done.code, done.out) == (code, "")
    assert said in done.err
    assert hint in done.err
    assert "Traceback" not in done.err
