"""Hints that work: arguments as in Python (`stride=(2, 1)`), accepted in place of what was given."""

from __future__ import annotations

from math import gcd
from typing import TYPE_CHECKING

from conv2d_cli.arithmetic.divisors import divisors
from conv2d_cli.arithmetic.padding import same_padding, same_padding_where_stride_divides
from conv2d_cli.dtypes import COMMON, NAMES
from conv2d_cli.errors import nearest, one_of
from conv2d_cli.layer.choices import PADDING_MODES, PADDING_WORDS

if TYPE_CHECKING:
    from collections.abc import Sequence

_MOST_DIVISORS = 16
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
    numbers = [_whole(part) for part in (value if is_pair else [value])]  # type: ignore[attr-defined]
    # Whether groups divide the channels is only known once they are an integer.
    if not numbers or None in numbers or field == "groups":
        return EXAMPLES[field]
    return f"{field}={pair(_raised(field, numbers))}"


def _whole(value: object) -> int | None:
    text = str(int(value) if isinstance(value, bool) else value).strip()
    digits = text.removesuffix(".0").removesuffix(".").removeprefix("-")
    return (
        int(text[: len(text) - len(text.lstrip("-")) + len(digits)]) if digits.isascii() and digits.isdigit() else None
    )


def _raised(field: str, numbers: Sequence[object]) -> list[int]:
    """Return the numbers, each raised to the least that the argument takes."""
    least = 0 if field == "padding" else 1
    return [max(least, number) if isinstance(number, int) else least for number in numbers]


def of_length(field: str, value: object) -> str:
    """Return the forms that a sequence of the wrong length may have had in mind."""
    if not isinstance(value, list | tuple) or not value or any(type(part) is not int for part in value):
        return EXAMPLES[field]
    numbers = _raised(field, value)
    if len(numbers) == 1:
        return f"{field}={numbers[0]}"
    two = f"{field}={pair(numbers[:2])} for H and W"
    four = pair([*numbers, *numbers[1:]][:4])
    return two if field != "padding" else f"{two}, or {field}={four} for top, left, bottom, right"


def at_least(field: str, value: object) -> str:
    """Return what was given with its too small numbers raised to the least."""
    return f"{field}={pair(_raised(field, value if isinstance(value, list | tuple) else [value]))}"


def word(field: str, value: object) -> str:
    """Return the words that `padding` or `padding_mode` may be: what was probably meant, else all of them."""
    return _words(field, str(value), PADDING_WORDS if field == "padding" else PADDING_MODES)


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


def instead_of_same(kernel: tuple[int, int], stride: tuple[int, int], dilation: tuple[int, int]) -> str:
    """Return the padding that `same` has where both sides of each axis are padded alike, else `same_upper`."""
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
