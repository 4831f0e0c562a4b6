"""Memory that files take together: nobody waits for what is never given back, whatever fails or ends it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from many_files import contents, go

from conv2d_cli.engine.api import Execution
from conv2d_cli.errors import DataError, FileError
from conv2d_cli.jobs.run import background, file, pipeline
from conv2d_cli.jobs.run.background import BackgroundIO
from conv2d_cli.jobs.run.budget import Budget, JobEndedError
from conv2d_cli.jobs.run.memory import library_bytes

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

PATIENCE = 20
LIMIT = library_bytes(1) + 10_000_000


def ended_soon(function: Callable[[], object]) -> None:
    """Call a function that must not wait for ever."""
    raised: list[BaseException] = []

    def call() -> None:
        try:
            function()
        except BaseException as error:  # noqa: BLE001 - raised below
            raised.append(error)

    thread = threading.Thread(target=call, daemon=True)
    thread.start()
    thread.join(PATIENCE)
    assert not thread.is_alive(), "it waits for ever"
    if raised:
        raise raised[0]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with files of two sizes: one of the larger is read while a small one is convolved, two never."""
    (tmp_path / "in").mkdir()
    for number in range(16):
        side = 300 if number % 3 else 40
        np.save(tmp_path / f"in/{number:02}.npy", np.full((3, side, side), number, np.uint8))
    return tmp_path


