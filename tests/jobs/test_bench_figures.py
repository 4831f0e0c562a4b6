"""Ratios' arithmetic, and how often a contender takes part."""

from __future__ import annotations

import math

import pytest

from conv2d_cli.jobs.bench import figures
from conv2d_cli.jobs.bench.job import classes_of
from conv2d_cli.jobs.bench.measure import rounds_of, timing_of
from conv2d_cli.report.bench import BenchRow


def row(layer_class: str, threads: int, accuracy: str | None, ratio: float | None) -> BenchRow:
    blank: dict[str, object] = dict.fromkeys(BenchRow._fields)
    named = {"layer_class": layer_class, "threads": threads, "accuracy": accuracy, "ratio": ratio}
    return BenchRow(**blank | named)  # type: ignore[arg-type]


def test_a_ratio_is_the_median_of_what_was_measured_in_the_same_round() -> None:
    assert figures.paired_ratio([2.0, 4.0, 9.0], [1.0, 4.0, 3.0]) == 2.0
    assert figures.paired_ratio([2.0, 4.0], [1.0]) == 2.0
    assert figures.paired_ratio([], [1.0]) is None
    assert figures.paired_ratio([1.0], []) is None


def test_the_fastest_is_chosen_round_by_round() -> None:
    assert figures.fastest_of_each_round([[3.0, 1.0, 5.0], [2.0, 4.0], []]) == [2.0, 1.0, 5.0]
    assert figures.fastest_of_each_round([]) == []


def test_spread_is_between_the_quartiles() -> None:
    assert figures.spread_percent([1.0, 2.0, 3.0, 4.0, 5.0]) == pytest.approx(200 / 3)
    assert figures.spread_percent([2.0, 2.0]) == 0
    assert figures.spread_percent([2.0]) is None


def test_the_mean_of_ratios_is_geometric() -> None:
    assert figures.geometric_mean([0.5, 2.0]) == pytest.approx(1.0)
    assert figures.geometric_mean([]) is None


def test_figures_have_four_digits() -> None:
    assert figures.significant(0.000123456) == 0.0001235
    assert figures.significant(1234567.0) == 1235000.0
    assert figures.significant(None) is None
    assert math.isnan(figures.significant(math.nan) or 0.0)


def test_a_slow_contender_takes_part_in_fewer_rounds() -> None:
    assert [rounds_of(seconds, 15) for seconds in (0.0, 0.001, 0.4, 0.5, 2.0, 60.0)] == [15, 15, 15, 12, 3, 1]


def test_several_threads_are_timed_in_blocks() -> None:
    assert timing_of(1, 15) == (0.0, 0.0, 0.006, 15)
    assert timing_of(2, 15) == (0.08, 0.05, 0.03, 5)
    assert [timing_of(4, rounds).rounds for rounds in (1, 2, 7, 30)] == [1, 2, 5, 10]


def test_classes_are_means_of_our_own_rows() -> None:
    rows = [
        row("tiny", 1, "strict", 0.5),
        row("tiny", 1, "strict", 2.0),
        row("tiny", 1, "fast", 3.0),
        row("tiny", 1, None, 9.0),
        row("tiny", 2, "strict", None),
        row("pointwise", 2, "strict", 1.23456),
    ]
    assert classes_of(rows) == (
        ("pointwise", 2, "strict", 1, 1.235),
        ("tiny", 1, "fast", 1, 3.0),
        ("tiny", 1, "strict", 2, 1.0),
    )
