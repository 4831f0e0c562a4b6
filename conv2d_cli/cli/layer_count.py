"""LAYER with too few or too many words: which layer was probably meant."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from conv2d_cli.errors import UsageError
from conv2d_cli.layer.choices import PADDING_WORDS
from conv2d_cli.layer.text import integers_of, looks_like_expression

if TYPE_CHECKING:
    from collections.abc import Sequence

    from conv2d_cli.cli.layer_words import LayerWords

_USUAL = ("3", "64", "3")
_CALL = re.compile(r"(?:[\w.]*\.)?Conv2d")
# Commands that need a size too, and what gives them one or makes it needless.
_SIZED = frozenset({"bench", "draw"})
_SIZES = frozenset({"-i", "--input", "--input-size", "--values", "--interactive"})
# Behind the kernel torch takes a stride, then a padding.
_BEHIND = (("-s", 1), ("-p", 0))


def wrong_number(words: LayerWords) -> UsageError:
    """Return the error of a layer that is neither three values nor one expression, with a line that is."""
    values = [*words.values]
    if not values or values == [""]:
        return UsageError(
            "LAYER is missing: three values, IN OUT KERNEL, or one expression",
            f"{_line(words, (*_USUAL[:2], '7'))}, or {_line(words, ('Conv2d(3, 64, 7, stride=2)',))}",
        )
    text = " ".join(words.operands)
    said = f"LAYER is three values, IN OUT KERNEL, or one expression, but {len(values)} {_were(values)} given: {text}"
    if "(" in text and looks_like_expression(text):
        return UsageError(said, f"quote it: {_line(words, (text[: text.rfind(')') + 1] or text,))}")
    return UsageError(said, _meant(words, [value for value in values if not _CALL.fullmatch(value)]))


def _were(values: Sequence[str]) -> str:
    return "was" if len(values) == 1 else "were"


def _meant(words: LayerWords, values: list[str]) -> str:
    split = integers_of(values[0]) if len(values) == 1 else None
    if isinstance(split, tuple) and len(split) == len(_USUAL):
        # 3x64x7 is no layer, but no size either.
        values = [str(number) for number in split]
    if not any(_is_count(value, 1) or isinstance(integers_of(value), tuple) for value in values):
        # Whatever was meant, a line with it would not work.
        values = []
    if len(values) <= len(_USUAL):
        return _line(words, (*values, *_USUAL[len(values) :]))
    layer, behind = values[: len(_USUAL)], values[len(_USUAL) :]
    as_torch = _line(words, layer, *_behind(behind))
    if len(behind) == 1 and integers_of(layer[2]) is not None and _is_count(behind[0], 1):
        pair = _line(words, (*layer[:2], f"{layer[2]}x{behind[0]}"))
        return f"a pair is one word, a stride an option: {pair}, or {as_torch}"
    return as_torch


def _behind(values: Sequence[str]) -> list[str]:
    """Return the options that values behind the kernel stand for, of those that can be told."""
    if values[0] in PADDING_WORDS:
        return ["-p", values[0]]
    options: list[str] = []
    for (option, least), value in zip(_BEHIND, values, strict=False):
        if _is_count(value, least) or (option == "-p" and value in PADDING_WORDS and len(values) == 1):
            options += [option, value]
    return options


def _is_count(value: str, least: int) -> bool:
    number = integers_of(value)
    return isinstance(number, int) and number >= least


def _line(words: LayerWords, operands: Sequence[str], *options: str) -> str:
    """Return the command line with another layer, and with a size where the command needs one."""
    sized = words.typed.option(_SIZES) is not None or words.typed.command not in _SIZED
    return words.typed.line(dict.fromkeys(words.positions), *operands, *options, *(() if sized else ("-i", "56")))
