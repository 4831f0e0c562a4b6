"""Formulas worked out line by line: every line is equal to the one before, and to what Python makes of it."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import pytest
from explained_layers import work_out
from hypothesis import given
from hypothesis import strategies as st

from conv2d_cli.arithmetic.derivation import derived

if TYPE_CHECKING:
    from collections.abc import Callable

NAMES = ("a", "b", "c[0]", "c[1]")
numbers = st.fixed_dictionaries({name: st.integers(1, 30) for name in NAMES})


def combined(parts: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Return formulas one level deeper; a divisor is a name or a number, which are not 0."""
    pairs = st.tuples(parts, parts)
    atoms = st.one_of(st.sampled_from(NAMES), st.integers(1, 9).map(str))
    return st.one_of(
        pairs.map(lambda pair: f"({pair[0]} + {pair[1]})"),
        pairs.map(lambda pair: f"({pair[0]} - {pair[1]})"),
        pairs.map(lambda pair: f"{pair[0]} * {pair[1]}"),
        st.tuples(parts, st.sampled_from(["/", "//", "%"]), atoms).map(lambda found: f"({' '.join(found)})"),
        parts.map(lambda part: f"floor({part} / 3)"),
        parts.map(lambda part: f"ceil({part} / 4)"),
        parts.map(lambda part: f"max(0, {part})"),
    )


formulas = st.recursive(st.one_of(st.sampled_from(NAMES), st.integers(0, 30).map(str)), combined, max_leaves=8)


@given(formulas, numbers)
def test_every_line_is_what_the_formula_comes_to(formula: str, values: dict[str, int]) -> None:
    found = derived(f"x = {formula}", values)
    expected = work_out(formula, values)
    assert found.name == "x"
    assert found.result == expected
    assert [line for line in found.lines if work_out(line) != expected] == []


@given(formulas, numbers, st.sets(st.sampled_from(NAMES)))
def test_names_without_a_number_stay_and_lines_stay_equal(
    formula: str, values: dict[str, int], unknown: set[str]
) -> None:
    known = {name: value for name, value in values.items() if name not in unknown}
    found = derived(f"x = {formula}", known)
    expected = work_out(formula, values)
    if found.result is not None:
        # Names may cancel out, as under `% 1`.
        assert found.result == expected
    for line in found.lines:
        assert work_out(line, values) == expected
        assert not any(name in line for name in known if name.startswith("c["))


@pytest.mark.parametrize(
    ("formula", "last"),
    [
        ("1 // a", "1 // a"),
        ("b // a", "1 // a"),
        ("b * b // a", "1 // a"),
        ("a / 3 // 1", "a / 3 // 1"),
        ("1 * a", "a"),
        ("a / b", "a"),
        ("b * a / b * 2", "2 * a"),
    ],
)
def test_a_one_is_left_out_only_where_it_changes_nothing(formula: str, last: str) -> None:
    assert derived(f"x = {formula}", {"b": 1}).lines[-1] == last


@pytest.mark.parametrize(
    ("formula", "values", "lines", "result"),
    [
        ("x = floor((a - 1) / 2 + 1)", {"a": 6}, ["floor((6 - 1) / 2 + 1)", "floor(5 / 2 + 1)", "floor(2.5 + 1)"], 3),
        ("x = floor(a / 3 + 1)", {"a": 7}, ["floor(7 / 3 + 1)", "floor(2 + 1 / 3 + 1)", "floor(3 + 1 / 3)"], 3),
        ("x = a / b", {"a": 6, "b": 4}, ["6 / 4"], Fraction(3, 2)),
        ("x = 0", {}, ["0"], 0),
        ("x = 2 * n * 3", {}, ["2 * n * 3", "6 * n"], None),
        ("x = floor((n + 2 - 3) / 1 + 1)", {}, ["floor((n + 2 - 3) / 1 + 1)", "floor((n - 1) / 1 + 1)"], None),
        ("x = a * b", {"a": 10**100, "b": 10**100}, [f"{10**100} * {10**100}"], 10**200),
    ],
)
def test_what_is_shown(formula: str, values: dict[str, int], lines: list[str], result: object) -> None:
    found = derived(formula, values)
    assert [*found.lines][: len(lines)] == lines
    assert found.result == result


def test_what_is_whole_is_not_rounded() -> None:
    assert derived("x = floor((n + 2 * 3 - 2 * 3 - 1) / 1 + 1)", {}).lines[-1] == "n"


@pytest.mark.parametrize("write", [lambda n: f"x = floor({n} / 7)", lambda n: f"x = {n} % 7 - {n} // 7"])
def test_numbers_of_any_length(write: Callable[[str], str]) -> None:
    number = 10**300 + 1
    found = derived(write("n"), {"n": number})
    assert found.result == work_out(write("n").removeprefix("x = "), {"n": number})
