"""Rows that come one by one: each is text as soon as it can be, and the memory does not grow with their number."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from conv2d_cli.render.screen import Screen

_STREAMS = {
    "ndjson": "stream_ndjson",
    "csv": "stream_csv",
    "tsv": "stream_csv",
    "table": "stream_table",
    "json": "stream_json",
    "plain": "stream_plain",
    "markdown": "stream_markdown",
}
# Of each key the rank of its column: where it is narrow the highest goes first, and 0 never.
Ranks = Mapping[str, int]
STREAM_FORMATS = tuple(_STREAMS)


class RowStream(Protocol):
    """What writes records of the same keys."""

    def add(self, record: Mapping[str, Any]) -> str:
        """Return the text to write now, which may be none."""

    def end(self) -> str:
        """Return what is still held back."""


def row_stream(format_name: str, screen: Screen, ranks: Ranks | None = None) -> RowStream:
    """Return what writes records in a format.

    `ranks` are the keys of records that hold numbers alone, in their order; without these a record is a layer with its
    facts and the number of its line.
    """
    stream: RowStream = import_module(f"conv2d_cli.render.{_STREAMS[format_name]}").stream(format_name, screen, ranks)
    return stream
