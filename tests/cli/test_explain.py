"""`conv2d explain` as a process: every format, figures as people type them, exit codes, and what is wrong."""

from __future__ import annotations

import csv
import io
import json
import shlex
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
import pytest
from forked import conv2d, on_terminal
from hypothesis import given
from hypothesis import strategies as st

from conv2d_cli import Conv2d, UsageError, code_for
from conv2d_cli.cli.explain_request import figure_of
from conv2d_cli.report.explain import ExplainReport, ReconcileReport, StepRow
from conv2d_cli.report.explanation.reconcile import SeenFigure

if TYPE_CHECKING:
    from pathlib import Path

SEED = ("16", "33", "3x5", "-s", "2x1", "-p", "4x2", "-d", "3x1", "-i", "20x16x50x100")
ALEXNET = ("3", "64", "11", "-s", "4", "-p", "2", "-i", "224")
HUGE = "9" * 10_000


def test_every_format() -> None:
    record = json.loads(conv2d("explain", *SEED, "--json").out)
    assert [*record] == ["schema_version", *ExplainReport._fields]
    assert [step["result"] for step in record["steps"]][:2] == [26, 100]
    assert record["equivalent_padding"] == [4, 2, 4, 2]
    rows = [*csv.DictReader(io.StringIO(conv2d("explain", *SEED, "--format", "csv").out))]
    assert tuple(rows[0]) == StepRow._fields
    assert [row["numbers"] for row in rows] == [step["numbers"] for step in record["steps"]]
    tabs = [*csv.DictReader(io.StringIO(conv2d("explain", *SEED, "--format", "tsv").out), delimiter="\t")]
    assert tabs == rows
    lines = [json.loads(line) for line in conv2d("explain", *SEED, "--format", "ndjson").out.splitlines()]
    assert [{key: line[key] for key in StepRow._fields} for line in lines] == record["steps"]
    plain = conv2d("explain", *SEED)
    assert (plain.code, plain.err) == (0, "")
    assert plain.out == conv2d("explain", *SEED, "--format", "plain").out
    assert "= 26\n" in plain.out
    markdown = conv2d("explain", *SEED, "--format", "markdown").out
    assert markdown.startswith("# `Conv2d(16, 33, kernel_size=(3, 5), stride=(2, 1), padding=(4, 2), dilation=(3, 1))`")
    assert "\n      = 26\n" in markdown
    table = on_terminal("explain", *SEED, COLUMNS="80", NO_COLOR="1")
    assert table.out == conv2d("explain", *SEED, "--format", "table", COLUMNS="80").out
    assert "  = 26\n" in table.out


@pytest.mark.parametrize(("target", "language"), [("jax", "python"), ("c", "c")])
def test_the_program_of_a_target_stands_at_the_end(target: str, language: str) -> None:
    layer = Conv2d(16, 33, (3, 5), stride=(2, 1), padding=(4, 2), dilation=(3, 1))
    code = code_for(layer, target, (20, 16, 50, 100)).code
    words = ("explain", *SEED, "--for", target)
    assert json.loads(conv2d(*words, "--json").out)["code"] == code
    assert conv2d(*words, "--get", "code").out == f"{code}\n"
    assert conv2d(*words).out == conv2d("explain", *SEED).out + f"\n{code}"
    markdown = conv2d("explain", *SEED, "--format", "markdown").out
    assert conv2d(*words, "--format", "markdown").out == f"{markdown}\n## Code\n\n```{language}\n{code}```\n"
    for columns in ("40", "80"):
        without = conv2d("explain", *SEED, "--format", "table", COLUMNS=columns).out.rpartition("\n\n")
        table = conv2d(*words, "--format", "table", COLUMNS=columns).out
        assert table == f"{without[0]}\n\nCode\n{code}\n{without[2]}"
    rows = conv2d(*words, "--format", "csv")
    assert rows.out == conv2d("explain", *SEED, "--format", "csv").out
    assert rows.err.startswith("note: --format csv has a row for each step: the program is left out")


def test_without_a_target_there_is_no_program() -> None:
    assert json.loads(conv2d("explain", "3", "64", "7", "--json").out)["code"] is None
    assert conv2d("explain", "3", "64", "7", "--get", "code") == (0, "\n", "")


@pytest.mark.parametrize(
    ("words", "error", "hint"),
    [
        (("--for", "torch"), "--for torch: no such target", "--for pytorch"),
        (("--for",), "--for takes a value", "--for pytorch"),
        (("--for", "keras", "-s", "2", "-d", "2"), "cannot express this layer", "--for pytorch, "),
        (("--for", "jax", "-i", "9", "--reconcile", "7"), "exclude each other", "--for pytorch, or --reconcile 7"),
        (("--for", "c", "-p", "same_upper", "-s", "2"), "depends on the size of the input", "-i 224"),
    ],
)
def test_a_target_that_is_none_or_cannot(words: tuple[str, ...], error: str, hint: str) -> None:
    done = conv2d("explain", "3", "64", "7", *words)
    assert (done.code, done.out) == (2, "")
    assert error in done.err
    assert hint in done.err


