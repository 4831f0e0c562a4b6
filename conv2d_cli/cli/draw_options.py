"""The options of `conv2d draw`."""

from __future__ import annotations

from typing import Annotated, NamedTuple

from conv2d_cli.cli import choices
from conv2d_cli.cli.options import DRAWING, NETWORK, SIZES, option, shared


class DrawOptions(NamedTuple):
    """The options as typed; flags that ask for another picture than the plane have its name in `draw_request`."""

    input_size: str | None
    at: str | None
    file: str | None
    force: bool
    theme: str | None
    animate: bool
    volume: bool
    values: str | None
    interactive: bool
    receptive_field: bool
    node: str | None


# In the order of the help page.
def _draw_options(
    *,
    input_size: Annotated[str | None, option("--input", "-i", metavar="SIZE", section=DRAWING, help=SIZES)] = None,
    at: Annotated[
        str | None,
        option(
            "--at",
            metavar="H,W",
            section=DRAWING,
            help="the output element whose window is drawn, from 0; else the first without padding",
        ),
    ] = None,
    file: Annotated[
        str | None,
        option(
            *("--output", "-o"),
            metavar="FILE",
            section=DRAWING,
            help="write it as .svg, .png, .gif or .html; else it is drawn in the terminal",
        ),
    ] = None,
    force: Annotated[bool, option("--force", "-f", section=DRAWING, help="replace an existing file")] = False,
    theme: Annotated[
        str | None,
        option(
            "--theme",
            metavar="light|dark",
            section=DRAWING,
            help="colours; else .svg and .html follow the reader's, and .png and .gif are light",
            complete=choices.themes,
        ),
    ] = None,
    animate: Annotated[
        bool, option("--animate", section=DRAWING, help="one window after the other, row by row: .svg, .html or .gif")
    ] = False,
    volume: Annotated[
        bool, option("--volume", section=DRAWING, help="channels, filters and groups as slices, not the plane")
    ] = False,
    values: Annotated[
        str | None,
        option(
            "--values",
            metavar="FILE",
            section=DRAWING,
            help="a tensor file, in the place of -i: its numbers stand in the window",
        ),
    ] = None,
    interactive: Annotated[
        bool,
        option("--interactive", section=DRAWING, help="write a page on which every argument can be changed: .html"),
    ] = False,
    receptive_field: Annotated[
        bool,
        option(
            "--receptive-field",
            section=NETWORK,
            help="what an element sees of the input of a network, NAME|FILE|-, and of every layer before it",
        ),
    ] = False,
    node: Annotated[
        str | None,
        option(
            "--node", metavar="NAME", section=NETWORK, help="the layer whose element sees; else the last with a plane"
        ),
    ] = None,
) -> DrawOptions:
    return DrawOptions(
        input_size=input_size,
        at=at,
        file=file,
        force=force,
        theme=theme,
        animate=animate,
        volume=volume,
        values=values,
        interactive=interactive,
        receptive_field=receptive_field or node is not None,
        node=node,
    )


draw_options = shared(_draw_options, "draw_options")
