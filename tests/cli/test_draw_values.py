"""`conv2d draw --values` as a process: the numbers of `trace` in a picture, every format, and what does not fit."""

from __future__ import annotations

import json
import shlex
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from forked import conv2d

from conv2d_cli.render.floats import number_text

if TYPE_CHECKING:
    from pathlib import Path

LAYER = ("2", "3", "3", "-p", "1")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    random = np.random.default_rng(4)
    x, weight = random.standard_normal((2, 2, 6, 5), np.float32), random.standard_normal((3, 2, 3, 3), np.float32)
    np.save(tmp_path / "x.npy", x)
    np.save(tmp_path / "one.npy", x[0])
    np.save(tmp_path / "nhwc.npy", np.ascontiguousarray(x.transpose(0, 2, 3, 1)))
    x.tofile(tmp_path / "x.bin")
    np.save(tmp_path / "w.npy", weight)
    np.save(tmp_path / "b.npy", np.array([1, 2, 3], "float32"))
    np.save(tmp_path / "empty.npy", x[:0])
    np.save(tmp_path / "large.npy", random.standard_normal((1, 1, 20, 20), np.float32))
    return tmp_path


def words_of(path: Path) -> list[str]:
    root = ET.fromstring(path.read_bytes())  # noqa: S314 - our own file
    return ["".join(element.itertext()) for element in root.iter() if element.tag.endswith("text")]


@pytest.mark.parametrize(
    ("words", "index"),
    [
        (("x.npy", *LAYER, "--weight", "w.npy", "--bias", "b.npy", "--at", "1,2,5,4"), "1,2,5,4"),
        (("x.npy", *LAYER, "--weight", "w.npy", "--bias", "b.npy", "--at", "5,4"), "0,0,5,4"),
        (("x.npy", "--weight", "w.npy", "-p", "1"), "0,0,1,1"),
        (("x.npy", *LAYER, "--seed", "7"), "0,0,1,1"),
        (("one.npy", *LAYER, "--at", "2,0,0"), "2,0,0"),
        (("one.npy", *LAYER, "--at", "0,0"), "0,0,0"),
        (("nhwc.npy", *LAYER, "--layout", "NHWC", "--flip", "--weight", "w.npy", "--at", "3,3"), "0,0,3,3"),
        (("x.bin", *LAYER, "--input-shape", "2,2,6,5", "--input-dtype", "float32", "--at", "3,3"), "0,0,3,3"),
        (("x.npy", *LAYER, "--dtype", "float64", "--padding-mode", "circular", "--at", "0,0"), "0,0,0,0"),
    ],
)
def test_the_sum_in_the_picture_is_that_of_trace(words: tuple[str, ...], index: str, folder: Path) -> None:
    file, *others = words
    done = conv2d("draw", "--values", *words, "-o", "y.svg", "-q", folder=folder)
    assert (done.code, done.out, done.err) == (0, "", "")
    at = others.index("--at") if "--at" in others else len(others)
    traced = conv2d("trace", file, *others[:at], "--at", index, "--json", "-q", folder=folder)
    record = json.loads(traced.out)
    texts = words_of(folder / "y.svg")
    assert number_text(record["result"], record["dtype"]) in texts
    assert number_text(record["terms"][-1]["running"], record["working_dtype"]) in texts
    screen = conv2d("draw", "--values", *words, "--format", "table", folder=folder, COLUMNS="120")
    (line,) = (line for line in screen.out.splitlines() if line.startswith("  result "))
    assert line.split()[1] == number_text(record["result"], record["dtype"])


