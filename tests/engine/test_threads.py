from __future__ import annotations

import os
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from multiprocessing import get_context
from typing import Any

import numpy as np
import pytest
from bounds import UNITS, units_of_error
from threadpoolctl import threadpool_info

from conv2d_cli.engine.blas import blas_threads
from conv2d_cli.engine.convolution import conv2d
from conv2d_cli.engine.once import once
from conv2d_cli.engine.plan import plan_convolution
from conv2d_cli.engine.scratch import Scratch, split
from conv2d_cli.engine.threads import do_all, share_out
from conv2d_cli.layer.forward import geometry_of
from conv2d_cli.layer.model import Conv2d

Array = np.ndarray[Any, Any]


def numbers() -> list[int]:
    return [library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"]


def test_the_number_of_blas_threads_is_held_and_put_back() -> None:
    before = numbers()
    with blas_threads.held_at(1):
        assert set(numbers()) == {1}
        with blas_threads.held_at(1):
            assert set(numbers()) == {1}
        assert set(numbers()) == {1}
    assert numbers() == before
    with blas_threads.held_at(None):
        assert numbers() == before


def test_any_thread_sets_it() -> None:
    before, seen = numbers(), []

    def hold() -> None:
        with blas_threads.held_at(1):
            seen.append(numbers())

    with blas_threads.held_at(1):
        pass
    for _ in range(2):
        caller = threading.Thread(target=hold)
        caller.start()
        caller.join(10)
    assert seen == [[1] * len(before)] * 2
    assert numbers() == before


def test_it_is_put_back_after_a_fault() -> None:
    before = numbers()
    with pytest.raises(ZeroDivisionError), blas_threads.held_at(1):
        raise ZeroDivisionError
    assert numbers() == before


def test_a_call_that_needs_another_number_waits() -> None:
    order: list[str] = []
    started, release = threading.Event(), threading.Event()

    def first() -> None:
        with blas_threads.held_at(1):
            started.set()
            release.wait(10)
            order.append("first")

    def second() -> None:
        started.wait(10)
        with blas_threads.held_at(2):
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


def shared_plan() -> Any:
    layer = Conv2d(64, 64, 3, padding=1)
    plan = plan_convolution(geometry_of(layer, (1, 64, 56, 56)), threads=2)
    assert plan.workers == 2
    return plan


def test_every_job_is_done_once() -> None:
    done: list[int] = []

    def work_of(_: Scratch) -> Any:
        return done.append

    share_out(range(500), shared_plan(), work_of)
    assert sorted(done) == [*range(500)]


def test_a_fault_of_a_helper_is_raised_when_all_have_ended() -> None:
    caller, ended = threading.get_ident(), []
    all_here, first = threading.Barrier(3, timeout=10), threading.Lock()

    def work(job: int) -> None:
        all_here.wait()
        if threading.get_ident() == caller:
            return
        if first.acquire(blocking=False):
            raise ZeroDivisionError
        time.sleep(0.05)
        ended.append(job)

    with pytest.raises(ZeroDivisionError):
        do_all(range(3), [lambda: work] * 3)
    assert len(ended) == 1


@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="threads cannot be placed")
def test_helpers_and_their_caller_keep_off_each_others_processors() -> None:
    mine = os.sched_getaffinity(0)
    if len(mine) < 2:
        pytest.skip("needs two processors")
    caller, places = threading.get_ident(), {}
    both_here = threading.Barrier(2, timeout=10)

    def work(_: int) -> None:
        both_here.wait()
        places[threading.get_ident()] = os.sched_getaffinity(0)

    def places_of_both() -> tuple[set[int], set[int]]:
        places.clear()
        share_out(range(2), shared_plan(), lambda _: work)
        stayed = places.pop(caller)
        (helper,) = places.values()
        return stayed, helper

    try:
        for _ in range(2):
            here, elsewhere = places_of_both()
            assert len(here) == 1
            assert elsewhere == mine - here
            assert os.sched_getaffinity(0) == mine
            # A caller that is kept on one processor takes its helpers along.
            os.sched_setaffinity(0, {max(mine)})
            assert places_of_both() == ({max(mine)}, {max(mine)})
            assert os.sched_getaffinity(0) == {max(mine)}
            os.sched_setaffinity(0, mine)
            with pytest.raises(ZeroDivisionError):
                do_all([0, 0], [lambda: lambda number: 1 / number] * 2)
            assert os.sched_getaffinity(0) == mine
    finally:
        os.sched_setaffinity(0, mine)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_process_starts_helpers_of_its_own() -> None:
    share_out(range(2), shared_plan(), lambda _: lambda _: None)
    forked = get_context("fork").Process(target=share_out, args=(range(2), shared_plan(), lambda _: lambda _: None))
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
        with blas_threads.held_at(held):
            taken.set()
            time.sleep(0.1)
            if held == 1:
                # One that holds it already never waits for the fork.
                with blas_threads.held_at(1):
                    time.sleep(0.1)
            ended[0] = time.monotonic()

    threads = [threading.Thread(target=hold) for _ in range(2 if by == "both wait" else 1)]
    if by == "itself":
        with blas_threads.held_at(1):
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
        with blas_threads.held_at(wanted):
            seen = numbers()
        os._exit(0 if set(seen) <= {wanted} else 1)
    return process


