"""Axes of plots: where values lie, ticks that are round and exact, and classes of colours."""

from __future__ import annotations

import math
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from plotted import PLOTS, made_up, plot

from conv2d_cli.render.drawing.plot_classes import (
    MOST_CLASSES,
    classes_of,
    color_label,
    intervals_of,
    is_continuous,
    staircase,
    summary,
)
from conv2d_cli.render.drawing.plot_scale import scale_of
from conv2d_cli.render.drawing.plot_ticks import label_of, ticks_of
from conv2d_cli.report.plot import front_of, unit_of

PREFIXES: dict[str, int] = {"": 1} | {prefix: 1000**power for power, prefix in enumerate("kMGTPEZYRQ", 1)}
PREFIXES |= {f"{prefix}iB": 1024**power for power, prefix in enumerate("KMGTPEZY", 1)} | {"B": 1}
integers = st.one_of(st.integers(0, 50), st.integers(0, 10**6), st.integers(0, 10**12), st.integers(0, 10**60))
floats = st.floats(1e-3, 1e9)
values = st.one_of(st.lists(integers, min_size=1, max_size=8), st.lists(floats, min_size=1, max_size=8))
units = st.sampled_from(["", "bytes", "multiply-adds"])


def read(label: str) -> Fraction:
    """Return the number that a label says."""
    digits, _, prefix = label.replace(",", "").partition(" ")
    return Fraction(digits) * PREFIXES[prefix]


@given(values)
def test_positions_keep_the_order_and_fill_the_axis(drawn: list[int | float]) -> None:
    scale = scale_of(drawn)
    places = [scale.position(value) for value in sorted(set(drawn))]
    assert all(0 <= place <= 1 for place in places)
    assert places == sorted(places)
    if len(places) > 1:
        assert places[0] == 0
        assert places[-1] == pytest.approx(1)
    else:
        assert places == [0.5]


@given(values)
def test_more_than_two_decades_are_shown_by_logarithms(drawn: list[int | float]) -> None:
    above = [value for value in drawn if value > 0]
    assert scale_of(drawn).is_log == (bool(above) and max(drawn) > 100 * min(above))


@given(values, units, st.integers(2, 8))
def test_ticks_are_few_exact_and_on_the_axis(drawn: list[int | float], unit: str, most: int) -> None:
    scale = scale_of(drawn)
    ticks = ticks_of(scale, unit, most)
    assert 1 <= len(ticks) <= most + 1
    assert [tick.value for tick in ticks] == sorted({tick.value for tick in ticks})
    labels = [tick.label for tick in ticks]
    assert len({*labels}) == len(labels)
    for tick in ticks:
        assert scale.least <= tick.value <= scale.most
        assert tick.position == scale.position(tick.value)
        if isinstance(tick.value, int):
            assert read(tick.label) == tick.value
        else:
            assert float(read(tick.label)) == pytest.approx(tick.value, rel=1e-5)


@given(st.lists(integers, min_size=2, max_size=8), units)
def test_labels_fit_in_the_characters_there_are_unless_a_single_one_does_not(drawn: list[int], unit: str) -> None:
    ticks = ticks_of(scale_of(drawn), unit, 6, 40)
    assert len(ticks) == 1 or sum(len(tick.label) + 2 for tick in ticks) <= 40


@given(st.integers(0, 10**60), units)
def test_a_label_is_the_very_number(number: int, unit: str) -> None:
    assert read(label_of(number, unit)) == number


def test_ticks_of_bytes_are_powers_of_two_and_of_counts_round_numbers() -> None:
    def labels(unit: str, *ends: int) -> list[str]:
        return [tick.label for tick in ticks_of(scale_of(ends), unit, 6)]

    assert labels("bytes", 0, 5 << 20) == ["0 B", "1 MiB", "2 MiB", "3 MiB", "4 MiB", "5 MiB"]
    assert labels("bytes", 1 << 10, 1 << 20) == ["1 KiB", "4 KiB", "16 KiB", "64 KiB", "256 KiB", "1 MiB"]
    assert labels("", 3, 12) == ["4", "6", "8", "10", "12"]
    assert labels("", 0, 1, 10**6) == ["0", "1", "100", "10 k", "1 M"]
    assert labels("", 10**40, 10**43) == ["1e40", "1e41", "1e42", "1e43"]
    assert labels("", 118_013_952, 118_013_956) == [f"118,013,95{digit}" for digit in range(2, 7)]


@pytest.mark.parametrize("name", PLOTS)
def test_every_point_has_a_class(name: str) -> None:
    report = PLOTS[name]
    classes = intervals_of(report, 5) if is_continuous(report) else classes_of(report)
    assert len(classes) <= MOST_CLASSES
    assert sorted(id(point) for one in classes for point in one.points) == sorted(map(id, report.points))
    assert len({one.label for one in classes}) == len(classes)


def test_the_rarest_colors_are_one_class() -> None:
    classes = classes_of(PLOTS["many_classes"])
    assert len(classes) == MOST_CLASSES
    assert (classes[0].label, classes[-1].label, classes[-1].is_rest) == ("1×1", "10 others", True)  # noqa: RUF001


def test_numbers_are_classes_where_they_are_few_and_a_scale_where_they_are_many() -> None:
    few = plot(made_up(macs=range(8), groups=range(8)), color="groups")
    many = plot(made_up(macs=range(9), groups=range(9)), color="groups")
    assert (is_continuous(few), is_continuous(many)) == (False, True)
    assert [one.label for one in intervals_of(many, 3)] == ["0 to 2", "3 to 5", "6 to 8"]
    unknown = plot(made_up(macs=range(10), unused_rows=[None, *range(9)]), color="unused_rows")
    assert is_continuous(unknown)
    assert [one.label for one in intervals_of(unknown, 2)] == ["0 to 3", "4 to 8", "-"]


def test_colors_in_words() -> None:
    labels = [color_label(color, "") for color in (None, True, 7, 2_000_000, (3, 5), "same", "a\x1b[0m")]
    assert labels == ["-", "true", "7", "2 M", "3×5", "same", "a\\x1b[0m"]  # noqa: RUF001
    # With the units that these keys have.
    assert color_label((0, 0, 1, 1), unit_of("padding")) == "0,0,1,1"
    assert color_label((1, 3, 8, 8), unit_of("input_shape")) == "1×3×8×8"  # noqa: RUF001
    assert color_label((3, 8, 8), unit_of("output_shape")) == "3×8×8"  # noqa: RUF001
    assert len(color_label("x" * 1000, "")) < 100


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 50)), min_size=1, max_size=20))
def test_nothing_lies_below_the_line_of_the_front(places: list[tuple[int, int]]) -> None:
    report = plot(made_up(macs=[x for x, _ in places], parameters=[y for _, y in places]))
    corners = staircase(front_of(report))
    for x, y in places:
        # The line at x, or at its last corner on the left.
        left = [corner for corner in corners if corner[0] <= x]
        assert y >= min(corner[1] for corner in left)
    for one, other in pairwise(corners):
        assert one[0] == other[0] or one[1] == other[1]


def test_a_summary_says_what_is_shown_and_what_is_not() -> None:
    report = plot(made_up(macs=[1, 1, 2, None], parameters=[1, 1, 0, 1]))
    assert summary(report) == "3 combinations at 2 places, 2 on the Pareto front; 1 without a value left out"
    assert math.isclose(scale_of([0, 1, 10**6]).position(1), 0.08)
