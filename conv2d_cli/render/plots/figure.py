"""A plot as Matplotlib's figure: it lays out words and writes files; where points and ticks lie is ours."""

from __future__ import annotations

import logging
import math
import textwrap
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

from conv2d_cli.errors import FileError, cut
from conv2d_cli.render.drawing.plot_classes import (
    aims,
    axis_title,
    classes_of,
    color_label,
    is_continuous,
    staircase,
    summary,
)
from conv2d_cli.render.drawing.plot_scale import Scale, scale_of
from conv2d_cli.render.drawing.plot_ticks import ticks_of
from conv2d_cli.render.plots import colors
from conv2d_cli.report.plot import front_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from matplotlib.axes import Axes
    from matplotlib.colors import Colormap
    from matplotlib.figure import Figure

    from conv2d_cli.render.drawing.plot_ticks import Tick
    from conv2d_cli.report.plot import PlotReport, PlotRow

_INCHES = (8.0, 5.2)
_DOTS_PER_INCH = 144
_X_TICKS, _Y_TICKS, _X_CHARACTERS = 6, 7, 52
# Around the axes, in parts of them; around everything, in inches.
_MARGIN, _PADDING = 0.04, 0.06
# Points that are shapes of their own make a file of some 100 bytes each; of more, a picture is put into it.
MOST_SHAPES = 3000
# Of how many points each mark is how large, in square points; twice as many combinations make a quarter more.
_AREAS, _SMALLEST_AREA = ((400, 26.0), (MOST_SHAPES, 14.0)), 6.0
_LARGEST, _FRONT_AREA = 6.0, 90.0
# Lines of a caption as wide as the figure, and of a legend beside the axes, in characters.
_CAPTION, _LEGEND = 115, 30
# Labels of more characters are written smaller: the axes need their place too.
_LONGEST_LABEL = 36
_BEHIND, _POINTS, _LINE, _MARKED = 1, 2, 3, 4
_FONT_SIZE = 9.5
# Text stays text, and no setting of the machine counts.
_SETTINGS: dict[str, Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "conv2d",
    "font.family": ["DejaVu Sans", "Verdana", "Arial", "sans-serif"],
    "font.size": _FONT_SIZE,
    "text.parse_math": False,
    "text.color": colors.INK,
    "axes.labelcolor": colors.INK,
    "axes.edgecolor": colors.SOFT,
    "xtick.color": colors.SOFT,
    "ytick.color": colors.SOFT,
    "xtick.labelcolor": colors.INK,
    "ytick.labelcolor": colors.INK,
    "axes.unicode_minus": False,
}


class Words(NamedTuple):
    """What is said of a plot outside of its axes."""

    title: str
    caption: str


@contextmanager
def own_settings() -> Iterator[None]:
    """Return a context in which Matplotlib has its own defaults and ours: no style or file of the machine counts.

    Raises:
        FileError: a file of the machine keeps it from being loaded.
    """
    # What it has to say of the machine's settings and fonts is nothing that the user can act on.
    logging.getLogger("matplotlib").setLevel(logging.CRITICAL)
    try:
        import matplotlib as mpl
    except (ValueError, OSError) as error:
        # Wherever it is used, it reads a file of this name first.
        raise FileError(
            f"Matplotlib cannot be loaded here: {cut(str(error))}",
            "remove or mend the file matplotlibrc of this folder",
        ) from error
    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(_SETTINGS)
        yield


def words_of(report: PlotReport) -> Words:
    """Return the title and the caption of a plot."""
    said = [summary(report)]
    if any(point.combinations > 1 for point in report.points):
        said.append("a larger mark is several combinations")
    if len(report.points) > MOST_SHAPES:
        said.append("the points are a picture, as there are many")
    return Words(f"{report.y} over {report.x}", "; ".join(said))


