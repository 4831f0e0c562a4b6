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
    text: str = _writer(format_name).render(record, formulas, screen)
    return text


def render_rows(format_name: str, rows: Sequence[Mapping[str, Any]], screen: Screen) -> str:
    """Return records of the same keys, one at least, as text that ends with a newline."""
    text: str = _writer(format_name).render_rows(rows, screen)
    return text


def _writer(format_name: str) -> Any:  # noqa: ANN401 - a module
    return import_module(f"conv2d_cli.render.{_WRITERS[format_name]}")
