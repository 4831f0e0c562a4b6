"""Requests side by side: those that wait for a network cost little, and one after the other they cost hours."""

from __future__ import annotations

from collections import deque
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from concurrent.futures import Future

    from conv2d_cli.tensors.stores import Content

# What is under way at a time takes no more memory than this, unless one alone does.
_BYTES = 64 << 20

Given = TypeVar("Given")
Result = TypeVar("Result")


def at_once(requests: int, bytes_each: int) -> int:
    """Return how many requests may be under way at a time where each takes so much memory.

    >>> at_once(16, 1 << 10), at_once(16, 24 << 20), at_once(16, 1 << 30), at_once(1, 0)
    (16, 2, 1, 1)
    """
    return max(1, min(requests, _BYTES // max(1, bytes_each)))


def sent_side_by_side(
    send: Callable[[tuple[str, Content]], object], contents: Iterable[tuple[str, Content]], most: int
) -> None:
    """Send contents of about one size under their names, so many at a time as there is memory for their copies."""
    left = iter(contents)
    first = next(left, None)
    if first is not None:
        for _ in side_by_side(send, chain([first], left), at_once(most, len(first[1]))):
            pass


def side_by_side(function: Callable[[Given], Result], items: Iterable[Given], most: int) -> Iterator[Result]:
    """Yield the results of a function in the order of its items, of which `most` are under way at a time.

    Where the caller goes no further, be it for a signal, nothing is begun any more, and nothing is waited for.
    """
    waiting: deque[Future[Result]] = deque()
    left = iter(items)
    first = next(left, None)
    if first is None:
        return
    second = next(left, None)
    if second is None:
        yield function(first)
        return
    pool = ThreadPoolExecutor(most)
    try:
        waiting += (pool.submit(function, first), pool.submit(function, second))
        while waiting:
            while len(waiting) < most and (item := next(left, None)) is not None:
                waiting.append(pool.submit(function, item))
            yield waiting.popleft().result()
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
