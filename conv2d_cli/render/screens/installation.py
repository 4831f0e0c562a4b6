"""`conv2d info`: what works here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conv2d_cli.render.blocks import Fact, Facts
from conv2d_cli.render.escaping import printable
from conv2d_cli.render.screens.shared import remarks, word

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conv2d_cli.render.blocks import Block
    from conv2d_cli.render.screens.view import View
    from conv2d_cli.report.info import InstallationReport

# A command to copy each, and a sentence each.
_ONE_A_LINE = {"missing", "limits"}


def blocks(report: InstallationReport, view: View) -> Iterator[Block]:
    """Return versions, engines and formats; what can be installed has a line for each."""
    yield Facts(tuple(Fact(key, _lines(key, value)) for key, value in report._asdict().items()))
    yield from remarks(view.remarks)


def _lines(key: str, value: object) -> tuple[str, ...]:
    if not isinstance(value, tuple):
        return (word(value),)
    texts = tuple(printable(str(element)) for element in value)
    return (texts if key in _ONE_A_LINE else (", ".join(texts),)) if texts else ("-",)
