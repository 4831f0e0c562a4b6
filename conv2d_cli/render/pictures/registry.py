"""Which file formats a drawing can have, by the suffix of a file, and what writes each."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from conv2d_cli.render.drawing.model import Drawing

# Each is a module of this folder with `content(drawing) -> bytes`.
_WRITERS = {"svg": "svg"}
KINDS = tuple(_WRITERS)
# Those that can move.
ANIMATED = tuple(kind for kind in KINDS if kind != "png")


def content(kind: str, drawing: Drawing) -> bytes:
    """Return a drawing as the bytes of a file.

    Raises:
        MissingExtraError: the format needs a package that is not installed.
    """
    written: bytes = import_module(f"conv2d_cli.render.pictures.{_WRITERS[kind]}").content(drawing)
    return written
