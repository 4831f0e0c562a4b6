"""`conv2d diff`: what changes from one layer to another, in every format, and what is no pair of layers."""

from __future__ import annotations

import csv
import json
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
import pytest
from forked import conv2d
from hypothesis import given
from hypothesis import strategies as st

from conv2d_cli import Conv2d, analyze
from conv2d_cli.report.diff import differences

if TYPE_CHECKING:
    from pathlib import Path

STEM, OTHER = "3,64,7", "Conv2d(3, 64, 4, stride=4)"
SIDES = st.tuples(*[st.integers(1, 3)] * 4, st.booleans(), st.sampled_from([None, 16, 17]))


@given(SIDES, SIDES)
def test_there_is_a_row_for_each_key_that_differs(
    one: tuple[int, int, int, int, bool, int | None], other: tuple[int, int, int, int, bool, int | None]
) -> None:
    before, after = (
        analyze(Conv2d(inputs, outputs, kernel, stride, bias=bias), size)
        for inputs, outputs, kernel, stride, bias, size in (one, other)
    )
    rows = {row.key: row for row in differences(before, after)}
    assert {*rows} == {key for key in before._fields if getattr(before, key) != getattr(after, key)}
    for key, row in rows.items():
        old, new = getattr(before, key), getattr(after, key)
        assert (row.before, row.after) == (old, new)
        if all(isinstance(value, int | float) and not isinstance(value, bool) for value in (old, new)):
            assert row.change == new - old
            assert row.percent == (None if old == 0 else float(100 * (Fraction(new) - Fraction(old)) / Fraction(old)))
        else:
            assert (row.change, row.percent) == (None, None)


def test_half_the_bytes_are_twice_the_intensity() -> None:
    for size in range(8, 40):
        single, half = (analyze(Conv2d(3, 64, 7, dtype=dtype), size) for dtype in ("float32", "float16"))
        percents = {row.key: row.percent for row in differences(single, half)}
        assert (percents["arithmetic_intensity"], percents["input_bytes"]) == (100, -50)


def test_the_formats() -> None:
    asked = ("diff", STEM, OTHER, "-i", "224")
    found = json.loads(conv2d(*asked, "--json").out)
    assert [*found] == ["schema_version", "before", "after", "changes"]
    assert found["before"] == "Conv2d(3, 64, kernel_size=(7, 7), stride=(1, 1))"
    macs = next(row for row in found["changes"] if row["key"] == "macs")
    assert macs == {
        "key": "macs",
        "before": 447_105_792,
        "after": 9_633_792,
        "change": -437_472_000,
        "percent": 100 * -437_472_000 / 447_105_792,
    }
    lines = [json.loads(line) for line in conv2d(*asked, "--format", "ndjson").out.splitlines()]
    assert lines == [{"schema_version": 1, **row} for row in found["changes"]]
    rows = [*csv.DictReader(conv2d(*asked, "--format", "csv").out.splitlines())]
    assert [row["key"] for row in rows] == [row["key"] for row in lines]
    assert next(row for row in rows if row["key"] == "output_shape")["after"] == "1 64 56 56"
    assert conv2d(*asked, "--get", "key").out.split() == [row["key"] for row in lines]
    plain = conv2d(*asked)
    assert (plain.code, plain.err) == (0, "")
    assert plain.out.splitlines()[0].split() == ["key", "before", "after", "change", "percent"]
    table = conv2d(*asked, "--format", "table").out
    assert "→ Conv2d(3, 64, kernel_size=(4, 4), stride=(4, 4))" in table
    assert " -437,472,000  -97.8 %\n" in table
    assert "macs" in conv2d(*asked, "--format", "markdown").out
    # Where it is narrow the percentage stays longer than the change, which is the wider.
    narrow = conv2d(*asked, "--format", "table", COLUMNS="62").out
    assert " -97.8 %\n" in narrow
    assert "-437,472,000" not in narrow


def test_equal_layers_say_so_and_nothing_else() -> None:
    header = "key,before,after,change,percent\n"
    columns = {"csv": header, "tsv": header.replace(",", "\t")}
    for form in ("plain", "table", "csv", "tsv", "ndjson", "markdown"):
        done = conv2d("diff", STEM, "Conv2d(3, 64, 7)", "-i", "8", "--format", form)
        assert done == (0, columns.get(form, ""), "note: nothing differs\n")
    assert json.loads(conv2d("diff", STEM, STEM, "--json").out)["changes"] == []
    assert conv2d("diff", STEM, STEM, "-q") == (0, "", "")
    assert conv2d("diff", STEM, STEM, "--get", "key").out == ""


