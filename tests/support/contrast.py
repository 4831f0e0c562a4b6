"""How well colours are told apart, after WCAG 2.2 (contrast ratio of relative luminances)."""

from __future__ import annotations

# What WCAG asks of text of a normal size.
OF_TEXT = 4.5
_LINEAR_BELOW = 0.04045


def contrast(one: str, other: str) -> float:
    """Return the ratio of two colours `#rrggbb`, from 1 to 21."""
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def difference(one: str, other: str) -> float:
    """Return how far apart two colours are in CIELAB: from some 2 on, an eye that looks for it sees it."""
    return sum((a - b) ** 2 for a, b in zip(_lab(one), _lab(other), strict=True)) ** 0.5


def _linear(color: str) -> list[float]:
    channels = [part / 255 for part in bytes.fromhex(color[1:])]
    return [part / 12.92 if part <= _LINEAR_BELOW else ((part + 0.055) / 1.055) ** 2.4 for part in channels]


def _luminance(color: str) -> float:
    red, green, blue = _linear(color)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _lab(color: str) -> tuple[float, float, float]:
    red, green, blue = _linear(color)
    sums = (
        (0.4124 * red + 0.3576 * green + 0.1805 * blue) / 0.9505,
        _luminance(color),
        (0.0193 * red + 0.1192 * green + 0.9505 * blue) / 1.089,
    )
    x, y, z = (each ** (1 / 3) if each > 216 / 24389 else (24389 / 27 * each + 16) / 116 for each in sums)
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)
