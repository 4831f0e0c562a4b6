"""A signal that ends a process removes what is unfinished and ends with 128 and its number; others change nothing."""

from __future__ import annotations

import io
import json
import os
import shlex
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import answered_signals
import numpy as np
import pytest
from answered_signals import CASES, NAMES, TWICE
from killed_runs import Scene
from terminal import PROGRAM

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")


Ends = dict[tuple[str, ...], tuple[int, list[str]]]


@pytest.fixture(scope="module")
def ends(tmp_path_factory: pytest.TempPathFactory) -> Ends:
    """Return how each writer ended, by its output and the signals: the exit code and what was in the folder."""
    command = [sys.executable, answered_signals.__file__, str(tmp_path_factory.mktemp("signals"))]
    done = subprocess.run(command, capture_output=True, check=True, text=True, timeout=100)
    assert done.stderr == ""
    return {(name, *sent): (code, left) for name, sent, code, left in map(json.loads, done.stdout.splitlines())}


@pytest.mark.parametrize(("name", "one"), CASES)
def test_what_is_unfinished_is_removed(ends: Ends, name: str, one: str) -> None:
    assert ends[name, one] == (128 + getattr(signal, one), ["old.zarr"])


@pytest.mark.parametrize("one", TWICE)
@pytest.mark.parametrize("name", NAMES)
def test_a_second_signal_ends_what_the_first_does_not(ends: Ends, name: str, one: str) -> None:
    assert ends[name, one, one] == (128 + getattr(signal, one), ["old.zarr"])


def started(folder: Path, *words: str, before: str = "") -> subprocess.Popen[bytes]:
    command = ["/bin/sh", "-c", f"{before} exec {shlex.join([*PROGRAM, *words])}"] if before else [*PROGRAM, *words]
    return subprocess.Popen(
        command,
        cwd=folder,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509
    )


def as_bytes(array: Any) -> bytes:
    stream = io.BytesIO()
    np.save(stream, array)
    return stream.getvalue()


@pytest.mark.parametrize("one", ["SIGTSTP", "SIGSTOP", "SIGWINCH", "SIGPIPE"])
def test_signals_that_end_nothing_change_nothing(tmp_path: Path, one: str) -> None:
    content = as_bytes(np.ones((1, 3, 8, 8), np.float32))
    with started(tmp_path, "run", "-", "3", "8", "3", "-q", "-o", "y.npy") as process:
        assert process.stdin is not None
        process.stdin.write(content[:200])
        process.stdin.flush()
        time.sleep(0.3)
        process.send_signal(getattr(signal, one))
        time.sleep(0.05)
        process.send_signal(signal.SIGCONT)
        _, errors = process.communicate(content[200:], timeout=60)
    assert (process.returncode, errors) == (0, b"")
    assert np.load(tmp_path / "y.npy").shape == (1, 8, 6, 6)


@pytest.mark.parametrize("one", ["INT", "TERM", "HUP"])
def test_what_is_ignored_stays_ignored(tmp_path: Path, one: str) -> None:
    content = as_bytes(np.ones((1, 3, 8, 8), np.float32))
    words = ("run", "-", "3", "8", "3", "-q", "-o", "y.npy")
    with started(tmp_path, *words, before=f"trap '' {one};") as process:
        time.sleep(0.3)
        process.send_signal(getattr(signal, f"SIG{one}"))
        _, errors = process.communicate(content, timeout=60)
    assert (process.returncode, errors) == (0, b"")


_RAISED_IN_A_CALLBACK = """
import os, signal, sys, weakref
from conv2d_cli.cli import signals
signals.answer_signals()
class Thing: pass
thing = Thing()
kept = weakref.ref(thing, lambda _: os.kill(os.getpid(), signal.SIGTERM))
del thing
os._exit(70)
"""


def test_a_signal_where_nothing_can_be_raised_is_answered_too() -> None:
    done = subprocess.run([sys.executable, "-c", _RAISED_IN_A_CALLBACK], capture_output=True, check=False, timeout=60)
    assert (done.returncode, done.stderr) == (143, b"")


_BEFORE_IT_IS_ANSWERED = """
import os, signal, sys
from conv2d_cli.cli import main, signals
signals.answer_signals = lambda: os.kill(os.getpid(), signal.SIGINT)
main.main()
"""


def test_an_interrupt_that_comes_first_of_all_has_no_traceback() -> None:
    done = subprocess.run(
        [sys.executable, "-c", _BEFORE_IT_IS_ANSWERED, "--version"], capture_output=True, check=False, timeout=60
    )
    assert (done.returncode, done.stdout, done.stderr) == (130, b"", b"")


@pytest.mark.parametrize("kind", ["npy", "zarr", "parameters", "many"])
def test_at_any_moment_the_target_is_whole(tmp_path: Path, kind: str) -> None:
    scene = Scene(tmp_path, kind)
    end = scene.ended_at_random(signal.SIGHUP)
    assert end.begun or end.code == -signal.SIGHUP
    assert end.code or end.content == "new"
    assert end.strays == ()
