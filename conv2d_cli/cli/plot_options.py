"""The options of a plot."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, NamedTuple

from conv2d_cli.cli import choices
from conv2d_cli.cli.options import RESULT, option, shared

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from conv2d_cli.report.keys import Key


class PlotOptions(NamedTuple):
    """The options as typed."""

    plot: str | None
    file: str | None
    force: bool

    def keys(self) -> tuple[Sequence[str], Mapping[str, Key]] | None:
        """Return what `--get help` lists, with what each key means, where a plot is asked for."""
        if self.plot is None:
            return None
        from conv2d_cli.report.keys import KEYS_OF_PLOTS
        from conv2d_cli.report.plot import TOTALS

        return TOTALS, KEYS_OF_PLOTS


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
