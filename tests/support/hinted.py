"""What a hint offers, read out of its words: `stride=2, or stride=(2, 1) for H and W` are two strides."""

from __future__ import annotations

import ast
import re

_OFFER = re.compile(r"(?:\b(?P<field>[a-z_]+)=)?(?P<value>\([0-9, ]*\)|'[^']*'|\b\d+(?:x\d+)*\b|\bTrue\b|\bFalse\b)")


def offers_of(hint: str | None) -> list[tuple[str, object]]:
    """Return (field, value) for every value that a hint names, in order; `input_shape=1x3x8x8` stays text.

    >>> offers_of("groups=1, 2 or 4")
    [('groups', 1), ('groups', 2), ('groups', 4)]
    """
    offers: list[tuple[str, object]] = []
    field: str | None = None
    for match in _OFFER.finditer(hint or ""):
        field = match["field"] or field
        if field is not None:
            value = match["value"]
            offers.append((field, value if "x" in value and "'" not in value else ast.literal_eval(value)))
    return offers
