"""`--assert`: formulas over the numbers of a report, each of which has to hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conv2d_cli.arithmetic.formula import Formula, FormulaError
from conv2d_cli.errors import UsageError, did_you_mean, nearest

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

_EXAMPLE = "--assert 'macs <= 600e6'"


def failures(texts: Sequence[str], facts: Mapping[str, object], at_least: Collection[str] = ()) -> list[str]:
    """Return a line for each assertion that does not hold, with the values of its names.

    Of the names in `at_least` the values are lower bounds.

    Raises:
        UsageError: it cannot be read, or a name is unknown, has no value, or only a lower bound.
    """
    lines = []
    for text in texts:
        formula, values = _read(text, facts, at_least)
        try:
            holds = formula.value(values)
        except FormulaError as error:
            raise UsageError(f"--assert {text}: {error}", _EXAMPLE) from None
        if not isinstance(holds, bool):
            raise UsageError(f"--assert {text}: a number, which neither holds nor fails", f"--assert '{text} > 0'")
        if not holds:
            said = ", ".join(f"{name} = {value}" for name, value in values.items())
            lines.append(f"--assert {text}: does not hold{said and f', {said}'}")
    return lines


def _read(text: str, facts: Mapping[str, object], at_least: Collection[str]) -> tuple[Formula, dict[str, int]]:
    try:
        formula = Formula(text)
    except FormulaError as error:
        raise UsageError(f"--assert {text}: {error}", _EXAMPLE) from None
    numbers = [name for name, value in facts.items() if value is None or isinstance(value, int)]
    values: dict[str, int] = {}
    for name in sorted(formula.names):
        if name not in numbers:
            near = did_you_mean(name, numbers) if nearest(name, numbers) else "--get help lists the keys"
            raise UsageError(f"--assert {text}: there is no number {name!r}", near)
        value = facts[name]
        if not isinstance(value, int):
            missing = "-i 224" if facts["input_shape"] is None else f"leave {name} out"
            hint = "--fit 16GiB" if name == "largest_batch" else missing
            raise UsageError(f"--assert {text}: {name} is not known here", hint)
        if name in at_least:
            raise UsageError(f"--assert {text}: {name} is at least {value}, and no more is known", "--get unknown")
        values[name] = value
    return formula, values
