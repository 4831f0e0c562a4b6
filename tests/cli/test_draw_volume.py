"""`conv2d draw --volume`, and of a ConvTranspose2d, as a process."""

from __future__ import annotations

import json
import shlex
import xml.etree.ElementTree as ET
from typing import TYPE_CHECKING

import numpy as np
import pytest
from forked import conv2d

if TYPE_CHECKING:
    from pathlib import Path

SVG = "{http://www.w3.org/2000/svg}"
UP = "ConvTranspose2d(1, 1, 3, stride=2, padding=1)"


def test_volumes_as_a_file_in_a_terminal_and_as_facts(tmp_path: Path) -> None:
    words = ("draw", "4", "8", "3", "-g", "2", "-i", "5", "--volume")
    done = conv2d(*words, "-o", "v.svg", folder=tmp_path)
    assert (done.code, done.out, done.err) == (0, "", "wrote v.svg: the volume\n")
    root = ET.fromstring((tmp_path / "v.svg").read_bytes())  # noqa: S314 - our own
    assert (root.findtext(f"{SVG}title") or "").startswith("Volumes of Conv2d(4, 8, ")
    shown = conv2d(*words, "--format", "table").out
    assert "4 filters" in shown
    assert "weight_shape" in shown
    record = json.loads(conv2d(*words, "--json").out)
    assert (record["picture"], record["output_shape"]) == ("volume", [1, 8, 3, 3])


def test_a_transposed_layer_in_every_picture(tmp_path: Path) -> None:
    record = json.loads(conv2d("draw", UP, "-i", "3", "--at", "0,1", "--json").out)
    assert record["layer"] == "ConvTranspose2d(1, 1, kernel_size=(3, 3), stride=(2, 2), padding=(1, 1))"
    assert record["output_shape"] == [1, 1, 5, 5]
    read = {(tap["source_row"], tap["source_column"]) for tap in record["window"]}
    assert read == {(None, None), (0, 0), (0, 1)}
    for options in (("--animate",), ("--volume",), ("--at", "4,4")):
        done = conv2d("draw", f"self.up = nn.{UP},", "-i", "3", *options, "-o", "t.svg", "-f", folder=tmp_path)
        assert done.code == 0
        title = ET.fromstring((tmp_path / "t.svg").read_bytes()).findtext(f"{SVG}title")  # noqa: S314 - our own
        assert record["layer"] in (title or "")


def test_options_fill_in_a_transposed_layer_and_a_file_is_its_input(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.ones((2, 3, 4, 5), np.float32))
    words = ("draw", "ConvTranspose2d(3, 6, 3)", "-s", "2", "-g", "3", "-i", "x.npy")
    assert conv2d(*words, "--get", "output_shape", folder=tmp_path) == (0, "2 6 9 11\n", "")
    other = conv2d("draw", "ConvTranspose2d(2, 6, 3)", "-i", "x.npy", folder=tmp_path)
    assert (other.code, other.err.splitlines()[0][:12]) == (3, "error: x.npy")


@pytest.mark.parametrize(
    ("words", "said", "hint"),
    [
        (
            ("--volume", "1", "1", "3", "-i", "5", "--animate", "-o", "v.svg"),
            "the picture of --volume does not move",
            "leave",
        ),
        ((UP,), "-i is missing", f"conv2d draw {shlex.quote(UP)} -i 3"),
        (("ConvTranspose2d(1, 1, 3, padding=9)",), "-i is missing", "-i 17"),
        ((UP, "-i", "1x2x3x3"), "takes 1 channels", "-i 1x1x3x3"),
        (("ConvTranspose2d(1, 1, 3, padding=3)", "-i", "2"), "nothing is left", "-i 1x1x5x5"),
        (("ConvTranspose2d(1, 1, 3)", "-s", "0", "-i", "3"), "-s 0: the stride must be 1 or more", "-s 1"),
        (("ConvTranspose2d(1, 1, 3)", "-p", "same", "-i", "3"), "-p same: ", "-p 1"),
        ((UP, "-s", "3", "-i", "3"), "stride is given twice", "leave the option out"),
        (("ConvTranspose2d(1, 1, 3, 2, 1, 2)", "-i", "3"), "output_padding=2", "output_padding=1"),
        (("ConvTranspose2d(1, 1, 3", "-i", "3"), "is not a ConvTranspose2d expression", "write"),
        (("ConvTranspose2d(1, 1, 3)" * 9_000, "-i", "3"), "the most is", "write"),
        (("nn.ConvTranspose1d(1, 1, 3)", "-i", "3"), "only Conv2d(...) is read", "write"),
        ((UP, "-i", "3", "--at", "5,0"), "the output is 5x5", "--at 4,4"),
        (("ConvTranspose2d(\udce9, 1, 3)", "-i", "3"), "ConvTranspose2d", ""),
    ],
)
def test_what_cannot_be_drawn(words: tuple[str, ...], said: str, hint: str) -> None:
    done = conv2d("draw", *words)
    assert (done.code, done.out) == (2, "")
    assert said in done.err
    assert hint in done.err
    assert "Traceback" not in done.err


@pytest.mark.parametrize(
    "line",
    [
        ("ConvTranspose2d(1, 1, 3, padding=9)", "-i", "17"),
        ("ConvTranspose2d(1, 1, 3, padding=3)", "-i", "1x1x5x5"),
        ("ConvTranspose2d(1, 1, 3)", "-p", "1", "-i", "3"),
        ("ConvTranspose2d(1, 1, 3, 2, 1, output_padding=1)", "-i", "3"),
    ],
)
def test_hints_work(line: tuple[str, ...]) -> None:
    assert conv2d("draw", *line, "--get", "at").code == 0
