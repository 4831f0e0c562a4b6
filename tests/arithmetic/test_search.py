"""All solutions of one axis, and what comes nearest where there are none, against trying every combination."""

from __future__ import annotations

import random
from itertools import chain, islice, product
from typing import TYPE_CHECKING

from hypothesis import given, settings
from hypothesis import strategies as st

from conv2d_cli.arithmetic.search import Nearest, Question, Values, nearest, solutions
from conv2d_cli.arithmetic.window import Axis

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    Parts = list[Sequence[int]]

QUESTIONS = 1500
# Of sizes, kernels, strides, paddings, dilations and outputs: the least, the largest, and how long a range may be.
LIMITS = ((1, 24, 12), (1, 5, 3), (1, 5, 3), (0, 5, 4), (1, 3, 2), (1, 20, 10))


def drawn(draw: random.Random, least: int, most: int, longest: int) -> Parts:
    """Return a value, a list, a range, all there are, or several of these that overlap."""
    first = draw.randint(least, most)
    some = range(first, min(most, first + draw.randint(0, longest)) + 1, draw.choice([1, 1, 2, 3]))
    kinds: list[Parts] = [
        [[first]],
        [[draw.randint(least, most) for _ in range(draw.randint(1, 4))]],
        [some],
        [range(least, most + 1)],
        [some, [draw.randint(least, most)], range(max(least, first - 2), first + 3)],
    ]
    return draw.choice(kinds)


def combinations(parts: Sequence[Parts | None]) -> Iterator[Axis]:
    """Yield every combination in the order that `solve` promises; paddings of None are 0 to the kernel less 1."""
    sizes, kernels, strides, paddings, dilations = (
        None if one is None else sorted({*chain.from_iterable(one)}) for one in parts[:5]
    )
    assert sizes
    assert kernels
    for dilation, stride, kernel in product(dilations or (), strides or (), kernels):
        for padding, size in product(range(kernel) if paddings is None else paddings, sizes):
            yield Axis(size, kernel, stride, dilation, padding, padding)


def question_of(parts: Sequence[Parts | None]) -> Question:
    sizes, kernels, strides, paddings, dilations, outputs = (None if one is None else Values(one) for one in parts)
    assert sizes
    assert kernels
    assert strides
    assert dilations
    assert outputs
    return Question(sizes, kernels, strides, paddings, dilations, outputs)


def test_random_questions_have_exactly_the_answers_that_trying_everything_finds() -> None:
    draw = random.Random(3)
    unanswered = 0
    for _ in range(QUESTIONS):
        parts: list[Parts | None] = [drawn(draw, *limits) for limits in LIMITS]
        if draw.random() < 0.4:
            parts[3] = None
        question, outputs = question_of(parts), {*chain.from_iterable(parts[5] or ())}
        tried = [*combinations(parts)]
        expected = [axis for axis in tried if axis.output in outputs]
        assert [*solutions(question)] == expected, parts
        if not expected:
            unanswered += 1
            _check_nearest(nearest(question), [axis for axis in tried if axis.output >= 1], outputs)
    assert QUESTIONS / 10 < unanswered < QUESTIONS / 2


def _check_nearest(found: Nearest, tried: list[Axis], outputs: set[int]) -> None:
    below = [wanted - axis.output for axis in tried for wanted in outputs if axis.output < wanted]
    above = [axis.output - wanted for axis in tried for wanted in outputs if axis.output > wanted]
    assert (found.below and found.wanted_below - found.below.output) == min(below, default=None)
    assert (found.above and found.above.output - found.wanted_above) == min(above, default=None)
    assert {found.below, found.above} - {None} <= {*tried}


@given(
    st.lists(st.one_of(st.builds(range, *(st.integers(0, 30),) * 2, st.integers(1, 5)), st.lists(st.integers(0, 30))))
)
@settings(max_examples=200)
def test_values_are_the_union_of_their_parts(parts: list[Sequence[int]]) -> None:
    expected = sorted({*chain.from_iterable(parts)})
    if not expected:
        return
    values = Values(parts)
    assert [*values] == expected
    assert (values.least, values.largest) == (expected[0], expected[-1])
    for number in range(-1, 33):
        assert (number in values) == (number in expected)
        assert values.below(number) == max((one for one in expected if one < number), default=None)
        assert values.above(number) == min((one for one in expected if one > number), default=None)
        assert [*values.between(number, 20)] == [one for one in expected if number <= one <= 20]


def test_ranges_of_any_length_are_never_written_out() -> None:
    far = 10**60
    question = question_of([[range(1, far)], [[3]], [range(1, far, 7)], [range(far)], [[1]], [[far]]])
    assert [(axis.size, axis.before) for axis in islice(solutions(question), 2)] == [(far - 2, 2), (far - 4, 3)]
    narrow = question_of([[[224]], [[3]], [range(1, far)], [range(far)], [range(1, far)], [[10**9]]])
    assert next(solutions(narrow)).output == 10**9
    nothing = question_of([[[224]], [[3]], [range(1, far)], [[0]], [range(1, far)], [[300]]])
    assert [*solutions(nothing)] == []
    assert nearest(nothing).below == Axis(224, 3, 1, 1, 0, 0)
    kernels = question_of([[[224]], [range(1, far)], [[1]], [[2]], [[1]], [[300]]])
    assert [*solutions(kernels)] == []
    assert nearest(kernels).below == Axis(224, 1, 1, 1, 2, 2)
