"""The registry of output formats: a name, the file that writes it, and how to call it."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from conv2d_cli.render.screen import Screen

_WRITERS = {
    "table": "as_table",
    "json": "as_json",
    "ndjson": "as_ndjson",
    "csv": "as_csv",
    "tsv": "as_tsv",
    "markdown": "as_markdown",
}
FORMATS = tuple(_WRITERS)


def render(format_name: str, record: Mapping[str, Any], formulas: Mapping[str, Sequence[str]], screen: Screen) -> str:
    """Return one record as text that ends with a newline; only table and markdown show the formulas."""
    writer = import_module(f"conv2d_cli.render.{_WRITERS[format_name]}")
    text: str = writer.render(record, formulas, screen)
    return text
