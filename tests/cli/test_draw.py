"""`conv2d draw` as a process: where the picture goes, its facts in every format, and what cannot be drawn."""

from __future__ import annotations

import csv
import io
import json
import shlex
import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np
import pytest
from forked import conv2d

from conv2d_cli.report.picture import TOTALS, WindowRow

SVG = "{http://www.w3.org/2000/svg}"
STEM = ("3", "64", "7", "-s", "2", "-p", "3", "-i", "224")


def test_a_picture_as_a_file_says_what_it_shows(tmp_path: Path) -> None:
    done = conv2d("draw", *STEM, "-o", "plane.svg", folder=tmp_path)
    assert (done.code, done.out) == (0, "")
    assert done.err == "wrote plane.svg: the window of output row 2, column 2\n"
    root = ET.fromstring((tmp_path / "plane.svg").read_bytes())  # noqa: S314 - our own
    assert root.tag == f"{SVG}svg"
    assert root.findtext(f"{SVG}title") == "Conv2d(3, 64, kernel_size=(7, 7), stride=(2, 2), padding=(3, 3))"
    assert "(230 − 7) // 2 + 1 = 112" in (root.findtext(f"{SVG}desc") or "")  # noqa: RUF001
    again = conv2d("draw", *STEM, "-o", "plane.svg", folder=tmp_path)
    assert (again.code, again.err.splitlines()[0]) == (4, "error: plane.svg already exists")
    assert conv2d("draw", *STEM, "-o", "plane.svg", "--force", "-q", folder=tmp_path) == (0, "", "")


def test_the_same_bytes_on_stdout_and_in_a_file_each_time(tmp_path: Path) -> None:
    words = ("draw", "1", "1", "3", "-i", "5", "--at", "2,1")
    assert conv2d(*words, "-o", "plane.svg", folder=tmp_path).code == 0
    written = (tmp_path / "plane.svg").read_text("utf-8")
    for stream in ("-", "svg:-"):
        assert conv2d(*words, "-o", stream) == (0, written, "")


def test_the_facts_in_every_format(tmp_path: Path) -> None:
    words = ("draw", "1", "1", "2", "-p", "1", "--padding-mode", "reflect", "-i", "3x4", "--at", "0,4")
    record = json.loads(conv2d(*words, "--json").out)
    taps = [
        {"row": -1, "column": 3, "source_row": 1, "source_column": 3},
        {"row": -1, "column": 4, "source_row": 1, "source_column": 2},
        {"row": 0, "column": 3, "source_row": 0, "source_column": 3},
        {"row": 0, "column": 4, "source_row": 0, "source_column": 2},
    ]
    assert record == {
        "schema_version": 1,
        "picture": "plane",
        "layer": "Conv2d(1, 1, kernel_size=(2, 2), stride=(1, 1), padding=(1, 1), padding_mode=reflect)",
        "input_shape": [1, 1, 3, 4],
        "output_shape": [1, 1, 4, 5],
        "at": [0, 4],
        "window_rows": [-1, 0],
        "window_columns": [3, 4],
        "window": taps,
    }
    for mark, name in ((",", "csv"), ("\t", "tsv")):
        rows = csv.DictReader(io.StringIO(conv2d(*words, "--format", name).out), delimiter=mark)
        assert [{key: int(row[key]) for key in WindowRow._fields} for row in rows] == taps
    lines = conv2d(*words, "--format", "ndjson").out.splitlines()
    assert [json.loads(line) for line in lines] == [{"schema_version": 1, **tap} for tap in taps]
    plain = dict(line.split(maxsplit=1) for line in conv2d(*words).out.splitlines())
    assert [*plain] == [*TOTALS]
    assert plain["window_rows"] == "-1 0"
    assert "| window_columns | " in conv2d(*words, "--format", "markdown").out
    assert conv2d(*words, "--get", "at,window_rows").out == "0 4\n-1 0\n"
    both = conv2d(*words, "--get", "at", "-o", "plane.svg", folder=tmp_path)
    assert (both.code, both.out) == (0, "0 4\n")
    assert (tmp_path / "plane.svg").exists()


