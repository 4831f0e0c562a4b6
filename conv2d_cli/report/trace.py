"""What `conv2d trace` answers with: one output element, and each of the products that it is the sum of."""

from __future__ import annotations

from typing import Any, NamedTuple

from conv2d_cli.report.record import record_of
from conv2d_cli.showing import shows_itself

Number = int | float | complex


@shows_itself
class TraceReport(NamedTuple):
    """One output element: its bias, None without one, what it comes to, and its terms in the order of the weight.

    `result` is the sum as `terms` run, rounded at every step; `correctly_rounded` the exact sum, rounded once.
    Integers of `result` wrap modulo 2^bits, and `correctly_rounded` is their sum itself.
    """

    index: tuple[int, ...]  # type: ignore[assignment] # the key of the contract, whatever tuples have
    dtype: str
    working_dtype: str
    bias: Number | None
    result: Number
    correctly_rounded: Number
    terms: tuple[TermRow, ...]


class TermRow(NamedTuple):
    """One product of an output element, and the sums up to it.

    `row` and `column` count from the first real element of the input: they lie outside of it in the padding. `exact`
    is the sum without any rounding, in decimal digits; a whole number of integers, a pair of complex numbers.
    """

    channel: int
    row: int
    column: int
    padded: bool
    value: Number
    weight: Number
    product: Number
    running: Number
    exact: int | str | tuple[str, str]


# What `--get` knows.
TOTALS: tuple[str, ...] = TraceReport._fields[:-1]


def trace_record(report: TraceReport) -> dict[str, Any]:
    """Return a report as JSON carries it: the totals, and an object for each term."""
    return {**record_of(report), "terms": [term._asdict() for term in report.terms]}
