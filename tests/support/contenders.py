"""Engines that are timed in processes of their own, which take turns."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Sequence

    from timed_layers import Layer

_WORKER = Path(__file__).with_name("timed_process.py")
_BLOCK_SECONDS = 0.01
# With several threads, seconds until those of another contender sleep.
_PAUSE = 0.005


class Contender:
    """A process that times one engine: a kind of `timed_process.py`, by this Python or by another."""

    def __init__(self, name: str, kind: str, threads: int, python: str = sys.executable) -> None:
        self.name = name
        number = str(threads)
        held = {"OMP_NUM_THREADS": number, "OPENBLAS_NUM_THREADS": number, "OPENBLAS_THREAD_TIMEOUT": "22"}
        self._process = subprocess.Popen(
            [python, str(_WORKER), kind, number],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=os.environ | held,
            text=True,
        )

    def ask(self, **question: Any) -> float:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(question) + "\n")
        self._process.stdin.flush()
        return float(json.loads(self._process.stdout.readline()))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()


def seconds_of(
    contenders: Sequence[Contender], layer: Layer, *, accuracy: str, rounds: int, threads: int
) -> list[float]:
    """Return the seconds of one call of each: the median of the rounds, of each the median of its calls."""
    asked = layer.arguments | {
        "input_shape": layer.input_shape,
        "weight_shape": layer.weight_shape,
        "accuracy": accuracy,
    }
    calls = [1 + int(_BLOCK_SECONDS / one.ask(layer=asked)) for one in contenders]
    turns = list(enumerate(contenders))
    seconds: list[list[float]] = [[] for _ in contenders]
    for number in range(rounds):
        # In another order each time: who comes after a large one finds other caches.
        for place, one in turns if number % 2 else reversed(turns):
            time.sleep(_PAUSE if threads > 1 else 0)
            seconds[place].append(one.ask(calls=calls[place]))
    return [*map(statistics.median, seconds)]
