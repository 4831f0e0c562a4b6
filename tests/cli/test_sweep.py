"""`conv2d sweep` as a process: the very rows of `shape`, every format, streams, and faults before the first row."""

from __future__ import annotations

import csv
import io
import json
import os
import random
import shlex
import signal
import subprocess
import sys
from itertools import product
from math import prod
from typing import TYPE_CHECKING, Any

import pytest
from forked import conv2d, on_terminal

from conv2d_cli import Conv2d, LayerError, ShapeError, ShapeReport, analyze
from conv2d_cli.render.as_ndjson import render
from conv2d_cli.render.escaping import printable

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

SMALL = ("sweep", "3", "8,16", "1..3..2", "-s", "1,2", "-p", "same,0..1", "-i", "8,9x7")
ENDLESS = ("sweep", "1..1000000", "1..1000000", "1", "--format", "ndjson")
PROGRAM = "from conv2d_cli.cli.main import main; main()"
# An argument, its values as Python has them, and its option.
AXES: dict[str, tuple[Sequence[Any], str]] = {
    "in_channels": ((1, 2, 4, 6), ""),
    "out_channels": ((2, 3, 4, 8), ""),
    "kernel_size": ((1, 2, (3, 5), 7), ""),
    "stride": ((1, 2, (2, 1)), "-s"),
    "padding": (("same", "valid", "same_upper", "same_lower", 0, (1, 2), (0, 0, 1, 1)), "-p"),
    "dilation": ((1, (2, 3)), "-d"),
    "groups": ((1, 2, 3), "-g"),
    "bias": ((True, False), "--bias"),
    "padding_mode": (("zeros", "reflect", "replicate", "circular"), "--padding-mode"),
    "device": (("cpu", "cuda:1"), "--device"),
    "dtype": (("float32", "float16", "int8", "complex64"), "--dtype"),
    "": ((5, (9, 8), (4, 9, 8), (2, 4, 9, 8), (0, 4, 9, 8)), "-i"),
}


def as_typed(value: Any) -> str:
    if isinstance(value, tuple):
        return "x".join(map(str, value)) if len(value) == 2 else f"({','.join(map(str, value))})"
    return str(value).lower()


@pytest.mark.parametrize("seed", range(12))
def test_rows_are_byte_for_byte_those_of_shape(seed: int) -> None:
    draw = random.Random(seed)
    optional = draw.sample([*AXES][3:-1], 3)
    fields = [field for field in AXES if field in {*[*AXES][:3], *optional} or (not field and seed % 4)]
    values = {field: draw.sample(AXES[field][0], draw.randint(1, 2)) for field in fields}
    words = ["sweep", "-q", "--format", "ndjson"]
    for field in fields:
        words += ([AXES[field][1]] if AXES[field][1] else []) + [",".join(map(as_typed, values[field]))]
    expected, fault = "", 0
    for some in product(*values.values()):
        arguments = dict(zip(fields, some, strict=True))
        size = arguments.pop("", None)
        try:
            expected += render(analyze(Conv2d(**arguments), size))
        except (LayerError, ShapeError):
            fault = 2
    done = conv2d(*words)
    assert (done.code, done.out) == (0 if expected else fault, expected)


def test_a_row_is_what_shape_prints() -> None:
    lines = conv2d(*SMALL, "-q", "--format", "ndjson").out.splitlines(keepends=True)
    assert conv2d("shape", "3", "8", "1", "-p", "same", "-i", "8", "--format", "ndjson").out == lines[0]
    assert conv2d("shape", "3", "16", "3", "-p", "1", "-s", "2", "-i", "9x7", "--format", "ndjson").out == lines[-1]