def test_options_hold_for_both_and_sizes_for_each() -> None:
    found = json.loads(conv2d("diff", STEM, "3,64,5", "-s", "2", "-p", "2", "--json").out)
    assert "stride" not in {row["key"] for row in found["changes"]}
    assert found["after"] == "Conv2d(3, 64, kernel_size=(5, 5), stride=(2, 2), padding=(2, 2))"
    sizes = conv2d("diff", STEM, STEM, "-i", "224", "-i", "1x3x56x56", "--format", "csv").out
    assert sizes.splitlines()[1] == "input_shape,1 3 224 224,1 3 56 56,,"
    clash = conv2d("diff", STEM, OTHER, "-s", "2")
    assert (clash.code, clash.out) == (2, "")
    assert clash.err.startswith("error: stride is given twice")


def test_a_size_may_be_a_file(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.zeros((2, 3, 9, 9), np.float32))
    done = conv2d("diff", STEM, "3,64,3", "-i", "x.npy", "--get", "after", folder=tmp_path)
    assert "2 64 7 7" in done.out.splitlines()


def test_layers_in_every_spelling() -> None:
    done = conv2d("diff", "(3, 64, 7)", "conv1 = nn.Conv2d(3, 64, 7, bias=False),", "--get", "key")
    assert done.out.split() == ["bias", "bias_shape", "parameters", "bias_parameters", "parameter_bytes"]
    assert conv2d("diff", "3,64,(3,5)", "3, 64, 3", "--get", "key").out.split()[0] == "kernel_size"


@pytest.mark.parametrize(
    ("words", "told", "hint"),
    [
        ((), "two layers are missing", "conv2d diff 3,64,7 3,64,5"),
        ((STEM,), "but one was given", "conv2d diff 3,64,7 3,64,5"),
        (("Conv2d(3, 8, 3)", "-i", "8"), "but one was given", "conv2d diff -i 8 'Conv2d(3, 8, 3)' 3,64,5"),
        (("3", "64", "7", "3", "32", "5"), "6 words were given", "conv2d diff 3,64,7 3,32,5"),
        (("3", "64", "7"), "3 words were given", "conv2d diff 3,64,7 3,64,5"),
        ((STEM, "3x64x9"), "3x64x9: a layer is IN,OUT,KERNEL", "conv2d diff 3,64,7 3,64,9"),
        ((STEM, ""), "'': a layer is IN,OUT,KERNEL", "conv2d diff 3,64,7 3,64,5"),
        ((STEM, "\x1b[2J"), "a layer is IN,OUT,KERNEL", "conv2d diff 3,64,7 3,64,5"),
        ((STEM, "x" * 100_000), "a layer is IN,OUT,KERNEL", "conv2d diff 3,64,7 3,64,5"),
        ((STEM, "3,64,0"), "the second layer: kernel_size=0", "kernel_size=1"),
        ((STEM, STEM, "-s", "0"), "-s 0: the stride must be 1 or more", "-s 1"),
        ((STEM, "5,64,7", "-i", "1x3x8x8"), "the second layer: the layer takes 5 channels", "-i 1x3x8x8 -i 1x5x8x8"),
        ((STEM, "3,64,3", "-i", "4"), "the first layer: the kernel spans 7x7", "-i 1x3x7x7"),
        ((STEM, STEM, "-i", "8", "-i", "9", "-i", "7"), "-i stands 3 times", "-i 7"),
        ((STEM, STEM, "--get", "macs"), "--get macs: no such key", "--get help lists the keys"),
        ((STEM, STEM, "-k", "3"), "no such option", ""),
    ],
)
def test_what_is_refused(words: tuple[str, ...], told: str, hint: str) -> None:
    done = conv2d("diff", *words)
    assert (done.code, done.out) == (2, "")
    message, _, hinted = done.err.partition("\nhint: ")
    assert told in message
    assert hint in hinted
    assert len(done.err) < 700
