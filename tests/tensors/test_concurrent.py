"""Requests side by side: each item once, never more at a time than are allowed, and a fault waits for nobody."""

from __future__ import annotations

import subprocess
import sys
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conv2d_cli.tensors.concurrent import sent_side_by_side, side_by_side


@given(st.integers(0, 40), st.integers(1, 7))
def test_each_item_is_done_once_and_no_more_at_a_time_than_allowed(count: int, most: int) -> None:
    done, under_way, seen, lock = list[int](), 0, 0, threading.Lock()

    def do(item: int) -> None:
        nonlocal under_way, seen
        with lock:
            under_way += 1
            seen = max(seen, under_way)
        with lock:
            under_way -= 1
            done.append(item)

    side_by_side(do, iter(range(count)), most)
    assert sorted(done) == [*range(count)]
    assert seen <= most


def test_they_are_under_way_together() -> None:
    together = threading.Barrier(4)
    side_by_side(lambda _: together.wait(20), range(8), 4)


def test_large_contents_are_fewer_at_a_time() -> None:
    content, lock, under_way, seen = memoryview(bytes(40 << 20)), threading.Lock(), 0, 0

    def send(_: object) -> None:
        nonlocal under_way, seen
        with lock:
            under_way += 1
            seen = max(seen, under_way)
        with lock:
            under_way -= 1

    sent_side_by_side(send, ((str(number), content) for number in range(5)), 16)
    assert seen == 1


def test_the_first_fault_ends_it_and_the_process() -> None:
    """What hangs is waited for neither by the caller nor by the interpreter."""
    code = (
        "import threading\nfrom conv2d_cli.tensors.concurrent import side_by_side\n"
        "def do(item):\n    threading.Event().wait() if item < 3 else 1 // 0\n"
        "try:\n    side_by_side(do, range(9), 4)\nexcept ZeroDivisionError:\n    print('told')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout == "told\n"


def test_a_fault_of_what_yields_the_items_is_raised() -> None:
    with pytest.raises(ZeroDivisionError):
        side_by_side(lambda _: None, (1 // (2 - number) for number in range(5)), 3)
