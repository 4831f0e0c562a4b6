"""A stream as one JSON list, a record a line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conv2d_cli.render.as_ndjson import line_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from conv2d_cli.render.screen import Screen
    from conv2d_cli.render.streams import Columns


class JsonStream:
    """Opens the list with the first record, and closes it at the end."""

    def __init__(self) -> None:
        """Wait for the first record."""
        self._is_open = False

    def add(self, record: Mapping[str, Any]) -> str:
        """Return the record, without an end of its line: whether a comma follows is not known yet."""
        before = ",\n  " if self._is_open else "[\n  "
        self._is_open = True
        return before + line_of(record)[:-1]

    def end(self) -> str:
        """Return the end of the list, which may be empty."""
        return "\n]\n" if self._is_open else "[]\n"


def stream(_format_name: str, _screen: Screen, _columns: Columns) -> JsonStream:
    """Return a stream that is one value."""
    return JsonStream()