def test_every_format_has_the_same_rows() -> None:
    done = conv2d(*SMALL, "--format", "ndjson")
    assert done.err == "note: 8 of 48 combinations skipped: padding=same is for a stride of 1\n"
    records = [json.loads(line) for line in done.out.splitlines()]
    assert len(records) == 40
    assert [*records[0]] == ["schema_version", *ShapeReport._fields]
    assert json.loads(conv2d(*SMALL, "-q", "--json").out) == records
    shapes = [" ".join(map(str, record["output_shape"])) for record in records]
    for name, delimiter in (("csv", ","), ("tsv", "\t")):
        rows = [*csv.DictReader(io.StringIO(conv2d(*SMALL, "-q", "--format", name).out), delimiter=delimiter)]
        assert [*rows[0]] == [*ShapeReport._fields]
        assert [row["output_shape"] for row in rows] == shapes
    assert conv2d(*SMALL, "-q", "--get", "output_shape").out.splitlines() == shapes
    both = [line for record, shape in zip(records, shapes, strict=True) for line in (str(record["macs"]), shape)]
    assert conv2d(*SMALL, "-q", "--get", "macs,output_shape").out.splitlines() == both
    plain = conv2d(*SMALL, "-q").out.splitlines()
    assert plain[0].split() == [*ShapeReport._fields]
    assert len(plain) == 41
    markdown = conv2d(*SMALL, "-q", "--format", "markdown").out.splitlines()
    assert len(markdown) == 42
    assert all(f"| {shape} |" in line for shape, line in zip(shapes, markdown[2:], strict=True))


def test_a_table_on_a_terminal_shows_what_varies() -> None:
    done = on_terminal(*SMALL, COLUMNS="100", TERM="dumb")
    lines = done.out.splitlines()
    assert lines[0].split()[:6] == ["out_channels", "kernel_size", "stride", "padding", "input_shape", "output_shape"]
    assert len(lines) == 42
    assert lines[-1] == "note:  8 of 48 combinations skipped: padding=same is for a stride of 1"
    judged = conv2d(*SMALL, "--format", "table", "--sort", "-parameter_bytes", COLUMNS="120").out
    assert "parameter_bytes" in judged.splitlines()[0]


@pytest.mark.parametrize("width", [20, 40, 60, 80, 120, 200])
def test_a_narrow_table_keeps_every_digit_and_says_which_layer(width: int) -> None:
    lines = conv2d(*SMALL[:-1], "224,512", "-q", "--format", "table", COLUMNS=str(width)).out.splitlines()
    assert len(lines) == 41
    assert len({*lines}) == 41, "rows can be told from one another"
    assert all(len(line) <= max(width, 32) for line in lines)
    if width >= 60:
        assert "output_shape" in lines[0]
    if width >= 80:
        assert "113,246,208" in "".join(lines)


def test_sorting_filtering_and_the_front() -> None:
    def found(*words: str, key: str = "macs") -> list[int]:
        done = conv2d(*SMALL, "-q", "--get", key, *words)
        assert (done.code, done.err) == (0, "")
        return [*map(int, done.out.splitlines())]

    macs = found()
    assert found("--sort", "macs") == sorted(macs)
    assert found("--sort", "-macs", "--top", "3") == sorted(macs, reverse=True)[:3]
    assert found("--top", "3") == macs[:3]
    assert found("--where", "macs < 5e3") == [each for each in macs if each < 5000]
    assert found("--where", "macs < 5e3", "--where", "macs > 3000") == [each for each in macs if 3000 < each < 5000]
    assert found("--pareto", "macs") == [min(macs)] * macs.count(min(macs))
    assert len(found("--pareto", "parameters,macs,-receptive_field", "--sort", "macs", "--top", "1")) == 1
    sizes = conv2d(*SMALL, "-q", "--sort", "-kernel_size", "--get", "kernel_size").out.splitlines()
    by_area = [prod(map(int, size.split())) for size in sizes]
    assert by_area == sorted(by_area, reverse=True)


def test_nothing_that_passes_is_an_exit_code_of_1() -> None:
    words = (*SMALL, "--where", "macs / unused_rows > 1e9 and output_height > 1e6")
    done = conv2d(*words, "--json")
    assert (done.code, done.out) == (1, "[]\n")
    assert "no row: --where holds for none of 40" in done.err
    assert "--where has no value for" in done.err
    assert conv2d(*words, "--format", "ndjson", "-q") == (1, "", "")
    # A reader of tables expects the columns.
    assert conv2d(*words, "--format", "csv", "-q") == (1, ",".join(ShapeReport._fields) + "\n", "")


