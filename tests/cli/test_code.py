"""`conv2d code` as a process: programs on stdout and in files, every format, and what is refused."""

from __future__ import annotations

import csv
import io
import json
import shlex
import subprocess
import sys
from typing import TYPE_CHECKING

import numpy as np
import pytest
from forked import conv2d, on_terminal
from generated_code import COMPILER

from conv2d_cli import CodeReport, Conv2d, code_for
from conv2d_cli.codegen.registry import TARGETS

if TYPE_CHECKING:
    from pathlib import Path

LAYER = ("3", "64", "7", "-s", "2", "-p", "3")
PROGRAM = code_for(Conv2d(3, 64, 7, stride=2, padding=3), "jax")


@pytest.mark.parametrize("target", TARGETS)
def test_a_program_on_stdout_and_nothing_else(target: str) -> None:
    done = conv2d("code", *LAYER, "--for", target)
    assert (done.code, done.err) == (0, "")
    assert done.out == code_for(Conv2d(3, 64, 7, stride=2, padding=3), target).code


def test_it_is_the_same_in_every_way_that_shows_text() -> None:
    words = ("code", *LAYER, "--for", "jax")
    assert on_terminal(*words).out == PROGRAM.code
    for more in (("--format", "table"), ("--format", "plain"), ("--get", "code"), ("-o", "-"), ("--color", "always")):
        assert conv2d(*words, *more, COLUMNS="40").out == PROGRAM.code
    assert on_terminal(*words, "--get", "code").out == PROGRAM.code
    assert conv2d(*words, "--format", "markdown").out == f"```python\n{PROGRAM.code}```\n"


def test_facts_about_it() -> None:
    words = ("code", *LAYER, "--for", "jax", "-i", "3x224x224", "--weights", "p.safetensors")
    record = json.loads(conv2d(*words, "--json").out)
    assert [*record] == ["schema_version", *CodeReport._fields]
    assert record["code"] == code_for(Conv2d(3, 64, 7, stride=2, padding=3), "jax", (3, 224, 224), "p.safetensors").code
    del record["code"]
    assert record == {
        "schema_version": 1,
        "target": "jax",
        "language": "python",
        "weights": ["p.safetensors"],
        "install": ["numpy", "jax", "safetensors"],
        "input_shape": [3, 224, 224],
        "remark": None,
    }
    (row,) = csv.DictReader(io.StringIO(conv2d(*words, "--format", "csv").out))
    assert row["install"] == "numpy jax safetensors"
    assert json.loads(conv2d(*words, "--format", "ndjson").out)["target"] == "jax"
    assert conv2d("code", *LAYER, "--for", "c", "--get", "weights,install,language").out == (
        "parameters.weight.bin parameters.bias.bin\n\nc\n"
    )
    assert conv2d("code", *LAYER, "--no-bias", "--for", "c", "--get", "weights").out == "parameters.weight.bin\n"


def test_a_file_is_written_whole_and_not_replaced_unless_asked_for(tmp_path: Path) -> None:
    words = ("code", *LAYER, "--for", "jax", "-o")
    done = conv2d(*words, "a layer.py", folder=tmp_path)
    run = "pip install numpy jax && python 'a layer.py' INPUT.npy OUTPUT.npy"
    assert done == (0, "", f"wrote a layer.py: {run}\n")
    assert (tmp_path / "a layer.py").read_text() == PROGRAM.code
    again = conv2d(*words, "a layer.py", folder=tmp_path)
    assert (again.code, again.out) == (4, "")
    assert again.err == "error: a layer.py already exists\nhint: --force replaces it, another name keeps both\n"
    forced = conv2d(
        "code", "1", "1", "1", "--for", "c", "-o", "a layer.py", "--force", "--get", "target", folder=tmp_path
    )
    assert (forced.code, forced.out) == (0, "c\n")
    assert (tmp_path / "a layer.py").read_text().startswith("/* Conv2d(1, 1,")
    assert conv2d(*words, "/dev/null").code == 0
    assert [path.name for path in tmp_path.iterdir()] == ["a layer.py"]


