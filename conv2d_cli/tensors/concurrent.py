"""Requests side by side: those that wait for a network cost little, and one after the other they cost hours."""

from __future__ import annotations

import threading
from itertools import chain, islice
from queue import SimpleQueue
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from conv2d_cli.tensors.stores import Content

# What is under way at a time takes no more memory than this, unless one alone does.
_BYTES = 64 << 20

Given = TypeVar("Given")


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
        side_by_side(send, chain([first], left), at_once(most, len(first[1])))


def side_by_side(function: Callable[[Given], object], items: Iterable[Given], most: int) -> None:
    """Call a function with each of the items, `most` of them at a time, in threads.

    The first fault ends it, as a signal does: what is under way then is not waited for, not even when the process ends
    (which is why these are no threads of `concurrent.futures`), for it may hang.
    """
    left = iter(items)
    start = [*islice(left, 2)]
    if len(start) < 2 or most == 1:  # noqa: PLR2004 - one needs no thread
        for item in chain(start, left):
            function(item)
        return
    given, ended = SimpleQueue[Given | None](), SimpleQueue[BaseException | None]()
    threads = under_way = 0
    try:
        for item in chain(start, left):
            if under_way == most:
                _raise(ended.get())
                under_way -= 1
            elif threads == under_way:
                threading.Thread(target=_work, args=(function, given, ended), daemon=True).start()
                threads += 1
            given.put(item)
            under_way += 1
        for _ in range(under_way):
            _raise(ended.get())
    finally:
        for _ in range(threads):
            given.put(None)


def uninterrupted(function: Callable[[Given], object], item: Given) -> None:
    """Call a function in a thread where no signal ends it halfway: the caller alone is interrupted.

    A request whose caller was interrupted is still sent, by the thread of its library, and nobody knows when it ends.
    """
    if threading.current_thread() is not threading.main_thread():
        function(item)
        return
    given, ended = SimpleQueue[Given | None](), SimpleQueue[BaseException | None]()
    given.put(item)
    given.put(None)
    threading.Thread(target=_work, args=(function, given, ended), daemon=True).start()
    _raise(ended.get())


def _work(
    function: Callable[[Given], object], given: SimpleQueue[Given | None], ended: SimpleQueue[BaseException | None]
) -> None:
    while (item := given.get()) is not None:
        try:
            function(item)
        except BaseException as error:  # noqa: BLE001 - raised where it is waited for
            ended.put(error)
        else:
            ended.put(None)
        # Not held until the next one comes.
        del item


def _raise(error: BaseException | None) -> None:
    if error is not None:
        raise error
