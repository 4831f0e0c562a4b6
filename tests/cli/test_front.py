"""What people type, and what they should have been told: cases from real life, each for its kind."""

from __future__ import annotations

import json
import shlex
from typing import TYPE_CHECKING

import numpy as np
import pytest
from forked import conv2d
from PIL import Image

from conv2d_cli import __version__

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    np.save(tmp_path / "x.npy", np.ones((1, 3, 8, 8), np.float32))
    Image.fromarray(np.arange(64, dtype=np.uint8).reshape(8, 8)).save(tmp_path / "gray.png")
    return tmp_path


@pytest.mark.parametrize(
    ("line", "out"),
    [
        ("shape 8 16 3 -i '1 8 30 30' --get output_shape", "1 16 28 28\n"),
        ("shape 8 16 3 -i '(1, 8, 30, 30)' --get output_shape", "1 16 28 28\n"),
        ("shape 8 16 3 -i 'torch.Size([1, 8, 30, 30])' --get output_shape", "1 16 28 28\n"),
        ("shape 'self.conv1 = nn.Conv2d(3, 64, 7, stride=2, padding=3)' --get parameters", "9472\n"),
        ("shape 'nn.Conv2d(3, 64, 7, padding=7//2)' --get parameters,padding", "9472\n3 3\n"),
        ("shape '>>> nn.Conv2d(3, 64, 7),  # the stem' --get parameters", "9472\n"),
        ("shape 3 4 3 --dtype fp16 -i 8 --get input_bytes", "384\n"),
        ("shape 3,64,7 --get parameters", "9472\n"),
        ("shape '(3, 64, 7)' --get parameters", "9472\n"),
        ("shape '(3, 64, (3, 5))' --get kernel_size,parameters", "3 5\n2944\n"),
        ("run x.npy 3,8,3 --get output_shape -q", "1 8 6 6\n"),
        ("shape 3 64 7 --padding_mode reflect --get padding_mode", "reflect\n"),
        ("shape 3 64 7 -s2 --get stride", "2 2\n"),
        ("version", f"conv2d {__version__}\n"),
    ],
)
def test_what_is_meant_is_answered(folder: Path, line: str, out: str) -> None:
    assert conv2d(*shlex.split(line), folder=folder) == (0, out, "")


