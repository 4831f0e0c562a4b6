"""The options of `conv2d draw`."""

from __future__ import annotations

from typing import Annotated, NamedTuple

from conv2d_cli.cli import choices
from conv2d_cli.cli.options import INPUT, NETWORK, RESULT, option, shared


class DrawOptions(NamedTuple):
    """The options as typed; flags that ask for another picture than the plane have its name in `draw_request`."""

    at: str | None
    values: str | None
    node: str | None
    volume: bool
    receptive_field: bool
    interactive: bool
    animate: bool
    file: str | None
    theme: str | None
    force: bool


def _draw_options(
    at: Annotated[
        str | None,
        option(
            "--at",
            metavar="H,W",
            section=RESULT,
            help="the output element whose window is drawn, from 0; else the first without padding",
        ),
    ] = None,
    values: Annotated[
        str | None,
        option("--values", metavar="FILE", section=INPUT, help="a tensor file: its numbers stand in the window"),
    ] = None,
    file: Annotated[
        str | None,
        option(
            *("--output", "-o"), metavar="FILE", section=RESULT, help="write the picture as .svg, .png, .gif or .html"
        ),
    ] = None,
    node: Annotated[
        str | None,
        option(
            "--node", metavar="NAME", section=NETWORK, help="the layer whose element sees; else the last with a plane"
        ),
    ] = None,
    theme: Annotated[
        str | None,
        option(
            "--theme",
            metavar="light|dark",
            section=RESULT,
            help="colours; else .svg and .html follow the reader's, and .png and .gif are light",
            complete=choices.themes,
        ),
    ] = None,
    *,
    animate: Annotated[
        bool, option("--animate", section=RESULT, help="one window after the other, row by row: .svg, .html or .gif")
    ] = False,
    volume: Annotated[
        bool, option("--volume", section=RESULT, help="channels, filters and groups as slices, not the plane")
    ] = False,
    force: Annotated[bool, option("--force", "-f", section=RESULT, help="replace an existing file")] = False,
    interactive: Annotated[
        bool,
        option("--interactive", section=RESULT, help="write a page on which every argument can be changed: .html"),
    ] = False,
    receptive_field: Annotated[
        bool,
        option(
            "--receptive-field",
            section=NETWORK,
            help="what an element sees of the input of a network, NAME|FILE|-, and of every layer before it",
        ),
    ] = False,
) -> DrawOptions:
    return DrawOptions(
        at=at,
        values=values,
        node=node,
        volume=volume,
        receptive_field=receptive_field or node is not None,
        interactive=interactive,
        animate=animate,
        file=file,
        theme=theme,
        force=force,
    )


draw_options = shared(_draw_options, "draw_options")
