"""The words of a layer and of a size, as people type them: `3`, `3,5`, `3x5`, `(3, 5)`, `torch.Size([1, 3, 8, 8])`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from conv2d_cli.errors import ShapeError, cut
from conv2d_cli.limits import INTEGER_DIGITS

if TYPE_CHECKING:
    from collections.abc import Sequence

_SIZE_PREFIX = re.compile(r"(?:torch\.)?Size\s*(?=\()")
_INTEGER = re.compile(r"[-+]?[0-9]+", re.ASCII)
_INTEGERS = re.compile(r"[-+]?[0-9]+(?:(?:\s*[,xX]\s*|\s+)[-+]?[0-9]+)*", re.ASCII)
# What a word is split at to see whether a size was meant, also by signs that no size has.
_BETWEEN_PARTS = re.compile(r"[,xX*×\s()\[\]]+")  # noqa: RUF001 - people paste it
# A range is no size, but was meant as one: `224..256`.
_NUMBER = re.compile(r"[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+|[0-9]+(?:\.\.[0-9]+){1,2})", re.ASCII)
_PLACEHOLDER = re.compile(r"[A-Za-z?]|None")
# Brackets are taken off pair by pair, each of which copies the rest.
_LONGEST = 2 * INTEGER_DIGITS
_TEXT_FIELDS = frozenset({"padding_mode", "device", "dtype"})
_LARGEST_RANK = 4


def integers_of(text: str) -> int | tuple[int, ...] | None:
    """Return the integer or the tuple that a text spells; commas, `x` and blanks separate, brackets are allowed.

    >>> integers_of("3"), integers_of("3x5"), integers_of("(1, 8, 30, 30)"), integers_of("three")
    (3, (3, 5), (1, 8, 30, 30), None)
    """
    if len(text) > _LONGEST:
        return None
    inner, bracketed = _without_brackets(_SIZE_PREFIX.sub("", text.strip()))
    if bracketed and inner.endswith(","):
        inner = inner[:-1].rstrip()
    if len(inner) > INTEGER_DIGITS or not _INTEGERS.fullmatch(inner):
        return None
    numbers = tuple(int(digits) for digits in _INTEGER.findall(inner))
    return numbers if bracketed or len(numbers) > 1 else numbers[0]


def _without_brackets(text: str) -> tuple[str, bool]:
    bracketed = False
    while text[:1] + text[-1:] in {"()", "[]"}:
        text, bracketed = text[1:-1].strip(), True
    return text, bracketed


def argument_of(field: str, text: str) -> object:
    """Return the value that an option's text stands for; what spells no integer stays, for the layer to judge."""
    value = None if field in _TEXT_FIELDS else integers_of(text)
    return text if value is None else value


def looks_like_expression(text: str) -> bool:
    """Whether an operand is meant for an expression and not for one of three values."""
    return "Conv" in text or ("(" in text and any(map(str.isalpha, text)))


def is_size(text: str) -> bool:
    """Whether a SIZE was meant and not a file: numbers, with a letter, `?` or `None` for a number not known.

    >>> [is_size(text) for text in ("224", "1920*1080", "N,3,32,32", "8.5", "8..16", "x.npy", "./224", "8x8px")]
    [True, True, True, True, True, False, False, False]
    """
    parts = [part for part in _BETWEEN_PARTS.split(_SIZE_PREFIX.sub("", text.strip())) if part]
    if not parts:
        # Nothing but brackets; `x` alone may be a file.
        return not text.strip() or "(" in text or "[" in text
    meant = all(_NUMBER.fullmatch(part) or _PLACEHOLDER.fullmatch(part) for part in parts)
    return meant and any(map(_NUMBER.fullmatch, parts))


def input_shape_of(text: str, channels: int) -> tuple[int, ...]:
    """Return the shape that a typed SIZE stands for; one or two numbers are one image with the layer's channels.

    Raises:
        ShapeError: it is not one to four integers of 0 or more.

    >>> input_shape_of("224", 3)
    (1, 3, 224, 224)
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
            f"SIZE {cut(str(given))} is not a size: one to four whole numbers, H, HxW, CxHxW or NxCxHxW",
            f"input_shape={_meant(str(given), channels)}",
        )
    if len(sizes) == 1:
        return (1, channels, sizes[0], sizes[0])
    return (1, channels, *sizes) if len(sizes) == len(("H", "W")) else tuple(sizes)


def _meant(text: str, channels: int) -> str:
    """Return the size that was probably meant, written as one word."""
    parts = [part for part in _BETWEEN_PARTS.split(text) if part]
    numbers = [_whole(part) for part in parts]
    # What is mostly left open, by a letter or -1, is the batch; and the layer knows its channels.
    for place, known in ((-4, 1), (-3, channels)):
        if len(parts) >= -place and not numbers[place]:
            numbers[place] = known
    if 1 <= len(numbers) <= _LARGEST_RANK and all(numbers):
        return "x".join(map(str, numbers))
    return f"224, 224x160, {channels}x224x224 (unbatched) or 8x{channels}x224x224"


def _whole(part: str) -> int | None:
    """Return the positive integer that `8` or `8.0` spells."""
    digits = part.removesuffix(".0").removesuffix(".")
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) <= len(str(2**63)) else None
