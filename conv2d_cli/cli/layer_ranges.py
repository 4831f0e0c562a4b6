"""A range where one value belongs: the line of `conv2d sweep` that goes through all of it."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from conv2d_cli.cli.typed import PROGRAM
from conv2d_cli.errors import UsageError, cut
from conv2d_cli.layer.alternatives import alternatives_of
from conv2d_cli.layer.choices import REQUIRED
from conv2d_cli.layer.text import integers_of

if TYPE_CHECKING:
    from conv2d_cli.cli.layer_words import LayerWords

_SIZE = ("-i", "--input")


def refuse_ranges(words: LayerWords, sizes: str | None) -> None:
    """Refuse a layer, or sizes, of which one word is a range such as `1..4`.

    Raises:
        UsageError: it has one; the hint is a line for all of its values.
    """
    given = dict(zip(REQUIRED, words.values, strict=False)) | words.options
    typed = next((words.told()[field] for field, text in given.items() if _is_range(text)), None)
    if typed is None and sizes is not None and _is_range(sizes):
        typed = words.spelled("input_shape")
    if typed is None:
        return
    line = [PROGRAM, "sweep", *map(_as_alternative, words.values)]
    for field, text in words.options.items():
        line += (words.option(field), *([_as_alternative(text)] if text else []))
    if sizes is not None:
        line += (words.option("input_shape"), _as_alternative(sizes))
    raise UsageError(f"{cut(typed)}: a range of values is for a sweep, here is one layer", shlex.join(line))


def _is_range(text: str) -> bool:
    try:
        return ".." in text and any(isinstance(part, range) for part in alternatives_of(text, "").parts)
    except UsageError:
        return False


def _as_alternative(text: str) -> str:
    """Return a value as one of several: commas part these, so a pair is `3x5` and four paddings have brackets."""
    value = integers_of(text)
    if not isinstance(value, tuple):
        return text
    return "x".join(map(str, value)) if len(value) == len(("H", "W")) else f"({','.join(map(str, value))})"
