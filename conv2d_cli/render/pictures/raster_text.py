"""Text as pixels, in the font that comes with Pillow: the same on every machine."""

# ruff: noqa: RUF001, RUF002 - the signs of arithmetic are meant

from __future__ import annotations

import unicodedata
from functools import lru_cache
from itertools import groupby
from math import ceil, floor
from typing import TYPE_CHECKING

from conv2d_cli.render.drawing.model import ADVANCE, ASCENT, DESCENT
from conv2d_cli.render.escaping import printable

if TYPE_CHECKING:
    from PIL import Image
    from PIL.ImageFont import FreeTypeFont

    from conv2d_cli.render.drawing.model import Text

# What the font has beside ASCII.
_SIGNS = frozenset("©«°±´·»‘’“”…‹›⁄™")
# What it lacks and a picture needs, as strokes: parts of the size of the font, from the baseline up.
_MIDDLE, _THICKNESS = 0.33, 0.075
_STROKES = {
    "×": (((0.1, 0.12), (0.5, 0.52)), ((0.1, 0.52), (0.5, 0.12))),
    "−": (((0.09, _MIDDLE), (0.51, _MIDDLE)),),
    "–": (((0.05, _MIDDLE), (0.55, _MIDDLE)),),
    "—": (((0.0, _MIDDLE), (0.6, _MIDDLE)),),
    "─": (((0.0, _MIDDLE), (0.6, _MIDDLE)),),
    "→": (((0.03, _MIDDLE), (0.55, _MIDDLE)), ((0.36, 0.52), (0.55, _MIDDLE)), ((0.36, 0.14), (0.55, _MIDDLE))),
    "←": (((0.05, _MIDDLE), (0.57, _MIDDLE)), ((0.24, 0.52), (0.05, _MIDDLE)), ((0.24, 0.14), (0.05, _MIDDLE))),
    "↑": (((0.3, 0.0), (0.3, 0.68)), ((0.12, 0.5), (0.3, 0.68)), ((0.48, 0.5), (0.3, 0.68))),
    "↓": (((0.3, 0.0), (0.3, 0.68)), ((0.12, 0.18), (0.3, 0.0)), ((0.48, 0.18), (0.3, 0.0))),
    "≤": (((0.5, 0.6), (0.1, 0.4)), ((0.1, 0.4), (0.5, 0.2)), ((0.1, 0.05), (0.5, 0.05))),
    "≥": (((0.1, 0.6), (0.5, 0.4)), ((0.5, 0.4), (0.1, 0.2)), ((0.1, 0.05), (0.5, 0.05))),
    "≈": (
        *(((0.06, 0.16), (0.2, 0.23)), ((0.2, 0.23), (0.38, 0.15)), ((0.38, 0.15), (0.52, 0.22))),
        *(((0.06, 0.36), (0.2, 0.43)), ((0.2, 0.43), (0.38, 0.35)), ((0.38, 0.35), (0.52, 0.42))),
    ),
    "⋮": (((0.3, 0.06), (0.3, 0.14)), ((0.3, 0.29), (0.3, 0.37)), ((0.3, 0.52), (0.3, 0.6))),
    "Σ": (((0.08, 0.7), (0.5, 0.7)), ((0.08, 0.7), (0.32, 0.35)), ((0.32, 0.35), (0.08, 0)), ((0.08, 0), (0.52, 0))),
}
_ALIKE = {
    **dict.fromkeys("⋅•∙", "·"),
    **dict.fromkeys("‐‑", "-"),
    **dict.fromkeys("÷∕", "/"),
    **dict.fromkeys("▶⟶↦", "→"),
    "∑": "Σ",
    "∗": "*",
    "≠": "!=",
    "²": "^2",
    "³": "^3",
    "ß": "ss",
    "µ": "u",
    "μ": "u",
    "∞": "inf",
    "⋯": "…",
}
# What is not the font's, and its space: too narrow between numbers.
_ADVANCES = {**dict.fromkeys(_STROKES, ADVANCE), " ": 0.32}
_FINER = 4
# A second stroke beside the first, as the font has no bold.
_BOLD = 0.04
_SMALLER = 0.98


