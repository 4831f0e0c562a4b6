"""`conv2d solve` as a process: the answers of trying everything, streams, named questions, hints that have answers."""

from __future__ import annotations

import csv
import io
import json
import random
import shlex
import subprocess
from itertools import product
from typing import TYPE_CHECKING, Any

import pytest
from applied_hints import attempts, told_by
from forked import conv2d
from terminal import PROGRAM

from conv2d_cli.arithmetic.window import Axis
from conv2d_cli.report.shape import ShapeReport
from conv2d_cli.report.solve import SolutionRow

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

QUESTIONS = 10
KEYS = SolutionRow._fields
ONE = ("solve", "-i", "7", "-k", "3", "-s", "1..3", "-p", "0", "-d", "1")


def records(*words: str) -> list[dict[str, int]]:
    done = conv2d("solve", *words, "--format", "ndjson", "-q")
    assert done.code == (0 if done.out else 1)
    return [json.loads(line) for line in done.out.splitlines()]


def drawn(draw: random.Random, least: int, most: int) -> tuple[str, set[int]]:
    """Return alternatives as they are typed, and the numbers that they are."""
    first, last = sorted((draw.randint(least, most), draw.randint(least, most)))
    step = draw.randint(1, 3)
    some = [draw.randint(least, most) for _ in range(draw.randint(1, 3))]
    kinds = [
        (f"{first}..{last}..{step}", {*range(first, last + 1, step)}),
        (",".join(map(str, some)), {*some}),
        (f"{first}..{last},{some[0]}", {*range(first, last + 1), some[0]}),
    ]
    return draw.choice(kinds)


def tried(values: dict[str, set[int]]) -> Iterator[dict[str, int]]:
    """Yield what trying every combination finds, in the order that is promised."""
    usual = {"kernel_size": range(1, 16), "stride": range(1, 9), "dilation": range(1, 9), "output_size": range(1, 4097)}
    chosen: dict[str, Sequence[int]] = {**usual, **{key: sorted(numbers) for key, numbers in values.items()}}
    for dilation, stride, kernel in product(chosen["dilation"], chosen["stride"], chosen["kernel_size"]):
        for padding, size in product(chosen.get("padding", range(kernel)), chosen["input_size"]):
            axis = Axis(size, kernel, stride, dilation, padding, padding)
            if axis.output in chosen["output_size"]:
                row = SolutionRow(size, kernel, stride, padding, dilation, axis.output, axis.unused)
                yield {"schema_version": 1, **row._asdict()}


def test_random_questions_have_the_answers_of_trying_everything() -> None:
    draw = random.Random(8)
    options = {"-k": "kernel_size", "-s": "stride", "-p": "padding", "-d": "dilation", "--output-size": "output_size"}
    limits = {"-k": (1, 9), "-s": (1, 5), "-p": (0, 5), "-d": (1, 4), "--output-size": (1, 12)}
    answered = 0
    for _ in range(QUESTIONS):
        text, sizes = drawn(draw, 1, 12)
        words, values = ["-i", text], {"input_size": sizes}
        for option in draw.sample([*options], draw.randint(4, 5)):
            text, numbers = drawn(draw, *limits[option])
            words += [option, text]
            values[options[option]] = numbers
        found = records(*words)
        assert found == [*tried(values)], words
        answered += bool(found)
    assert QUESTIONS / 2 < answered < QUESTIONS


def test_every_answer_is_what_shape_says() -> None:
    for record in records("-i", "30,31", "-k", "2..5", "-s", "1..3", "-p", "0..2", "-d", "1,2")[::9]:
        size, kernel, stride, padding, dilation, output, unused = (str(record[key]) for key in KEYS)
        words = ("shape", "1", "1", kernel, "-s", stride, "-p", padding, "-d", dilation, "-i", size)
        done = conv2d(*words, "--get", "output_shape,unused_rows,unused_columns")
        assert done.out == f"1 1 {output} {output}\n{unused}\n{unused}\n"


