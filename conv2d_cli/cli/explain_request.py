"""The figure that `conv2d explain --reconcile` is asked about, as counters print it and people type it."""

from __future__ import annotations

import re
from fractions import Fraction

from conv2d_cli.errors import UsageError, cut
from conv2d_cli.report.explanation.reconcile import SeenFigure

_EXAMPLE = "--reconcile 70470400, or rounded --reconcile 70.47M"
# What a counter prints, or a person types: 70,470,400 or 70_470_400, 70.47M, 70.47 MMac, 0.14 GFLOPs, 7.05e7.
_FIGURE = re.compile(
    r"(?P<whole>[0-9]{1,3}(?:,[0-9]{3})+|[0-9]+(?:_[0-9]+)*)(?:\.(?P<decimals>[0-9]{1,30}))?"
    r"(?:e\+?(?P<exponent>[0-9]{1,2}))?\s*(?P<unit>[kmgtp])?\s*(?:flops?|macs?|ops?|mult-adds|madds?|bops)?",
    re.ASCII | re.IGNORECASE,
)
_MOST_CHARACTERS = 500
_UNITS = {"k": 3, "m": 6, "g": 9, "t": 12, "p": 15}


def figure_of(text: str, input_size: str | None) -> SeenFigure:
    """Return the figure that a text spells; of a rounded one half a unit of its last digit is open.

    Raises:
        UsageError: it spells none, or there is no size to count on.

    >>> figure_of("70,470,400", "224"), figure_of("70.47 MMac", "224")
    (SeenFigure(value=70470400, slack=0), SeenFigure(value=70470000, slack=5000))
    """
    match = _FIGURE.fullmatch(text.strip()) if len(text) <= _MOST_CHARACTERS else None
    if match is None:
        raise UsageError(f"--reconcile {cut(text)}: not a figure that a counter prints", _EXAMPLE)
    if input_size is None:
        raise UsageError(
            f"--reconcile {cut(text)}: what a counter prints depends on the size of the input, and -i is missing",
            "-i 224",
        )
    decimals = match["decimals"] or ""
    power = int(match["exponent"] or 0) + _UNITS.get((match["unit"] or "").lower(), 0)
    digits = int(match["whole"].replace(",", "").replace("_", "") + decimals)
    unit = Fraction(10) ** (power - len(decimals))
    rounded = power > 0 or decimals.strip("0") != ""
    return SeenFigure(_whole(digits * unit), _whole(unit / 2) if rounded else 0)


def _whole(number: Fraction) -> int | Fraction:
    return int(number) if number.denominator == 1 else number
