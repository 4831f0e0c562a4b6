"""Comma-separated values: a line of keys, then a line of values for each record."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Any

from conv2d_cli.render.escaping import printable
from conv2d_cli.render.values import bare, mapping_of, without_version

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from typing import NamedTuple


def render(report: NamedTuple | Mapping[str, Any], *, delimiter: str = ",", exact: bool = True) -> str:
    """Return the record under its keys; a list is one value with spaces between."""
    return render_rows([report], delimiter=delimiter, exact=exact)


def render_rows(reports: Sequence[NamedTuple | Mapping[str, Any]], *, delimiter: str = ",", exact: bool = True) -> str:
    """Return records of the same keys under them."""
    rows = [without_version(mapping_of(report)) for report in reports]
    return lines_of([[*rows[0]], *(map(bare, row.values()) for row in rows)], delimiter, exact=exact)


def lines_of(rows: Iterable[Iterable[str]], delimiter: str, *, exact: bool = True) -> str:
    """Return rows of words, each as a line in which what needs quotes has them; where not `exact`, all printable."""
    listed = [[*(row if exact else map(printable, row))] for row in rows]
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter, lineterminator="\n").writerows(listed)
    lines = text.getvalue()
    return lines if "\r" not in lines else "".join(_line_of(row, delimiter) for row in listed)


def _line_of(row: Sequence[str], delimiter: str) -> str:
    """Return a row of which words with a carriage return have quotes too: before 3.13 Python gave them none."""
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter, lineterminator="\r\n").writerow(row)
    return text.getvalue().removesuffix("\r\n") + "\n"
