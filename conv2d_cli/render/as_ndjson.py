"""One JSON object a line."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from conv2d_cli.render.values import json_safe

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from conv2d_cli.render.screen import Screen

_encode = json.JSONEncoder().encode


def render(record: Mapping[str, Any], _formulas: Mapping[str, Sequence[str]], _screen: Screen) -> str:
    """Return the record on one line."""
    return line_of({key: json_safe(value) for key, value in record.items()})


def render_rows(rows: Sequence[Mapping[str, Any]], screen: Screen) -> str:
    """Return each record on its line."""
    return "".join(render(row, {}, screen) for row in rows)


def line_of(record: Mapping[str, Any]) -> str:
    """Return a record of finite numbers on one line."""
    return _encode(record) + "\n"