def test_what_cannot_be_on_a_front_is_told() -> None:
    words = ("sweep", "3", "64", "3", "--pareto", "padding_top", "--get", "padding")
    note = "note: --pareto leaves out 1: without -i, not all keys are known of them\n"
    assert conv2d(*words, "-p", "same_upper,2") == (0, "2 2\n", note)
    assert conv2d(*words, "-p", "same_upper") == (1, "", note)
    assert conv2d(*words, "-p", "same_upper", "-i", "8") == (0, "same_upper\n", "")


def test_where_no_combination_is_a_layer_the_first_says_why() -> None:
    done = conv2d("sweep", "3", "64", "7", "-g", "2,5", "--json")
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith("error: -g 2,5: 2 groups do not divide in_channels=3")
    assert done.err.endswith("hint: -g 1\n")
    assert conv2d("sweep", "3", "64", "7", "-i", "2,3").err.endswith("hint: -i 1x3x7x7\n")


BASE = "sweep 3 64 3 "


@pytest.mark.parametrize(
    ("line", "error", "hint"),
    [
        ("sweep", "LAYER is missing", "conv2d sweep 3 64 7"),
        ("sweep 3 64", "but 2 were given", "conv2d sweep 3 64 3"),
        ("sweep 0,3 64 0..2", "IN 0,3: the number of input channels must be 1 or more", "conv2d sweep 1 64 1"),
        ("sweep '' 64 3", "one of them is empty", "conv2d sweep 1,2 64 3"),
        ("sweep 3..1 64 3", "IN 3..1: a range goes upwards", "conv2d sweep 1..3 64 3"),
        (BASE + "-s 0..2", "-s 0..2: the stride must be 1 or more", "-s 1"),
        (BASE + "-s 2..0", "-s 2..0: a range goes upwards", "-s 1..2"),
        (BASE + "-p 2..0", "-p 2..0: a range goes upwards", "-p 0..2"),
        ("sweep 3 64 1..0", "KERNEL 1..0: a range goes upwards", "conv2d sweep 3 64 1..1"),
        ("sweep 3 64 1-3", "KERNEL 1-3: a range is written FIRST..LAST", "conv2d sweep 3 64 1..3"),
        (BASE + "--stride=two", "--stride=two: the stride is a whole number", "--stride 2"),
        (BASE + "-s 1,,2", "one of them is empty", "-s 1,2"),
        (BASE + "-i x.npy", "-i x.npy: a sweep takes sizes", "-i 224"),
        (BASE + "-i ../x.npy", "a range is FIRST..LAST", "-i 224,448"),
        (BASE + "-i 8,", "one of them is empty", "-i 224,448"),
        (BASE + "--dtype half,", "one of them is empty", "--dtype float32,half"),
        (BASE + "--padding-mode zeros..reflect", "in whole numbers", "--padding-mode zeros,reflect"),
        (BASE + "-p '(1,2,3)'", "not 3 values", "or -p '(1,2,3,2)' for top, left, bottom, right"),
        ("sweep 3 64 2x4 -p same -s 2,4", "needs a stride of 1", "the size -p '(0,1,0,1)'"),
        (BASE + "-i 8,-1", "SIZE -1 is not a size", "-i 224, 224x160, 3x224x224"),
        (BASE + "-i 8 --sort mac", "--sort mac: there is no number 'mac'", "did you mean --sort macs?"),
        (BASE + "-i 8 --sort -mac", "--sort -mac: there is no number 'mac'", "did you mean --sort=-macs?"),
        (BASE + "-i 8 --sort padding", "--sort padding: there is no number", "--sort padding_top"),
        (BASE + "--sort=-macs", "macs depends on the size of the input, and -i is missing", "-i 224"),
        (BASE + "--pareto output_height", "output_height depends on the size of the input", "-i 224"),
        (BASE + "--get macs", "macs depends on the size of the input", "-i 224"),
        (BASE + "--where 'macs > 1'", "macs depends on the size of the input", "-i 224"),
        (BASE + "-i 8 --where 'mac > 1'", "there is no number 'mac'", "did you mean macs?"),
        (BASE + "-i 8 --where 'stride > 1'", "there is no number 'stride'", "stride_height"),
        (BASE + "-i 8 --where macs", "neither holds nor fails", "--where 'macs > 0'"),
        (BASE + "-i 8 --where 'macs >'", "--where macs >: ", "--where 'macs <= 600e6'"),
        (BASE + "--where '__import__(\"os\")'", "there is no text in a formula", "--where"),
        (BASE + "--sort parameters,", "one of them is empty", "--sort parameters"),
        (BASE + "--pareto -", "one of them is empty", "--pareto parameters"),
        (BASE + "--top 0", "--top 0: must be 1 or more", "--top 10"),
        (BASE + "--bias yes", "--bias yes: neither true nor false", "--bias true,false"),
        (BASE + "--bias true,", "--bias : neither true nor false", "--bias true,false"),
        (BASE + "--bias true --no-bias", "exclude each other", "leave one of them out"),
        ("sweep 'Conv2d(3, 64, 7, stride=2)' -s 1,2", "stride is given twice", "leave the option out"),
        ("sweep 'Conv2d(3, 64, 1..7)'", "an expression is of one layer", "conv2d sweep 3 64 1..7 -s 1,2"),
        (BASE + "--hlep", "no such option: --hlep", "did you mean --help?"),
        (BASE + "--get mac", "--get mac: no such key", "did you mean --get macs?"),
        (BASE + "--sort -s 2", "--sort takes a value", "conv2d sweep 3 64 3 --sort parameters -s 2"),
        ("sweep 3 1..2000 1..1000 --sort parameters", "2,000,000 combinations", "--top 100"),
        ("sweep 3 1..2000 1..1000 --pareto parameters", "2,000,000 combinations", "fewer values"),
    ],
)
def test_what_is_wrong_is_told_before_the_first_row(line: str, error: str, hint: str) -> None:
    done = conv2d(*shlex.split(line))
    assert (done.code, done.out) == (2, "")
    assert error in done.err
    assert hint in done.err.partition("hint:")[2]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("shape 3 64 1..4", "KERNEL 1..4"),
        ("shape 3,64,1..4", "KERNEL 1..4"),
        ("shape 3 64 3 -p 0,1 -s 1..2 --no-bias -i 24 --json", "-s 1..2"),
        ("shape 3 64 3 -p 0,1,0,1 --stride=1..2", "--stride=1..2"),
        ("shape 3 64 3 -i 8..16", "-i 8..16"),
        ("shape 3 64 3 -i 1x3x8x8 -g 1..3,1", "-g 1..3,1"),
        ("run x.npy 3 64 3 -s 1..3 -o y.npy", "-s 1..3"),
        ("bench 3 64 1..3 -i 8", "KERNEL 1..3"),
    ],
)
def test_a_range_elsewhere_is_told_with_a_line_that_works(line: str, said: str) -> None:
    done = conv2d(*shlex.split(line))
    assert (done.code, done.out) == (2, "")
    message, hint = done.err.splitlines()
    assert message == f"error: {said}: a range of values is for a sweep, here is one layer"
    program, *words = shlex.split(hint.removeprefix("hint: "))
    assert (program, words[0]) == ("conv2d", "sweep")
    again = conv2d(*words)
    assert again.code == 0
    assert len(again.out.splitlines()) > 2


