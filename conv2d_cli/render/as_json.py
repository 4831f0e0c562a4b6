"""One indented JSON object."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from conv2d_cli.render.values import json_safe, mapping_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import NamedTuple

_encode = json.JSONEncoder(check_circular=False, allow_nan=False).encode


def render(report: NamedTuple | Mapping[str, Any]) -> str:
    """Return the record with each key on its line and each list on one line, or a line for each record in it."""
    lines = (f"  {json.dumps(key)}: {_text_of(value)}" for key, value in mapping_of(report).items())
    return "{\n" + ",\n".join(lines) + "\n}\n"


def render_rows(reports: Sequence[NamedTuple | Mapping[str, Any]]) -> str:
    """Return a list with a line for each record."""
    return "[\n" + ",\n".join(f"  {_line(mapping_of(report))}" for report in reports) + "\n]\n"


def _line(row: object) -> str:
    """Return a record on a line; most have nothing that JSON has not, and need not be looked through."""
    try:
        return _encode(row)
    except (ValueError, TypeError):
        return json.dumps(json_safe(row))


def _text_of(value: object) -> str:
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return "[\n" + ",\n".join(f"    {_line(row)}" for row in value) + "\n  ]"
    return json.dumps(json_safe(value))
