"""The options of `conv2d draw`."""

from __future__ import annotations

from typing import Annotated, NamedTuple

from conv2d_cli.cli.options import NETWORK, RESULT, option, shared


class DrawOptions(NamedTuple):
    """The options as typed; flags that ask for another picture than the plane have its name in `draw_request`."""

    at: str | None
    animate: bool
    file: str | None
    force: bool
    node: str | None
    receptive_field: bool


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
    node: Annotated[
        str | None,
        option(
            "--node", metavar="NAME", section=NETWORK, help="the layer whose element sees; else the last with a plane"
        ),
    ] = None,
    file: Annotated[
        str | None,
        option(
            *("--output", "-o"), metavar="FILE", section=RESULT, help="write the picture as .svg, .png, .gif or .html"
        ),
    ] = None,
    *,
    animate: Annotated[
        bool, option("--animate", section=RESULT, help="one window after the other, row by row: .svg, .html or .gif")
    ] = False,
    receptive_field: Annotated[
        bool,
        option(
            "--receptive-field",
            section=NETWORK,
            help="what an element sees of the input of a network, NAME|FILE|-, and of every layer before it",
        ),
    ] = False,
    force: Annotated[bool, option("--force", "-f", section=RESULT, help="replace an existing file")] = False,
) -> DrawOptions:
    return DrawOptions(at, animate, file, force, node, receptive_field or node is not None)


draw_options = shared(_draw_options, "draw_options")