def test_every_format() -> None:
    lines = [json.loads(line) for line in conv2d(*ONE, "--format", "ndjson", "-q").out.splitlines()]
    assert [{**line} for line in lines] == json.loads(conv2d(*ONE, "--json", "-q").out)
    assert [tuple(line) for line in lines] == [("schema_version", *KEYS)] * 3
    values = [[str(line[key]) for key in KEYS] for line in lines]
    for name, delimiter in (("csv", ","), ("tsv", "\t")):
        rows = [*csv.reader(io.StringIO(conv2d(*ONE, "--format", name, "-q").out), delimiter=delimiter)]
        assert rows == [[*KEYS], *values]
    for name in ("plain", "table"):
        rows = [line.split() for line in conv2d(*ONE, "--format", name, "-q").out.splitlines()]
        assert rows == [[*KEYS], *values]
    assert conv2d(*ONE, "-q").out == conv2d(*ONE, "--format", "plain", "-q").out
    markdown = conv2d(*ONE, "--format", "markdown", "-q").out.splitlines()
    assert [line.strip("| ").split(" | ") for line in markdown] == [[*KEYS], ["---"] * len(KEYS), *values]
    assert conv2d(*ONE, "--get", "stride", "--get", "output_size", "-q").out == "1\n5\n2\n3\n3\n2\n"


def test_no_answer_in_every_format() -> None:
    words = ("solve", "-i", "7", "-k", "3", "-s", "1", "-p", "0", "-d", "1", "--output-size", "6", "-q")
    header = ",".join(KEYS)
    texts = {"json": "[]\n", "csv": f"{header}\n", "tsv": header.replace(",", "\t") + "\n"}
    for name in ("json", "ndjson", "csv", "tsv", "plain", "table", "markdown"):
        done = conv2d(*words, "--format", name)
        assert (done.code, done.out) == (1, texts.get(name, ""))
        assert done.err.startswith("error: no numbers in these ranges go together\nhint: conv2d solve ")


def test_the_ranges_that_are_searched_are_told_and_documented() -> None:
    done = conv2d("solve", "-i", "9", "--limit", "1")
    assert done.err == (
        "note: searched: kernel_size 1..15, stride 1..8, padding 0..kernel_size-1, dilation 1..8, output_size 1..4096\n"
    )
    text = conv2d("help", "solving").out
    assert all(values in text for values in ("1..4096", "1..15", "1..8", "0..kernel_size-1"))
    assert conv2d(*ONE, "--output-size", "5").err == ""
    largest = records("-s", "8", "-d", "8", "-k", "15", "-p", "14", "--output-size", "4096", "-i", "1..99999")
    assert {record["padding"] for record in largest} == {14}
    assert max(record["input_size"] for record in records("-k", "1", "-s", "1", "-p", "0", "-d", "1")) == 4096


def test_limits() -> None:
    words = ("solve", "-k", "3", "--format")
    table = conv2d(*words, "table")
    assert len(table.out.splitlines()) == 51
    assert table.err.endswith("note: the first 50: --limit N shows more\n")
    for name in ("ndjson", "table"):
        done = conv2d(*words, name, "--limit", "7", "-q")
        assert (done.code, len(done.out.splitlines()), done.err) == (0, 7 + (name == "table"), "")
    assert conv2d(*ONE, "--limit", "9" * 30, "-q").out == conv2d(*ONE, "-q").out
    exactly = conv2d("solve", "-k", "3", "-s", "1", "-p", "0", "-d", "1", "-i", "1..52", "--format", "table")
    assert len(exactly.out.splitlines()) == 51
    assert "the first" not in exactly.err