def test_facts_notes_and_files(folder: Path) -> None:
    words = ("draw", "--values", "x.npy", "-i", "x.npy", *LAYER)
    done = conv2d(*words, "--at", "1,1,0,4", "--get", "at,picture,window_columns", "-q", folder=folder)
    assert (done.code, done.out, done.err) == (0, "0 4\nvalues\n3 5\n", "")
    done = conv2d(*words, "-o", "y.svg", folder=folder)
    assert (done.code, done.out) == (0, "")
    assert "wrote y.svg: output element 0,0,1,1" in done.err
    assert "--seed N changes it" in done.err
    assert conv2d(*words, "-o", "y.svg", folder=folder).code == 4
    done = conv2d(*words, "--weight", "w.npy", "-o", "-", folder=folder)
    assert done.out.startswith(("<svg", "<?xml"))
    piped = conv2d(
        "draw", "--values", "-", *LAYER, "--json", "-q", folder=folder, stdin=(folder / "x.npy").read_bytes()
    )
    assert json.loads(piped.out)["at"] == [1, 1]


@pytest.mark.parametrize(
    ("words", "code", "error", "hint"),
    [
        (("--values", "", *LAYER), 2, "--values: the name of a tensor file is missing", "--values x.npy"),
        (("--values", "*.npy", *LAYER), 2, "--values *.npy: one element of one file is drawn", "give a file"),
        (("--values", "x.npy", *LAYER, "-i", "6x5"), 2, "-i 6x5 and --values x.npy are two inputs", None),
        (("--values", "x.npy", *LAYER, "--animate"), 2, "--animate draws every element, and --values one", None),
        (("--values", "x.npy", *LAYER, "--at", "6,0"), 2, "--at 6,0: the output is 6x5", "--at 5,4, the last element"),
        (("--values", "x.npy", *LAYER, "--at", "2,0,0,0"), 2, "--at 2,0,0,0: the output is 2x3x6x5", "--at 1,2,5,4"),
        (("--values", "x.npy", *LAYER, "--at", "3"), 2, "--at 3: no place of the form H,W or N,C,H,W", "--at 0,0"),
        (("--values", "empty.npy", *LAYER), 2, "has no element", "an input of N >= 1"),
        (("--values", "missing.npy", *LAYER), 4, "cannot read missing.npy", "give a tensor file"),
        (("--values", "x.npy"), 2, "neither LAYER nor --weight is given", "give IN OUT KERNEL"),
        (("--values", "x.npy", "3", "3", "3"), 3, "the layer takes 3 channels, the input has 2", "3 3"),
        ((*LAYER, "-i", "6", "--weight", "w.npy"), 2, "--weight is of a picture with numbers", "--values x.npy"),
        ((*LAYER, "-i", "6", "--layout", "NHWC"), 2, "--layout is of a picture with numbers", "--values x.npy"),
    ],
)
def test_what_does_not_fit(words: tuple[str, ...], code: int, error: str, hint: str | None, folder: Path) -> None:
    done = conv2d("draw", *words, "--color", "never", folder=folder)
    assert (done.code, done.out) == (code, "")
    assert error in done.err
    (offered,) = (line.removeprefix("hint: ").strip() for line in done.err.splitlines() if line.startswith("hint:"))
    assert offered.startswith(hint or "conv2d draw ") or (hint or "") in offered
    if hint is None:
        mended = [*shlex.split(offered)[1:]]
        assert conv2d(*mended, folder=folder).code == 0


def test_a_kernel_too_large_for_numbers_is_traced_instead(folder: Path) -> None:
    words = ("draw", "1", "1", "13", "--values=large.npy", "-s", "2", "-o", "y.svg", "--at", "1,2", "--no-bias", "-v")
    done = conv2d(*words, "--color", "never", folder=folder)
    assert done.code == 2
    assert "a kernel of 13x13: numbers are drawn of up to 11x11" in done.err
    (hint,) = (line.removeprefix("hint:").strip() for line in done.err.splitlines() if line.startswith("hint:"))
    assert hint.startswith("conv2d trace large.npy 1 1 13")
    traced = conv2d(*shlex.split(hint)[1:], "--get", "index", folder=folder)
    assert traced.out == "0 0 1 2\n"
