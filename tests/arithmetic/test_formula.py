"""Formulas are read as Python reads them, and Python's own remarks on their looks are not the user's to see."""

from __future__ import annotations

import warnings

import pytest

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
