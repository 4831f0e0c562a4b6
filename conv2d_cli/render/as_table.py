"""The screens for people: what a report says, laid out for the width there is, in colours that mean something."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conv2d_cli.render.ascii import in_ascii
from conv2d_cli.render.console import printed
from conv2d_cli.render.layout import laid_out
from conv2d_cli.render.screens.registry import blocks_of, blocks_of_rows
from conv2d_cli.render.screens.view import View

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from typing import NamedTuple

    from conv2d_cli.render.blocks import Block
    from conv2d_cli.render.screen import Screen
    from conv2d_cli.report.roofline import OnMachine
    from conv2d_cli.report.shape import ShapeReport

# Where nothing limits the width, everything has room.
_UNLIMITED = 10_000


def render(
    report: NamedTuple | Mapping[str, Any],
    screen: Screen,
    *,
    verbose: bool = False,
    shape: ShapeReport | None = None,
    remarks: Sequence[str] = (),
    convention: str = "macs",
    least_time: OnMachine | None = None,
) -> str:
    """Return the screen of one report."""
    view = View(
        screen.width or _UNLIMITED, verbose, shape, tuple(remarks), convention=convention, least_time=least_time
    )
    return _shown(blocks_of(report, view), screen)


def render_rows(reports: Sequence[NamedTuple | Mapping[str, Any]], screen: Screen) -> str:
    """Return the screen of several reports of a kind."""
    return _shown(blocks_of_rows(reports, View(screen.width or _UNLIMITED)), screen)


def _shown(blocks: Iterable[Block], screen: Screen) -> str:
    if not screen.unicode:
        blocks = map(in_ascii, blocks)
    return printed(laid_out(blocks, screen.width or _UNLIMITED), screen)
