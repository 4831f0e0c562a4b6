"""The colours of a plot's points as classes with a label each, and the words that stand around a plot."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from conv2d_cli.errors import cut
from conv2d_cli.render.drawing.plot_scale import scale_of
from conv2d_cli.render.drawing.plot_ticks import UNITS_OF_VALUES, label_of
from conv2d_cli.render.escaping import printable
from conv2d_cli.render.layer_text import times
from conv2d_cli.render.units import short_bytes, thousands
from conv2d_cli.report.plot import color_order

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from conv2d_cli.report.plot import Color, Number, PlotReport, PlotRow

# More kinds of marks are not told apart.
MOST_CLASSES = 20
_OTHERS = "others"
# Numbers of more values than that are shown along a scale.
_MOST_NUMBERS = 8


class Class(NamedTuple):
    """What points of one colour have in common; `is_rest` where that is only that they are few of their kind."""

    label: str
    points: tuple[PlotRow, ...]
    is_rest: bool = False


def is_continuous(report: PlotReport) -> bool:
    """Whether the colour is a number of many values: a bar of colours shows it, and no list."""
    colors = {point.color for point in report.points if point.color is not None}
    return len(colors) > _MOST_NUMBERS and all(
        isinstance(color, int | float) and not isinstance(color, bool) for color in colors
    )


def classes_of(report: PlotReport) -> tuple[Class, ...]:
    """Return the points by colour, in its order; of too many colours the rarest are one class."""
    if report.color is None:
        return (Class("", report.points),)
    numbers: Counter[Color] = Counter()
    for point in report.points:
        numbers[point.color] += point.combinations
    kept = {*numbers}
    if len(numbers) > MOST_CLASSES:
        kept = {color for color, _ in numbers.most_common(MOST_CLASSES - 1)}
    members: dict[Color, list[PlotRow]] = {color: [] for color in sorted(kept, key=color_order)}
    rest: list[PlotRow] = []
    for point in report.points:
        members.get(point.color, rest).append(point)
    unit = report.color_unit or ""
    classes = [Class(color_label(color, unit), tuple(points)) for color, points in members.items()]
    if rest:
        others = f"{thousands(len(numbers) - len(kept))} {_OTHERS}"
        classes.append(Class(others, tuple(rest), is_rest=True))
    return tuple(classes)


def intervals_of(report: PlotReport, number: int) -> tuple[Class, ...]:
    """Return the points of a continuous colour in intervals of its scale, each with its own ends."""
    known = [(point, point.color) for point in report.points if isinstance(point.color, int | float)]
    scale = scale_of(color for _, color in known)
    members: list[list[tuple[PlotRow, Number]]] = [[] for _ in range(number)]
    for point, color in known:
        members[min(number - 1, int(scale.position(color) * number))].append((point, color))
    unit = report.color_unit or ""
    intervals = [
        Class(_interval([color for _, color in inside], unit), tuple(point for point, _ in inside))
        for inside in members
        if inside
    ]
    unknown = tuple(point for point in report.points if point.color is None)
    return (*intervals, *([Class(color_label(None, unit), unknown)] if unknown else []))


def color_label(color: Color, unit: str) -> str:
    """Return a colour in words: `3×3`, `1.5 MiB`, `same`, `-` where it is unknown."""  # noqa: RUF002 - the sign itself
    if color is None:
        return "-"
    if isinstance(color, bool):
        return "true" if color else "false"
    if isinstance(color, tuple):
        # Four paddings, which have a unit, are no size, which has none.
        return ",".join(map(str, color)) if len(color) == len("TLBR") and unit else times(color)
    return cut(printable(color)) if isinstance(color, str) else label_of(color, unit)


def whole(value: Number | None, unit: str = "") -> str:
    """Return every digit of a value with separators, and `bytes` or `seconds` behind it where it counts these."""
    if value is None:
        return "-"
    text = thousands(value) if isinstance(value, int) else f"{value:,.6g}"
    return f"{text} {unit}" if unit in UNITS_OF_VALUES else text


def axis_title(key: str, unit: str, *words: str) -> str:
    """Return the key with what is to be known of it: `macs [multiply-adds, log scale]`."""
    said = [word for word in ("" if unit in UNITS_OF_VALUES else unit, *words) if word]
    return f"{key} [{', '.join(said)}]" if said else key


def plural(number: int, noun: str) -> str:
    """Return `1 point`, `2,000 points`."""
    return f"{thousands(number)} {noun}{'' if number == 1 else 's'}"


def aims(report: PlotReport) -> str:
    """Return what the front is of: `smaller macs, larger receptive_field_height`."""
    return f"{report.x_better} {report.x}, {report.y_better} {report.y}"


def summary(report: PlotReport) -> str:
    """Return how much a plot shows, in a sentence."""
    shown = {(point.x, point.y) for point in report.points}
    text = plural(report.combinations, "combination")
    if len(shown) != report.combinations:
        text += f" at {plural(len(shown), 'place')}"
    left_out = f"; {thousands(report.left_out)} without a value left out" if report.left_out else ""
    return f"{text}, {thousands(report.front)} on the Pareto front{left_out}"


def written_plot(path: str, report: PlotReport, size: int) -> str:
    """Return what is said of a file that a plot was written to, with its size in bytes."""
    return f"wrote {path}  {summary(report)}, {short_bytes(size)}"


def staircase(front: Iterable[PlotRow]) -> list[tuple[Number, Number]]:
    """Return the corners of the line behind which everything is dominated, along a front from its best x on."""
    corners: list[tuple[Number, Number]] = []
    for point in front:
        if corners:
            corners.append((point.x, corners[-1][1]))
        corners.append((point.x, point.y))
    return corners


def _interval(colors: Sequence[Number], unit: str) -> str:
    least, most = min(colors), max(colors)
    return label_of(least, unit) if least == most else f"{label_of(least, unit)} to {label_of(most, unit)}"
