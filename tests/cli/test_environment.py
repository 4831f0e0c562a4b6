"""Nothing around the program changes a result, an exit code or what is on stderr: variables, streams, flags."""

from __future__ import annotations

import io
import os
import shlex
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from terminal import PROGRAM

import conv2d_cli

of_linux = pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device of Linux")

SHAPE = ("shape", "3", "64", "7", "-i", "224", "--get", "macs,output_shape")
ANSWER = b"447105792\n1 64 218 218\n"

# Several at a time, which have nothing to do with one another: each costs a process.
ENVIRONMENTS: tuple[dict[str, str | None], ...] = (
    {"HOME": None, "TERM": None, "COLUMNS": "0", "PATH": ""},
    {"HOME": "/nowhere", "TMPDIR": "/nowhere", "TERM": "\x1b[31m" + "x" * 5000, "COLUMNS": "-1"},
    {"COLUMNS": "abc", "LC_ALL": "xx_YY.nothing", "PYTHONHASHSEED": "0", "FORCE_COLOR": "1"},
    {"COLUMNS": "9" * 30, "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
    {"COLUMNS": "1000000000", "PYTHONIOENCODING": "latin-1", "PYTHONINTMAXSTRDIGITS": "640"},
    {"PYTHONIOENCODING": "ascii:strict", "PYTHONOPTIMIZE": "2", "PYTHONWARNINGS": "error"},
    {"PYTHONDEVMODE": "1", "PYTHONMALLOC": "debug"},
)
THREADS: tuple[dict[str, str | None], ...] = (
    {"OMP_NUM_THREADS": "0", "OPENBLAS_NUM_THREADS": "-1", "MALLOC_ARENA_MAX": "abc"},
    {"OMP_NUM_THREADS": "-1", "OPENBLAS_CORETYPE": "odd"},
    {"OMP_NUM_THREADS": "1000000", "OPENBLAS_NUM_THREADS": "abc", "PYTHONOPTIMIZE": "2"},
    {"OMP_NUM_THREADS": "abc", "OPENBLAS_NUM_THREADS": "99999999999999999999"},
)


def started(
    folder: Path, *words: str, flags: tuple[str, ...] = (), streams: str = "", variables: dict[str, str | None]
) -> tuple[int, bytes, bytes]:
    environment = {name: value for name, value in (os.environ | variables).items() if value is not None}
    command = [sys.executable, *flags, *PROGRAM[1:], *words]
    if streams:
        command = ["/bin/sh", "-c", f"{shlex.join(command)} {streams}"]
    done = subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, check=False, cwd=folder, env=environment, timeout=60
    )
    return done.returncode, done.stdout, done.stderr


def described(value: object) -> str:
    return str(value)[:40]


@pytest.mark.parametrize("variables", ENVIRONMENTS, ids=described)
def test_variables_change_nothing(tmp_path: Path, variables: dict[str, str | None]) -> None:
    code, out, err = started(tmp_path, *SHAPE, variables=variables)
    assert (code, out, err) == (0, ANSWER, b"")


@pytest.mark.parametrize("variables", THREADS, ids=described)
def test_nor_do_those_of_libraries(tmp_path: Path, variables: dict[str, str | None]) -> None:
    x = np.arange(300, dtype=np.float32).reshape(1, 3, 10, 10)
    np.save(tmp_path / "x.npy", x)
    words = ("run", "x.npy", "3", "4", "3", "-q", "-o", "-", "--algorithm", "im2col")
    code, out, err = started(tmp_path, *words, variables=variables)
    assert (code, err) == (0, b"")
    parameters = conv2d_cli.init_parameters(conv2d_cli.Conv2d(3, 4, 3), seed=0)
    assert np.allclose(np.load(io.BytesIO(out)), conv2d_cli.conv2d(x, *parameters), rtol=1e-6)


@pytest.mark.parametrize("flags", [("-I", "-OO"), ("-bb", "-W", "error"), ("-E", "-B", "-u", "-X", "dev")])
def test_nor_do_flags_of_python(tmp_path: Path, flags: tuple[str, ...]) -> None:
    code, out, err = started(tmp_path, *SHAPE, flags=flags, variables={})
    assert (code, out, err) == (0, ANSWER, b"")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--help",), b"Everything torch.nn.Conv2d would tell you"),
        (("run", "--help"), b"he convolution itself, on a tensor file"),
        (("help", "padding"), b"same_upper"),
    ],
)
def test_help_needs_no_docstrings(tmp_path: Path, words: tuple[str, ...], says: bytes) -> None:
    code, out, err = started(tmp_path, *words, variables={"PYTHONOPTIMIZE": "2"})
    assert (code, says in out, err) == (0, True, b"")


@pytest.mark.skipif(os.name == "nt", reason="a shell of POSIX")
@pytest.mark.parametrize(("streams", "code"), [
    ("<&-", 0),
    (">&-", 4),
    ("2>&-", 0),
    ("<&- >&-", 4),
    ("<&- 2>&-", 0),
    (">&- 2>&-", 4),
    ("<&- >&- 2>&-", 4),
    ("2>/dev/full", 0),
    pytest.param(">/dev/full", 4, marks=of_linux),
    pytest.param("> /dev/full 2>&1", 4, marks=of_linux),
])  # fmt: skip
def test_streams_that_are_closed_or_full_are_told_where_anybody_listens(
    tmp_path: Path, streams: str, code: int
) -> None:
    ended, _, err = started(tmp_path, *SHAPE, streams=streams, variables={})
    assert (ended, b"Traceback" in err, b"Exception" in err) == (code, False, False)


@pytest.mark.skipif(os.name == "nt", reason="a folder that is in use stays there")
@pytest.mark.parametrize("words", [SHAPE, ("run", "x.npy", "3", "8", "3"), ("--help",)])
def test_a_working_directory_that_is_gone_is_no_fault_of_ours(tmp_path: Path, words: tuple[str, ...]) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    command = shlex.join([*PROGRAM, *words])
    done = subprocess.run(
        ["/bin/sh", "-c", f"rmdir ../gone; {command}"], cwd=gone, capture_output=True, check=False, timeout=60
    )
    assert done.returncode == (4 if words[0] == "run" else 0), done.stderr
    assert b"Traceback" not in done.stderr