@pytest.mark.parametrize(
    ("line", "error", "hint"),
    [
        (
            *("shape 3 64 7 --get macs", "--get macs: it depends on the size of the input, and -i is missing"),
            "-i 224",
        ),
        (
            "shape 3 8 3 -i '1920*1080'",
            "SIZE 1920*1080 is not a size: one to four whole numbers, H, HxW, CxHxW or NxCxHxW",
            "-i 1920x1080",
        ),
        (
            "shape 3 32 3 --input N,3,32,32",
            "SIZE N,3,32,32 is not a size: one to four whole numbers, H, HxW, CxHxW or NxCxHxW",
            "--input 1x3x32x32",
        ),
        ("shape 3 64 7 -s two", "-s two: the stride is a whole number or a pair (H, W)", "-s 2, or -s 2x1 for H and W"),
        (
            *("shape 3 64 7 --stride=two", "--stride=two: the stride is a whole number or a pair (H, W)"),
            "--stride 2, or --stride 2x1 for H and W",
        ),
        ("shape 3 64 7.0", "KERNEL 7.0: the kernel size is a whole number or a pair (H, W)", "conv2d shape 3 64 7"),
        ("shape 3 64 7 --size 224", "no such option: --size", "conv2d shape 3 64 7 -i 224"),
        ("shape 3 64 7 -k 3", "no such option: -k", "the kernel is the third value: conv2d shape 3 64 3"),
        (
            "shape 3 64 --kernel-size 3",
            "no such option: --kernel-size",
            "the kernel is the third value: conv2d shape 3 64 3",
        ),
        (
            *("shape --in-channels 3 --out-channels 64 --kernel-size 7 -s 2", "no such option: --in-channels"),
            "the number of input channels is the first value: conv2d shape -s 2 3 64 7",
        ),
        ("shape 3 64 7 --bias false", "no such option: --bias", "conv2d shape 3 64 7 --no-bias"),
        ("3 64 7", "no such command: 3", "conv2d shape 3 64 7"),
        ("'Conv2d(3, 64, 7)'", "no such command: Conv2d(3, 64, 7)", "conv2d shape 'Conv2d(3, 64, 7)'"),
        ("x.npy", "no such command: x.npy", "conv2d info x.npy"),
        ("shpae 3 64 7", "no such command: shpae", "did you mean conv2d shape 3 64 7?"),
        (
            *("run x.npy 3 8 3 --algorithm winogard", "--algorithm winogard: no such algorithm"),
            "did you mean winograd? It does not take this layer: --algorithm small, im2col, shifted or row_lowering",
        ),
        ("shape 3 64 7 -s", "-s takes a value", "-s 2"),
        ("shape 3 64 7 --get output", "--get output: no such key", "did you mean --get output_shape or output_bytes?"),
        ("shape 3 64 7 --formt json", "no such option: --formt", "did you mean --format?"),
        ("help paddings", "no such topic: paddings", "did you mean conv2d help padding?"),
        (
            "shape 3 64 3 3",
            "LAYER is three values, IN OUT KERNEL, or one expression, but 4 were given: 3 64 3 3",
            "a pair is one word, a stride an option: conv2d shape 3 64 3x3, or conv2d shape 3 64 3 -s 3",
        ),
        (
            "shape -p 4 --padding-mode reflect 1 1 3 -i 3",
            (
                "reflect can pad at most 2 columns here, not 4: the input has 3 (torch: Argument #4: Padding size "
                "should be less than the corresponding input dimension, but got: padding (4, 4) at dimension 3 of "
                "input [1, 1, 3, 3])"
            ),
            "-p 2, or --padding-mode replicate, which has no limit",
        ),
    ],
)
def test_what_is_wrong_is_told_with_what_works(folder: Path, line: str, error: str, hint: str) -> None:
    done = conv2d(*shlex.split(line), folder=folder)
    assert (done.code, done.out) == (2, "")
    assert done.err == f"error: {error}\nhint: {hint}\n"


@pytest.mark.parametrize(
    "line",
    [
        "shape 3 64 7.0",
        "shape 3 64 7 --size 224",
        "shape 3 64 7 -k 3",
        "shape --in-channels 3 --out-channels 64 --kernel-size 7 -s 2",
        "shape 3 64 7 --bias false",
        "shape 3,64,7 --kernel-size 5 -i 8",
        "explain '(3, 64, 7)' --out-channels 8",
        "diff 3,64,7 'Conv2d(3, 64, 3, stride=2)' --kernel-size 5 -i 8",
        "diff 3 64 7 --kernel-size 5",
        "3 64 7",
        "x.npy",
        "shape 3 64",
        "shape 3",
        "shape 3 64 3 3",
        "shape 3 64 7 same",
        "shape 3 64 7 -2",
        "shape 3 64 7 2 3",
        "shape Conv2d 3 64 7",
        "shape 3x64x7",
        "shape 0 64 three -s 0",
        "shape",
        "run x.npy 3 8",
        "run x.npy 3 0 3 -q",
        "run x.npy 3 8 -s 2 -k 3 -q",
        "shape 3 64 7 --from layers.txt",
        "bench 2 4 -i 8 --engines conv2d --rounds 1 --threads 1",
        "bench 2 4 --engines conv2d --rounds 1 --threads 1",
    ],
)
def test_a_line_in_a_hint_works_as_it_stands(folder: Path, line: str) -> None:
    (folder / "layers.txt").write_text("Conv2d(3, 64, 7)\n")
    done = conv2d(*shlex.split(line), folder=folder)
    assert done.code == 2
    hint = next(said for said in done.err.splitlines() if said.startswith("hint: "))
    again = hint[hint.index("conv2d ") :].split(", or ")[0]
    assert conv2d(*shlex.split(again)[1:], folder=folder).code == 0, hint


