"""A stream of values under their keys, for `awk`; one that is wider than its key moves those behind it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conv2d_cli.render.escaping import printable
from conv2d_cli.render.values import bare, without_version

if TYPE_CHECKING:
    from collections.abc import Mapping

    from conv2d_cli.render.screen import Screen
    from conv2d_cli.render.streams import Ranks

_GAP = "  "


class PlainStream:
    """Holds nothing back: a column is as wide as its key."""

    def __init__(self, keys: tuple[str, ...]) -> None:
        """Wait for the first record; `keys` are the columns where they are known."""
        self._keys = keys
        self._begun = False

    def add(self, record: Mapping[str, Any]) -> str:
        """Return the record's line, the keys before the first."""
        header = ""
        if not self._begun:
            self._begun = True
            self._keys = self._keys or tuple(without_version(record))
            header = f"{_GAP.join(self._keys)}\n"
        return header + _GAP.join(f"{printable(bare(record.get(key))):>{len(key)}}" for key in self._keys) + "\n"

    def end(self) -> str:
        """Return nothing."""
        return ""


def stream(_format_name: str, _screen: Screen, ranks: Ranks | None) -> PlainStream:
    """Return a stream with these columns."""
    return PlainStream(tuple(ranks or ()))
