"""Alternatives: what is typed is what is enumerated, and what holds nothing is refused with a line that works."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conv2d_cli.errors import UsageError
from conv2d_cli.layer.alternatives import alternatives_of

integers = st.integers(-(10**6), 10**6)


@given(integers, st.integers(0, 50), st.integers(1, 9))
def test_a_range_has_both_ends(first: int, more: int, step: int) -> None:
    found = alternatives_of(f"{first}..{first + more}..{step}", "-s")
    assert [*found] == [*range(first, first + more + 1, step)]
    assert found.number == len([*found])
    assert [*alternatives_of(f"{first}..{first + more}", "-s")] == [*range(first, first + more + 1)]


@given(st.lists(st.one_of(integers, st.tuples(integers, integers)), min_size=1, max_size=9))
def test_commas_separate(values: list[int | tuple[int, int]]) -> None:
    words = [str(value) if isinstance(value, int) else "x".join(map(str, value)) for value in values]
    assert [*alternatives_of(",".join(words), "-k")] == values
    assert [*alternatives_of(" , ".join(words), "-k")] == values


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("(0,0,1,1)", [(0, 0, 1, 1)]),
        ("(0,0,1,1),same,2", [(0, 0, 1, 1), "same", 2]),
        ("[1, 2],(3,)", [(1, 2), (3,)]),
        ("224x224,1x3x8x8", [(224, 224), (1, 3, 8, 8)]),
        ("same", ["same"]),
        ("1..1", [1]),
        ("1 .. 5 .. 2", [1, 3, 5]),
        ("two", ["two"]),
    ],
)
def test_forms(text: str, values: list[object]) -> None:
    assert [*alternatives_of(text, "-p")] == values


def test_a_long_range_is_not_written_out() -> None:
    assert alternatives_of(f"1..{10**15}", "-i").number == 10**15


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("", "-s 1,2"),
        ("1,,2", "-s 1,2"),
        ("1,", "-s 1,2"),
        ("4..1", "-s 1..4"),
        ("1..9..0", "-s 1..9"),
        ("9..1..-2", "-s 1..9..2"),
        ("2..0", "-s 1..2"),
        ("4..-2", "-s 1..4"),
        ("0..-3", "-s 1..1"),
        ("1-3", "-s 1..3"),
        ("7:3", "-s 3..7"),
        ("1..x", "-s 1..4, or -s 1..64..8"),
        ("1...3", "-s 1..4, or -s 1..64..8"),
        ("1..2..3..4", "-s 1..4, or -s 1..64..8"),
        ("1.5..3", "-s 1..4, or -s 1..64..8"),
    ],
)
def test_what_holds_nothing_is_refused(text: str, hint: str) -> None:
    with pytest.raises(UsageError) as caught:
        alternatives_of(text, "-s")
    assert caught.value.hint == hint
    for line in hint.split(", or "):
        assert alternatives_of(line.removeprefix("-s "), "-s").number


def test_a_range_that_a_hint_names_begins_where_values_may() -> None:
    for least, hint in ((0, "-p 0..3"), (1, "-p 1..3")):
        with pytest.raises(UsageError) as caught:
            alternatives_of("3..0", "-p", least)
        assert caught.value.hint == hint
