"""Rows that come one by one: each is text as soon as it can be, and the memory does not grow with their number."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

    from conv2d_cli.render.screen import Screen

_STREAMS = {
    "table": "stream_table",
    "plain": "stream_plain",
    "json": "stream_json",
    "ndjson": "stream_ndjson",
    "csv": "stream_csv",
    "tsv": "stream_csv",
    "markdown": "stream_markdown",
}
STREAM_FORMATS = tuple(_STREAMS)


class Columns(NamedTuple):
    """What stands where: keys that a header begins with, what a table shows, and all keys where these are known before.

    `tables` are choices of columns in their order, of which the first is shown that has room for two figures beside
    rank 0; where it is narrow the highest rank goes first, and rank 0 never. A column `layer` is a word or two.
    Where records hold `numbers` alone, each stands to the right and is shown as soon as it comes.
    """

    leading: tuple[str, ...]
    tables: tuple[Mapping[str, int], ...]
    keys: tuple[str, ...] = ()
    numbers: bool = False


def of_numbers(ranks: Mapping[str, int]) -> Columns:
    """Return the columns of records that hold numbers under known keys."""
    return Columns((), (ranks,), tuple(ranks), numbers=True)


# Of layers that are read line by line.
LINES = Columns(
    ("line", "name"),
    (
        {
            "line": 0,
            "name": 2,
            "layer": 0,
            "input_shape": 3,
            "output_shape": 1,
            "parameters": 4,
            "macs": 5,
            "output_bytes": 6,
            "arithmetic_intensity": 7,
            "receptive_field": 8,
            # Asked for by options of their own, they stay longer than the others.
            "seconds_at_least": 1,
            "limited_by": 2,
        },
    ),
)


class RowStream(Protocol):
    """What writes records of the same keys."""

    def add(self, record: Mapping[str, Any]) -> str:
        """Return the text to write now, which may be none."""

    def end(self) -> str:
        """Return what is still held back."""


def row_stream(format_name: str, screen: Screen, columns: Columns = LINES) -> RowStream:
    """Return what writes records in a format."""
    stream: RowStream = import_module(f"conv2d_cli.render.{_STREAMS[format_name]}").stream(format_name, screen, columns)
    return stream
