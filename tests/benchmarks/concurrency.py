"""Many processes at one name, in one folder, at the ends of one pipe, and forks between threads: is anything lost?

Each round is of one kind, in turn: twenty writers of one name, in each format, with and without `--force`; two jobs
that take up one folder; a reader whose writer is killed; jobs that are killed and taken up again; a program that forks
while its threads convolve. Processes are forked from this one, which has loaded everything. A small run is among the
tests (POSIX).

python tests/benchmarks/concurrency.py [--rounds 500] [--kind NAME]... [--seed 0] [--writers 20]
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from functools import partial
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages
from typing import TYPE_CHECKING, NamedTuple, NoReturn

import numpy as np

import conv2d_cli
from conv2d_cli.tensors.opening import open_source

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

PATIENCE, WRITERS, FILES = 60, 20, 12
SUFFIXES = ("npy", "npz", "safetensors", "zarr", "png")
JOURNAL = ".conv2d-run.ndjson"
FORKS = 8


class Ended(NamedTuple):
    """How a process ended, and what it said on stderr."""

    code: int
    said: str


class Process(NamedTuple):
    """A forked `conv2d`, and the file of its stderr."""

    number: int
    said: Path

    def ended(self) -> Ended:
        """Wait for it, and no longer than somebody would."""
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            number, status = os.waitpid(self.number, os.WNOHANG)
            if number:
                # One that was killed may not have begun to say anything.
                said = self.said.read_text(errors="replace") if self.said.exists() else ""
                return Ended(os.waitstatus_to_exitcode(status), said)
            time.sleep(0.002)
        os.kill(self.number, signal.SIGKILL)
        os.waitpid(self.number, 0)
        return Ended(99, "it hung")


def start(
    folder: Path, *line: str, stdin: int | None = None, closed: int | None = None, gate: int | None = None
) -> Process:
    """Fork a `conv2d` that begins when it can read a byte from its gate, and does not hold what is closed."""
    said = folder / f".said-{time.monotonic_ns()}"
    number = os.fork()
    if number == 0:
        if closed is not None:
            os.close(closed)
        _become(folder, line, said, stdin, gate)
    return Process(number, said)


def _become(folder: Path, line: Sequence[str], said: Path, stdin: int | None, gate: int | None) -> NoReturn:
    code: object = 70
    try:
        os.dup2(os.open(os.devnull, os.O_RDWR) if stdin is None else stdin, 0)
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        os.dup2(os.open(said, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), 2)
        sys.stdin, sys.stdout, sys.stderr = (
            open(file, mode, encoding="utf-8", closefd=False)  # noqa: SIM115 - as long as the process
            for file, mode in enumerate("rww")
        )
        os.chdir(folder)
        sys.argv = ["conv2d", *line]
        if gate is not None:
            os.read(gate, 1)
        import_module("conv2d_cli.cli.main").main()
    except SystemExit as ended:
        code = ended.code
    finally:
        sys.stderr.flush()
        os._exit(code if isinstance(code, int) else 0)


def done(folder: Path, *line: str) -> Ended:
    """Run `conv2d` to its end."""
    return start(folder, *line).ended()


def together(folder: Path, lines: Sequence[Sequence[str]]) -> list[Ended]:
    """Run several at the same time: none begins before all are there."""
    reading, writing = os.pipe()
    os.set_inheritable(writing, False)
    processes = [start(folder, *line, gate=reading) for line in lines]
    # Each takes one.
    os.write(writing, b"x" * len(lines))
    ended = [process.ended() for process in processes]
    os.close(reading)
    os.close(writing)
    return ended


def values_in(path: Path) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    """Return the elements of an output."""
    if path.is_dir():
        # Not by its library, whose threads would be lost in the next fork.
        parts = [np.frombuffer(file.read_bytes(), "<f4") for file in sorted((path / "c").rglob("0")) if file.is_file()]
        return np.concatenate(parts).astype(np.float64)
    with open_source(str(path)) as source:
        return source.read().astype(np.float64).reshape(-1)


def left_behind(folder: Path) -> list[str]:
    """Return what no job may leave."""
    return [str(path.relative_to(folder)) for path in folder.rglob(".conv2d-*") if path.name != JOURNAL]


def writers(suffix: str, folder: Path, *, force: bool, count: int) -> Iterator[str]:
    """Have several processes write one name, each something else."""
    np.save(folder / "x.npy", np.arange(64, dtype="f4").reshape(1, 8, 8) % 11)
    option = ["--force"] if force else []
    lines = [["run", "x.npy", "--weight", f"[[{n + 1}]]", "-q", "-o", f"y.{suffix}", *option] for n in range(count)]
    ended = together(folder, lines)
    codes = sorted(one.code for one in ended)
    if codes != ([0] * count if force else [0, *[4] * (count - 1)]):
        yield f"codes {codes}: {next((one.said for one in ended if one.code), '')}"
    yield from (one.said for one in ended if one.code == 4 and f"y.{suffix} already exists" not in one.said)
    values = values_in(folder / f"y.{suffix}")
    x = np.arange(64) % 11
    if not any(np.array_equal(values, x * (number + 1)) for number in range(count)):
        yield f"the file is nobody's: {values}"
    yield from left_behind(folder)


def _inputs(folder: Path) -> None:
    (folder / "in").mkdir()
    for number in range(FILES):
        np.save(folder / f"in/{number:02}.npy", np.full((1, 40 + number, 40), number, np.float32))


def _wrong(folder: Path, factors: Sequence[int]) -> Iterator[str]:
    """Yield what is wrong with the outputs of jobs, each of which has multiplied by one of some factors."""
    for number in range(FILES):
        path = folder / f"out/{number:02}.npy"
        values = np.load(path) if path.exists() else np.empty(0)
        if not any(np.array_equal(values, np.full((1, 40 + number, 40), number * factor, "f4")) for factor in factors):
            yield f"{path.name} is wrong, or missing"


def _resume(factor: int) -> list[str]:
    return ["run", "in", "--weight", f"[[{factor}]]", "-o", "out", "--resume", "-q"]


def _taken_up(folder: Path, factor: int) -> Iterator[str]:
    """Yield what is wrong after a job has been taken up, and after it was for a second time."""
    ended = done(folder, *_resume(factor))
    if ended.code:
        yield f"taking it up: {ended}"
    yield from _wrong(folder, [factor])
    before = {path: path.stat().st_ino for path in (folder / "out").glob("*.npy")}
    done(folder, *_resume(factor))
    if before != {path: path.stat().st_ino for path in (folder / "out").glob("*.npy")}:
        yield "what was done was done again"


def resumes(folder: Path, *, same: bool) -> Iterator[str]:
    """Have two jobs take up one folder at the same time: of one layer, or each of its own."""
    _inputs(folder)
    factors = [3, 3 if same else 5]
    ended = together(folder, [_resume(factor) for factor in factors])
    yield from (f"{one}" for one in ended if one.code)
    yield from _wrong(folder, factors)
    lines = (folder / "out" / JOURNAL).read_text().splitlines()
    names = {json.loads(line)["name"] for line in lines}
    if len(names) != FILES or len(lines) < FILES:
        yield f"the journal has {len(lines)} lines"
    yield from left_behind(folder)
    yield from _taken_up(folder, 3)


def killed(folder: Path, *, chance: random.Random) -> Iterator[str]:
    """Kill a job on many files in the midst, some times, and take it up each time."""
    _inputs(folder)
    for _ in range(4):
        process = start(folder, *_resume(7))
        until = time.monotonic() + PATIENCE
        wanted = chance.randrange(FILES)
        while len([*(folder / "out").glob("*.npy")]) < wanted and time.monotonic() < until:
            time.sleep(0.0005)
            if os.waitid(os.P_PID, process.number, os.WEXITED | os.WNOHANG | os.WNOWAIT):
                break
        os.kill(process.number, signal.SIGKILL)
        process.ended()
        yield from (f"{path.name} is not whole" for path in (folder / "out").glob("*.npy") if values_in(path).size % 40)
    yield from _taken_up(folder, 7)


def _half_a_tensor(folder: Path, shape: tuple[int, ...]) -> bytes:
    np.save(folder / "x.npy", np.ones(shape, np.float32))
    content = (folder / "x.npy").read_bytes()
    return content[: len(content) // 2]


def dying_writer(folder: Path, *, fifo: bool, many: bool) -> Iterator[str]:
    """Kill whoever writes a tensor, or a weight, in the midst of it."""
    half = _half_a_tensor(folder, (4000, 1, 5, 5) if many else (1, 400, 400))
    if many:
        _inputs(folder)
    line = ["run", "in", "--weight", "-", "-o", "out", "-q"] if many else ["run", "-", "1", "1", "1", "-o", "y.npy"]
    ends: tuple[int, ...] = ()
    reading = writing = -1
    if fifo:
        os.mkfifo(folder / "pipe.npy")
        line = [word if word != "-" else "pipe.npy" for word in line]
        process = start(folder, *line)
    else:
        reading, writing = ends = os.pipe()
        process = start(folder, *line, stdin=reading, closed=writing)
    writer = os.fork()
    if writer == 0:
        if not fifo:
            os.close(reading)
        file = os.open(folder / "pipe.npy", os.O_WRONLY) if fifo else writing
        os.write(file, half[:1000])
        os.write(file, half[1000:])
        os.kill(os.getpid(), signal.SIGKILL)
    for file in ends:
        os.close(file)
    ended = process.ended()
    os.waitpid(writer, 0)
    if ended.code != 3 or "bytes" not in ended.said:
        yield f"{ended}"
    if (folder / "y.npy").exists() or [*folder.glob("out/*.npy")]:
        yield "there is an output"
    yield from left_behind(folder)


PROGRAM = """
import os, sys, threading, time
import numpy as np
from conv2d_cli import conv2d, prepare, Conv2d
random = np.random.default_rng(0)
x = random.standard_normal((2, 16, 48, 48)).astype("f4")
w = random.standard_normal((16, 16, 3, 3)).astype("f4")
right = {threads: conv2d(x, w, threads=threads) for threads in (1, 2)}
stop = threading.Event()
def work(number):
    while not stop.is_set():
        conv2d(x, w, threads=1 + number % 2)
