"""A stream of comma-separated or tab-separated values: the header once, then a line a record."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conv2d_cli.render.as_csv import lines_of
from conv2d_cli.render.values import bare, without_version

if TYPE_CHECKING:
    from collections.abc import Mapping

    from conv2d_cli.render.screen import Screen
    from conv2d_cli.render.streams import Ranks

_FIRST = ("line", "name")
_DELIMITERS = {"csv": ",", "tsv": "\t"}


class CsvStream:
    """The columns are those of the first record behind `line` and `name`, or what is said beforehand."""

    def __init__(self, delimiter: str, keys: tuple[str, ...], *, exact: bool) -> None:
        """Wait for the first record; `keys` are the columns where they are known."""
        self._delimiter, self._exact = delimiter, exact
        self._keys = keys
        self._begun = False

    def add(self, record: Mapping[str, Any]) -> str:
        """Return the record's line, the header before the first."""
        rows: list[list[str]] = []
        if not self._begun:
            self._begun = True
            self._keys = self._keys or (*_FIRST, *(key for key in without_version(record) if key not in _FIRST))
            rows.append([*self._keys])
        rows.append([bare(record.get(key)) for key in self._keys])
        return lines_of(rows, self._delimiter, exact=self._exact)

    def end(self) -> str:
        """Return the columns alone, where they are known and there was no record: a reader of CSV expects them."""
        return "" if self._begun or not self._keys else lines_of([self._keys], self._delimiter)


def stream(format_name: str, screen: Screen, ranks: Ranks | None) -> CsvStream:
    """Return a stream with the format's delimiter."""
    return CsvStream(_DELIMITERS[format_name], tuple(ranks or ()), exact=screen.exact)
