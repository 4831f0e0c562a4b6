"""`conv2d draw --interactive`: a page of the layer that is asked for, and what is told where there can be none."""

from __future__ import annotations

import json
import re
import shlex
from typing import TYPE_CHECKING, Any

import forked
import pytest

if TYPE_CHECKING:
    from pathlib import Path


def opened(file: Path) -> dict[str, Any]:
    """Return the setting that a page opens with."""
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', file.read_text("utf-8"), re.DOTALL)
    assert found is not None
    setting: dict[str, Any] = json.loads(found[1])["opened"]
    return setting


def test_without_a_layer_the_page_opens_with_a_known_one(tmp_path: Path) -> None:
    done = forked.conv2d("draw", "--interactive", "-o", "page.html", folder=tmp_path)
    assert (done.code, done.out) == (0, "")
    assert done.err.startswith("wrote page.html: ")
    setting = opened(tmp_path / "page.html")
    assert (setting["in_channels"], setting["size"]) == ("3", ["1", "224", "224"])


def test_the_page_opens_with_the_layer_and_the_size_of_the_command_line(tmp_path: Path) -> None:
    words = ("Conv2d(4, 8, (3, 5), groups=2, bias=False)", "-p", "0,1,2,3", "-s", "2", "-i", "2x4x9x11")
    done = forked.conv2d("draw", *words, "--interactive", "-o", "page.html", folder=tmp_path)
    assert done.code == 0, done.err
    assert opened(tmp_path / "page.html") == {
        "in_channels": "4",
        "out_channels": "8",
        "groups": "2",
        "kernel_size": ["3", "5"],
        "stride": ["2", "2"],
        "dilation": ["1", "1"],
        "padding": ["0", "1", "2", "3"],
        "bias": False,
        "padding_mode": "zeros",
        "dtype": "float32",
        "size": ["2", "9", "11"],
    }


def test_stdout_takes_the_page() -> None:
    done = forked.conv2d("draw", "--interactive", "-o", "-")
    # Its name says no format: there is one alone.
    assert (done.code, done.out[:15]) == (0, "<!DOCTYPE html>"), done.err


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("--interactive", "--interactive: a page is written to a file"),
        ("--interactive -o page.svg", "-o page.svg: the suffix .svg is no format of pages"),
        ("3 64 7 --interactive -o page.html --at 0,0", "--at: the page shows every window"),
        ("--interactive -o page.html --animate", "--animate: the page shows every window"),
        ("-s 2 --interactive -o page.html", "LAYER is missing"),
        ("3 64 7 -i 3 --interactive -o page.html", "the kernel spans 7x7, the padded input only 3x3"),
        ("3 64 7 -g 2 --interactive -o page.html", "2 groups do not divide in_channels=3"),
        ("resnet18 --node conv1 --interactive -o page.html", "--node and --interactive are two pictures"),
        ("--interactive -o page.html --json", "--interactive has no facts of its own"),
    ],
)
def test_what_cannot_be_a_page_is_refused(words: str, says: str, tmp_path: Path) -> None:
    done = forked.conv2d("draw", *shlex.split(words), folder=tmp_path)
    assert done.code == 2
    assert says in done.err
    assert "hint: " in done.err
    assert [*tmp_path.iterdir()] == []
    hint = done.err.rpartition("hint: ")[2].strip()
    if hint.startswith("conv2d draw"):
        again = forked.conv2d(*shlex.split(hint)[1:], folder=tmp_path)
        assert again.code == 0, again.err
