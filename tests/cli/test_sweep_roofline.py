"""The roofline of `conv2d sweep`: what `shape` says of each row, and rows judged by it, with a machine alone."""

from __future__ import annotations

import json
import shlex
from itertools import product

import pytest
from forked import conv2d

MACHINE = ("--peak-flops", "1.2TFLOPS", "--bandwidth", "40GB/s")
STEM = ("sweep", "64", "64", "1..7..2", "-p", "0,same_upper")
GRID = (*STEM, "-i", "7,56x30")
KEYS = ["seconds_at_least", "limited_by"]


def test_a_row_is_byte_for_byte_what_shape_prints() -> None:
    rows = [
        conv2d("shape", "64", "64", kernel, "-p", padding, "-i", size, *MACHINE, "--format", "ndjson").out
        for kernel, padding, size in product("1357", ("0", "same_upper"), ("7", "56x30"))
    ]
    assert conv2d(*GRID, *MACHINE, "--format", "ndjson").out == "".join(rows)
    assert {json.loads(row)["limited_by"] for row in rows} == {"compute", "memory"}
    unsized = conv2d("shape", "64", "64", "1", *MACHINE, "--format", "ndjson").out
    assert conv2d(*STEM, *MACHINE, "--format", "ndjson", "--top", "1").out == unsized


def test_rows_are_judged_by_the_least_time() -> None:
    rows = [json.loads(line) for line in conv2d(*GRID, *MACHINE, "--format", "ndjson").out.splitlines()]
    seconds = [row["seconds_at_least"] for row in rows]

    def found(*words: str) -> list[float]:
        return [*map(float, conv2d(*GRID, *MACHINE, "--get", "seconds_at_least", *words).out.split())]

    assert found("--sort", "seconds_at_least") == sorted(seconds)
    assert found("--sort=-seconds_at_least", "--top", "3") == sorted(seconds, reverse=True)[:3]
    assert found("--where", "seconds_at_least < 1e-4") == [each for each in seconds if each < 1e-4]
    assert found("--pareto", "seconds_at_least") == [min(seconds)] * seconds.count(min(seconds))


def test_a_plot_has_an_axis_of_seconds_and_the_limits_as_colors() -> None:
    rows = [json.loads(line) for line in conv2d(*GRID, *MACHINE, "--format", "ndjson").out.splitlines()]
    words = ("--plot", "x=seconds_at_least,y=output_height,color=limited_by", "--json")
    plot = json.loads(conv2d(*GRID, *MACHINE, *words).out)
    assert plot["x_unit"] == "seconds"
    assert {(point["x"], point["y"], point["color"]) for point in plot["points"]} == {
        (row["seconds_at_least"], row["output_shape"][2], row["limited_by"]) for row in rows
    }


def test_the_keys_are_there_with_a_machine_alone() -> None:
    assert "seconds_at_least" not in conv2d("sweep", "--get", "help").out
    listed = conv2d("sweep", *MACHINE, "--get", "help").out.splitlines()
    assert [line.split()[0] for line in listed][-2:] == KEYS
    for columns in ("80", "120"):
        table = conv2d(*GRID, *MACHINE, "--format", "table", COLUMNS=columns).out.splitlines()
        assert {*KEYS} < {*table[0].split()}
    assert conv2d(*STEM, *MACHINE, "--format", "table").out == conv2d(*STEM, "--format", "table").out


@pytest.mark.parametrize(
    "words",
    [
        ("--sort", "seconds_at_least"),
        ("--pareto=-seconds_at_least,macs",),
        ("--where", "seconds_at_least < 1"),
        ("--get", "limited_by"),
        ("--plot", "x=seconds_at_least,y=parameters"),
        ("--plot", "x=parameters,y=stride_height,color=limited_by"),
    ],
)
@pytest.mark.parametrize("stem", [STEM, GRID])
def test_without_a_machine_the_hint_tells_of_one_and_works(stem: tuple[str, ...], words: tuple[str, ...]) -> None:
    done = conv2d(*stem, *words)
    assert (done.code, done.out) == (2, "")
    message, hint = done.err.splitlines()
    assert message.endswith("depends on a machine, and none is given")
    assert conv2d(*stem, *words, *shlex.split(hint.removeprefix("hint: "))).code == 0


def test_a_machine_is_measured_once_for_each_type_of_accumulator(monkeypatch: pytest.MonkeyPatch) -> None:
    from conv2d_cli.arithmetic.roofline import Roofline

    monkeypatch.setattr("conv2d_cli.jobs.roofline.measured", lambda _accumulator, _threads: Roofline(10**9, 10**9))
    words = ("--dtype", "float32,half,float64,int8", "--peak", "auto", "--sort", "seconds_at_least", "--get", "dtype")
    done = conv2d(*GRID, *words)
    assert done.code == 0
    assert [line.partition("products in ")[2].split()[0] for line in done.err.splitlines()] == ["float32", "float64"]
