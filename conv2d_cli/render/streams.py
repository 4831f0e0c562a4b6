"""Rows that come one by one: each is text as soon as it can be, and the memory does not grow with their number."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

    from conv2d_cli.render.screen import Screen

_STREAMS = {"ndjson": "stream_ndjson", "csv": "stream_csv", "tsv": "stream_csv", "table": "stream_table"}
STREAM_FORMATS = tuple(_STREAMS)


class RowStream(Protocol):
    """What writes records of the same keys."""

    def add(self, record: Mapping[str, Any]) -> str:
        """Return the text to write now, which may be none."""

    def end(self) -> str:
        """Return what is still held back."""


def row_stream(format_name: str, screen: Screen) -> RowStream:
    """Return what writes records in a format that has a form for streams."""
    stream: RowStream = import_module(f"conv2d_cli.render.{_STREAMS[format_name]}").stream(format_name, screen)
    return stream