def test_for_a_picture_a_typed_filter_needs_a_type(folder: Path) -> None:
    line = ("run", "gray.png", "--weight", "[[1,0,-1],[2,0,-2],[1,0,-1]]")
    done = conv2d(*line, folder=folder)
    assert (done.code, done.out) == (2, "")
    assert "uint8" in done.err
    hint = done.err.splitlines()[-1]
    assert hint.startswith("hint: --dtype float32")
    assert conv2d(*line, "--dtype", "float32", "-q", folder=folder).code == 0


def test_its_own_output_is_read_again() -> None:
    first = conv2d("shape", "3", "64", "7", "-i", "32", "--format", "ndjson").out
    again = conv2d("shape", "--from", "-", stdin=first.encode())
    assert (again.code, again.err) == (0, "")
    assert json.loads(again.out) == json.loads(first) | {"line": 1}
    third = conv2d("shape", "--from", "-", stdin=again.out.encode())
    assert third == again


def test_of_a_printed_network_the_convolutions_are_answered() -> None:
    printed = b"Net(\n  (0): Conv2d(3, 64, kernel_size=(7, 7), stride=(2, 2))\n  (1): BatchNorm2d(64)\n)\n"
    done = conv2d("shape", "--from", "-", "-i", "32", stdin=printed)
    assert done.code == 0
    record = json.loads(done.out)
    assert (record["line"], record["name"], record["parameters"]) == (2, "0", 9472)
    note = "note: this is print(model): its Conv2d lines are answered, other modules are left out"
    assert done.err == f"{note}; conv2d stack - -i 32 takes the whole network\n"
    assert conv2d("shape", "--from", "-", "-q", stdin=printed).err == ""
    part = printed.partition(b"\n")[2]
    assert conv2d("shape", "--from", "-", stdin=part).err == f"{note}\n"


@pytest.mark.parametrize("size", [(), ("-i", "32"), ("-i", "2x3x32x32"), ("-i", "(32, 48)")])
def test_the_command_for_the_whole_network_works_as_it_is_printed(size: tuple[str, ...], tmp_path: Path) -> None:
    printed = "Sequential(\n  (0): Conv2d(3, 64, kernel_size=(7, 7), stride=(2, 2))\n  (1): ReLU()\n)\n"
    (tmp_path / "my model.txt").write_text(printed)
    done = conv2d("shape", "--from", "my model.txt", *size, folder=tmp_path)
    command = done.err.partition("; ")[2].removesuffix(" takes the whole network\n")
    words = shlex.split(command)
    assert words == ["conv2d", "stack", "my model.txt", *size]
    assert conv2d(*words[1:], "--get", "parameters", folder=tmp_path).out == "9472\n"


def test_the_name_of_a_record_is_kept() -> None:
    line = b'{"name": "stem", "in_channels": 3, "out_channels": 64, "kernel_size": 7}'
    done = conv2d("shape", "--from", "-", stdin=line)
    assert (done.code, json.loads(done.out)["name"]) == (0, "stem")


@pytest.mark.parametrize("words", [("-",), ("x",), ("--", "-1"), ("?",), ("é",), ("--", "-1", "-2"), ("nn",)])
def test_a_hint_repeats_nothing_that_would_not_work(words: tuple[str, ...]) -> None:
    done = conv2d("shape", *words)
    assert done.code == 2
    hint = done.err.splitlines()[-1]
    assert hint.startswith("hint: conv2d shape ")
    assert conv2d(*shlex.split(hint.removeprefix("hint: conv2d "))).code == 0
