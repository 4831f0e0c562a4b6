"""The loop of a worker: one JSON question a line on stdin, one JSON answer a line on what was stdout.

python -m conv2d_cli.jobs.bench.workers.main MODULE THREADS ENGINE
"""

from __future__ import annotations

import json
import os
import statistics
import sys
from importlib import import_module
from time import perf_counter
from typing import TYPE_CHECKING, Any

from conv2d_cli.jobs.bench.workers.asked import Asked
from conv2d_cli.jobs.bench.workers.problem import Problem, error_units

if TYPE_CHECKING:
    from collections.abc import Callable

_MOST_WARM_SECONDS = 0.3


class Server:
    """Answers questions about one engine on one number of threads."""

    def __init__(self, module: str, threads: int, engine: str) -> None:
        """Load the worker's file; `engine` is as in `Asked`."""
        self._worker = import_module(module)
        self._threads, self._engine = threads, engine
        self._problem: tuple[object, Problem] | None = None
        self._calls: dict[str | None, Callable[[], Any]] = {}

    def answer(self, question: dict[str, Any]) -> dict[str, Any]:
        """Return the answer; what the engine cannot do is answered with `failure`."""
        do = question.pop("do")
        try:
            answer: dict[str, Any] = getattr(self, f"_{do}")(**question)
        except Exception as error:  # noqa: BLE001 - whatever a peer raises is told and not a fault of ours
            text = str(error).strip().split("\n")[0]
            return {"failure": text or type(error).__name__}
        return answer

    def _describe(self) -> dict[str, Any]:
        described: dict[str, Any] = self._worker.describe(self._threads, self._engine)
        return described

    def _plan_by(self, costs: list[Any]) -> dict[str, Any]:
        """Take a table of costs, which only our engine does."""
        self._worker.plan_by(costs)
        return {}

    def _peak(self, dtype: str) -> dict[str, Any]:
        return {"gflops": self._worker.peak_gflops(dtype)}

    def _prepare(
        self,
        layer: dict[str, Any],
        input_shape: list[int],
        seed: int,
        accuracy: str | None,
        algorithm: str | None,
        *,
        is_prepared: bool,
    ) -> dict[str, Any]:
        """Make a call, judge its output and tell how long it takes about."""
        key = [layer, input_shape, seed]
        if self._problem is None or self._problem[0] != key:
            self._calls.clear()
            self._problem = (key, Problem(layer, input_shape, seed))
        problem = self._problem[1]
        asked = Asked(self._threads, self._engine, accuracy, algorithm, is_prepared)
        call, used, engine = self._worker.prepare(problem, asked)
        started = perf_counter()
        output = call()
        seconds = perf_counter() - started
        units = error_units(problem, self._worker.array_of(output))
        del output
        if seconds < _MOST_WARM_SECONDS:
            seconds = _seconds_of(call)
        self._calls[accuracy] = call
        return {"algorithm": used, "carried_out_by": engine, "error_units": units, "seconds": seconds}

    def _time(self, accuracy: str | None, warm_up: float | None, timed: float) -> dict[str, Any]:
        """Return the median seconds of calls that last `timed` together, after others of `warm_up` seconds."""
        call = self._calls[accuracy]
        if warm_up is not None:
            _calls_for(warm_up, call)
        times = _calls_for(timed, call)
        return {"seconds": statistics.median(times), "calls": len(times)}


def _calls_for(seconds: float, call: Callable[[], Any]) -> list[float]:
    """Return the seconds of each of the calls that last so long together: one at least."""
    times: list[float] = []
    end = perf_counter() + seconds
    while True:
        times.append(_seconds_of(call))
        if perf_counter() >= end:
            return times


def _seconds_of(call: Callable[[], Any]) -> float:
    started = perf_counter()
    output = call()
    seconds = perf_counter() - started
    # Each call has a fresh output; giving it back is no part of the call.
    del output
    return seconds


def main() -> None:
    """Answer until stdin ends; what libraries print goes to stderr."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    server = Server(sys.argv[1], int(sys.argv[2]), sys.argv[3])
    for line in sys.stdin:
        answers.write(json.dumps(server.answer(json.loads(line))) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
