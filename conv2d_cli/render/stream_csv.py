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
    """The columns are those of the first record, behind the leading ones, whether it has these or not."""

    def __init__(self, delimiter: str, leading: tuple[str, ...], *, exact: bool) -> None:
        """Wait for the first record."""
        self._delimiter, self._leading, self._exact = delimiter, leading, exact
        self._keys: tuple[str, ...] = ()

    def add(self, record: Mapping[str, Any]) -> str:
        """Return the record's line, the header before the first."""
        rows: list[list[str]] = []
        if not self._keys:
            self._keys = (*self._leading, *(key for key in without_version(record) if key not in self._leading))
            rows.append([*self._keys])
        rows.append([bare(record.get(key)) for key in self._keys])
        return lines_of(rows, self._delimiter, exact=self._exact)

    def end(self) -> str:
        """Return nothing."""
        return ""


def stream(format_name: str, screen: Screen, columns: Columns) -> CsvStream:
    """Return a stream with the format's delimiter."""
    return CsvStream(_DELIMITERS[format_name], columns.leading, exact=screen.exact)
