"""The arithmetic of measurements: medians, spread, ratios of what was measured in the same round, means of ratios."""

from __future__ import annotations

import math
import statistics
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_DIGITS = 4
_LEAST_FOR_SPREAD = 2


def significant(value: float | None) -> float | None:
    """Return a figure with the digits that a measurement can have; None stays None."""
    return None if value is None else float(f"{value:.{_DIGITS}g}")


def spread_percent(samples: Sequence[float]) -> float | None:
    """Return the distance between the quartiles in percent of the median; None for a single sample."""
    if len(samples) < _LEAST_FOR_SPREAD:
        return None
    low, middle, high = statistics.quantiles(samples, n=4, method="inclusive")
    return (high - low) / middle * 100


def fastest_of_each_round(contenders: Iterable[Sequence[float]]) -> list[float]:
    """Return the least seconds of each round; a contender may have taken part in the first rounds only."""
    samples = [*contenders]
    rounds = max(map(len, samples), default=0)
    return [min(times[number] for times in samples if number < len(times)) for number in range(rounds)]


def paired_ratio(peer: Sequence[float], own: Sequence[float]) -> float | None:
    """Return the median over the rounds of `peer / own`, above 1 where own is the faster; None without a pair."""
    ratios = [one / other for one, other in zip(peer, own, strict=False)]
    return statistics.median(ratios) if ratios else None


def geometric_mean(ratios: Iterable[float]) -> float | None:
    """Return the geometric mean; None of nothing."""
    logarithms = [math.log(ratio) for ratio in ratios]
    return math.exp(math.fsum(logarithms) / len(logarithms)) if logarithms else None
