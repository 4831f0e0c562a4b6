"""Every option that decides an output is in the fingerprint of the job: `--resume` with another does the file again."""

from __future__ import annotations

import shutil
import sys
from contextlib import chdir, redirect_stdout
from io import BytesIO, TextIOWrapper
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

from conv2d_cli.cli.commands import application
from conv2d_cli.engine import api
from conv2d_cli.jobs.run import shared_layer

if TYPE_CHECKING:
    from pathlib import Path

RAW = ("raw", "--weight", "w.npy", "--bias", "b.npy", "--input-shape", "3,8,8", "--input-dtype", "float32")
DRAWN = ("npy", "3", "4", "3")
PICTURES = ("pictures", "--weight", "rgb.npy")
KERNEL = ("npy", "--weight", "[[1,2,0],[0,1,0],[0,0,3]]", "--per-channel")
WHOLE = ("npy", "--weight", "w.npy", "--dtype", "int8", "--cast", "saturate,truncate")
INTEGERS = (
    *("bytes", "--weight", "w8.npy", "--accumulate", "int32", "--weight-zero-point", "1"),
    *("--input-scale", "0.5", "--weight-scale", "0.5", "--output-scale", "20"),
)
EXACT = ("npy", "--weight", "w.npy", "--accuracy", "exact")
LINES = (RAW, DRAWN, PICTURES, KERNEL, WHOLE, INTEGERS, EXACT)


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with inputs, and the outputs of each line."""
    folder = tmp_path_factory.mktemp("done")
    random = np.random.default_rng(0)
    for name in ("raw", "npy", "pictures", "bytes"):
        (folder / name).mkdir()
    for number in range(2):
        values = random.standard_normal((3, 8, 8)).astype("f4") * 90
        np.save(folder / f"bytes/{number}.npy", random.integers(0, 255, (3, 8, 8), np.uint8))
        values.tofile(folder / f"raw/{number}.bin")
        np.save(folder / f"npy/{number}.npy", values)
        Image.fromarray(random.integers(0, 255, (8, 8, 3), np.uint8)).save(folder / f"pictures/{number}.png")
    np.save(folder / "w8.npy", random.integers(-128, 127, (3, 3, 3, 3), np.int8))
    np.save(folder / "scales.npy", np.array([0.5, 0.5, 0.25], np.float32))
    np.save(folder / "w.npy", random.standard_normal((3, 3, 3, 3)).astype("f4"))
    np.save(folder / "w2.npy", random.standard_normal((3, 3, 3, 3)).astype("f4"))
    np.save(folder / "rgb.npy", random.standard_normal((4, 3, 3, 3)).astype("f4"))
    np.save(folder / "gray.npy", random.standard_normal((4, 1, 3, 3)).astype("f4"))
    np.save(folder / "grouped.npy", random.standard_normal((3, 1, 3, 3)).astype("f4"))
    np.save(folder / "b.npy", random.standard_normal(3).astype("f4"))
    np.save(folder / "b2.npy", random.standard_normal(3).astype("f4"))
    for number, line in enumerate(LINES):
        assert resumed(line, folder, folder / f"out-{line[0]}-{number}") == (2, 0)
    return folder


def resumed(line: tuple[str, ...], folder: Path, output: Path) -> tuple[int, int]:
    """Return how many files were written, and how many were there already."""
    options = "-o", str(output), "--threads", "1", "--get", "written,skipped", "-q", "--resume"
    with chdir(folder), pytest.MonkeyPatch.context() as patch, redirect_stdout(TextIOWrapper(BytesIO())) as out:
        patch.setattr(sys, "argv", ["conv2d"])
        application()(["run", line[0], *options, *line[1:]], standalone_mode=False)
        out.seek(0)
        written, skipped = map(int, out.read().split())
    return written, skipped


@pytest.mark.parametrize(
    ("line", "other"),
    [
        *((RAW, other.split()) for other in (
            "--input-shape 1,3,8,8", "--input-shape 3,4,16", "--input-dtype >f4", "--input-dtype int32 --dtype float32",
            "--input-shape 3,4,8 --input-dtype float64 --dtype float32", "--input-shape 3,8,7 --input-offset 96",
            "--input-shape 3,7,8 --input-offset 96", "--dtype float64", "--layout NHWC --input-shape 8,8,3",
            "--output-layout NHWC", "--flip", "-s 2", "-s 1,2", "-p 1", "-p same", "-p 1,0,0,0", "-d 2",
            "-p 1 --padding-mode circular", "-p 1 --padding-mode reflect", "--weight grouped.npy -g 3",
            "--accuracy fast", "--accuracy exact", "--algorithm im2col", "--algorithm shifted", "--threads 2",
            "--weight w2.npy", "--bias b2.npy", "--bias [1,2,3]", "--weight-layout HWIO", "--normalize --mean 1",
            "--normalize --std 2", "--mean 3 --normalize --std 2",
        )),
        *((DRAWN, other.split()) for other in ("--seed 1", "--no-bias", "--dtype float64", "--normalize --mean 0.5")),
        *((PICTURES, other.split()) for other in (
            "--weight gray.npy --gray", "--normalize", "--normalize --mean 0.5", "--normalize --std 0.5",
            "--dtype float64",
        )),
        *((KERNEL, other.split()) for other in ("--flip", "--weight [[1,2,0],[0,1,0],[0,0,4]]", "--dtype float64")),
        *((WHOLE, other.split()) for other in (
            "--cast wrap,truncate", "--dtype int16", "--dtype uint8", "--dtype float32 --cast wrap",
        )),
        *((INTEGERS, other.split()) for other in (
            "--accumulate int64", "--input-zero-point 3", "--weight-zero-point 2", "--weight-zero-point 1,1,2",
            "--on-overflow wrap", "--input-scale 1", "--weight-scale 0.25", "--weight-scale scales.npy",
            "--output-scale 21", "--output-zero-point 1", "--output-dtype int8", "--requantize tflite",
            "--bias [1,2,3]", "--algorithm im2col", "--threads 2",
        )),
        (EXACT, ["--flush-subnormals"]),
    ],
    ids=lambda words: " ".join(words) if isinstance(words, list) else words[0],
)  # fmt: skip
def test_another_option_does_the_file_again(
    done: Path, tmp_path: Path, line: tuple[str, ...], other: list[str]
) -> None:
    shutil.copytree(done / f"out-{line[0]}-{LINES.index(line)}", tmp_path / "out")
    assert resumed((*line, *other), done, tmp_path / "out") == (2, 0)


@pytest.mark.parametrize("line", LINES, ids=str)
def test_the_same_line_does_nothing_again_wherever_the_outputs_were_copied(
    done: Path, tmp_path: Path, line: tuple[str, ...]
) -> None:
    shutil.copytree(done / f"out-{line[0]}-{LINES.index(line)}", tmp_path / "out", copy_function=shutil.copy)
    assert resumed(line, done, tmp_path / "out") == (0, 2)


@pytest.mark.parametrize(
    ("owner", "name", "value"),
    [
        (shared_layer, "__version__", "0.0.0"),
        (np, "__version__", "0.0.0"),
        (api, "blas_name", lambda: "another BLAS"),
    ],
    ids=["conv2d", "numpy", "blas"],
)
def test_another_version_does_the_file_again(
    done: Path, tmp_path: Path, owner: object, name: str, value: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(done / f"out-npy-{LINES.index(DRAWN)}", tmp_path / "out")
    monkeypatch.setattr(owner, name, value)
    assert resumed(DRAWN, done, tmp_path / "out") == (2, 0)