def draw_text(text: Text, scale: float) -> tuple[Image.Image, tuple[int, int]]:
    """Return a line of text as a mask, and the pixel at which its upper left corner lies.

    It is never wider than the layout of the drawing reckons with: where the font's signs are, it is set smaller.
    """
    from PIL import Image

    words = drawable(text.words)
    size, room = text.size * scale, text.width * scale
    wide = _width(words, size)
    while wide > room > 0:
        # Widths of signs are whole pixels, and so not quite in proportion.
        size *= min(room / wide, _SMALLER)
        wide = _width(words, size)
    start = text.x * scale - {"start": 0, "middle": wide / 2, "end": wide}[text.anchor]
    left, baseline = floor(start) - 1, round(text.y * scale)
    top = baseline - ceil((ASCENT + DESCENT) * size)
    mask = Image.new("L", (ceil(wide) + 4, ceil((ASCENT + 2 * DESCENT) * size) + 2))
    for offset in (0, max(1, round(_BOLD * size))) if text.bold else (0,):
        _write(mask, words, (start - left + offset, baseline - top), size)
    return mask, (left, top)


def drawable(words: str) -> str:
    """Return words of signs that can be drawn: what is not is written by others, and `?` where there are none.

    >>> drawable("3 × 3 → Ærø² ≠ 漢")
    '3 × 3 → ?r?^2 != ?'
    """
    return "".join(_drawable_sign(sign) for sign in printable(words))


@lru_cache(maxsize=512)
def _drawable_sign(sign: str) -> str:
    if sign.isascii() or sign in _SIGNS or sign in _STROKES:
        return sign
    if sign in _ALIKE:
        return _ALIKE[sign]
    plain = "".join(part for part in unicodedata.normalize("NFKD", sign) if part.isascii())
    return plain or ("" if unicodedata.combining(sign) else "?")


def _width(words: str, size: float) -> float:
    return sum(_advance(part, size) for part in _parts(words))


def _parts(words: str) -> list[str]:
    """Return words cut where a sign is not of the font, or a space."""
    runs = groupby(words, key=lambda sign: sign in _ADVANCES)
    return [part for own, run in runs for part in (run if own else ("".join(run),))]


def _advance(part: str, size: float) -> float:
    return _ADVANCES[part] * size if part in _ADVANCES else _font(size).getlength(part)


def _write(mask: Image.Image, words: str, at: tuple[float, float], size: float) -> None:
    from PIL import ImageDraw

    draw = ImageDraw.Draw(mask)
    x, baseline = at
    for part in _parts(words):
        if part in _STROKES:
            sign = _sign(part, size)
            place = round(x), round(baseline) - round(ASCENT * size)
            mask.paste(255, (*place, place[0] + sign.width, place[1] + sign.height), sign)
        elif part != " ":
            draw.text((x, baseline), part, 255, _font(size), "ls")
        x += _advance(part, size)


@lru_cache(maxsize=64)
def _sign(sign: str, size: float) -> Image.Image:
    """Return a sign of strokes as a mask from the ascent down to the end of a `g`."""
    from PIL import Image, ImageDraw

    unit = size * _FINER
    high = ceil((ASCENT + DESCENT) * size) * _FINER
    mask = Image.new("L", (ceil(ADVANCE * size + 1) * _FINER, high))
    draw = ImageDraw.Draw(mask)
    down, width = round(ASCENT * size) * _FINER, max(_FINER, round(_THICKNESS * unit))
    for (x1, y1), (x2, y2) in _STROKES[sign]:
        draw.line([(x1 * unit, down - y1 * unit), (x2 * unit, down - y2 * unit)], 255, width)
    return mask.reduce(_FINER)


@lru_cache(maxsize=64)
def _font(size: float) -> FreeTypeFont:
    from PIL import ImageFont
    from PIL.ImageFont import FreeTypeFont

    font = ImageFont.load_default(size)
    assert isinstance(font, FreeTypeFont)  # noqa: S101 - of what is asked for in a size
    return font