def test_zeros_have_no_source_and_a_window_beyond_counting_is_no_list() -> None:
    zeros = json.loads(conv2d("draw", "1", "1", "1", "-p", "1", "-i", "1", "--at", "0,1", "--json").out)["window"]
    assert zeros == [{"row": -1, "column": 0, "source_row": None, "source_column": None}]
    huge = ("draw", "1", "1", str(2**31), "-i", str(2**31))
    assert json.loads(conv2d(*huge, "--json").out)["window"] is None
    assert conv2d(*huge, "--get", "window_rows").out == f"0 {2**31 - 1}\n"
    refused = conv2d(*huge, "--format", "csv")
    assert refused.code == 5
    assert "262144 taps" in refused.err


def test_the_element_that_is_drawn_when_none_is_asked_for() -> None:
    def at(*words: str) -> str:
        return conv2d("draw", *words, "--get", "at").out.strip()

    assert at("1", "1", "3", "-i", "5") == "0 0"
    assert at("1", "1", "3", "-p", "1", "-i", "5") == "1 1"
    assert at("3", "64", "7", "-s", "2", "-p", "3x0", "-i", "224") == "2 0"
    # No window is without padding.
    assert at("1", "1", "7", "-p", "3", "-i", "3") == "1 1"


def test_an_input_by_its_file(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.ones((2, 3, 9, 8), np.float32))
    done = conv2d("draw", "3", "4", "3", "-i", "x.npy", "--get", "input_shape", folder=tmp_path)
    assert (done.code, done.out) == (0, "2 3 9 8\n")
    misfit = conv2d("draw", "2", "4", "3", "-i", "x.npy", "-o", "p.svg", folder=tmp_path)
    assert misfit.code == 3
    assert not (tmp_path / "p.svg").exists()


def sentences_of(path: Path) -> list[str]:
    """Return what each frame says."""
    root = ET.fromstring(path.read_bytes())  # noqa: S314 - our own
    words = [text.text or "" for text in root.iter(f"{SVG}text")]
    return [line for line in words if line.startswith("output row ")]


def test_an_animation_shows_every_window_or_says_which(tmp_path: Path) -> None:
    done = conv2d("draw", "1", "1", "3", "-s", "2", "-p", "1", "-i", "5", "--animate", "-o", "a.svg", folder=tmp_path)
    assert (done.code, done.err) == (0, "wrote a.svg: 9 windows\n")
    assert len(sentences_of(tmp_path / "a.svg")) == 9
    many = conv2d("draw", "1", "1", "3", "-i", "20", "--animate", "-o", "b.svg", folder=tmp_path)
    assert many.code == 0
    assert many.err.splitlines() == [
        "note: 100 of 324 windows: those at both ends of rows and columns, without the others",
        "wrote b.svg: 100 windows",
    ]
    assert len(sentences_of(tmp_path / "b.svg")) == 100
    large = conv2d("draw", *STEM, "--animate", "-o", "c.svg", folder=tmp_path)
    assert large.err.startswith("note: 36 of 12544 windows:")


README = (Path(__file__).parents[2] / "README.md").read_text("utf-8")
# V. Dumoulin and F. Visin, arXiv:1603.07285: figures 2.1 to 2.4, 2.6 and 5.1, by name, with height of the output.
KNOWN = {"no_padding": 2, "arbitrary_padding": 6, "half_padding": 5, "full_padding": 7, "strides": 3, "dilation": 3}


@pytest.mark.parametrize("name", KNOWN)
def test_the_known_pictures_show_every_step_in_order(name: str, tmp_path: Path) -> None:
    (line,) = [line for line in README.splitlines() if line.endswith(f"--animate -o {name}.gif")]
    done = conv2d(*shlex.split(line.replace(".gif", ".svg"))[1:], folder=tmp_path)
    side = KNOWN[name]
    assert (done.code, done.err) == (0, f"wrote {name}.svg: {side * side} windows\n")
    expected = [f"output row {row}, column {column}" for row in range(side) for column in range(side)]
    assert [words.partition(" reads")[0] for words in sentences_of(tmp_path / f"{name}.svg")] == expected


