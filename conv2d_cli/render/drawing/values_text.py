"""The numbers that stand in the cells of a picture: all digits where they are few, else fewer, which is marked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conv2d_cli.render.floats import number_text

if TYPE_CHECKING:
    from collections.abc import Iterable

SHORTENED = "≈"
_DIGITS = 4
_PAIR_DIGITS = 3


def cell_text(value: object, dtype: str, most: int) -> str:
    """Return a number in `most` characters; where it has more, a few digits behind `≈`.

    >>> [cell_text(value, "float32", 10) for value in (0.5, -1.3613778352737427, 1.234567e-38, float("nan"))]
    ['0.5', '-1.3613778', '≈1.235e-38', 'nan']
    >>> cell_text(-(10**18), "int64", 12), cell_text(1.25 - 1j / 3, "complex64", 12)
    ('≈-1e+18', '≈1.25-0.333j')
    """
    text = number_text(value, dtype)
    if len(text) <= most:
        return text
    if isinstance(value, complex):
        return f"{SHORTENED}{_short(value.real, _PAIR_DIGITS)}{_signed(_short(value.imag, _PAIR_DIGITS))}j"
    return SHORTENED + _short(value, _DIGITS)


def is_shortened(texts: Iterable[str]) -> bool:
    """Return whether digits are missing of any of these numbers."""
    return any(text.startswith(SHORTENED) for text in texts)


def _short(value: Any, digits: int) -> str:  # noqa: ANN401 - an integer, or a float
    return f"{value:.{digits}g}"


def _signed(text: str) -> str:
    return text if text.startswith("-") else f"+{text}"
