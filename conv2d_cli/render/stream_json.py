"""A stream as one JSON list, a line a record."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conv2d_cli.render.as_ndjson import line_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from conv2d_cli.render.screen import Screen
    from conv2d_cli.render.streams import Ranks


class JsonStream:
    """Opens the list with the first record."""

    def __init__(self) -> None:
        """Wait for the first record."""
        self._before = "[\n  "

    def add(self, record: Mapping[str, Any]) -> str:
        """Return the record behind what parts it from the one before."""
        before, self._before = self._before, ",\n  "
        return before + line_of(record).removesuffix("\n")

    def end(self) -> str:
        """Return the end of the list, all of it where there was no record."""
        return "[]\n" if self._before.startswith("[") else "\n]\n"


def stream(_format_name: str, _screen: Screen, _ranks: Ranks | None) -> JsonStream:
    """Return a stream that is one list."""
    return JsonStream()
