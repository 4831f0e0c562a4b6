"""`--assert`: formulas over the numbers of a report, each of which has to hold."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from conv2d_cli.arithmetic.formula import Formula, FormulaError
from conv2d_cli.cli.conditions import condition_of
from conv2d_cli.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from conv2d_cli.cli.roofline_options import RooflineOptions
    from conv2d_cli.report.quantities import Quantity

OPTION = "--assert"
# What makes a number known that is not.
_OPTION_FOR = {"largest_batch": "--fit 16GiB"}


class Assertion(NamedTuple):
    """A condition that has been read, and its text as typed."""

    text: str
    formula: Formula


def assertions_of(texts: Sequence[str], report: type, roofline: RooflineOptions) -> tuple[Assertion, ...]:
    """Return the assertions that were typed, on the numbers of a kind of report and what options add to them.

    Raises:
        UsageError: one cannot be read, is no condition, or speaks of what is no number.
    """
    if not texts:
        return ()
    from conv2d_cli.cli.roofline import quantities_with, quantities_without
    from conv2d_cli.report.quantities import names_of_quantities

    names = (*names_of_quantities(report), *quantities_with(roofline))
    missing = quantities_without(roofline)
    return tuple(Assertion(text, condition_of(OPTION, text, names, missing=missing)) for text in texts)


def failures(
    assertions: Sequence[Assertion],
    quantities: Mapping[str, Quantity],
    at_least: Collection[str] = (),
    *,
    has_size: bool = True,
) -> list[str]:
    """Return a line for each assertion that does not hold, with the values of its names.

    Of the names in `at_least` the values are lower bounds; without a size, a number that is not known wants one.

    Raises:
        UsageError: a name has no value, or only a lower bound; or there is no result.
    """
    return [*_failures(assertions, quantities, at_least, has_size=has_size)]


def _failures(
    assertions: Sequence[Assertion], quantities: Mapping[str, Quantity], at_least: Collection[str], *, has_size: bool
) -> Iterator[str]:
    for text, formula in assertions:
        where = f"{OPTION} {text}"
        values: dict[str, int | float] = {}
        for name in sorted(formula.names):
            value = quantities.get(name)
            if value is None:
                hint = _OPTION_FOR.get(name, f"leave {name} out" if has_size else "-i 224")
                raise UsageError(f"{where}: {name} is not known here", hint)
            if name in at_least:
                raise UsageError(f"{where}: {name} is at least {value}, and no more is known", "--get unknown")
            values[name] = value
        try:
            holds = formula.value(values)
        except FormulaError as error:
            raise UsageError(f"{where}: {error}", f"{OPTION} 'macs <= 600e6'") from None
        if not holds:
            said = ", ".join(f"{name} = {value}" for name, value in values.items())
            yield f"{where}: does not hold{said and f', {said}'}"
