"""The Pareto front, against the definition of dominance."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conv2d_cli.arithmetic.pareto import front

if TYPE_CHECKING:
    from collections.abc import Sequence

POINTS = st.integers(1, 5).flatmap(lambda axes: st.lists(st.tuples(*[st.integers(0, 6)] * axes), max_size=40))


def dominates(one: Sequence[int], other: Sequence[int]) -> bool:
    return all(a <= b for a, b in zip(one, other, strict=True)) and tuple(one) != tuple(other)


@given(POINTS)
def test_it_is_what_nothing_dominates(points: list[tuple[int, ...]]) -> None:
    assert front(points) == [
        place for place, point in enumerate(points) if not any(dominates(other, point) for other in points)
    ]


@given(POINTS, st.randoms())
def test_the_order_of_the_points_does_not_matter(points: list[tuple[int, ...]], random: object) -> None:
    kept = sorted(points[place] for place in front(points))
    random.shuffle(points)  # type: ignore[attr-defined]
    assert sorted(points[place] for place in front(points)) == kept


def test_numbers_of_every_kind_are_compared_exactly() -> None:
    assert front([(2**53 + 1, 0.5), (2.0**53, Fraction(1, 2)), (2**53, 0.5)]) == [1, 2]


@pytest.mark.parametrize("axes", [2, 3])
def test_a_long_front_is_found(axes: int) -> None:
    number = 20_000
    points = [(place, number - place, place % 7)[:axes] for place in range(number)]
    assert front(points) == [*range(number)]
