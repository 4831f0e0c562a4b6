from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from blas_numbers import blas_threads as numbers

from conv2d_cli.backends.api import conv2d
from conv2d_cli.engine.runtime.convolutions import convolutions
from conv2d_cli.engine.runtime.threads import do_all
from conv2d_cli.engine.runtime.workspace import ALIGNMENT, allocate, shaped

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def held_at(number: int | None) -> Iterator[None]:
    """Convolve, as far as others see, with so many threads of BLAS."""
    token = object()
    convolutions.enter(token, number)
    try:
        yield
    finally:
        convolutions.leave(token)


def test_the_number_of_blas_threads_is_held_and_put_back() -> None:
    before = numbers()
    with held_at(1):
        assert set(numbers()) == {1}
        with held_at(1):
            assert set(numbers()) == {1}
        assert set(numbers()) == {1}
    assert numbers() == before
    with held_at(None):
        assert numbers() == before


def test_any_thread_sets_it() -> None:
    before, seen = numbers(), []

    def hold() -> None:
        with held_at(1):
            seen.append(numbers())

    with held_at(1):
        pass
    for _ in range(2):
        caller = threading.Thread(target=hold)
        caller.start()
        caller.join(10)
    assert seen == [[1] * len(before)] * 2
    assert numbers() == before


def test_it_is_put_back_after_a_fault() -> None:
    before = numbers()
    with pytest.raises(ZeroDivisionError), held_at(1):
        raise ZeroDivisionError
    assert numbers() == before


def test_a_call_that_needs_another_number_waits() -> None:
    order: list[str] = []
    started, release = threading.Event(), threading.Event()

    def first() -> None:
        with held_at(1):
            started.set()
            release.wait(10)
            order.append("first")

    def second() -> None:
        started.wait(10)
        with held_at(2):
            order.append("second")

    callers = [threading.Thread(target=first), threading.Thread(target=second)]
    for caller in callers:
        caller.start()
    started.wait(10)
    release.set()
    for caller in callers:
        caller.join(10)
    assert order == ["first", "second"]


def test_calls_from_several_threads_give_the_bits_of_each_alone() -> None:
    random = np.random.default_rng(5)
    shapes = (1, 32, 40, 40), (32, 32, 3, 3)
    operands = [tuple(random.standard_normal(shape).astype("f4") for shape in shapes) for _ in range(6)]

    def call(index: int) -> bytes:
        x, weight = operands[index]
        accuracy: Any = ("strict", "fast")[index % 3 == 0]
        return conv2d(x, weight, padding=1, threads=1 + index % 2, accuracy=accuracy).tobytes()

    before, alone = numbers(), [call(index) for index in range(6)]
    with ThreadPoolExecutor(6) as pool:
        assert list(pool.map(call, [*range(6)] * 5)) == alone * 5
    assert numbers() == before


@pytest.mark.parametrize("threads", [1, 2, 5])
@pytest.mark.parametrize("count", [0, 1, 3, 500])
def test_every_item_is_done_once(count: int, threads: int) -> None:
    done: list[int] = []
    do_all(range(count), [lambda: done.append] * threads)
    assert sorted(done) == [*range(count)]


def test_a_fault_of_a_helper_is_raised_when_all_have_ended() -> None:
    caller, ended = threading.get_ident(), []
    all_here, first = threading.Barrier(3, timeout=10), threading.Lock()

    def work(item: int) -> None:
        all_here.wait()
        if threading.get_ident() == caller:
            return
        if first.acquire(blocking=False):
            raise ZeroDivisionError
        time.sleep(0.05)
        ended.append(item)

    with pytest.raises(ZeroDivisionError):
        do_all(range(3), [lambda: work] * 3)
    assert len(ended) == 1


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_process_starts_helpers_of_its_own() -> None:
    # Each item waits until the other has begun, which one thread alone never sees.
    def both_at_once() -> None:
        barrier = threading.Barrier(2)
        do_all(range(2), [lambda: lambda _: barrier.wait(5)] * 2)

    both_at_once()
    forked = get_context("fork").Process(target=both_at_once)
    forked.start()
    forked.join(10)
    assert forked.exitcode == 0


