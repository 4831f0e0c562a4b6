"""What a plot shows: every combination is counted once, and the front is what brute force finds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from plotted import ONE, PLOTS, layers, made_up, plot

from conv2d_cli import Conv2d, analyze
from conv2d_cli.arithmetic.pareto import front
from conv2d_cli.errors import UsageError
from conv2d_cli.render.layer_text import as_call
from conv2d_cli.report import plot as plots
from conv2d_cli.report.keys import KEYS_OF_PLOTS
from conv2d_cli.report.plot import (
    LARGER,
    SMALLER,
    Axis,
    PlotReport,
    PlotRequest,
    PlotRow,
    axis_of,
    count_at,
    front_of,
    plot_of,
    plot_record,
)

if TYPE_CHECKING:
    from conv2d_cli.report.plot import Number

numbers = st.one_of(st.integers(0, 6), st.integers(0, 10**40))
directions = st.sampled_from([SMALLER, LARGER])


def dominated(point: tuple[Number, Number], other: tuple[Number, Number], signs: tuple[int, int]) -> bool:
    """Whether the other is nowhere worse and somewhere better, written out."""
    gains = [sign * (mine - its) for sign, mine, its in zip(signs, point, other, strict=True)]
    return min(gains) >= 0 and max(gains) > 0


@given(st.lists(st.tuples(numbers, numbers), min_size=1, max_size=60), directions, directions, st.integers(2, 20))
def test_the_front_is_what_brute_force_finds(
    places: list[tuple[int, int]], x_better: str, y_better: str, sifted_at: int
) -> None:
    records = made_up(macs=[x for x, _ in places], parameters=[y for _, y in places])
    request = PlotRequest(Axis("macs", x_better), Axis("parameters", y_better))
    with pytest.MonkeyPatch.context() as patch:
        # However often the candidates are sifted.
        patch.setattr(plots, "_SIFTED_AT", sifted_at)
        report = plot_of(records, request, as_call)
    signs = (request.x.sign, request.y.sign)
    wanted = {place for place in places if not any(dominated(place, other, signs) for other in places)}
    assert {(point.x, point.y) for point in report.points if point.on_front} == wanted
    assert report.front == len(wanted)
    assert {(point.x, point.y): point.combinations for point in report.points} == {
        place: places.count(place) for place in places
    }


@given(st.lists(st.tuples(numbers, numbers), min_size=1, max_size=30))
def test_the_front_leads_from_the_best_of_x_to_the_best_of_y(places: list[tuple[int, int]]) -> None:
    report = plot(made_up(macs=[x for x, _ in places], parameters=[y for _, y in places]))
    ahead = front_of(report)
    assert [point.x for point in ahead] == sorted({point.x for point in ahead})
    assert [point.y for point in ahead] == sorted({point.y for point in ahead}, reverse=True)
    assert ahead[0].x == min(x for x, _ in places)
    assert ahead[-1].y == min(y for _, y in places)


@pytest.mark.parametrize("coordinates", [1, 2, 3])
def test_points_that_are_equal_stand_together(coordinates: int) -> None:
    point = (1,) * coordinates
    assert front([point, (2,) * coordinates, point]) == [0, 2]


def test_points_of_several_colors_share_a_place_of_the_front() -> None:
    report = plot(made_up(macs=[1, 1, 2], parameters=[1, 1, 1], dtype=["float32", "int8", "int8"]), color="dtype")
    assert [(point.color, point.on_front) for point in report.points] == [
        ("float32", True),
        ("int8", True),
        ("int8", False),
    ]
    assert (report.front, report.combinations, len(front_of(report))) == (1, 3, 1)
    assert count_at(report) == {(1, 1): 2}


def test_what_has_no_value_is_left_out_and_counted() -> None:
    report = plot(made_up(macs=[1, None, 3], parameters=[1, 2, 3]))
    assert (report.combinations, report.left_out) == (2, 1)
    empty = plot([])
    assert (empty.points, empty.combinations, empty.left_out, empty.front) == ((), 0, 0, 0)


def test_more_places_than_a_plot_holds_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plots, "_MOST_POINTS", 3)
    assert plot(made_up(macs=[1, 2, 3, 3, 2, 1], parameters=[0] * 6)).combinations == 6
    with pytest.raises(UsageError, match="at most 3 points"):
        plot(made_up(macs=[1, 2, 3, 4], parameters=[0] * 4))


def test_a_record_may_be_used_again_by_whoever_makes_it() -> None:
    def same_record() -> Any:
        record = dict(ONE)
        for kernel in (5, 3):
            record |= analyze(Conv2d(3, 16, kernel), 32)._asdict()
            yield record

    report = plot(same_record(), x="macs", y="receptive_field_height")
    assert [point.layer for point in report.points] == ["Conv2d(3, 16, 3)", "Conv2d(3, 16, 5)"]


def test_lists_are_as_good_as_tuples() -> None:
    records = layers()
    as_lists = [
        {key: [*value] if isinstance(value, tuple) else value for key, value in record.items()} for record in records
    ]
    assert plot(as_lists, y="kernel_height", color="padding") == plot(records, y="kernel_height", color="padding")


def test_the_order_of_records_is_not_seen_in_the_points() -> None:
    records = layers()
    there, back = plot(records, color="padding"), plot(reversed(records), color="padding")
    assert [point[:5] for point in there.points] == [point[:5] for point in back.points]


def test_the_layer_of_a_point_is_one_that_lies_there() -> None:
    report = plot(layers(), x="macs", y="receptive_field_height", color="kernel_size")
    from conv2d_cli.layer.expression import layer_of_expression

    for point in report.points:
        assert point.on_front == (point.layer is not None) == (point.input_shape is not None)
        if point.layer is not None:
            facts = analyze(layer_of_expression(point.layer), point.input_shape)
            assert (facts.macs, facts.receptive_field[0], facts.kernel_size) == (point.x, point.y, point.color)


def test_larger_is_better_where_one_wants_more_unless_it_is_said() -> None:
    assert axis_of("receptive_field_width").better == axis_of("arithmetic_intensity").better == LARGER
    assert axis_of("receptive_field_width", SMALLER).better == SMALLER
    assert {axis_of(name).better for name in ("macs", "parameters", "output_height", "unused_rows")} == {SMALLER}


def test_a_quantity_has_a_unit_or_is_a_plain_number() -> None:
    assert plots.unit_of("receptive_field_height") == plots.unit_of("padding_top") == "pixels"
    assert plots.unit_of("in_channels") == ""


def test_every_key_is_described() -> None:
    assert set(KEYS_OF_PLOTS) == {*PlotReport._fields, *PlotRow._fields}
    record = plot_record(PLOTS["kernels"])
    assert list(record) == ["schema_version", *PlotReport._fields]
    assert all(list(point) == list(PlotRow._fields) for point in record["points"])
