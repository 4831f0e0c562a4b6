"""Stand-ins for characters that a stream's encoding does not have."""

from __future__ import annotations

from typing import Any

_STAND_INS = {
    "×": "x",  # noqa: RUF001 - the sign itself
    "─": "-",
    "▶": ">",
    "→": "->",
    "░": ".",
    "█": "#",
    "▒": ":",
    "▌": ":",
    "└": "+",
    "┘": "+",
    "│": "|",
    "╱": "/",  # noqa: RUF001 - the edge of a sheet
    "·": "o",
    "−": "-",  # noqa: RUF001 - the sign itself
    "…": "...",
    "±": "+-",
    "Σ": "Sigma",
    "≥": ">=",
    "●": "O",
    "○": "o",
    "■": "#",
    "□": "+",
    # Braille, the dots of a plot: U+2800 has none of the eight.
    **{chr(0x2800 + dots): "." for dots in range(1, 256)},
    "≈": "~",
}
_TRANSLATION = str.maketrans(_STAND_INS)
# An encoding that has all of these needs no stand-ins.
DRAWN = "".join(_STAND_INS)


def ascii_text(text: str) -> str:
    """Return a text with stand-ins; the break of a picture keeps its width of three cells."""
    return text.replace(" … ", "...").translate(_TRANSLATION)


def in_ascii(value: Any) -> Any:  # noqa: ANN401 - whatever blocks are made of
    """Return a block with every text in it in ASCII, before anything is measured."""
    if isinstance(value, str):
        return ascii_text(value)
    if isinstance(value, tuple) and hasattr(value, "_make"):
        return value._make(map(in_ascii, value))
    if isinstance(value, list | tuple):
        return tuple(map(in_ascii, value))
    return value
