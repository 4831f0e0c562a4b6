"""Comma-separated values: a line of keys, then a line of values for each record."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Any

from conv2d_cli.render.values import bare, without_version

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from conv2d_cli.render.screen import Screen


def render(
    record: Mapping[str, Any], _formulas: Mapping[str, Sequence[str]], _screen: Screen, *, delimiter: str = ","
) -> str:
    """Return the record under its keys; a list is one value with spaces between."""
    return render_rows([record], _screen, delimiter=delimiter)


def render_rows(rows: Sequence[Mapping[str, Any]], _screen: Screen, *, delimiter: str = ",") -> str:
    """Return records of the same keys under them."""
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter, lineterminator="\n")
    writer.writerow(without_version(rows[0]))
    writer.writerows(map(bare, without_version(row).values()) for row in rows)
    return text.getvalue()
