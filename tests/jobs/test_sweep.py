"""A sweep against the obvious: every combination analysed, in a list that is filtered, sorted and cut."""

from __future__ import annotations

from itertools import islice, product
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conv2d_cli import Conv2d, LayerError, ShapeError, ShapeReport, UsageError, analyze
from conv2d_cli.arithmetic.formula import Formula
from conv2d_cli.jobs.sweep import Order, Selection, Sweep, Tally, selected
from conv2d_cli.layer.alternatives import alternatives_of
from conv2d_cli.layer.grid import Choices, grid_of
from conv2d_cli.report.measures import condition_of, measure_of
from conv2d_cli.report.record import record_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

TYPED = {
    "in_channels": "4",
    "out_channels": "4,6",
    "kernel_size": "1..5..2,3x2",
    "stride": "1,2",
    "padding": "same,0,2,same_upper",
    "groups": "1,2,4",
}
SIZES: tuple[range | tuple[Any, ...], ...] = (range(1, 9, 3), ((6, 5),), ((4, 7, 7),), ((2, 3, 7, 7),))
KEYS = ("macs", "receptive_field", "out_channels", "unused_rows", "padding_top", "output_height")


def sweep_of(*, sized: bool = True, where: str = "", **typed: str) -> Sweep:
    return sweep(TYPED | typed, sized=sized, where=where)


def sweep(typed: Mapping[str, str], *, sized: bool = True, where: str = "") -> Sweep:
    grid = grid_of({field: alternatives_of(text, field) for field, text in typed.items()})
    condition = condition_of(Formula(where), lambda _: None) if where else None
    return Sweep(grid, Choices(SIZES, is_pair=False) if sized else None, condition)


def obvious(typed: Mapping[str, str] = TYPED, *, sized: bool = True) -> Iterator[ShapeReport]:
    values = [[*alternatives_of(text, field)] for field, text in typed.items()]
    sizes = [size for part in SIZES for size in part] if sized else [None]
    for *arguments, size in product(*values, sizes):
        try:
            yield analyze(Conv2d(**dict(zip(TYPED, arguments, strict=True))), size)
        except (LayerError, ShapeError):
            continue


@pytest.mark.parametrize("sized", [True, False])
def test_rows_are_the_layers_analysed(sized: bool) -> None:
    expected = [*map(record_of, obvious(sized=sized))]
    swept = sweep_of(sized=sized)
    assert [*map(swept.record_of, selected(swept, Selection(), Tally()))] == expected
    tally = Tally()
    assert len([*selected(sweep_of(sized=sized), Selection(), tally)]) == len(expected) == tally.passed
    assert tally.tried == sweep_of(sized=sized).number == tally.passed + tally.skipped.total()
    assert not tally.all_skipped


def test_what_is_skipped_is_counted_by_the_reason() -> None:
    tally = Tally()
    list(selected(sweep_of(), Selection(), tally))
    assert {*tally.skipped} == {
        "padding=same is for a stride of 1",
        "groups do not divide the channels",
        "the kernel is larger than the padded input",
        "the input has other channels than the layer",
    }
    assert tally.first_skipped is not None
    with pytest.raises(ShapeError):
        sweep_of().report_at(tally.first_skipped)


ORDERS = st.lists(st.builds(Order, st.sampled_from(KEYS), st.booleans()), max_size=3).map(tuple)


def measured(report: ShapeReport, order: Order) -> float | None:
    value = measure_of(order.name)(report)
    return -value if value is not None and order.reversed else value


def chosen(found: list[ShapeReport], selection: Selection) -> list[ShapeReport]:
    """Return the rows that are wanted, by the definitions of the words."""

    def beats(one: ShapeReport, other: ShapeReport) -> bool:
        pairs = [(measured(one, order), measured(other, order)) for order in selection.pareto]
        return all(a <= b for a, b in pairs) and any(a < b for a, b in pairs)  # type: ignore[operator]

    def key(report: ShapeReport) -> list[tuple[bool, float]]:
        values = [measured(report, order) for order in selection.sort]
        return [(value is None, value or 0) for value in values]

    if selection.pareto:
        known = [row for row in found if all(measured(row, order) is not None for order in selection.pareto)]
        found = [row for row in known if not any(beats(other, row) for other in known)]
    return sorted(found, key=key)[: selection.top]


# A front of some hundred rows is slow to find by the definition.
FEW = {"out_channels": "4", "kernel_size": "1,3x2", "padding": "0,same_upper"}
FOUND, WITHOUT_SIZE = [*obvious(TYPED | FEW)], [*obvious(TYPED | FEW, sized=False)]


@given(ORDERS, st.none() | st.integers(1, 20), ORDERS, st.booleans())
def test_sorting_the_first_and_the_front(
    sort: tuple[Order, ...], top: int | None, pareto: tuple[Order, ...], sized: bool
) -> None:
    selection = Selection(sort, top, pareto)
    found = FOUND if sized else WITHOUT_SIZE
    assert [*selected(sweep(TYPED | FEW, sized=sized), selection, Tally())] == chosen(found, selection)


def test_no_more_rows_are_held_than_may_be(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("conv2d_cli.jobs.sweep.SWEEP_ROWS", 10)
    by_macs = (Order("macs", reversed=False),)
    for selection in (
        Selection(by_macs),
        Selection((), None, by_macs),
        Selection(by_macs, 11),
        Selection((), 3, by_macs),
    ):
        with pytest.raises(UsageError, match="holds at most 10 rows"):
            selected(sweep_of(), selection, Tally())
        # What passes is not known before.
        with pytest.raises(UsageError, match="and there are more"):
            selected(sweep_of(where="macs > 0"), selection, Tally())
        few = sweep_of(where="macs > 0", out_channels="4", kernel_size="5", padding="0", groups="1")
        assert [*selected(few, selection, Tally())]
    assert len([*selected(sweep_of(), Selection(by_macs, 10), Tally())]) == 10
    assert len([*selected(sweep_of(), Selection((), None), Tally())]) == len([*obvious()])


def test_the_first_rows_of_an_endless_grid_come_at_once() -> None:
    endless = sweep_of(in_channels=f"4..{4 * 10**18}..4", out_channels="4..9223372036854775807")
    assert len([*islice(selected(endless, Selection(), Tally()), 100)]) == 100
    assert len([*selected(endless, Selection(top=7), Tally())]) == 7


def test_somebody_who_waits_is_told() -> None:
    told: list[int] = []
    seldom = sweep_of(in_channels="4..44..4", where="macs < 0")
    assert [*selected(seldom, Selection(), Tally(), told.append)] == []
    assert told == sorted(told)
    assert seldom.number - told[-1] < 1200
