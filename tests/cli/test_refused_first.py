"""What the command line alone decides is said before any file is looked at, and an output before any input."""

from __future__ import annotations

import os
import shlex
from typing import TYPE_CHECKING

import numpy as np
import pytest
from forked import conv2d

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="pipes and links of POSIX")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    np.save(tmp_path / "old.npy", np.ones((1, 3, 8, 8), np.float32))
    np.savez(tmp_path / "old.npz", weight=np.ones((8, 3, 3, 3), np.float32))
    (tmp_path / "link.npz").symlink_to("old.npz")
    (tmp_path / "dangling.npz").symlink_to("nowhere.npz")
    (tmp_path / "place").mkdir()
    (tmp_path / "place.npy").mkdir()
    (tmp_path / "place.npy" / "kept").touch()
    for name in ("pipe", "pipe.npz", "pipe.safetensors", "slow.npy"):
        os.mkfifo(tmp_path / name)
    return tmp_path


KEPT_IN = "a weight and a bias are kept in one"
NO_FORMAT = "says no format that can be written"
NOT_A_PLACE = "that is a pipe or a device"
LAYER = "3 8 3"
# Of each line the input is missing, or a pipe that nobody writes to: to look at it would be told, or wait.
REFUSED = [
    *(
        (f"{LAYER} --save-parameters {shlex.quote(name)}{force}", 2, KEPT_IN)
        for force in ("", " --force")
        for name in (
            *("p.npy", "p.png", "p.tiff", "p.jpg", "p.zip", "p.txt", "p", "p.", ".npz", "", "./", "-"),
            *("npz:-", "npy:-", "place", "pipe", "/dev/null", "/dev/full", "/dev/stdout", "/dev/stdin", "p.npz::a"),
        )
    ),
    *((f"{LAYER} --save-parameters {name} --force", 2, NOT_A_PLACE) for name in ("pipe.npz", "pipe.safetensors")),
    *((f"{LAYER} --save-parameters {name}", 4, "already exists") for name in ("old.npz", "link.npz", "dangling.npz")),
    (f"{LAYER} --save-parameters no/p.npz", 4, "there is no folder no"),
    (f"{LAYER} --save-parameters old.npz/p.npz", 4, "cannot write old.npz/p.npz"),
    (f"{LAYER} --save-parameters {'p' * 255}.npz", 4, "cannot write"),
    (f"{LAYER} -o y.npz --save-parameters ./y.npz", 2, "both name"),
    ("--weight old.npz --save-parameters p.npz", 2, "but the weight is given"),
    *(
        (f"{LAYER} -o {shlex.quote(name)}", 2, NO_FORMAT)
        for name in ("y", "y.xyz", "", "./", ".npy", "y.npy::a", "y.pkl", "y.pt", "y.onnx", "y.h5", "place")
    ),
    *((f"{LAYER} -o {form}:-", 2, "cannot be written to a pipe") for form in ("npz", "zarr", "safetensors", "png")),
    (f"{LAYER} -o old.npy", 4, "already exists"),
    (f"{LAYER} -o place.npy --force", 4, "it is a directory"),
    (f"{LAYER} -o no/y.npy", 4, "there is no folder no"),
    (f"{LAYER} -o old.npy --plan", 4, "already exists"),
    ("--weight old.npz -o old.npz --force", 2, "would replace the file of --weight"),
    ("--weight old.npz -o place/../old.npz --force", 2, "would replace the file of --weight"),
    ("--weight old.npz -o link.npz --force", 2, "would replace the file of --weight"),
    ("--weight old.npz::weight -o old.npz --force", 2, "would replace the file of --weight"),
    (f"{LAYER} --bias old.npy -o old.npy --force", 2, "would replace the file of --bias"),
    (f"{LAYER} --bias old.npz --save-parameters old.npz --force", 2, "would replace the file of --bias"),
    ("--weight missing.npy -o old.npy", 4, "old.npy already exists"),
    *((f"{LAYER} --dtype complex64 -o y.{form}", 2, "cannot hold complex64") for form in ("png", "jpg", "tiff")),
    (f"{LAYER} --dtype bfloat16 -o y.zarr", 2, "cannot hold bfloat16"),
    (f"{LAYER} --dtype bfloat16 --save-parameters p.zarr", 2, "cannot hold bfloat16"),
    (f"{LAYER} --dtype complex128 -o y.safetensors", 2, "cannot hold complex128"),
    (f"{LAYER} --dtype complex128 --save-parameters p.safetensors", 2, "cannot hold complex128"),
    (f"{LAYER} --dtype complex64 -o old.png", 2, "cannot hold complex64"),
    (f"{LAYER} --output-layout NHWC -o y.png", 2, "--output-layout is of tensors: a .png has an order of its own"),
    (f"{LAYER} --layout nhwx", 2, "--layout nhwx: no such layout"),
    ("--weight old.npz --weight-layout oihx", 2, "--weight-layout oihx: no such weight-layout"),
    (f"{LAYER} --resume", 2, "--resume is for many files"),
    (f"{LAYER} --json -o -", 2, "would both go to stdout"),
]


@pytest.mark.parametrize(("number", "line", "code", "said"), [(number, *one) for number, one in enumerate(REFUSED)])
def test_before_any_input(folder: Path, number: int, line: str, code: int, said: str) -> None:
    before = {path.name for path in folder.iterdir()}
    input_ = ("missing.npy", "slow.npy")[number % 2]
    done = conv2d("run", input_, *shlex.split(line), folder=folder)
    assert (done.code, said in done.err, done.out) == (code, True, ""), done.err
    assert {path.name for path in folder.iterdir()} == before


@pytest.mark.parametrize("input_", ["old.npz", "./old.npz", "link.npz", "old.npz::weight"])
def test_parameters_do_not_replace_the_input(folder: Path, input_: str) -> None:
    before = (folder / "old.npz").read_bytes()
    done = conv2d("run", input_, "3", "8", "3", "--save-parameters", "old.npz", "--force", folder=folder)
    assert (done.code, "would replace the input" in done.err) == (2, True), done.err
    assert (folder / "old.npz").read_bytes() == before


@pytest.mark.parametrize(
    "line",
    [
        f"run old.npy {LAYER} --save-parameters circle.npz",
        f"run old.npy {LAYER} --save-parameters p.bin",
        f"run old.npy {LAYER} -o circle.npy",
        "run old.npy 3 8 3 --weight circle.npz",
        "code 3 8 3 --for jax -o circle.npy",
        "code 3 8 3 --for jax -i circle.npy",
        "shape 3 8 3 -i circle.npy",
    ],
)
@pytest.mark.parametrize("force", ["", " --force"])
def test_links_in_a_circle_are_no_files(folder: Path, line: str, force: str) -> None:
    for name in ("circle.npz", "circle.npy", "p.weight.bin"):
        (folder / name).symlink_to(name)
    if " -o " in line or "--save-parameters" in line:
        line += force
    done = conv2d(*shlex.split(line), folder=folder)
    assert (done.code, done.out, done.err[:7]) == (4, "", "error: "), done.err


def test_an_output_may_replace_its_input(folder: Path) -> None:
    assert conv2d("run", "old.npy", "3", "8", "3", "-q", "--force", "-o", "old.npy", folder=folder).code == 0
    assert np.load(folder / "old.npy").shape == (1, 8, 6, 6)