def test_single_values() -> None:
    keys = "equivalent_padding,output_shape,steps"
    done = conv2d("explain", *SEED, "--get", keys)
    padding, shape, steps = done.out.splitlines()
    assert (done.code, padding, shape) == (0, "4 2 4 2", "20 33 26 100")
    assert steps.startswith("H_out=26 W_out=100 effective_kernel_size[0]=7 ")
    assert conv2d("explain", *ALEXNET, "--get", "tools").out.startswith("torchinfo=70470400 fvcore=70276800 ")
    found = conv2d("explain", *ALEXNET, "--reconcile", "140553600", "--get", "matches")
    assert found == (0, "torch.utils.flop_counter=140553600 torch-scan=140553600 torchstat=140553600\n", "")
    none = conv2d("explain", *ALEXNET, "--reconcile", "140553601", "--get", "matches,nearest,difference")
    assert none == (1, "\ntorch.utils.flop_counter=140553600\n1\n", "")


def test_the_padding_written_out_is_a_padding() -> None:
    words = ("16", "16", "4x3", "-s", "2", "-i", "33x20")
    padding = conv2d("explain", *words, "-p", "same_upper", "--get", "equivalent_padding").out.strip()
    keys = ("--get", "output_shape,macs,padding_top,padding_left,padding_bottom,padding_right")
    assert conv2d("shape", *words, "-p", padding, *keys).out == conv2d("shape", *words, "-p", "same_upper", *keys).out


def test_without_a_size() -> None:
    done = conv2d("explain", "3", "64", "7", "-s", "2", "-p", "3")
    assert done.code == 0
    assert done.err.startswith("note: -i SIZE ")
    assert "floor((H_in - 1) / 2 + 1)\n" in done.out
    assert "9408 * N * H_out * W_out\n" in done.out
    assert conv2d("explain", "3", "64", "7", "-q").err == ""
    table = conv2d("explain", "3", "64", "7", "--format", "table")
    assert (table.code, table.err) == (0, "")
    assert "-i SIZE puts" in table.out
    assert conv2d("explain", "3", "64", "7", "--get", "parameters").code == 2
    assert conv2d("explain", "3", "64", "4", "-p", "same", "--get", "equivalent_padding").out == "1 1 2 2\n"
    unknown = conv2d("explain", "3", "64", "4", "-p", "same_upper", "--get", "equivalent_padding")
    assert (unknown.code, unknown.out) == (2, "")
    assert unknown.err.endswith("hint: -i 224\n")


def test_a_size_may_be_a_file(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.zeros((2, 16, 50, 100), np.float32))
    done = conv2d("explain", *SEED[:-1], "x.npy", "--get", "output_shape", folder=tmp_path)
    assert done == (0, "2 33 26 100\n", "")


@pytest.mark.parametrize(
    ("figure", "code", "tools"),
    [
        ("70276800", 0, {"fvcore", "thop", "torch-scan", "calflops", "DeepSpeed"}),
        ("70,470,400", 0, {"torchinfo", "ptflops/pytorch", "ptflops/aten", "onnx-tool", "flopth", "torchstat"}),
        ("140.55 GFLOPs", 1, set()),
        ("140.55MFLOPs", 0, {"torch.utils.flop_counter", "torch-scan", "torchstat"}),
        ("70.47M", 0, {"torchinfo", "ptflops/pytorch", "ptflops/aten", "onnx-tool", "flopth", "torchstat"}),
        ("1", 1, set()),
    ],
)
def test_a_figure_is_reconciled(figure: str, code: int, tools: set[str]) -> None:
    done = conv2d("explain", *ALEXNET, "--reconcile", figure, "--json")
    record = json.loads(done.out)
    assert (done.code, done.err) == (code, "")
    assert [*record] == ["schema_version", *ReconcileReport._fields]
    assert {one["tool"] for one in record["matches"]} == tools
    assert (record["nearest"] is None) == bool(tools)


def test_a_figure_in_every_format() -> None:
    for figure, code in (("70470400", 0), ("7", 1)):
        words = ("explain", *ALEXNET, "--reconcile", figure)
        rows = [*csv.DictReader(io.StringIO(conv2d(*words, "--format", "csv").out))]
        assert {row["tool"] for row in rows if row["matches"] == "true"} == {
            row["tool"] for row in rows if row["value"] == figure
        }
        lines = [json.loads(line) for line in conv2d(*words, "--format", "ndjson").out.splitlines()]
        assert [line["matches"] for line in lines] == [row["matches"] == "true" for row in rows]
        for format_name in ("plain", "table", "markdown"):
            done = conv2d(*words, "--format", format_name)
            assert (done.code, done.err) == (code, "")
            assert ("none" in done.out) == bool(code)
            assert ("torchinfo" in done.out) == (code == 0)