@pytest.mark.parametrize(
    ("words", "code", "error", "hint"),
    [
        (("code", "3", "64", "7"), 2, "--for is missing: pytorch, keras", "conv2d code 3 64 7 --for pytorch"),
        (("code", "--for", "jax"), 2, "", "conv2d code"),
        (("code", *LAYER, "--for", "Jaxx"), 2, "--for Jaxx: no such target", "did you mean --for jax?"),
        (("code", *LAYER, "--for", ""), 2, "--for : no such target", "--for pytorch, keras"),
        (("code", *LAYER, "--for"), 2, "--for takes a value", "--for pytorch"),
        (("code", *LAYER, "--for", "c", "--dtype", "half"), 2, "C99 has no convolution of float16", "--for pytorch"),
        (("code", *LAYER, "--for", "keras", "-d", "2"), 2, "strides and dilation_rate", "--for pytorch"),
        (("code", "3", "64", "7", "-p", "same_lower", "--for", "c"), 2, "depends on the size", "-i 224, or --for jax"),
        (("code", *LAYER, "--for", "c", "-i", "4x224x224"), 2, "to have 3 channels", "-i 3x224x224"),
        (("code", "3", "64", "7", "--for", "c", "-i", "4"), 2, "greater than actual input size", ""),
        (
            ("code", *LAYER, "--for", "c", "--weights", "p.npz"),
            2,
            "C reads parameters from",
            "--weights parameters.bin",
        ),
        (("code", *LAYER, "--for", "jax", "-o", "no/such.py"), 4, "there is no folder no", "make the folder first"),
        (("code", *LAYER, "--for", "jax", "-o", "."), 4, "it is a directory", "give a file's name"),
        (("code", *LAYER, "--for", "jax", "-o", ""), 2, "no name of a file", "-o FILE"),
        (("code", *LAYER, "--for", "jax", "-o", "x" * 300), 4, "cannot write", ""),
        (("code", *LAYER, "--for", "jax", "-o", "new/"), 4, "it is a directory", "give a file's name"),
        (("code", *LAYER, "--for", "jax", "-o", "./parameters.npz"), 2, "reads its parameters from", "-o layer.py"),
        (
            ("code", *LAYER, "--for", "c", "--weights", "p.bin", "-o", "p.bias.bin", "-f"),
            *(2, "reads its parameters from", "-o layer.c"),
        ),
        (("code", *LAYER, "-g", "2", "--for", "jax"), 2, "in_channels must be divisible by groups", "-g 1"),
    ],
)
def test_what_is_refused(words: tuple[str, ...], code: int, error: str, hint: str, tmp_path: Path) -> None:
    done = conv2d(*words, folder=tmp_path)
    assert (done.code, done.out) == (code, "")
    assert error in done.err
    assert hint in done.err
    assert not [*tmp_path.iterdir()]


@pytest.mark.skipif(COMPILER is None, reason="no C compiler is installed: programs in C are not run")
@pytest.mark.parametrize("name", ["layer.c", "layer", "layer.C", "a b.txt", "-x.c"])
def test_the_command_that_is_told_builds_and_runs_a_program_in_c(name: str, tmp_path: Path) -> None:
    for file, count in {"INPUT.bin": 4, "parameters.weight.bin": 1, "parameters.bias.bin": 1}.items():
        np.ones(count, np.float32).tofile(tmp_path / file)
    done = conv2d("code", "1", "1", "1", "-i", "2", "--for", "c", f"--output={name}", folder=tmp_path)
    assert done.code == 0
    told = done.err.removeprefix(f"wrote {name}: ")
    subprocess.run(told, shell=True, cwd=tmp_path, check=True)  # noqa: S602 - as a person runs it
    assert [*np.fromfile(tmp_path / "OUTPUT.bin", np.float32)] == [2, 2, 2, 2]
    assert (tmp_path / name).read_text().startswith("/*")


@pytest.mark.parametrize("name", ["layer.py", "layer", "-x.py"])
def test_the_command_that_is_told_runs_a_program_in_python(name: str, tmp_path: Path) -> None:
    np.save(tmp_path / "INPUT.npy", np.ones((1, 2, 2), np.float32))
    one = np.ones(1, np.float32)
    np.savez(tmp_path / "parameters.npz", weight=one.reshape(1, 1, 1, 1), bias=one)
    done = conv2d("code", "1", "1", "1", "--for", "numpy", f"--output={name}", folder=tmp_path)
    told = done.err.removeprefix(f"wrote {name}: pip install numpy && python ").strip()
    command = f"{shlex.quote(sys.executable)} {told}"
    subprocess.run(command, shell=True, cwd=tmp_path, check=True)  # noqa: S602 - the same
    assert (np.load(tmp_path / "OUTPUT.npy") == 2).all()


def test_what_a_program_does_not_use_is_said() -> None:
    done = conv2d("code", *LAYER, "--device", "cuda", "--for", "numpy")
    assert (done.code, done.err) == (0, "note: device cuda is not used: NumPy runs on the CPU\n")
    assert conv2d("code", *LAYER, "--device", "cuda", "--for", "pytorch", "-q").err == ""
