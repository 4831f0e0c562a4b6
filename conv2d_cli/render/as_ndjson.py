"""One JSON object a line."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from conv2d_cli.render.values import json_safe, mapping_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import NamedTuple

# No record holds itself: not to look for that saves a tenth of the writing.
_encode = json.JSONEncoder(check_circular=False).encode


def render(report: NamedTuple | Mapping[str, Any]) -> str:
    """Return the record on one line."""
    return line_of({key: json_safe(value) for key, value in mapping_of(report).items()})


def render_rows(reports: Sequence[NamedTuple | Mapping[str, Any]]) -> str:
    """Return each record on its line."""
    return "".join(map(render, reports))


def line_of(record: Mapping[str, Any]) -> str:
    """Return a record of finite numbers on one line."""
    return _encode(record) + "\n"
