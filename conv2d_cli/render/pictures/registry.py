"""The formats that a drawing can have, by the suffix of a file, and what writes each."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING

from conv2d_cli.errors import MissingExtraError

if TYPE_CHECKING:
    from conv2d_cli.render.drawing.model import Drawing
    from conv2d_cli.render.pictures.look import Theme

# Each is a module of this folder with `content(drawing, theme) -> bytes`.
_WRITERS = {"svg": "svg", "png": "png", "gif": "gif", "html": "html"}
KINDS = tuple(_WRITERS)
# Those that can move.
ANIMATED = tuple(kind for kind in KINDS if kind != "png")
# Drawn as pixels, by Pillow.
PIXELS = frozenset({"png", "gif"})
EXTRA = "image"


def content(kind: str, drawing: Drawing, theme: Theme | None = None) -> bytes:
    """Return a drawing as the bytes of a file, the same bytes each time.

    Args:
        kind: one of `KINDS`.
        drawing: what is drawn. A PNG shows the first frame of an animation.
        theme: the colours; without one SVG and HTML follow those of the reader, and pixels are light.

    Raises:
        MissingExtraError: the format needs a package that is not installed.
    """
    check_installed(kind, f"a picture as {kind.upper()}")
    written: bytes = import_module(f"conv2d_cli.render.pictures.{_WRITERS[kind]}").content(drawing, theme)
    return written


def check_installed(kind: str, what: str) -> None:
    """Check that what a format needs is there, without loading it.

    Raises:
        MissingExtraError: it is not; the message begins with `what`.
    """
    if kind in PIXELS and find_spec("PIL") is None:
        raise MissingExtraError(what, EXTRA)
