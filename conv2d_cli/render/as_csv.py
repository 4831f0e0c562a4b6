"""Comma-separated values: a line of keys, a line of values."""

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
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter, lineterminator="\n")
    facts = without_version(record)
    writer.writerow(facts)
    writer.writerow(map(bare, facts.values()))
    return text.getvalue()
