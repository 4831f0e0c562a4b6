"""The options of a plot."""

from __future__ import annotations

from typing import Annotated, NamedTuple

from conv2d_cli.cli import choices
from conv2d_cli.cli.options import RESULT, option, shared


class PlotOptions(NamedTuple):
    """The options as typed."""

    plot: str | None
    file: str | None
    force: bool


def _plot_options(
    plot: Annotated[
        str | None,
        option(
            "--plot",
            metavar="x=KEY,y=KEY[,color=KEY]",
            section=RESULT,
            help="draw them, and the Pareto front; x=-KEY prefers larger values",
            complete=choices.plots,
        ),
    ] = None,
    file: Annotated[
        str | None,
        option(*("--output", "-o"), metavar="FILE", section=RESULT, help="write the plot as .svg, .png or .html"),
    ] = None,
    *,
    force: Annotated[bool, option("--force", "-f", section=RESULT, help="replace an existing file")] = False,
) -> PlotOptions:
    return PlotOptions(plot, file, force)


plot_options = shared(_plot_options, "plot_options")
