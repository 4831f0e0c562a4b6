"""A stream as columns under a line of keys, for `awk`: the first records decide about their widths, or the keys."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conv2d_cli.render.as_plain import cells_of, layout_of
from conv2d_cli.render.values import bare

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from conv2d_cli.render.screen import Screen
    from conv2d_cli.render.streams import Columns

_HELD_BACK = 1000
_GAP = "  "


class PlainStream:
    """Holds the first records back, then none: what is wider than they are is shown whole."""

    def __init__(self) -> None:
        """Wait for records."""
        self._held: list[Mapping[str, Any]] = []
        self._line: Callable[[list[str]], str] | None = None

    def add(self, record: Mapping[str, Any]) -> str:
        """Return the record's line, or nothing while the widths are not known."""
        if self._line is not None:
            return self._line(cells_of(record))
        self._held.append(record)
        return self.end() if len(self._held) == _HELD_BACK else ""

    def end(self) -> str:
        """Return the records that were held back, under their keys."""
        if self._line is not None or not self._held:
            return ""
        text, self._line = layout_of(self._held)
        self._held = []
        return text


class PlainNumbers:
    """Holds nothing back: a column is as wide as its key, and what is wider moves those behind it."""

    def __init__(self, keys: tuple[str, ...]) -> None:
        """Wait for the first record."""
        self._keys = keys
        self._header = f"{_GAP.join(keys)}\n"

    def add(self, record: Mapping[str, Any]) -> str:
        """Return the record's line, the keys before the first."""
        header, self._header = self._header, ""
        return header + _GAP.join(f"{bare(record[key]):>{len(key)}}" for key in self._keys) + "\n"

    def end(self) -> str:
        """Return nothing."""
        return ""


def stream(_format_name: str, _screen: Screen, columns: Columns) -> PlainStream | PlainNumbers:
    """Return a stream that has all keys."""
    return PlainNumbers(columns.keys) if columns.numbers else PlainStream()
