"""Any report or record: its keys and values, one a line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conv2d_cli.render.blocks import Figure, Figures, Section
from conv2d_cli.render.screens.shared import remarks, top, word
from conv2d_cli.render.units import bytes_unit
from conv2d_cli.render.values import mapping_of, without_version

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import NamedTuple

    from conv2d_cli.render.blocks import Block
    from conv2d_cli.render.screens.view import View


def blocks(report: NamedTuple | Mapping[str, Any], view: View) -> Iterator[Block]:
    """Return every key with its value."""
    facts = without_version(mapping_of(report))
    yield from top(view.shape, view.width)
    yield Figures((Section("", tuple(Figure(key, word(value), _unit(key, value)) for key, value in facts.items())),))
    yield from remarks(view.remarks)


def _unit(key: str, value: object) -> str:
    return bytes_unit(value) if isinstance(value, int) and key.endswith("bytes") else ""