def figure_of(report: PlotReport) -> Figure:
    """Return the figure of a plot that has a point at least, to be made and saved among `own_settings`."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    figure = Figure(
        figsize=_INCHES,
        dpi=_DOTS_PER_INCH,
        layout=ConstrainedLayoutEngine(w_pad=_PADDING, h_pad=_PADDING),
        facecolor=colors.PAPER,
    )
    FigureCanvasAgg(figure)
    axes = figure.add_subplot(facecolor=colors.PAPER)
    x, y = scale_of(point.x for point in report.points), scale_of(point.y for point in report.points)
    _draw_axes(axes, report, x, y)
    words = words_of(report)
    axes.set_title(words.title, loc="left", fontweight="bold")
    figure.supxlabel(
        "\n".join(textwrap.wrap(words.caption, _CAPTION)), x=0.01, ha="left", size="small", color=colors.SOFT
    )
    if is_continuous(report):
        _draw_along_a_bar(figure, axes, report, (x, y))
    else:
        _draw_classes(axes, report, (x, y))
    _draw_front(axes, report, (x, y))
    handles, labels = axes.get_legend_handles_labels()
    beside = len(handles) > 1
    legend = figure.legend(
        handles,
        labels,
        loc="outside right upper" if beside else "outside upper right",
        frameon=False,
        title=report.color if beside else None,
        alignment="left",
        fontsize="small",
        borderaxespad=1,
        # Small marks are hard to tell apart.
        markerscale=1 if len(report.points) <= MOST_SHAPES else 2,
    )
    legend.get_title().set_fontsize("small")
    ring: Any = legend.legend_handles[-1]
    ring.set_markersize(math.sqrt(_FRONT_AREA))
    return figure


def _draw_axes(axes: Axes, report: PlotReport, x: Scale, y: Scale) -> None:
    x_ticks = ticks_of(x, report.x_unit, _X_TICKS, _X_CHARACTERS)
    y_ticks = ticks_of(y, report.y_unit, _Y_TICKS)
    axes.set_xticks(*_labelled(x_ticks), fontsize=_size(x_ticks))
    axes.set_yticks(*_labelled(y_ticks), fontsize=_size(y_ticks))
    axes.set_xlabel(axis_title(report.x, report.x_unit, x.name))
    axes.set_ylabel(axis_title(report.y, report.y_unit, y.name))
    axes.set_xlim(-_MARGIN, 1 + _MARGIN)
    axes.set_ylim(-_MARGIN, 1 + _MARGIN)
    axes.grid(color=colors.RULE, linewidth=0.8, zorder=_BEHIND)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)


def _labelled(ticks: Sequence[Tick]) -> tuple[list[float], list[str]]:
    return [tick.position for tick in ticks], [tick.label for tick in ticks]


def _size(ticks: Sequence[Tick]) -> float:
    """Return the size of the labels, in points."""
    return _FONT_SIZE * min(1.0, _LONGEST_LABEL / max(len(tick.label) for tick in ticks))


def _draw_classes(axes: Axes, report: PlotReport, scales: tuple[Scale, Scale]) -> None:
    classes = classes_of(report)
    few = len(classes) <= len(colors.QUALITATIVE)
    shades = None if few else _shades()
    for place, one in enumerate(classes):
        if report.color is None:
            color: Any = colors.ONLY
        elif one.is_rest:
            color = colors.REST
        else:
            color = colors.QUALITATIVE[place] if shades is None else shades(place / (len(classes) - 1))
        marker = colors.MARKERS[place % len(colors.MARKERS)]
        label = textwrap.fill(one.label, _LEGEND) or None
        _scatter(axes, report, one.points, scales, color=color, marker=marker, label=label)


def _draw_along_a_bar(figure: Figure, axes: Axes, report: PlotReport, scales: tuple[Scale, Scale]) -> None:
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import Normalize

    known = [point for point in report.points if isinstance(point.color, int | float)]
    unknown = [point for point in report.points if point.color is None]
    values = [point.color for point in known if isinstance(point.color, int | float)]
    scale, shades = scale_of(values), _shades()
    if unknown:
        _scatter(axes, report, unknown, scales, color=colors.REST, marker="x", label=color_label(None, ""))
    _scatter(axes, report, known, scales, c=[scale.position(value) for value in values], cmap=shades, vmin=0, vmax=1)
    bar = figure.colorbar(ScalarMappable(Normalize(0, 1), shades), ax=axes, pad=0.02, aspect=30)
    ticks = ticks_of(scale, report.color_unit or "", _Y_TICKS)
    bar.ax.set_yticks(*_labelled(ticks), fontsize=_size(ticks))
    bar.set_label(axis_title(report.color or "", report.color_unit or "", scale.name))
    bar.outline.set_visible(False)


def _scatter(
    axes: Axes,
    report: PlotReport,
    points: Sequence[PlotRow],
    scales: tuple[Scale, Scale],
    **look: Any,  # noqa: ANN401 - Matplotlib's own
) -> None:
    import numpy as np

    x, y = scales
    area = next((area for most, area in _AREAS if len(report.points) <= most), _SMALLEST_AREA)
    # Of lists Matplotlib looks at each value by itself: a million take it ten seconds.
    axes.scatter(
        np.array([x.position(point.x) for point in points]),
        np.array([y.position(point.y) for point in points]),
        s=np.array([area * min(_LARGEST, 1 + math.log2(point.combinations) / 4) for point in points]),
        linewidths=0,
        alpha=0.85,
        zorder=_POINTS,
        rasterized=len(report.points) > MOST_SHAPES,
        **look,
    )


def _draw_front(axes: Axes, report: PlotReport, scales: tuple[Scale, Scale]) -> None:
    """Draw the front as a step line, a ring around each of its points."""
    x, y = scales
    front = front_of(report)
    corners = staircase(front)
    axes.plot(
        [x.position(corner[0]) for corner in corners],
        [y.position(corner[1]) for corner in corners],
        color=colors.FRONT,
        linewidth=1.4,
        zorder=_LINE,
    )
    label = textwrap.fill(f"Pareto front: {aims(report)}", _LEGEND)
    axes.plot(
        [x.position(point.x) for point in front],
        [y.position(point.y) for point in front],
        linestyle="none",
        marker="o",
        markersize=math.sqrt(_FRONT_AREA),
        markerfacecolor="none",
        markeredgecolor=colors.FRONT,
        markeredgewidth=1.4,
        zorder=_MARKED,
        label=label,
    )


def _shades() -> Colormap:
    import matplotlib as mpl
    from matplotlib.colors import ListedColormap

    whole, steps = mpl.colormaps[colors.SEQUENTIAL], 256
    span = colors.LAST_SHADE - colors.FIRST_SHADE
    return ListedColormap([whole(colors.FIRST_SHADE + span * step / (steps - 1)) for step in range(steps)])