@pytest.mark.parametrize("seed", range(3))
def test_faults_anywhere_let_nobody_wait(folder: Path, seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    random = np.random.default_rng(seed)
    monkeypatch.setattr(background, "_SLOW", 0.0)
    budgets: list[Budget] = []

    def faulty(owner: Any, name: str) -> None:
        right = getattr(owner, name)

        def call(*arguments: Any, **named: Any) -> Any:
            chance = random.random()
            if chance < 0.1:
                raise (DataError("bad"), FileError("bad"), OSError(5, "bad"), MemoryError())[int(chance * 40)]
            if chance < 0.4:
                time.sleep(0.002)
            return right(*arguments, **named)

        monkeypatch.setattr(owner, name, call)

    for owner, name in (
        (Execution, "__call__"),
        (file, "open_output"),
        (file, "opened_input"),
        (pipeline, "digest_of_file"),
    ):
        faulty(owner, name)
    init = Budget.__init__

    def made(self: Budget, *arguments: Any) -> None:
        init(self, *arguments)
        budgets.append(self)

    monkeypatch.setattr(Budget, "__init__", made)
    ended_soon(lambda: go(folder, memory_limit=LIMIT))
    assert [budget._held for budget in budgets] == [0]
    monkeypatch.undo()
    ended_soon(lambda: go(folder, resume=True, memory_limit=LIMIT))
    ended_soon(lambda: go(folder, output=str(folder / "anew")))
    assert contents(folder / "out") == contents(folder / "anew")


@pytest.mark.parametrize("error", [ZeroDivisionError, KeyboardInterrupt, SystemExit])
def test_the_end_of_a_job_wakes_a_reader_that_waits(
    folder: Path, error: type[BaseException], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(background, "_SLOW", 0.0)
    waits = threading.Event()

    class Changed(threading.Condition):
        def wait(self, timeout: float | None = None) -> bool:
            waits.set()
            return super().wait(timeout)

    def fails(*_: Any) -> Any:
        assert waits.wait(PATIENCE)
        raise error

    monkeypatch.setattr("conv2d_cli.jobs.run.budget.Condition", Changed)
    monkeypatch.setattr(Execution, "__call__", fails)
    with pytest.raises(error):
        ended_soon(lambda: go(folder, memory_limit=LIMIT))
    assert not [thread for thread in threading.enumerate() if "ThreadPoolExecutor" in thread.name and _waits(thread)]


def _waits(thread: threading.Thread) -> bool:
    thread.join(PATIENCE)
    return thread.is_alive()


def test_a_budget_that_has_ended_gives_nothing_more() -> None:
    budget = Budget(10, 20)
    budget.take(8)
    told: list[type[BaseException]] = []

    def take() -> None:
        try:
            budget.take(8)
        except JobEndedError as error:
            told.append(type(error))

    threads = [threading.Thread(target=take) for _ in range(3)]
    for thread in threads:
        thread.start()
    with budget:
        pass
    for thread in threads:
        thread.join(PATIENCE)
    assert told == [JobEndedError] * 3
    with pytest.raises(JobEndedError):
        budget.take(1)


def test_a_slow_read_is_not_waited_for_after_a_signal() -> None:
    begun, ends = threading.Event(), threading.Event()

    def read() -> None:
        begun.set()
        ends.wait(PATIENCE)

    readers = BackgroundIO(1)
    readers._pool = None
    readers._seconds = 1e9
    readers.start(time.monotonic)
    readers.start(read)
    begun.wait(PATIENCE)
    started = time.monotonic()
    with pytest.raises(KeyboardInterrupt), readers:
        raise KeyboardInterrupt
    assert time.monotonic() - started < 1
    ends.set()


# Says when a reader begins to wait for memory, which the file that is convolved meanwhile holds.
WAITS = """
class Changed(type(threading.Condition())):
    def wait(self, timeout=None):
        sys.stderr.write("waits\\n")
        return super().wait(timeout)
budget.Condition = Changed
def convolves(*_):
    # Not in one call: a signal that comes just before a call of C begins is answered when it returns.
    for _ in range(6000):
        time.sleep(0.01)
api.Execution.__call__ = convolves
"""
# Says when a writer begins, whose disk hangs.
HANGS = """
right = file.open_output
@contextmanager
def open_output(*arguments, **named):
    with right(*arguments, **named) as output:
        sys.stderr.write("waits\\n")
        time.sleep(60)
        yield output
file.open_output = open_output
begin = background.BackgroundIO.__init__
def with_pool(self, threads):
    begin(self, threads)
    self._pool = background.ThreadPoolExecutor(max(1, threads))
background.BackgroundIO.__init__ = with_pool
"""
PROGRAM = """
import sys, threading, time
from contextlib import contextmanager
from conv2d_cli.jobs.run import background
from conv2d_cli.engine import api
from conv2d_cli.jobs.run import budget, file
background._SLOW = 0.0
{change}
from conv2d_cli.cli.main import main
main()
"""


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
@pytest.mark.parametrize(
    ("number", "suffix", "change"),
    [
        ("SIGINT", "npy", WAITS),
        ("SIGTERM", "npy", WAITS),
        ("SIGHUP", "zarr", WAITS),
        ("SIGHUP", "npy", HANGS),
        ("SIGTERM", "zarr", HANGS),
    ],
    ids=["waits-int", "waits-term", "waits-hup", "hangs-hup", "hangs-term"],
)
def test_a_signal_ends_a_job_whose_threads_wait(folder: Path, number: str, suffix: str, change: str) -> None:
    library = pytest.importorskip("zarr")
    for path in (folder / "in").iterdir():
        values = np.load(path)
        path.unlink()
        # Two of the larger do not fit together.
        values = np.zeros((3, 3000, 2000), np.uint8) if values.shape[-1] > 100 else values
        if suffix == "npy":
            np.save(path, values)
        else:
            library.create_array(path.with_suffix(".zarr"), data=values, compressors=None)
    limit = f"{(library_bytes(1) + (200 << 20)) >> 20}MiB"
    line = ["run", "in", "3", "2", "3", "--dtype", "float32", "-o", "out", "-q", "--memory-limit", limit]
    program = [sys.executable, "-P", "-c", PROGRAM.format(change=change), *line]
    process = subprocess.Popen(program, cwd=folder, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    assert process.stderr.readline() == "waits\n"
    process.send_signal(signal.Signals[number])
    started = time.monotonic()
    _, errors = process.communicate(timeout=PATIENCE)
    assert (process.returncode, errors.replace("waits\n", "")) == (128 + signal.Signals[number], "")
    assert time.monotonic() - started < 5
    assert not [*folder.rglob(".conv2d-*.tmp")]
