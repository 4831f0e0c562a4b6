"""Conditions as typed behind `--assert` and `--where`: read before anything runs, and held against known names."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from conv2d_cli.arithmetic.formula import Formula, FormulaError
from conv2d_cli.errors import UsageError, cut, did_you_mean, nearest, one_of, shown

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_NOTHING: Mapping[str, tuple[str, str]] = {}
_PARTS = ("height", "width", "top", "bottom", "left", "right")
_PAIR = re.compile(r"_(?:size|shape|height|width)\Z")
_EXAMPLE = "'macs <= 600e6'"


def condition_of(
    option: str, text: str, names: Sequence[str], *, missing: Mapping[str, tuple[str, str]] = _NOTHING
) -> Formula:
    """Return the condition that stands behind an option; `names` are the numbers that it may speak of.

    Of a name that is `missing` it is told why, and what makes it known.

    Raises:
        UsageError: it is no formula, no condition, or speaks of what is no number.
    """
    where = f"{option} {cut(text.strip()) or repr(text)}"
    try:
        formula = Formula(text)
    except FormulaError as error:
        raise UsageError(f"{where}: {error}", f"{option} {_EXAMPLE}, or conv2d help formulas") from None
    unknown = next((name for name in sorted(formula.names) if name not in names), None)
    if unknown is not None:
        no_such = f"there is no number {shown(unknown)}", _hint(unknown, names)
        said, hint = missing.get(unknown, no_such)
        raise UsageError(f"{where}: {said}", hint)
    number = next(iter(sorted(formula.truths)), None)
    if number is not None:
        raise UsageError(f"{where}: {number} is a number, which neither holds nor fails", f"write {number} > 0")
    if not formula.is_condition:
        hint = f"{option} '{text} > 0'" if cut(text) == text else f"write > 0 behind it, as in {option} {_EXAMPLE}"
        raise UsageError(f"{where}: a number, which neither holds nor fails", hint)
    return formula


def _hint(name: str, names: Sequence[str]) -> str:
    """Return what was probably meant: of a key that is a pair, a shape, or the padding, its axes or sides."""
    base = _PAIR.sub("", name)
    parts = [f"{base}_{part}" for part in _PARTS if f"{base}_{part}" in names]
    if parts:
        return f"did you mean {one_of(parts)}?"
    return did_you_mean(name, names) if nearest(name, names) else "conv2d help formulas lists what has numbers"
