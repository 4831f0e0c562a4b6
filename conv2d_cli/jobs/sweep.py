"""A grid of layers on sizes: a report for each combination, one after the other, and those of them that are wanted."""

from __future__ import annotations

from collections import Counter
from heapq import nsmallest
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple

from conv2d_cli.arithmetic.pareto import front
from conv2d_cli.errors import ShapeError, UsageError
from conv2d_cli.layer.model import layer_from
from conv2d_cli.limits import SWEEP_ROWS
from conv2d_cli.report.analysis import analyze
from conv2d_cli.report.measures import measure_of
from conv2d_cli.report.record import record_of
from conv2d_cli.report.roofline import roofline_report

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from conv2d_cli.layer.grid import Choices, Grid
    from conv2d_cli.report.measures import Measure, Number
    from conv2d_cli.report.roofline import Machine
    from conv2d_cli.report.shape import ShapeReport

# How many combinations are tried before somebody who waits is told.
_BETWEEN_TICKS = 1024


class Sweep(NamedTuple):
    """What is swept: layers, and the sizes that each of them is on (None for none).

    `where` is the condition that rows are for, `machine` the one that their least time is on.
    """

    grid: Grid
    sizes: Choices | None
    where: Callable[[ShapeReport], bool] | None = None
    machine: Machine | None = None

    @property
    def number(self) -> int:
        """How many combinations there are, valid or not."""
        return self.grid.number * self.number_of_sizes

    @property
    def number_of_sizes(self) -> int:
        """How many combinations each layer has."""
        return 1 if self.sizes is None else self.sizes.number

    def report_at(self, place: int) -> ShapeReport:
        """Return the report of the combination at a place, counted from 0.

        Raises:
            LayerError, ShapeError: it is none.
        """
        of_layer, of_size = divmod(place, self.number_of_sizes)
        layer = layer_from(self.grid.arguments_at(of_layer))
        return analyze(layer, None if self.sizes is None else self.sizes[of_size])

    def record_of(self, report: ShapeReport) -> dict[str, Any]:
        """Return a row with all keys of `shape`, and behind them those of the roofline where there is a machine."""
        record = record_of(report)
        if self.machine is not None:
            record |= roofline_report(record, self.machine(report.dtype))._asdict()
        return record


class Tally:
    """What became of the combinations so far; `first_skipped` is the place of the first that is none.

    `skipped` counts by the reason those that are no layer on an input, `without_value` those whose condition comes to
    nothing, and `without_point` those that pass but cannot be on a front, as not all that it is of is known of them.
    """

    def __init__(self) -> None:
        """Begin at none."""
        self.tried = self.passed = self.without_point = 0
        self.skipped, self.without_value = Counter[str](), Counter[str]()
        self.first_skipped: int | None = None

    @property
    def all_skipped(self) -> bool:
        """Whether no combination so far is a layer on its input."""
        return self.first_skipped is not None and self.skipped.total() == self.tried

    @property
    def any_wanted(self) -> bool:
        """Whether there is a row so far, also on a front."""
        return self.passed > self.without_point

    def skip(self, reason: str, number: int = 1) -> None:
        """Count the next combinations as none."""
        if self.first_skipped is None:
            self.first_skipped = self.tried
        self.tried += number
        self.skipped[reason] += number


class Order(NamedTuple):
    """A measure that rows are judged by; less comes first, or is better, unless it is `reversed`."""

    name: str
    reversed: bool


class Selection(NamedTuple):
    """Which rows are wanted, and in which order: the Pareto front, sorted, the first of them."""

    sort: tuple[Order, ...] = ()
    top: int | None = None
    pareto: tuple[Order, ...] = ()

    @property
    def waits(self) -> bool:
        """Whether the first row is not known before the last combination."""
        return bool(self.sort or self.pareto)

    @property
    def holds_all(self) -> bool:
        """Whether every row that passes has to be held, and not only the first of them."""
        is_cut = self.top is not None and self.top <= SWEEP_ROWS and not self.pareto
        return self.waits and not is_cut


def _no_tick(_tried: int) -> None:
    """Tell nobody."""