@pytest.mark.parametrize("name", ["ndjson", "csv", "plain", "json", "markdown"])
def test_a_reader_that_goes_away_ends_it(name: str) -> None:
    command = [*PROGRAM, "solve", "-k", "3", "--format", name, "-q"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline()
        process.stdout.close()
        assert (process.wait(60), process.stderr.read()) == (141, b"")


def test_the_first_answer_comes_at_once() -> None:
    # All of them would take for ever.
    command = [*PROGRAM, "solve", "-k", "3", "-i", f"1..{10**30}", "--output-size", f"1..{10**30}", "-q"]
    with subprocess.Popen([*command, "--format", "ndjson"], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert json.loads(process.stdout.readline())["input_size"] == 3
        process.kill()


def test_a_narrow_screen_shows_keys_and_values() -> None:
    done = conv2d("solve", "-k", "3,5", "-s", "2", "--limit", "2", "--format", "table", "-q", COLUMNS="20")
    assert done.out.splitlines()[:3] == ["input_size 3", "  kernel_size  3", "  stride       2"]
    fixed = conv2d("solve", "-i", "224", "--output-size", "112", "--format", "table", "-q", COLUMNS="40")
    assert fixed.out.splitlines()[0].split() == ["kernel_size", "stride", "padding", "dilation"]
    assert max(map(len, fixed.out.splitlines())) <= 40


NAMED: list[tuple[str, dict[str, Any]]] = [
    ("3 64 7 -s 2 --for half-size -i 224", {"padding": [3, 3], "output_shape": [1, 64, 112, 112]}),
    ("3 64 7 -s 2 --for half-size", {"padding": [3, 3], "output_shape": None}),
    ("'Conv2d(3, 64, (4, 7))' --for same-size", {"padding": [1, 3, 2, 3]}),
    ("3 64 7 -s 2 --for tensorflow-same -i 2x3x224x225", {"padding": [2, 3, 3, 3], "output_shape": [2, 64, 112, 113]}),
    ("3 64 7 --for receptive-field=31", {"dilation": [5, 5], "receptive_field": [31, 31]}),
    ("3 64 3x1 --for receptive-field=9x1 -i 3x20x20", {"dilation": [4, 1], "output_shape": [64, 12, 20]}),
    ("3 8 3 -p 1 --for batch=1MB -i 16 --dtype half", {"input_shape": [177, 3, 16, 16], "dtype": "float16"}),
    ("3 8 3 -p 1 --for image=1MB -i 4x3x1x1", {"input_shape": [4, 3, 75, 75]}),
]


@pytest.mark.parametrize(("line", "expected"), NAMED)
def test_named_questions_answer_with_the_keys_of_shape(line: str, expected: dict[str, Any]) -> None:
    done = conv2d("solve", *shlex.split(line), "--json")
    record = json.loads(done.out)
    assert done.code == 0
    assert tuple(record) == ("schema_version", *ShapeReport._fields)
    assert {key: record[key] for key in expected} == expected
    said, command = done.err.splitlines()
    assert said.startswith(f"note: {next(iter(expected))}=")
    # The line that is offered says just that.
    words = shlex.split(command.removeprefix("note: "))
    assert conv2d(*words[1:], "--json").out == done.out


def test_questions_of_several_answers() -> None:
    words = ("solve", "64", "96", "3", "--for", "groups")
    groups = json.loads(conv2d(*words, "--json", "-q").out)
    assert [record["groups"] for record in groups] == [1, 2, 4, 8, 16, 32]
    assert conv2d(*words, "--get", "groups", "-q").out.split() == ["1", "2", "4", "8", "16", "32"]
    assert len(conv2d(*words, "--format", "csv", "-q").out.splitlines()) == 7
    table = conv2d(*words, "--format", "table", "-i", "56", "-q", COLUMNS="100").out.splitlines()
    assert table[0].split() == ["layer", "input_shape", "output_shape", "parameters", "macs", "output_bytes"]
    assert len(table) == 7
    unused = ("solve", "3", "64", "7", "-s", "2", "--for", "no-unused", "-i", "224x225", "--get", "input_shape")
    done = conv2d(*unused)
    assert done.out == "1 3 223 225\n1 3 225 225\n"
    assert done.err.count("note: conv2d shape ") == 2


# What is wrong, and what the error begins with; following the hint ends with an answer.
WRONG = [
    ("solve", "nothing is given"),
    ("solve -k 0..3", "-k 0..3: must be 1 or more"),
    ("solve -p=-1,-3..0 -k 3", "-p=-1,-3..0: must be 0 or more"),
    ("solve -k 3,", "-k 3,: a comma separates alternatives"),
    ("solve -i 1x3x224x160 -k 3", "-i 1x3x224x160: one axis at a time"),
    ("solve -p same -k 7", "-p same: same is no whole number"),
    ("solve -s 4..1", "-s 4..1: a range goes upwards"),
    ("solve -g 2 --limit 3", "-g is of a LAYER"),
    ("solve -k 3 --dtype half --no-bias", "--no-bias is of a LAYER"),
    ("solve -k 3 --limit 0", "--limit 0: must be 1 or more"),
    ("solve -k 3 --get macs", "--get macs: no such key"),
    ("solve -k 3 --output 7", "no such option: --output"),
    ("solve 3 64 5 -s 2 -i 64", "--for is missing"),
    ("solve 3 64 5 -p 1", "--for is missing"),
    ("solve 3 64 7 -s 2 --for sme-size -i 64", "--for sme-size: no such question"),
    ("solve 3 64 7 --for same-size=3", "--for same-size=3: the question takes no value"),
    ("solve 3 64 7 --for batch=lots -i 64", "--for batch=lots: not a size"),
    ("solve 3 64 7 --for batch=1GB", "--for batch depends on the size"),
    ("solve 3 64 7 --for receptive-field=wide", "--for receptive-field=wide: a whole number"),
    ("solve --for receptive-field 31 3 64 7", "--for receptive-field: its value stands behind ="),
    ("solve 3 64 7 -k 3 --for same-size", "-k is of a search"),
    ("solve 4 64 5 -s 1..4 --output-size 12 -g 2", "--output-size is of a search"),
    ("solve 'Conv2d(3, 8, (3, 5), 2, padding=same_upper)' --output-size 8 -i 3x16x17", "--output-size is of a search"),
    ("solve --for=batch -k 3x5 -g 2", "LAYER is missing"),
    ("solve --for sme-size --limit 3 -s 2", "LAYER is missing"),
    ("solve 3 64 7 -s 0 --for same-size", "-s 0: the stride must be 1"),
    ("solve 3 64 7 --for groups --get macs", "--get macs: it depends on the size"),
    ("solve 3 64 7 -i 1x4x8x8 --for same-size", "the layer takes 3 channels"),
]
UNSOLVABLE = [
    ("solve -i 224 -k 3 -s 2 -p 1 -d 1 --output-size 113", "no numbers in these ranges"),
    ("solve -i10 -k3 -p0 --output-size=9", "no numbers in these ranges"),
    ("solve -i 99999 -k 3 -s 1 -p 0 -d 1", "no numbers in these ranges"),
    ("solve -k 9999 -p 0 -d 2", "no window fits"),
    ("solve 'Conv2d(3, 64, 7, stride=1, padding=same)' --for half-size -i 224", "no padding makes"),
    ("solve 3 64 7 --for receptive-field=30", "no dilation"),
    ("solve 3 64 7 --for batch=1kB -i 224", "one image takes 12806144 bytes"),
    ("solve 3 64 7 --for image=1kB", "7x7, which the layer needs, takes 38732 bytes"),
]


@pytest.mark.parametrize(
    ("line", "error", "code"),
    [(line, error, 2) for line, error in WRONG] + [(line, error, 1) for line, error in UNSOLVABLE],
)
def test_hints_lead_to_answers(line: str, error: str, code: int) -> None:
    words = shlex.split(line)
    done = conv2d(*words)
    assert (done.code, done.out) == (code, "")
    assert done.err.partition("error: ")[2].startswith(error)
    found = attempts(words, "", told_by(done), {})
    assert found
    for attempt in found:
        # Some searches have a million answers.
        few = () if "--for" in attempt.arguments else ("--limit", "3")
        ended = conv2d(*attempt.arguments, *few)
        assert ended.code == 0, (attempt, ended.err)


def test_a_search_of_a_layer_keeps_its_numbers() -> None:
    def meant(*words: str) -> list[str]:
        (hint,) = (one.hint for one in told_by(conv2d("solve", *words, "--output-size", "8")))
        return shlex.split(hint or "")[4:]

    torch = "Conv2d(3, 8, kernel_size=(7, 7), stride=(2, 2), padding=(3, 3), bias=False)"
    assert meant(torch) == ["-k", "7", "-s", "2", "-p", "3"]
    assert meant("3", "8", "3x5", "-s", "2x1", "-p", "0,1,0,1") == ["-k", "3,5", "-s", "2,1", "-p", "0,1"]
    assert meant("3", "8", "4", "-p", "same") == ["-k", "4"]
    assert meant("3", "8", "5", "-p", "valid", "-i", "1x3x16x12") == ["-k", "5", "-p", "0", "-i", "16,12"]


def test_nothing_typed_gives_a_traceback() -> None:
    draw = random.Random(5)
    words = (
        "",
        "..",
        "1..",
        "1..2..0",
        "9" * 5000,
        "9" * 25,
        "1," * 5000,
        "\udc80",
        "-",
        "(((",
        "0x3",
        "1e3",
        "同",
        "3;4",
        "=",
    )
    for _ in range(20):
        option = draw.choice(["-k", "-s", "-p", "-d", "-i", "--output-size", "--for", "--limit"])
        line = [option, draw.choice(words), "--limit", "3"]
        done = conv2d("solve", *(["3", "64", "7"] if draw.random() < 0.3 else []), *line)
        assert done.code in {0, 1, 2, 4}, line
        assert "a fault of" not in done.err
