"""Elements of an axis as ranges and places, against sets that are filled one by one."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from conv2d_cli.arithmetic.elements import Elements, read_by, together, within
from conv2d_cli.arithmetic.receptive_field import IMAGE, through_transposed, through_window

PLACES = st.sets(st.integers(-20, 20), max_size=12)
SMALL = st.integers(1, 4)


def elements_of(places: set[int]) -> Elements:
    """Return places as they are kept."""
    if not places:
        return range(0)
    first, last = min(places), max(places)
    return range(first, last + 1) if len(places) == last - first + 1 else tuple(sorted(places))


def is_kept_so(elements: Elements) -> bool:
    return elements == elements_of({*elements})


@given(PLACES, SMALL, SMALL, SMALL, st.integers(0, 5))
def test_what_windows_read(places: set[int], kernel: int, stride: int, dilation: int, before: int) -> None:
    found = read_by(through_window(IMAGE, kernel, stride, dilation, before), elements_of(places))
    taps = range(0, kernel * dilation, dilation)
    assert {*found} == {place * stride - before + tap for place in places for tap in taps}
    assert is_kept_so(found)


@given(PLACES, SMALL, SMALL, SMALL, st.integers(0, 3))
def test_what_transposed_windows_read(places: set[int], kernel: int, stride: int, dilation: int, before: int) -> None:
    field = through_transposed(IMAGE, kernel, stride, dilation, before)
    assert field is not None
    found = read_by(field, elements_of(places))
    reached = {(place, place * stride + tap * dilation - before) for place in range(-40, 40) for tap in range(kernel)}
    assert {*found} == {place for place, output in reached if output in places}
    assert is_kept_so(found)


@given(PLACES, PLACES, st.integers(0, 15))
def test_parts_and_unions(some: set[int], others: set[int], size: int) -> None:
    found = together(elements_of(some), elements_of(others))
    assert {*found} == some | others
    assert is_kept_so(found)
    inside = within(found, size)
    assert {*inside} == {place for place in some | others if 0 <= place < size}
    assert is_kept_so(inside)


@given(st.integers(1, 10**15), st.integers(-(10**15), 10**15))
def test_of_far_too_many_places_all_between_are_taken(number: int, first: int) -> None:
    spread = through_window(IMAGE, kernel=1, stride=3, dilation=1, before=0)
    found = read_by(spread, range(first, first + number))
    assert (found[0], found[-1]) == (3 * first, 3 * (first + number - 1))
