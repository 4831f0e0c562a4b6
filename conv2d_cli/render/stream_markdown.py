"""A stream as one Markdown table: the header once, then a line a record."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conv2d_cli.render.as_markdown import render_rows

if TYPE_CHECKING:
    from collections.abc import Mapping

    from conv2d_cli.render.screen import Screen
    from conv2d_cli.render.streams import Columns


class MarkdownStream:
    """Holds nothing back: in Markdown columns need not stand under one another."""

    def __init__(self) -> None:
        """Wait for the first record."""
        self._has_header = False

    def add(self, record: Mapping[str, Any]) -> str:
        """Return the record's line, the header before the first."""
        lines = render_rows([record])
        if self._has_header:
            return lines[lines.rindex("\n", 0, -1) + 1 :]
        self._has_header = True
        return lines

    def end(self) -> str:
        """Return nothing."""
        return ""


def stream(_format_name: str, _screen: Screen, _columns: Columns) -> MarkdownStream:
    """Return a stream that has all keys."""
    return MarkdownStream()
