"""A drawing as GIF: its frames again and again, of a still one the picture."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, NamedTuple

from conv2d_cli.render.drawing.palette import PALETTE
from conv2d_cli.render.pictures.look import color
from conv2d_cli.render.pictures.raster import Pixels, still

if TYPE_CHECKING:
    import numpy as np
    from PIL import Image

    from conv2d_cli.render.drawing.model import Drawing
    from conv2d_cli.render.pictures.look import Theme

    Pixels32 = np.ndarray[tuple[int], np.dtype[np.uint32]]
    Places = np.ndarray[tuple[int], np.dtype[np.uint8]]

# What the format holds.
_MOST_COLORS = 256
# Durations are whole hundredths of a second; shorter ones are shown as a tenth by browsers.
_UNIT_MS, _SHORTEST_MS = 10, 20
_FOREVER = 0


class _Change(NamedTuple):
    """Which pixels a frame changes, and where in the palette their colours are."""

    pixels: np.ndarray[tuple[int], np.dtype[np.intp]]
    places: Places


def content(drawing: Drawing, theme: Theme | None = None) -> bytes:
    """Return the drawing as a file: one palette for all frames, whose colours are those of the PNG."""
    palette = _Palette(theme or "light")
    base = still(drawing, theme or "light")
    ground, changes = _changes(drawing, theme or "light", base, palette)
    # One at a time: each has megabytes.
    first = _picture(base, ground, changes[0], palette)
    others = (_picture(base, ground, change, palette) for change in changes[1:])
    file = io.BytesIO()
    milliseconds = max(_SHORTEST_MS, round(drawing.frame_seconds * 1000 / _UNIT_MS) * _UNIT_MS)
    animation = {"duration": milliseconds, "loop": _FOREVER} if len(changes) > 1 else {}
    # Optimised: what stays from a frame to the next is left out.
    first.save(file, "gif", save_all=True, append_images=others, disposal=1, optimize=True, **animation)
    return file.getvalue()


def _changes(drawing: Drawing, theme: Theme, base: Image.Image, palette: _Palette) -> tuple[Places, list[_Change]]:
    """Return the picture without frames, and what each frame changes of it, as places in the palette."""
    import numpy as np

    below = _packed(base)
    changes = []
    ground = palette.places(below)
    for shapes in drawing.frames or ((),):
        picture = base.copy()
        Pixels(picture, theme).draw(shapes)
        pixels = _packed(picture)
        changed = np.flatnonzero(pixels != below)
        changes.append(_Change(changed, palette.places(pixels[changed])))
    return ground, changes


def _picture(base: Image.Image, ground: Places, change: _Change, palette: _Palette) -> Image.Image:
    from PIL import Image

    places = ground.copy()
    places[change.pixels] = change.places
    picture = Image.frombytes("P", base.size, places.tobytes())
    picture.putpalette(palette.colors())
    return picture


def _packed(picture: Image.Image) -> Pixels32:
    """Return the four bytes of each pixel as a number, of whatever order: it is only compared."""
    import numpy as np

    return np.frombuffer(picture.convert("RGBA").tobytes(), np.uint32)


class _Palette:
    """The colours of drawings, then those of the edges of words as they are met."""

    def __init__(self, theme: Theme) -> None:
        self._places: dict[int, int] = {}
        for role in PALETTE:
            self._places.setdefault(int(color(role, theme)[1:], 16), len(self._places))

    def colors(self) -> bytes:
        return b"".join(color.to_bytes(3) for color in self._places)

    def places(self, pixels: Pixels32) -> Places:
        """Return where each of some packed pixels is found."""
        import numpy as np

        met = np.unique(pixels)
        red_green_blue = met.view(np.uint8).reshape(-1, 4)[:, :3]
        places = np.array([self._place(int.from_bytes(each.tobytes())) for each in red_green_blue], np.uint8)
        found: Places = places[np.searchsorted(met, pixels)]
        return found

    def _place(self, packed: int) -> int:
        """Return the place of a colour; where there is no more room, of the one that is most alike."""
        if packed not in self._places and len(self._places) == _MOST_COLORS:
            packed = min(self._places, key=lambda other: _distance(packed, other))
        return self._places.setdefault(packed, len(self._places))


def _distance(one: int, other: int) -> int:
    return sum((a - b) ** 2 for a, b in zip(one.to_bytes(3), other.to_bytes(3), strict=True))
