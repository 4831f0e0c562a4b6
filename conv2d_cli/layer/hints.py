"""Hints that work: arguments as in Python (`stride=(2, 1)`), accepted in place of what was given."""

from __future__ import annotations

import re
from math import gcd
from typing import TYPE_CHECKING

from conv2d_cli.arithmetic.divisors import divisors
from conv2d_cli.arithmetic.padding import same_padding, same_padding_where_stride_divides
from conv2d_cli.dtypes import COMMON, NAMES
from conv2d_cli.errors import nearest, one_of, shown
from conv2d_cli.layer.choices import PADDING_MODES, PADDING_WORDS

if TYPE_CHECKING:
    from collections.abc import Sequence

_MOST_DIVISORS = 16
_LONGEST_WORD = 80
# An integer as people write it; longer ones are slips of the hand.
_DIGITS = re.compile(r"-?[0-9]{1,15}", re.ASCII)
_TOO_LONG = 10**15
_BETWEEN_NUMBERS = re.compile(r"\s*[,xX]\s*")
PAIRS = frozenset({"kernel_size", "stride", "padding", "dilation"})
# Allowed with any stride.
SAME_UPPER = "padding='same_upper'"
# A value of each argument that works nearly always.
EXAMPLES = {
    "in_channels": "in_channels=3",
    "out_channels": "out_channels=64",
    "kernel_size": "kernel_size=3, or kernel_size=(3, 5) for H and W",
    "stride": "stride=2, or stride=(2, 1) for H and W",
    "padding": "padding=1, or padding=(1, 2) for H and W",
    "dilation": "dilation=2, or dilation=(2, 1) for H and W",
    "groups": "groups=1",
    "bias": "bias=True",
    "device": "device='cpu' or 'cuda'",
    "dtype": "dtype='float32'",
}


def example(field: str, _: object) -> str:
    """Return a value that works, where what was given says nothing of what was meant."""
    return EXAMPLES[field]


def whole(field: str, value: object) -> str:
    """Return the integer, or the pair, that a value such as 3.0, "3" or (1, 2.0) stands for, else an example."""
    is_pair = isinstance(value, list | tuple) and field in PAIRS
    return _accepted(field, [_whole(part) for part in (value if is_pair else [value])])  # type: ignore[attr-defined]


def whole_groups(value: object, channels: Sequence[object]) -> str:
    """Return the groups that a value such as 2.0 stands for where they divide the channels, else 1."""
    number = _whole(value)
    divide = number and number > 0 and all(isinstance(count, int) and count % number == 0 for count in channels)
    return f"groups={number}" if divide else EXAMPLES["groups"]


def _whole(value: object) -> int | None:
    """Return what a value spells as an integer, if that is one of usual length."""
    if not isinstance(value, bool | int | float | str):
        return None
    digits = str(int(value) if isinstance(value, bool) else shown(value) if isinstance(value, int) else value).strip()
    digits = digits.removesuffix(".0").removesuffix(".")
    return int(digits) if _DIGITS.fullmatch(digits) else None


def _accepted(field: str, numbers: Sequence[object]) -> str:
    """Return numbers as the argument takes them, each raised to its least; an example where they are none."""
    least = 0 if field == "padding" else 1
    usual = [number for number in numbers if isinstance(number, int) and abs(number) < _TOO_LONG]
    if not usual or len(usual) < len(numbers):
        return EXAMPLES[field]
    return f"{field}={pair([max(least, number) for number in usual])}"


def of_length(field: str, value: object) -> str:
    """Return the forms that a sequence of the wrong length may have had in mind."""
    values = [*value] if isinstance(value, list | tuple) else []
    two = _accepted(field, values[:2])
    if len(values) == 1 or two == EXAMPLES[field]:
        return two
    if field != "padding":
        return f"{two} for H and W"
    four = _accepted(field, [*values, *values[1:]][:4])
    return f"{two} for H and W, or {four} for top, left, bottom, right"


def at_least(field: str, value: object) -> str:
    """Return what was given with its too small numbers raised to the least."""
    return _accepted(field, value if isinstance(value, list | tuple) else [value])


def word(field: str, value: object) -> str:
    """Return the words that `padding` or `padding_mode` may be: what was probably meant, else all of them."""
    # A longer one is no slip of the hand, and takes long to split.
    text = value if isinstance(value, str) and len(value) <= _LONGEST_WORD else ""
    if field == "padding_mode":
        return _words(field, text, PADDING_MODES)
    numbers = [_whole(part) for part in _BETWEEN_NUMBERS.split(text)]
    # Numbers of another kind, as in "1.0,2".
    return (
        _words(field, text, PADDING_WORDS)
        if None in numbers or len(numbers) not in {1, 2, 4}
        else _accepted(field, numbers)
    )


def dtypes(name: str) -> str:
    """Return the element types that look like a name, else the common ones."""
    text = name.removeprefix("torch.")
    return _words("dtype", text, NAMES if nearest(text, NAMES) else COMMON)


def _words(field: str, text: str, known: Sequence[str]) -> str:
    near = nearest(text, known)
    alternatives = f"{field}={one_of(map(repr, near or known))}"
    return f"did you mean {alternatives}?" if near else alternatives


def groups_that_fit(channels: Sequence[int], groups: int) -> str:
    """Return the groups that divide all channel counts; of very many, those nearest to what was given."""
    fitting = divisors(gcd(*channels))
    if len(fitting) > _MOST_DIVISORS:
        fitting = sorted(sorted(fitting, key=lambda divisor: abs(divisor - groups))[:_MOST_DIVISORS])
    return f"groups={one_of(fitting)}"


def instead_of_same(kernel: tuple[int, int] | None, stride: tuple[int, int], dilation: tuple[int, int] | None) -> str:
    """Return the padding that `same` has where both sides of each axis are padded alike, else `same_upper`.

    A kernel or a dilation of None is wrong itself.
    """
    if kernel is None or dilation is None:
        return SAME_UPPER
    sides = [same_padding(*axis) for axis in zip(kernel, dilation, strict=True)]
    if all(before == after for before, after in sides):
        return f"padding={pair([before for before, _ in sides])}"
    (top, bottom), (left, right) = (
        same_padding_where_stride_divides(*axis) for axis in zip(kernel, stride, dilation, strict=True)
    )
    return f"{SAME_UPPER}, or where the stride divides the size padding={pair([top, left, bottom, right])}"


def pair(values: Sequence[int]) -> str:
    """Return `3` when all values agree, else `(3, 5)`."""
    return str(values[0]) if len(set(values)) == 1 else f"({', '.join(map(str, values))})"
