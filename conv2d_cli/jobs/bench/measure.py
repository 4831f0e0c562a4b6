"""The protocol of measuring: contenders take turns in every round, warm, with a pause after each.

On one thread a round is one call after a warm one. On several, a round is a block: calls for 80 ms, until the threads
are awake and in place, then the median of the calls of 50 ms. Threads spin for a while after a call: the pause lets
them come to rest, for the next contender needs their processor.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from conv2d_cli.jobs.bench.worker import Worker, WorkerError

if TYPE_CHECKING:
    from collections.abc import Sequence

# A call of this length needs no warm one before it.
_LONG_SECONDS = 0.3
# What the rounds of one contender may take together; a slow one takes part in fewer.
_MOST_SECONDS = 6.0
_LEAST_BLOCKS = 5
_ROUNDS_PER_BLOCK = 3


class Timing(NamedTuple):
    """How a round is timed: seconds of warm-up calls, seconds of timed calls (at least one each), and the pause."""

    warm_up: float
    timed: float
    pause: float
    rounds: int


@dataclass
class Contender:
    """An engine at one accuracy in one process; `failure` says why there are no samples, or no more."""

    engine: str
    version: str | None
    accuracy: str | None
    worker: Worker | None
    failure: str | None = None
    algorithm: str | None = None
    carried_out_by: str | None = None
    error_units: float | None = None
    call_seconds: float = 0.0
    samples: list[float] = field(default_factory=list)

    def ask(self, do: str, **about: object) -> dict[str, object]:
        """Ask the worker about this accuracy; a failure is kept and the answer is empty."""
        if self.worker is None or self.failure is not None:
            return {}
        try:
            return self.worker.ask(do, accuracy=self.accuracy, **about)
        except WorkerError as error:
            self.failure = str(error)
            return {}


def timing_of(threads: int, rounds: int) -> Timing:
    """Return how a number of rounds is timed on a number of threads."""
    if threads == 1:
        return Timing(0.0, 0.0, 0.006, rounds)
    return Timing(0.08, 0.05, 0.03, min(rounds, max(_LEAST_BLOCKS, rounds // _ROUNDS_PER_BLOCK)))


def rounds_of(call_seconds: float, rounds: int) -> int:
    """Return the number of rounds of a contender whose call takes this long."""
    return rounds if call_seconds <= 0 else max(1, min(rounds, int(_MOST_SECONDS / call_seconds)))


def take_turns(contenders: Sequence[Contender], timing: Timing) -> None:
    """Time every contender in every round."""
    for number in range(timing.rounds):
        for contender in contenders:
            if contender.failure is None and number < rounds_of(contender.call_seconds, timing.rounds):
                _take_turn(contender, timing)


def _take_turn(contender: Contender, timing: Timing) -> None:
    warm_up = None if contender.call_seconds > _LONG_SECONDS else timing.warm_up
    answer = contender.ask("time", warm_up=warm_up, timed=timing.timed)
    if answer:
        contender.samples.append(float(str(answer["seconds"])))
    time.sleep(timing.pause)
