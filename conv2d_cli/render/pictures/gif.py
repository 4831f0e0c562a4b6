"""A drawing as GIF: its frames again and again, of a still one the picture."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from conv2d_cli.render.drawing.palette import PALETTE
from conv2d_cli.render.pictures.look import color
from conv2d_cli.render.pictures.raster import Pixels, still

if TYPE_CHECKING:
    from PIL import Image

    from conv2d_cli.render.drawing.model import Drawing, Shape
    from conv2d_cli.render.pictures.look import Theme

# What the format holds.
_MOST_COLORS = 256
# Durations are whole hundredths of a second; shorter ones are shown as a tenth by browsers.
_UNIT_MS, _SHORTEST_MS = 10, 20
_FOREVER = 0


def content(drawing: Drawing, theme: Theme | None = None) -> bytes:
    """Return the drawing as a file: one palette for all frames, whose colours are those of the PNG."""
    colors = _Colors(theme or "light")
    base = still(drawing, theme or "light")
    first, *others = [colors.places(_above(base, frame, theme or "light")) for frame in drawing.frames or ((),)]
    palette = colors.palette()
    for picture in (first, *others):
        picture.putpalette(palette)
    file = io.BytesIO()
    milliseconds = max(_SHORTEST_MS, round(drawing.frame_seconds * 1000 / _UNIT_MS) * _UNIT_MS)
    animation = {"duration": milliseconds, "loop": _FOREVER} if others else {}
    # Optimised: what stays from a frame to the next is left out.
    first.save(file, "gif", save_all=True, append_images=others, disposal=1, optimize=True, **animation)
    return file.getvalue()


def _above(base: Image.Image, shapes: tuple[Shape, ...], theme: Theme) -> Image.Image:
    picture = base.copy()
    Pixels(picture, theme).draw(shapes)
    return picture


class _Colors:
    """A palette: the colours of the drawing, then those of the edges of words as they are met."""

    def __init__(self, theme: Theme) -> None:
        self._places: dict[int, int] = {}
        for role in PALETTE:
            self._places.setdefault(int(color(role, theme)[1:], 16), len(self._places))

    def palette(self) -> bytes:
        return b"".join(packed.to_bytes(3) for packed in self._places)

    def places(self, picture: Image.Image) -> Image.Image:
        """Return a picture in RGB as places in the palette."""
        import numpy as np
        from PIL import Image

        # Four bytes of a pixel are one number, of whatever order: it is only looked up.
        pixels = np.frombuffer(picture.convert("RGBA").tobytes(), np.uint32).reshape(picture.height, picture.width)
        met = np.unique(pixels)
        red_green_blue = met.view(np.uint8).reshape(-1, 4)[:, :3]
        places = np.array([self._place(int.from_bytes(each.tobytes())) for each in red_green_blue], np.uint8)
        return Image.fromarray(places[np.searchsorted(met, pixels)], "P")

    def _place(self, packed: int) -> int:
        """Return the place of a colour; where there is no more room, of the one that is most alike."""
        if packed not in self._places and len(self._places) == _MOST_COLORS:
            packed = min(self._places, key=lambda other: _distance(packed, other))
        return self._places.setdefault(packed, len(self._places))


def _distance(one: int, other: int) -> int:
    return sum((a - b) ** 2 for a, b in zip(one.to_bytes(3), other.to_bytes(3), strict=True))
