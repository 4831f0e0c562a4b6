"""Processes that are forked while an output is being written, each ended by one signal: what is there then.

`python answered_signals.py FOLDER` writes one JSON object a line: the name of the output, the number of the signal, the
exit code, and what lies in the folder afterwards. One process for all: each starts with everything loaded.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import numpy as np

from conv2d_cli.cli import signals
from conv2d_cli.tensors.sink import open_output

if TYPE_CHECKING:
    from collections.abc import Callable

ARRAY = np.ones((1, 1, 4, 4), np.float32)
# Those that Linux and POSIX let end a process, and a program may answer; the last is one of the real-time ones.
ENDING = (
    *("SIGHUP", "SIGINT", "SIGQUIT", "SIGTRAP", "SIGABRT", "SIGUSR1", "SIGUSR2", "SIGALRM", "SIGTERM", "SIGSTKFLT"),
    *("SIGXCPU", "SIGVTALRM", "SIGPROF", "SIGIO", "SIGPWR", "SIGSYS", "SIGRTMIN", "SIGRTMAX"),
)
TWICE = ("SIGINT", "SIGHUP")
NAMES = ("y.npy", "y.npz", "y.safetensors", "y.png", "y.zarr", "old.zarr")
# Every signal for a file and a store, and some for every kind of output.
CASES = [
    (name, one)
    for name in NAMES
    for one in ENDING
    if hasattr(signal, one) and (name in {"y.npy", "old.zarr"} or one in {*TWICE, "SIGTERM"})
]


def ended(folder: Path, name: str, numbers: list[int], work: Callable[[], object]) -> tuple[int, list[str]]:
    """Fork a process that writes until signals end it; return its exit code and what is in the folder."""
    ready, to_parent = os.pipe()
    process = os.fork()
    if process == 0:
        _write(folder / name, to_parent, work)
    for number in numbers:
        # The first when it writes, the next when that is being answered: two at once are one.
        os.read(ready, 1)
        os.kill(process, number)
    os.close(ready)
    os.close(to_parent)
    _, status = os.waitpid(process, 0)
    return os.waitstatus_to_exitcode(status), sorted(path.name for path in folder.iterdir())


def _write(target: Path, to_parent: int, work: Callable[[], object]) -> NoReturn:
    """Write half an output and wait for a signal, as `main` would."""
    try:
        signals.answer_signals()
        with open_output(str(target), ARRAY.shape, ARRAY.dtype, force=True) as output:
            output.write(0, ARRAY)
            try:
                os.write(to_parent, b".")
                _wait()
            finally:
                os.write(to_parent, b".")
                work()
    except signals.Terminated as end:
        signals.leave(end.exit_code)
    os._exit(71)


def _wait() -> None:
    """Wait for a signal; also be as slow in cleaning up as a disk may be."""
    while True:
        # One that comes just before a pause would not end it.
        time.sleep(0.01)


def main() -> None:
    folder = Path(sys.argv[1])
    with open_output(str(folder / "old.zarr"), ARRAY.shape, ARRAY.dtype, force=True) as output:
        output.write(0, ARRAY)
    cases: list[tuple[str, list[str], Callable[[], object]]] = [
        *((name, [one], int) for name, one in CASES),
        *((name, [one, one], _wait) for name, one in CASES if one in TWICE),
    ]
    for name, sent, work in cases:
        code, left = ended(folder, name, [int(getattr(signal, one)) for one in sent], work)
        print(json.dumps([name, sent, code, left]), flush=True)
        for stray in set(left) - {"old.zarr"}:
            with suppress(OSError):
                shutil.rmtree(folder / stray) if (folder / stray).is_dir() else (folder / stray).unlink()


if __name__ == "__main__":
    main()