def test_four_paddings_without_brackets_are_noted() -> None:
    done = conv2d("sweep", "3", "8", "3", "-p", "0,0,1,1", "--get", "padding")
    assert (done.code, done.out) == (0, "0 0\n0 0\n1 1\n1 1\n")
    assert "four paddings of one layer are '(0,0,1,1)'" in done.err
    assert conv2d("sweep", "3", "8", "3", "-p", "(0,0,1,1)", "--get", "padding") == (0, "0 0 1 1\n", "")


def test_an_expression_is_filled_in_by_options() -> None:
    words = ("sweep", "nn.Conv2d(3, 64, (3, 5), padding=1)", "-s", "1,2", "--get", "kernel_size,padding,stride")
    assert conv2d(*words) == (0, "3 5\n1 1\n1 1\n3 5\n1 1\n2 2\n", "")
    # As `print(layer)` shows it, and once more as an option.
    assert conv2d("sweep", "Conv2d(3, 64, kernel_size=(7, 7), stride=(2, 2))", "-s", "2").code == 0


@pytest.mark.parametrize(
    "words",
    [
        ("\udcff", "64", "3"),
        ("3", "64", "9" * 5000),
        ("3", "64", f"1..{'9' * 3000}"),
        ("3", "64", "3", "-i", f"1..{'9' * 3000}", "--top", "1"),
        ("3", "64", "3", "-i", "(" * 1000),
        ("3", "64", "3", "-p", ","),
        ("3", "64", "3", "-p", "((0,0,1,1)"),
        ("3", "64", "3", "--where", "(" * 500 + ")" * 500),
        ("3", "64", "3", "--where", "groups ** groups ** 9999999 > 1"),
        ("3", "64", "3", "--where", "\udcff > 1"),
        ("3", "64", "3", "--where", "1 == 1" + " " * 100_000),
        ("3", "64", "3", "--sort", ","),
        ("3", "64", "3", "--sort", "x" * 100_000),
        ("3", "64", "3", "--top", "9" * 100),
        ("3", "64", "3", "--top", "9" * 20, "--sort", "parameters"),
        ("3", "64", "3", "--dtype", "\0"),
    ],
)
def test_whatever_is_typed_ends_in_a_message(words: tuple[str, ...]) -> None:
    done = conv2d("sweep", *words)
    assert done.code in {0, 1, 2}
    assert "Traceback" not in done.err
    assert (done.code == 0) or done.err
    assert printable(done.err, keep="\n") == done.err


