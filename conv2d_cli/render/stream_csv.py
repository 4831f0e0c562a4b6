"""A stream of comma-separated or tab-separated values: the header once, then a line a record."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conv2d_cli.render.as_csv import lines_of
from conv2d_cli.render.values import bare, without_version

if TYPE_CHECKING:
    from collections.abc import Mapping

    from conv2d_cli.render.screen import Screen
    from conv2d_cli.render.streams import Columns

_DELIMITERS = {"csv": ",", "tsv": "\t"}


class CsvStream:
    """The columns are known, or those of the first record, behind the leading ones, whether it has these or not."""

    def __init__(self, delimiter: str, columns: Columns, *, exact: bool) -> None:
        """Wait for the first record."""
        self._delimiter, self._leading, self._exact = delimiter, columns.leading, exact
        self._keys = columns.keys
        self._begun = False

    def add(self, record: Mapping[str, Any]) -> str:
        """Return the record's line, the header before the first."""
        rows: list[list[str]] = []
        if not self._begun:
            self._begun = True
            others = (key for key in without_version(record) if key not in self._leading)
            self._keys = self._keys or (*self._leading, *others)
            rows.append([*self._keys])
        rows.append([bare(record.get(key)) for key in self._keys])
        return lines_of(rows, self._delimiter, exact=self._exact)

    def end(self) -> str:
        """Return the columns alone, where they are known and there was no record: a reader of CSV expects them."""
        return "" if self._begun or not self._keys else lines_of([self._keys], self._delimiter)


def stream(format_name: str, screen: Screen, columns: Columns) -> CsvStream:
    """Return a stream with the format's delimiter."""
    return CsvStream(_DELIMITERS[format_name], columns, exact=screen.exact)