@pytest.mark.skipif(not hasattr(os, "fork"), reason="a fork of this very process")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("held", [1, 2])
@pytest.mark.parametrize("wanted", [1, 2])
@pytest.mark.parametrize("by", ["another", "itself", "both wait"])
def test_a_fork_waits_for_the_products_of_other_threads(held: int, wanted: int, by: str) -> None:
    before, ended = numbers(), [0.0]
    taken = threading.Event()

    def hold() -> None:
        with held_at(held):
            taken.set()
            time.sleep(0.1)
            ended[0] = time.monotonic()

    threads = [threading.Thread(target=hold) for _ in range(2 if by == "both wait" else 1)]
    if by == "itself":
        with held_at(1):
            process = _forked(1)
    else:
        for thread in threads:
            thread.start()
        taken.wait(30)
        process = _forked(wanted)
        assert time.monotonic() > ended[0] > 0
        for thread in threads:
            thread.join()
    _, status = os.waitpid(process, 0)
    assert status == 0
    assert numbers() == before


def _forked(wanted: int) -> int:
    """Fork a process that takes a number."""
    process = os.fork()
    if process == 0:
        # One that hangs is ended by the alarm, and has no exit code then.
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.alarm(20)
        with held_at(wanted):
            seen = numbers()
        os._exit(0 if set(seen) <= {wanted} else 1)
    return process


NESTED = """
import os, threading, time
from conv2d_cli.engine.runtime.convolutions import convolutions

def convolve():
    convolutions.enter("outer", 1)
    started.set()
    time.sleep(0.2)
    convolutions.enter("inner", 1)
    convolutions.leave("inner")
    convolutions.leave("outer")

started = threading.Event()
thread = threading.Thread(target=convolve, daemon=True)
thread.start()
started.wait()
process = os.fork()
if process:
    os.waitpid(process, 0)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_thread_that_convolves_never_waits_for_a_fork_that_waits_for_it() -> None:
    subprocess.run([sys.executable, "-P", "-W", "ignore", "-c", NESTED], check=True, timeout=10)


@pytest.mark.parametrize("failing", [0, 7, 499])
def test_a_fault_in_one_item_reaches_the_caller_and_ends_the_others(failing: int) -> None:
    done: list[int] = []

    def work(item: int) -> None:
        if item == failing:
            raise ZeroDivisionError
        done.append(item)

    with pytest.raises(ZeroDivisionError):
        do_all(range(500), [lambda: work] * 2)
    assert failing not in done


def test_a_workspace_is_handed_out_aligned_and_apart() -> None:
    one, other = allocate(1000, 2)
    arrays = [
        workspace.take(*shape, dtype=dtype)
        for workspace in (one, other)
        for shape, dtype in (((3, 5), "f4"), ((7,), "f8"))
    ]
    for number, array in enumerate(arrays):
        array[...] = number
        assert array.ctypes.data % ALIGNMENT == 0
    assert [set(array.reshape(-1).tolist()) for array in arrays] == [{0.0}, {1.0}, {2.0}, {3.0}]
    # What was not planned for is taken elsewhere, not from the neighbour.
    beyond = one.take(4000, dtype="f8")
    beyond[...] = 9
    assert arrays[2].max() == 2


def test_a_flat_buffer_has_the_shape_of_its_start() -> None:
    buffer = np.arange(10)
    assert shaped(buffer, 2, 3).tolist() == [[0, 1, 2], [3, 4, 5]]
    assert np.shares_memory(shaped(buffer, 5, 2), buffer)


def test_a_fork_does_not_wait_for_ever_for_a_thread_that_sets_the_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("conv2d_cli.engine.runtime.convolutions._MOST_WAIT", 0.05)
    convolutions._lock.acquire()
    convolutions.before_fork()
    convolutions.after_fork()
    assert not convolutions._lock.locked()