def selected(
    sweep: Sweep, selection: Selection, tally: Tally, tick: Callable[[int], None] = _no_tick
) -> Iterator[ShapeReport]:
    """Yield the reports of the rows that are wanted, in their order; `tick` is told now and then how many were tried.

    Without a selection they come as each is worked out, and nothing is held: in the order of the arguments of
    `torch.nn.Conv2d`, then of the sizes; what stands last varies fastest.

    What is held of a row that has to wait for the others is its place in the grid and the numbers that it is judged by,
    a tenth of a report; it is worked out once more when its turn comes.

    Raises:
        UsageError: more rows than `SWEEP_ROWS` would have to be held.
    """
    check_held(sweep, selection)
    found = _reports(sweep, tally, tick)
    if not selection.waits:
        return (report for _, report in islice(found, selection.top))
    return (sweep.report_at(place) for place in _places(found, selection, tally, sweep.machine))


def check_held(sweep: Sweep, selection: Selection) -> None:
    """Check that no more rows have to be held than may be, as far as that is known before they are tried.

    Raises:
        UsageError: there are more combinations, and all are to be held.
    """
    if selection.holds_all and sweep.where is None and sweep.number > SWEEP_ROWS:
        raise _too_many(f"{sweep.number:,} combinations", selection)


def _too_many(what: str, selection: Selection) -> UsageError:
    asked = "--pareto" if selection.pareto else "--sort"
    fewer = "give fewer values, or a --where that fewer rows pass"
    hint = fewer if selection.pareto else "--top 100, which holds no more than it shows"
    return UsageError(f"{asked} holds at most {SWEEP_ROWS:,} rows, and there are {what}", hint)


def _reports(sweep: Sweep, tally: Tally, tick: Callable[[int], None]) -> Iterator[tuple[int, ShapeReport]]:
    """Yield the place and the report of each combination that is one and passes."""
    sizes: Sequence[None] | Choices = (None,) if sweep.sizes is None else sweep.sizes
    where, told = sweep.where, 0
    for layer in sweep.grid:
        if isinstance(layer, str):
            tally.skip(layer, sweep.number_of_sizes)
            continue
        for size in sizes:
            try:
                report = analyze(layer, size)
            except ShapeError as error:
                tally.skip(error.reason)
            else:
                tally.tried += 1
                if where is None or where(report):
                    tally.passed += 1
                    yield tally.tried - 1, report
            if tally.tried >= told + _BETWEEN_TICKS:
                tick(tally.tried)
                told = tally.tried


class _Held(NamedTuple):
    """What is held of a row: what it is sorted by, its place in the grid, and its point, None if not all is known."""

    key: tuple[Number | bool, ...]
    place: int
    point: tuple[Number, ...] | None


def _places(
    found: Iterator[tuple[int, ShapeReport]], selection: Selection, tally: Tally, machine: Machine | None
) -> list[int]:
    """Return the places of the rows that are wanted, in their order; rows that are equal stay in that of the grid."""
    sort, pareto = _judges(selection.sort, machine), _judges(selection.pareto, machine)
    held: Iterator[_Held] = (_Held(_key_of(report, sort), place, _point_of(report, pareto)) for place, report in found)
    if selection.holds_all:
        held = _few(held, selection)
    if selection.pareto:
        known = [(row.point, row) for row in held if row.point is not None]
        tally.without_point = tally.passed - len(known)
        held = (known[place][1] for place in front([point for point, _ in known]))
    ordered = sorted(held) if selection.top is None else nsmallest(selection.top, held)
    return [row.place for row in ordered]


def _few(held: Iterator[_Held], selection: Selection) -> Iterator[_Held]:
    for number, row in enumerate(held):
        if number == SWEEP_ROWS:
            raise _too_many("more", selection)
        yield row


def _judges(orders: Sequence[Order], machine: Machine | None) -> list[tuple[Measure, int]]:
    """Return what reads each measure off a report, and the sign that puts what comes first, or is better, lowest."""
    return [(measure_of(order.name, machine), -1 if order.reversed else 1) for order in orders]


def _key_of(report: ShapeReport, judges: Sequence[tuple[Measure, int]]) -> tuple[Number | bool, ...]:
    """Return what a report is sorted by; what is not known comes last, whichever way."""
    return tuple(part for value in _measured(report, judges) for part in (value is None, value or 0))


def _point_of(report: ShapeReport, judges: Sequence[tuple[Measure, int]]) -> tuple[Number, ...] | None:
    point = tuple(value for value in _measured(report, judges) if value is not None)
    return point if len(point) == len(judges) else None


def _measured(report: ShapeReport, judges: Sequence[tuple[Measure, int]]) -> Iterator[Number | None]:
    for measure, sign in judges:
        value = measure(report)
        yield None if value is None else sign * value