@pytest.mark.parametrize(
    ("line", "code", "said", "hint"),
    [
        ("", 2, "LAYER is missing", "conv2d draw 3 64 3 -i 224"),
        ("-i 5", 2, "LAYER is missing", "conv2d draw -i 5 3 64 3"),
        ("3 64 -i 5", 2, "LAYER", "conv2d draw"),
        ("1 1 3", 2, "-i is missing", "conv2d draw 1 1 3 -i 8"),
        ("1 1 9x3", 2, "-i is missing", "conv2d draw 1 1 9x3 -i 9x8"),
        ("1 1 3 -p 9 --padding-mode reflect", 2, "-i is missing", "-i 10"),
        ("1 1 3 -i 5 --at 3,0", 2, "--at 3,0: the output is 3x3", "--at 2,2"),
        ("1 1 3 -i 5 --at -1,0", 2, "--at -1,0: the output is 3x3", "--at 2,2"),
        ("1 1 3 -i 5 --at 1", 2, "--at 1: no place of the form H,W", "--at 0,0"),
        ("1 1 3 -i 5 --at 0,0,1,1", 2, "--at 0,0,1,1: no place of the form H,W", "--at 0,0"),
        ("1 1 3 -i 5 --at", 2, "--at takes a value", "--at 0,0"),
        ("1 1 3 -i 5 --animate", 2, "a terminal shows one window", "--animate -o picture.svg"),
        ("1 1 3 -i 5 --animate -o a.png", 2, "the suffix .png is no format of animations", "-o a.svg"),
        ("1 1 3 -i 5 --animate --at 0,0 -o a.svg", 2, "--animate draws every element", "leave --at out"),
        ("1 1 3 -i 5 -o a.pdf", 2, "the suffix .pdf is no format of pictures", "-o a.svg"),
        ("1 1 3 -i 5 -o picture", 2, "its name says no format", "-o picture.svg"),
        ("1 1 3 -i 5 -o ''", 2, "its name says no format", "-o picture.svg"),
        ("1 1 3 -i 5 --force", 2, "there is no file to replace", "--force -o picture.svg"),
        ("1 1 3 -i 5 -o - --json", 2, "stdout takes the picture alone", "-o picture.svg"),
        ("1 1 3 -i 5 -o nowhere/a.svg", 4, "there is no folder nowhere", "make the folder first"),
        ("1 1 7 -i 5", 2, "5", ""),
        ("1 1 3 -i 0x3x5x5", 2, "", ""),
        ("1 0 3 -i 5", 2, "OUT 0", ""),
        ("1 1 3 -i 5 --get window", 2, "--get window: no such key", "window_rows"),
    ],
)
def test_what_cannot_be_drawn_is_told_with_what_can(line: str, code: int, said: str, hint: str, tmp_path: Path) -> None:
    done = conv2d("draw", *shlex.split(line), folder=tmp_path)
    assert (done.code, done.out) == (code, "")
    assert said in done.err
    assert hint in done.err
    assert not [*tmp_path.iterdir()]


def test_a_missing_size_is_told_with_one_that_works(tmp_path: Path) -> None:
    for line in ("1 1 3", "4 4 5x3 -p same -d 3", "1 1 3 -p 9,0,7,20 --padding-mode circular", "2 2 1 -s 9"):
        done = conv2d("draw", *shlex.split(line), "-o", "plane.svg", "--force", folder=tmp_path)
        hint = done.err.splitlines()[-1].removeprefix("hint: conv2d ")
        assert conv2d(*shlex.split(hint), folder=tmp_path).code == 0, hint


def test_huge_sizes_are_drawn_with_breaks(tmp_path: Path) -> None:
    size = str(2**31)
    for line in (
        f"1 1 {size} -i {size}",
        f"1 1 3 -s {size} -i {size}",
        f"1 1 31 -d 100 -i {size}",
        f"{size} {size} 3 -g {size} -p 1 -i {size} --at 1000000000,5",
    ):
        done = conv2d("draw", *shlex.split(line), "-o", "huge.svg", "--force", folder=tmp_path)
        assert done.code == 0, done.err
        assert (tmp_path / "huge.svg").stat().st_size < 300_000
