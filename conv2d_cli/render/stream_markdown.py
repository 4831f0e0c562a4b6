"""A stream as the lines of one markdown table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conv2d_cli.render.as_markdown import render_rows

if TYPE_CHECKING:
    from collections.abc import Mapping

    from conv2d_cli.render.screen import Screen
    from conv2d_cli.render.streams import Ranks

_HEADER_LINES = 2


class MarkdownStream:
    """Holds nothing back."""

    def __init__(self) -> None:
        """Wait for the first record."""
        self._begun = False

    def add(self, record: Mapping[str, Any]) -> str:
        """Return the record's line, the header before the first."""
        lines = render_rows([record]).splitlines(keepends=True)
        begun, self._begun = self._begun, True
        return "".join(lines[_HEADER_LINES if begun else 0 :])

    def end(self) -> str:
        """Return nothing."""
        return ""


def stream(_format_name: str, _screen: Screen, _ranks: Ranks | None) -> MarkdownStream:
    """Return a stream with the columns of its first record."""
    return MarkdownStream()
