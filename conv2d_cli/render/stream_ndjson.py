"""A stream of JSON objects, one a line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conv2d_cli.render.as_ndjson import line_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from conv2d_cli.render.screen import Screen
    from conv2d_cli.render.streams import Columns


class NdjsonStream:
    """Holds nothing back."""

    def add(self, record: Mapping[str, Any]) -> str:
        """Return the record's line."""
        return line_of(record)

    def end(self) -> str:
        """Return nothing."""
        return ""


def stream(_format_name: str, _screen: Screen, _columns: Columns) -> NdjsonStream:
    """Return a stream that has no header."""
    return NdjsonStream()