@pytest.mark.parametrize(
    ("text", "value", "slack"),
    [
        ("70470400", 70_470_400, 0),
        ("70,470,400", 70_470_400, 0),
        ("70_470_400", 70_470_400, 0),
        (" 70470400 MACs ", 70_470_400, 0),
        ("70470400.0", 70_470_400, 0),
        ("70.47M", 70_470_000, 5000),
        ("70.47 MMac", 70_470_000, 5000),
        ("0.14 GFLOPs", 140_000_000, 5_000_000),
        ("1.5e9", 1_500_000_000, 50_000_000),
        ("2k", 2000, 500),
        ("12.5", Fraction(25, 2), Fraction(1, 20)),
        ("0", 0, 0),
    ],
)
def test_figures_as_people_type_them(text: str, value: int | Fraction, slack: int | Fraction) -> None:
    assert figure_of(text, "224") == SeenFigure(value, slack)


@given(st.one_of(st.text(max_size=40), st.text("0123456789.,_eEkMG macFLOPS-+", max_size=20)))
def test_any_text_is_a_figure_or_told_to_be_none(text: str) -> None:
    try:
        figure = figure_of(text, "224")
    except UsageError:
        return
    assert figure.value >= 0
    assert figure.fits(figure.value)


@pytest.mark.parametrize(
    ("words", "error", "hint"),
    [
        ((*ALEXNET, "--reconcile", "abc"), "--reconcile abc: not a figure", "--reconcile 70470400"),
        ((*ALEXNET, "--reconcile", "-5"), "--reconcile -5: not a figure", "--reconcile 70470400"),
        ((*ALEXNET, "--reconcile", ""), "--reconcile : not a figure", "--reconcile 70470400"),
        ((*ALEXNET, "--reconcile", HUGE), "--reconcile 9999", "--reconcile 70470400"),
        ((*ALEXNET, "--reconcile", "\udcff"), "--reconcile ", "--reconcile 70470400"),
        ((*ALEXNET[:-2], "--reconcile", "5"), "--reconcile 5: ", "-i 224"),
        ((*ALEXNET, "--reconcile"), "--reconcile takes a value", "--reconcile 70470400"),
        ((*ALEXNET, "--get", "macs"), "--get macs: no such key", "--get help"),
        ((*ALEXNET, "--reconcil", "5"), "no such option: --reconcil", "--reconcile"),
        ((), "LAYER is missing", "conv2d explain 3 64 7"),
        (("3", "64", "7", "-i", "4"), "the kernel spans 7x7", "-i 1x3x7x7"),
        (("3", "64", "7", "-s", "0"), "-s 0: ", "-s 1"),
        (("3", "64", "7", "-i", "missing.npy"), "cannot read missing.npy", "give a tensor file"),
        (("3", "64", "7", "-i", HUGE), "SIZE 9999", "-i "),
    ],
)
def test_what_is_wrong_is_told(words: tuple[str, ...], error: str, hint: str) -> None:
    done = conv2d("explain", *words)
    assert done.code == (4 if "missing.npy" in words else 2)
    assert done.out == ""
    assert done.err.startswith(f"error: {error}")
    assert "Traceback" not in done.err
    assert f"hint: {hint}" in done.err or f"did you mean {hint}" in done.err
    assert max(map(len, done.err.splitlines())) < 300


@pytest.mark.parametrize(
    "words",
    [
        (*ALEXNET[:-2], "--reconcile", "70470400"),
        (*ALEXNET, "--reconcile", "none"),
        ("3", "64", "4", "-p", "same_upper", "--get", "equivalent_padding"),
    ],
)
def test_hints_work(words: tuple[str, ...]) -> None:
    done = conv2d("explain", *words)
    assert done.code == 2
    hint = done.err.rpartition("hint: ")[2].strip()
    for offer in hint.split(", or rounded "):
        option, *value = shlex.split(offer)
        kept = [*words]
        if option in kept:
            del kept[kept.index(option) : kept.index(option) + 2]
        assert conv2d("explain", *kept, option, *value).code == 0, hint


@pytest.mark.parametrize("layer", ["1 1 1 -i 0x1x5x5", "1 1 1000000 -p 1000000 -i 999999999999", "2 2 1 -i 2x1x1 -g 2"])
@pytest.mark.parametrize("format_name", ["table", "plain", "json", "markdown", "csv"])
def test_odd_layers_are_explained(layer: str, format_name: str) -> None:
    for more in ((), ("--reconcile", "0")):
        done = conv2d("explain", *layer.split(), "--format", format_name, *more)
        assert done.code in {0, 1}, done.err
        assert done.err == ""
