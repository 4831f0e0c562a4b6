"""The words of a layer and of a size, as people type them: `3`, `3,5`, `3x5`, `(3, 5)`, `torch.Size([1, 3, 8, 8])`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from conv2d_cli.errors import ShapeError
from conv2d_cli.layer.rules import cut

if TYPE_CHECKING:
    from collections.abc import Sequence

_SIZE_PREFIX = re.compile(r"(?:torch\.)?Size\s*(?=\()")
_SIZE_LIKE = re.compile(r"[-+0-9.,xX()\[\]\s]+", re.ASCII)
# A lone `-` is stdin, and `.` a folder.
_TELLING = frozenset("0123456789()[]")
_INTEGERS = re.compile(r"([-+]?[0-9]+)(?:\s*[,xX]\s*[-+]?[0-9]+)*", re.ASCII)
_INTEGER = re.compile(r"[-+]?[0-9]+", re.ASCII)
# Python reads no integer of more digits than this, and no layer has one.
_MOST_DIGITS = 4000
_TEXT_FIELDS = frozenset({"padding_mode", "device", "dtype"})
_LARGEST_RANK = 4


def integers_of(text: str) -> int | tuple[int, ...] | None:
    """Return the integer or the tuple that a text spells, brackets allowed; None when it spells neither."""
    inner, bracketed = _without_brackets(_SIZE_PREFIX.sub("", text.strip()))
    if bracketed and inner.endswith(","):
        inner = inner[:-1].rstrip()
    if len(inner) > _MOST_DIGITS or not _INTEGERS.fullmatch(inner):
        return None
    numbers = tuple(int(digits) for digits in _INTEGER.findall(inner))
    return numbers if bracketed or len(numbers) > 1 else numbers[0]


def _without_brackets(text: str) -> tuple[str, bool]:
    bracketed = False
    while text[:1] + text[-1:] in {"()", "[]"}:
        text, bracketed = text[1:-1].strip(), True
    return text, bracketed


def argument_of(field: str, text: str) -> object:
    """Return the value that an option's text stands for; text that spells no integer stays, for the rules to judge."""
    value = None if field in _TEXT_FIELDS else integers_of(text)
    return text if value is None else value


def is_size(text: str) -> bool:
    """Whether a SIZE is typed and not the name of a file: only digits, signs, separators and brackets make a size."""
    inner = _SIZE_PREFIX.sub("", text.strip())
    return not inner or (_SIZE_LIKE.fullmatch(inner) is not None and not _TELLING.isdisjoint(inner))


def input_shape_of(text: str, channels: int) -> tuple[int, ...]:
    """Return the shape that a typed SIZE stands for; one or two numbers are one image with the layer's channels.

    Raises:
        ShapeError: it is not one to four integers of 0 or more.
    """
    value = integers_of(text)
    sizes = () if value is None else (value,) if isinstance(value, int) else value
    return input_shape_from(sizes, channels, text)


def input_shape_from(sizes: Sequence[int], channels: int, given: object) -> tuple[int, ...]:
    """Return (1, C, H, W) for one or two sizes, else the sizes themselves.

    Raises:
        ShapeError: there are not one to four, or one is negative.
    """
    if not 1 <= len(sizes) <= _LARGEST_RANK or min(sizes) < 0:
        raise ShapeError(
            f"SIZE {cut(str(given))} is not a size",
            f"write 224, 224x224, {channels}x224x224 (unbatched) or 8x{channels}x224x224; a file as ./FILE",
        )
    if len(sizes) == 1:
        return (1, channels, sizes[0], sizes[0])
    return (1, channels, *sizes) if len(sizes) == len(("H", "W")) else tuple(sizes)
