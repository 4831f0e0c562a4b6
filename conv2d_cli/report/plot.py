"""What a plot of many layers shows, as data: a point for each place, and which of them lie on the Pareto front."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from conv2d_cli.arithmetic.pareto import front
from conv2d_cli.errors import UsageError
from conv2d_cli.report.keys import KEYS
from conv2d_cli.report.quantities import quantities_of
from conv2d_cli.report.record import record_of
from conv2d_cli.showing import shows_itself

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

Number = int | float
# What a point is coloured by: a quantity, a word, a pair or a shape.
Color = Number | str | tuple[int, ...] | None
# What one wants more of where nothing else is said; of everything else, less.
_WANTED = ("receptive_field_", "effective_kernel_", "arithmetic_intensity")
SMALLER, LARGER = "smaller", "larger"
# Candidates for the front are sifted once this many have come together, so that memory follows the front.
_SIFTED_AT = 4096
# Some 250 bytes each until they are drawn.
_MOST_POINTS = 10**6
_HALVES = ("_height", "_width")


class Axis(NamedTuple):
    """A quantity along an axis, and whether a `larger` or a `smaller` one is better."""

    key: str
    better: str

    @property
    def sign(self) -> int:
        """What a value is multiplied by so that smaller is better."""
        return -1 if self.better == LARGER else 1


class PlotRequest(NamedTuple):
    """Which quantities span a plot, and the key of a record that colours it, None for none."""

    x: Axis
    y: Axis
    color: str | None = None


@shows_itself
class PlotReport(NamedTuple):
    """A plot: its axes, how many combinations it shows and leaves out, and a point for each place and colour.

    `x`, `y` and `color` are names of quantities or keys. `left_out` counts combinations that have no value on an axis,
    `front` the places of the Pareto front. Points are in the order of x, then y, then colour.
    """

    x: str
    x_unit: str
    x_better: str
    y: str
    y_unit: str
    y_better: str
    color: str | None
    color_unit: str | None
    combinations: int
    left_out: int
    front: int
    points: tuple[PlotRow, ...]


class PlotRow(NamedTuple):
    """One place of a plot, of one colour, and how many combinations lie there.

    On the front `layer` and `input_shape` are those of the first of them, elsewhere None.
    """

    x: Number
    y: Number
    color: Color
    combinations: int
    on_front: bool
    layer: str | None
    input_shape: tuple[int, ...] | None


# What `--get` knows.
TOTALS: tuple[str, ...] = PlotReport._fields[:-1]
_Place = tuple[Number, Number, Color]


def axis_of(key: str, better: str | None = None) -> Axis:
    """Return an axis; larger values are better where one wants more of what the key counts.

    >>> axis_of("macs"), axis_of("receptive_field_height").better, axis_of("output_height", "larger").sign
    (Axis(key='macs', better='smaller'), 'larger', -1)
    """
    return Axis(key, better or (LARGER if key.startswith(_WANTED) else SMALLER))


def unit_of(key: str) -> str:
    """Return the unit of a quantity: that of its key, of one half of a pair pixels.

    >>> unit_of("output_bytes"), unit_of("kernel_height")
    ('bytes', 'pixels')
    """
    known = KEYS.get(key)
    if known is not None:
        return known.unit
    return "pixels" if key.endswith(_HALVES) else ""


def plot_of(
    records: Iterable[Mapping[str, Any]], request: PlotRequest, call_of: Callable[[Mapping[str, Any]], str]
) -> PlotReport:
    """Return the plot of records of `shape`, which are read once; `call_of` writes the layer of one.

    Raises:
        UsageError: they lie at more places than a plot holds.

    >>> from conv2d_cli import Conv2d, analyze
    >>> layers = [analyze(Conv2d(1, 1, k, padding=p), 8)._asdict() for k in (1, 3) for p in (0, 1)]
    >>> request = PlotRequest(axis_of("macs"), axis_of("receptive_field_height"))
    >>> [(row.x, row.y, row.on_front) for row in plot_of(layers, request, lambda record: "").points]
    [(64, 1, True), (100, 1, False), (324, 3, True), (576, 3, False)]
    """
    counts: dict[_Place, int] = {}
    candidates: dict[_Place, Mapping[str, Any]] = {}
    read, left_out, sifted_at = _reader(request), 0, _SIFTED_AT
    for record in records:
        x, y, color = read(record)
        if x is None or y is None:
            left_out += 1
            continue
        place = (x, y, color)
        if place in counts:
            counts[place] += 1
            continue
        if len(counts) == _MOST_POINTS:
            raise UsageError(f"a plot has at most {_MOST_POINTS:,} points, and there are more", "--where 'macs < 1e9'")
        counts[place] = 1
        # A copy: whoever makes the records may change them.
        candidates[place] = dict(record)
        if len(candidates) >= sifted_at:
            candidates = _sifted(candidates, request)
            sifted_at = _SIFTED_AT + 2 * len(candidates)
    candidates = _sifted(candidates, request)
    return PlotReport(
        request.x.key,
        unit_of(request.x.key),
        request.x.better,
        request.y.key,
        unit_of(request.y.key),
        request.y.better,
        request.color,
        None if request.color is None else unit_of(request.color),
        sum(counts.values()),
        left_out,
        len({place[:2] for place in candidates}),
        tuple(_rows(counts, candidates, call_of)),
    )


def plot_record(report: PlotReport) -> dict[str, Any]:
    """Return a report as JSON carries it: the totals, and an object for each point."""
    return {**record_of(report), "points": [point._asdict() for point in report.points]}


def front_of(report: PlotReport) -> tuple[PlotRow, ...]:
    """Return the points on the Pareto front, a row for each place, the best on x first."""
    places = {(point.x, point.y): point for point in reversed(report.points) if point.on_front}
    ahead = sorted(places.values(), key=lambda point: point.x)
    return tuple(ahead if report.x_better == SMALLER else reversed(ahead))


def count_at(report: PlotReport) -> dict[tuple[Number, Number], int]:
    """Return how many combinations lie at each place of the front, whatever their colour."""
    counts: dict[tuple[Number, Number], int] = {}
    for point in report.points:
        if point.on_front:
            place = (point.x, point.y)
            counts[place] = counts.get(place, 0) + point.combinations
    return counts


def color_order(color: Color) -> tuple[int, Any]:
    """Return what sorts colours of any kind: none, then numbers, pairs and shapes, and words."""
    if color is None:
        return (0, 0)
    if isinstance(color, int | float):
        return (1, color)
    return (2, color) if isinstance(color, tuple) else (3, color)


def _reader(
    request: PlotRequest,
) -> Callable[[Mapping[str, Any]], tuple[Number | None, Number | None, Color]]:
    x, y, color = request.x.key, request.y.key, request.color

    def read(record: Mapping[str, Any]) -> tuple[Number | None, Number | None, Color]:
        # Halves of pairs are worked out only where one is asked for.
        inside = x in record and y in record and (color is None or color in record)
        values = record if inside else {**quantities_of(record), **record}
        colored = None if color is None else values[color]
        return values[x], values[y], tuple(colored) if isinstance(colored, list) else colored

    return read


def _sifted(candidates: dict[_Place, Mapping[str, Any]], request: PlotRequest) -> dict[_Place, Mapping[str, Any]]:
    """Return those that no other one dominates."""
    x, y = request.x.sign, request.y.sign
    kept = front([(x * place[0], y * place[1]) for place in candidates])
    places = [*candidates]
    return {places[index]: candidates[places[index]] for index in kept}


def _rows(
    counts: Mapping[_Place, int],
    ahead: Mapping[_Place, Mapping[str, Any]],
    call_of: Callable[[Mapping[str, Any]], str],
) -> Iterator[PlotRow]:
    for place in sorted(counts, key=lambda place: (place[0], place[1], color_order(place[2]))):
        record = ahead.get(place)
        if record is None:
            yield PlotRow(*place, counts[place], on_front=False, layer=None, input_shape=None)
        else:
            shape = record.get("input_shape")
            yield PlotRow(*place, counts[place], True, call_of(record), shape and tuple(shape))  # noqa: FBT003