def test_a_value_that_is_known_once_is_worked_out_once_and_without_a_lock() -> None:
    counts = [0]
    inside, goes_on = threading.Event(), threading.Event()

    class Slow:
        @once
        def value(self) -> int:
            """Wait where the first object is asked."""
            counts[0] += 1
            if counts[0] == 1:
                inside.set()
                assert goes_on.wait(30)
            return counts[0]

    first, second = Slow(), Slow()
    thread = threading.Thread(target=lambda: first.value)
    thread.start()
    inside.wait(30)
    assert (second.value, second.value) == (2, 2), "another object does not wait"
    goes_on.set()
    thread.join()
    assert counts == [2]
    assert Slow.value.__doc__ == "Wait where the first object is asked."


@pytest.mark.parametrize("failing", [0, 7, 499])
def test_a_fault_in_one_job_reaches_the_caller_and_ends_the_others(failing: int) -> None:
    done: list[int] = []

    def work(job: int) -> None:
        if job == failing:
            raise ZeroDivisionError
        done.append(job)

    with pytest.raises(ZeroDivisionError):
        share_out(range(500), shared_plan(), lambda _: work)
    assert failing not in done


def test_scratch_is_handed_out_aligned_and_apart() -> None:
    one, other = split(1000, 2)
    arrays = [
        room.take(*shape, dtype=dtype) for room in (one, other) for shape, dtype in (((3, 5), "f4"), ((7,), "f8"))
    ]
    for number, array in enumerate(arrays):
        array[...] = number
        assert array.ctypes.data % 64 == 0
    assert [set(array.reshape(-1).tolist()) for array in arrays] == [{0.0}, {1.0}, {2.0}, {3.0}]
    # What was not planned for is taken elsewhere, not from the neighbour.
    beyond = one.take(4000, dtype="f8")
    beyond[...] = 9
    assert arrays[2].max() == 2


@pytest.mark.parametrize("dtype", ["float32", "float64", "complex64"])
def test_an_image_has_the_same_bits_where_its_channels_are_shared_out(dtype: str) -> None:
    random, shapes = np.random.default_rng(3), ((3, 130, 12, 12), (256, 130, 3, 3), (256,))
    layer = Conv2d(130, 256, 3, padding=1)
    plan = plan_convolution(geometry_of(layer, shapes[0]), dtype=dtype, threads=2, algorithm="im2col")
    assert (plan.workers, plan.layout.blocks.depth) == (2, 65)

    def convolved(x: Array, threads: int = 2) -> Array:
        return conv2d(x, weight, bias, padding=1, threads=threads, algorithm="im2col")

    x, weight, bias = ((random.standard_normal(shape) * 20).astype(dtype) for shape in shapes)
    for image, out in zip(x, convolved(x), strict=True):
        assert convolved(image).tobytes() == out.tobytes()
    # Sums of small whole numbers are exact in any order.
    x, weight, bias = (random.integers(0, 9, shape).astype(dtype) for shape in shapes)
    np.testing.assert_array_equal(convolved(x), convolved(x, threads=1))


@pytest.mark.parametrize("padding_mode", ["zeros", "reflect"])
@pytest.mark.parametrize("threads", [1, 2, 3])
def test_an_image_has_the_same_bits_where_threads_share_its_tiles(threads: int, padding_mode: Any) -> None:
    random, shapes = np.random.default_rng(4), ((threads + 1, 200, 14, 13), (205, 200, 3, 3), (205,))
    layer = Conv2d(200, 205, 3, padding=1, padding_mode=padding_mode)
    options: dict[str, Any] = {"padding_mode": padding_mode, "accuracy": "fast", "algorithm": "winograd"}
    plan = plan_convolution(geometry_of(layer, (1, *shapes[0][1:])), threads=threads, **options)
    assert (plan.workers, plan.layout.blocks.channel_parts) == (threads, threads)
    x, weight, bias = (random.standard_normal(shape).astype("float32") for shape in shapes)

    def convolved(x: Array) -> Array:
        return conv2d(x, weight, bias, padding=1, threads=threads, **options)

    # One image more than threads: each has one, and the last is shared.
    together = convolved(x)
    for image, out in zip(x, together, strict=True):
        assert convolved(image).tobytes() == out.tobytes()
    padding = (1, 1, 1, 1)
    units = units_of_error(together, x, weight, bias, "fast", padding=padding, padding_mode=padding_mode)
    assert units <= UNITS
