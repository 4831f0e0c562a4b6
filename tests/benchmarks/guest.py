"""A guest in its process: shared layers, Ctrl-C at any moment, forks beside convolving threads, threads that stay.

python tests/benchmarks/guest.py [--seconds 20] [--interrupts 10000] [--forks 200]
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import sys
import threading
import time
from functools import partial
from itertools import cycle
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))

from markdown import print_verdict

from conv2d_cli import Conv2d, conv2d, prepare
from conv2d_cli.engine.runtime.blas import libraries

if TYPE_CHECKING:
    from collections.abc import Callable

    from conv2d_cli import PreparedConv2d
    from conv2d_cli.numpy_dtypes import Array

# Seconds after which a process that should have ended hangs.
PATIENCE = 20.0
DRAW = np.random.default_rng(0)


def small_integers(*shape: int) -> Array:
    return DRAW.integers(-4, 5, shape).astype(np.float32)


def shared(seconds: float) -> list[str]:
    """Return the faults of eight threads that share a prepared layer over twelve shapes."""
    weight, bias = small_integers(16, 16, 3, 3), small_integers(16)
    faults: list[str] = []
    for accuracy, threads in (("strict", 1), ("fast", 2)):
        layer = prepare(Conv2d(16, 16, 3, padding=1), weight, bias, accuracy=accuracy, threads=threads)  # type: ignore[arg-type]
        inputs = [small_integers(1, 16, 6 + 5 * number, 9 + 4 * number) for number in range(12)]
        expected = [conv2d(x, weight, bias, padding=1, threads=1) for x in inputs]
        work = partial(_call_in_turn, layer, inputs, expected, time.monotonic() + seconds / 2, faults)
        workers = [threading.Thread(target=work, args=(number,)) for number in range(8)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
    return faults


def _call_in_turn(
    layer: PreparedConv2d, inputs: list[Array], expected: list[Array], end: float, faults: list[str], first: int
) -> None:
    for number in cycle((*range(first, len(inputs)), *range(first))):
        if time.monotonic() > end or faults:
            return
        try:
            if not np.array_equal(layer(inputs[number]), expected[number]):
                faults.append(f"shape {number} differs")
        except Exception as fault:  # noqa: BLE001 - reported
            faults.append(repr(fault))


def interrupted(count: int) -> list[str]:
    """Return the faults after Ctrl-C at random moments of calls on one thread and on two."""
    faults: list[str] = []
    cases: list[tuple[Callable[[], Array], Array]] = []
    for shape, filters in (((1, 16, 8, 8), 16), ((2, 64, 40, 40), 64), ((1, 32, 96, 96), 32)):
        x, weight = small_integers(*shape), small_integers(filters, shape[1], 3, 3)
        for threads in (1, 2):
            layer = prepare(Conv2d(shape[1], filters, 3, padding=1, bias=False), weight, threads=threads)
            expected = layer(x)
            cases.append((partial(layer, x), expected))
            cases.append((partial(conv2d, x, weight, padding=1, threads=threads), expected))
    before, places = [library.read() for library in libraries()], os.sched_getaffinity(0)
    signal.signal(signal.SIGALRM, signal.default_int_handler)
    durations = {number: _seconds(call) for number, (call, _) in enumerate(cases)}
    hit = 0
    for number in range(count):
        which = number % len(cases)
        call, expected = cases[which]
        try:
            signal.setitimer(signal.ITIMER_REAL, max(1e-6, random.random() * durations[which] * 1.1))
            call()
            call()
            signal.setitimer(signal.ITIMER_REAL, 0)
        except KeyboardInterrupt:
            hit += 1
        try:
            signal.setitimer(signal.ITIMER_REAL, 0)
        except KeyboardInterrupt:
            hit += 1
        if [library.read() for library in libraries()] != before:
            faults.append(f"{number}: BLAS has {[library.read() for library in libraries()]} threads, not {before}")
        if os.sched_getaffinity(0) != places:
            faults.append(f"{number}: the thread was moved")
        if not np.array_equal(call(), expected):
            faults.append(f"{number}: the next call is wrong")
        if len(faults) > 5:
            break
    print(f"{hit} of {count} signals came during a call", flush=True)
    return faults


def _seconds(call: Callable[[], object]) -> float:
    started = time.perf_counter()
    for _ in range(5):
        call()
    return (time.perf_counter() - started) / 5


def forked(count: int) -> list[str]:
    """Return the faults of processes that are forked while threads convolve."""
    faults: list[str] = []
    x, weight = small_integers(1, 32, 48, 48), small_integers(32, 32, 3, 3)
    tiny, tiny_weight = small_integers(1, 16, 8, 8), small_integers(16, 16, 3, 3)
    expected = [conv2d(x, weight, threads=2), conv2d(tiny, tiny_weight, threads=1)]
    ended = threading.Event()

    def work(threads: int) -> None:
        while not ended.is_set():
            conv2d(x, weight, threads=threads)
            for _ in range(20):
                conv2d(tiny, tiny_weight, threads=1)

    workers = [threading.Thread(target=work, args=(threads,)) for threads in (1, 2, 2)]
    for worker in workers:
        worker.start()
    for number in range(count):
        child = os.fork()
        if child == 0:
            got = [conv2d(x, weight, threads=2), conv2d(tiny, tiny_weight, threads=1)]
            os._exit(0 if all(map(np.array_equal, got, expected)) else 1)
        fault = _fault_of(child)
        if fault:
            faults.append(f"fork {number} {fault}")
        if len(faults) > 5:
            break
    ended.set()
    for worker in workers:
        worker.join()
    return faults


def _fault_of(child: int) -> str | None:
    """Wait for a process; return what is wrong with its end."""
    end = time.monotonic() + PATIENCE
    while (done := os.waitpid(child, os.WNOHANG))[0] == 0 and time.monotonic() < end:
        time.sleep(0.002)
    if done[0] == 0:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        return "hangs"
    return f"ends with {done[1]}" if done[1] else None


def threads_left(most: int) -> list[str]:
    """Return a fault if more threads stay than the largest number asked for."""
    x, weight = small_integers(4, 32, 64, 64), small_integers(32, 32, 3, 3)
    for threads in (*range(1, most + 1), *range(most, 0, -7)):
        conv2d(x, weight, threads=threads)
    time.sleep(0.2)
    ours = len(list(Path("/proc/self/task").iterdir()))
    print(f"{ours} threads stay, the largest number asked for was {most}", flush=True)
    return [f"{ours} threads stay"] if ours > most + max(library.read() or 1 for library in libraries()) - 1 else []


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--interrupts", type=int, default=10_000)
    parser.add_argument("--forks", type=int, default=200)
    given = parser.parse_args()
    sys.setswitchinterval(1e-5)
    faults = shared(given.seconds)
    print_verdict(f"eight threads share a layer {faults[:3]}", holds=not faults)
    sys.setswitchinterval(0.005)
    faults = interrupted(given.interrupts)
    print_verdict(f"Ctrl-C leaves nothing behind {faults[:3]}", holds=not faults)
    faults = forked(given.forks)
    print_verdict(f"forks beside threads {faults[:3]}", holds=not faults)
    faults = threads_left(64)
    print_verdict(f"threads that stay {faults}", holds=not faults)


if __name__ == "__main__":
    main()
