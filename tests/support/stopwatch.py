"""Timing that lasts until the noise is small: blocks of calls of every contender in turn, medians of the blocks."""

from __future__ import annotations

import statistics
import time
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

# Where the fastest is below this, timer and machine disturb every call: the best of many is what a call takes.
_SHORT = 60e-6
_BLOCK_SECONDS = 0.02


class _Block(NamedTuple):
    """The seconds of one call: the median of a block of them, and the best."""

    median: float
    best: float


class Stopwatch:
    """Contenders that are called once or twice each to begin with, then timed in as many rounds as are asked for.

    Before each has its turn so many seconds pass: threads of BLAS spin for a while after a product, in the others' way.
    """

    def __init__(self, contenders: Mapping[str, Callable[[], object]], pause: float = 0.0) -> None:
        self._contenders, self._pause = dict(contenders), pause
        self.first = {}
        for name, contender in contenders.items():
            time.sleep(pause)
            self.first[name] = _first(contender)
        self._blocks: dict[str, list[_Block]] = {name: [] for name in contenders}

    def drop(self, times_slower: float, *, but: str) -> None:
        """Time no more who was so many times slower than the fastest when first called."""
        limit = min(self.first.values()) * times_slower
        self._contenders = {
            name: contender for name, contender in self._contenders.items() if name == but or self.first[name] <= limit
        }

    def run(self, rounds: int, block_seconds: float = _BLOCK_SECONDS) -> dict[str, float]:
        """Time so many rounds more and return the seconds of one call by all rounds so far."""
        for _ in range(rounds):
            for name, contender in self._contenders.items():
                time.sleep(self._pause)
                self._blocks[name].append(_block(contender, int(block_seconds / self.first[name]) + 1))
        seconds = {name: statistics.median(block.median for block in self._blocks[name]) for name in self._contenders}
        if min(seconds.values()) < _SHORT:
            return {name: min(block.best for block in self._blocks[name]) for name in seconds}
        return seconds


def _first(contender: Callable[[], object]) -> float:
    """Return the seconds of a call, of the better of two where it is short: the very first also loads and allocates."""
    best = _block(contender, 1).best
    return best if best > _BLOCK_SECONDS else min(best, _block(contender, 2).best)


def _block(contender: Callable[[], object], calls: int) -> _Block:
    seconds = []
    for _ in range(calls):
        started = time.perf_counter()
        contender()
        seconds.append(time.perf_counter() - started)
    return _Block(statistics.median(seconds), min(seconds))
