"""A drawing as PNG; of an animation, its first frame."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from conv2d_cli.render.escaping import printable
from conv2d_cli.render.pictures.raster import SCALE, still

if TYPE_CHECKING:
    from conv2d_cli.render.drawing.model import Drawing
    from conv2d_cli.render.pictures.look import Theme

# Pixels of an inch at normal size.
_DENSITY = 72


def content(drawing: Drawing, theme: Theme | None = None) -> bytes:
    """Return the drawing as a file, with its title and description inside."""
    from PIL.PngImagePlugin import PngInfo

    image = still(drawing, theme or "light", drawing.frames[0] if drawing.frames else ())
    notes = PngInfo()
    notes.add_itxt("Title", printable(drawing.title))
    notes.add_itxt("Description", printable(drawing.description))
    file = io.BytesIO()
    image.save(file, "png", pnginfo=notes, dpi=(_DENSITY * SCALE, _DENSITY * SCALE))
    return file.getvalue()