def started(*words: str, **streams: Any) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-P", "-c", PROGRAM, *words], **streams)


def test_the_first_row_comes_at_once_and_a_reader_that_goes_away_ends_it_without_noise() -> None:
    # There are 10^12 rows: whatever is read has been written before the rest.
    with started(*ENDLESS, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert json.loads(process.stdout.readline())["out_channels"] == 1
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(60) == 141


@pytest.mark.skipif(os.name == "nt", reason="there is no SIGINT to send")
def test_a_row_that_passes_seldom_does_not_wait_for_others_and_ctrl_c_ends_it() -> None:
    words = (*ENDLESS, "--where", "out_channels == 1 or out_channels == 100")
    with started(*words, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        rows = [json.loads(process.stdout.readline())["out_channels"] for _ in range(2)]
        assert rows == [1, 100]
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 130


@pytest.mark.skipif(os.name == "nt", reason="there is no pseudo-terminal")
def test_a_person_who_watches_sees_how_far_it_is_and_no_row_goes_astray(tmp_path: Path) -> None:
    import pty

    ours, theirs = pty.openpty()
    rows = tmp_path / "rows"
    with rows.open("wb") as stdout, started(*ENDLESS, stdout=stdout, stderr=theirs) as process:
        os.close(theirs)
        seen = b""
        while b"rows/s" not in seen:
            seen += os.read(ours, 4096)
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 130
    os.close(ours)
    assert b"schema_version" not in seen
    numbers = [json.loads(line)["out_channels"] for line in rows.read_bytes().splitlines()[:-1]]
    assert numbers == [*range(1, len(numbers) + 1)]
    assert len(numbers) > 1000


def test_memory_does_not_grow_with_the_rows(tmp_path: Path) -> None:
    resource = pytest.importorskip("resource")
    del resource
    measured = "import resource, subprocess, sys; subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, check=True)"
    measured += "; print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
    peaks = []
    for number in (10, 20_000):
        words = [sys.executable, "-P", "-c", PROGRAM, "sweep", "3", f"1..{number}", "3", "-i", "8", "--format", "csv"]
        done = subprocess.run([sys.executable, "-c", measured, *words], capture_output=True, check=True, cwd=tmp_path)
        peaks.append(int(done.stdout))
    # In KiB: 20,000 rows that were held would take some 26 MiB.
    assert peaks[1] < peaks[0] + 4096
