"""Formulas are read as Python reads them, and Python's own remarks on their looks are not the user's to see."""

from __future__ import annotations

import warnings
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conv2d_cli.arithmetic.formula import Formula, FormulaError


@pytest.mark.parametrize(
    ("text", "value"), [("1or 0", True), ("0x1for 2", True), ("macs if macs else 1", None), ("5is 5", None)]
)
def test_what_python_warns_of_is_silent(text: str, value: object) -> None:
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        try:
            found: object = Formula(text).value({"macs": 3})
        except FormulaError:
            found = None
    assert found == value
    assert told == []


def texts_of(parts: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    binary = st.tuples(parts, st.sampled_from(["+", "-", "*", "<", "<=", "==", "!=", ">", ">=", "and", "or"]), parts)
    chain = st.tuples(parts, parts, parts).map(lambda some: f"({some[0]} < {some[1]} <= {some[2]})")
    return binary.map(lambda some: f"({' '.join(some)})") | chain | parts.map(lambda text: f"(not {text})")


@given(
    st.recursive(st.sampled_from(["macs", "groups", "0", "3", "-7"]), texts_of, max_leaves=12),
    st.integers(),
    st.integers(),
)
def test_a_formula_comes_to_what_python_says(text: str, macs: int, groups: int) -> None:
    names = {"macs": macs, "groups": groups}
    formula = Formula(text)
    expected = eval(text, {}, names)  # noqa: S307 - drawn from signs and names alone
    if " and " in text or " or " in text:
        # There Python has the last value, and a formula its truth.
        assert bool(formula.value(names)) == bool(expected) or not formula.is_condition
    else:
        assert formula.value(names) == expected
        assert formula.is_condition == isinstance(expected, bool)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0.1 + 0.2 == 0.3", True),
        ("macs / 2", Fraction(3, 2)),
        ("macs // 2 + macs % 2", 2),
        ("600e6 == 600000000", True),
        ("2 ** -1", Fraction(1, 2)),
        ("1 > 2 > 1 / 0", False),
        ("macs == 3 or 1 / 0", True),
    ],
)
def test_numbers_are_exact_and_what_decides_nothing_is_not_worked_out(text: str, value: object) -> None:
    assert Formula(text).value({"macs": 3}) == value


@pytest.mark.parametrize(
    "text", ["macs.real", "f(1)", "'a' > 1", "[1]", "macs if 1 else 2", "macs in 3", "1j > 0", "-" * 999]
)
def test_what_is_no_formula_is_refused_when_it_is_read(text: str) -> None:
    with pytest.raises(FormulaError):
        Formula(text)


@pytest.mark.parametrize(
    ("text", "is_condition"), [("macs > 1", True), ("not macs", True), ("True", True), ("macs", False)]
)
def test_a_condition_is_told_from_a_number(text: str, is_condition: bool) -> None:
    assert Formula(text).is_condition is is_condition