threads = [threading.Thread(target=work, args=(number,)) for number in range(3)]
for thread in threads: thread.start()
wrong = 0
for number in range(int(sys.argv[1])):
    time.sleep(number % 3 / 100)
    process = os.fork()
    if process == 0:
        threads_ = 1 + number % 2
        os._exit(0 if np.array_equal(conv2d(x, w, threads=threads_), right[threads_]) else 1)
    until = time.monotonic() + 20
    while not (ended := os.waitpid(process, os.WNOHANG))[0] and time.monotonic() < until: time.sleep(0.002)
    if not ended[0]:
        os.kill(process, 9); os.waitpid(process, 0)
        print("a forked process hung")
    elif ended[1]:
        print("a forked process ended with", ended[1])
stop.set()
for thread in threads: thread.join()
"""


def forks(_: Path) -> Iterator[str]:
    """Fork between threads that convolve: the new process convolves too, and does not wait for threads it has not."""
    program = [sys.executable, "-P", "-W", "ignore", "-c", PROGRAM, str(FORKS)]
    try:
        ended = subprocess.run(program, capture_output=True, text=True, timeout=PATIENCE, check=False)
    except subprocess.TimeoutExpired as late:
        yield f"it hung: {late.stdout!r}"
        return
    if ended.returncode or ended.stdout:
        yield f"{ended.returncode}: {ended.stdout}{ended.stderr}"


def kinds(seed: int, count: int) -> dict[str, Callable[[Path], Iterator[str]]]:
    """Return what is tried, by its name."""
    chance = random.Random(seed)
    return {
        **{
            f"writers-{suffix}{'-force' * force}": partial(writers, suffix, force=force, count=count)
            for suffix in SUFFIXES
            for force in (False, True)
        },
        "resumes-same": partial(resumes, same=True),
        "resumes-other": partial(resumes, same=False),
        "killed": partial(killed, chance=chance),
        "dying-writer-pipe": partial(dying_writer, fifo=False, many=False),
        "dying-writer-fifo": partial(dying_writer, fifo=True, many=False),
        "dying-writer-weight": partial(dying_writer, fifo=False, many=True),
        "forks": forks,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=500)
    parser.add_argument("--kind", action="append")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--writers", type=int, default=WRITERS)
    given = parser.parse_args()
    for module in walk_packages(conv2d_cli.__path__, "conv2d_cli."):
        if module.name != "conv2d_cli.__main__":
            import_module(module.name)
    tried = {
        name: kind for name, kind in kinds(given.seed, given.writers).items() if not given.kind or name in given.kind
    }
    counts, wrong, started = dict.fromkeys(tried, 0), 0, time.monotonic()
    for number in range(given.rounds):
        name = [*tried][number % len(tried)]
        counts[name] += 1
        with tempfile.TemporaryDirectory() as folder:
            for fault in tried[name](Path(folder)):
                wrong += 1
                print(f"{name}, round {number}: {fault}", flush=True)
    print(f"{given.rounds} rounds in {time.monotonic() - started:.0f} s, {wrong} faults")
    print(", ".join(f"{name} {count}" for name, count in counts.items()))
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
