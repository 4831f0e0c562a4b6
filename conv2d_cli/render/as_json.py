"""One indented JSON object."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from conv2d_cli.render.values import json_safe

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from conv2d_cli.render.screen import Screen


def render(record: Mapping[str, Any], _formulas: Mapping[str, Sequence[str]], _screen: Screen) -> str:
    """Return the record with each key on its line and each list on one line."""
    lines = (f"  {json.dumps(key)}: {json.dumps(json_safe(value))}" for key, value in record.items())
    return "{\n" + ",\n".join(lines) + "\n}\n"
