"""Few values along an axis that are round and written exactly: `20 M`, `1.5 MiB`, `1,024`."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import TYPE_CHECKING, NamedTuple

from conv2d_cli.render.units import exact_bytes, exact_count, seconds_with_unit, thousands

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conv2d_cli.render.drawing.plot_scale import Number, Scale

# Steps between ticks, in powers of ten.
_STEPS = (1, 2, 5)
_BYTES, _SECONDS = "bytes", "seconds"
# Of these the unit stands at each value, as it is not always the same, and not beside the key.
UNITS_OF_VALUES = frozenset({_BYTES, _SECONDS})
# Smaller numbers are read more easily whole: 16,384.
_WHOLE_BELOW = 20_000
# What few decades hold, so that an axis has more than two ticks.
_FEWEST = 3


class Tick(NamedTuple):
    """A value, where it lies from 0 to 1, and its text."""

    value: Number
    position: float
    label: str


def ticks_of(scale: Scale, unit: str, most: int, characters: int | None = None) -> list[Tick]:
    """Return at most some 6 ticks or `most`, fewer where their labels side by side would need more `characters`.

    >>> from conv2d_cli.render.drawing.plot_scale import scale_of
    >>> [tick.label for tick in ticks_of(scale_of([0, 50_000_000]), "multiply-adds", 6)]
    ['0', '10 M', '20 M', '30 M', '40 M', '50 M']
    >>> [tick.label for tick in ticks_of(scale_of([1000, 3000000]), "bytes", 6)]
    ['1 KiB', '4 KiB', '16 KiB', '64 KiB', '256 KiB', '1 MiB']
    >>> [tick.label for tick in ticks_of(scale_of([9e-6, 0.02]), "seconds", 6)]
    ['10 µs', '100 µs', '1 ms', '10 ms']
    """
    for number in range(most, 1, -1):
        ticks = _ticks(scale, unit, number)
        if characters is None or sum(len(tick.label) + 2 for tick in ticks) <= characters:
            return ticks
    return ticks[:1]


def label_of(value: Number, unit: str) -> str:
    """Return a value in a short form where that is exact, else whole.

    >>> label_of(1_572_864, "bytes"), label_of(2_048, ""), label_of(0.125, "")
    ('1.5 MiB', '2,048', '0.125')
    """
    return (_short(value, unit) if value >= _WHOLE_BELOW or unit == _BYTES else None) or _whole(value, unit)


def _ticks(scale: Scale, unit: str, most: int) -> list[Tick]:
    values = [
        value.numerator if value.denominator == 1 else float(value)
        for value in _values(scale, most, binary=unit == _BYTES)
    ]
    short = [_short(value, unit) for value in values]
    # Either all of an axis are short or none, and small numbers are read more easily whole.
    if None in short or (unit != _BYTES and scale.most < _WHOLE_BELOW):
        short = [_whole(value, unit) for value in values]
    return [Tick(value, scale.position(value), label or "") for value, label in zip(values, short, strict=True)]


def _short(value: Number, unit: str) -> str | None:
    if isinstance(value, float) or unit == _SECONDS:
        return _whole(value, unit)
    return exact_bytes(value) if unit == _BYTES else exact_count(value)


def _whole(value: Number, unit: str) -> str:
    if unit == _SECONDS:
        return seconds_with_unit(value)
    if isinstance(value, float):
        return f"{value:,.0f}" if value.is_integer() else f"{value:,.6g}"
    return f"{thousands(value)} B" if unit == _BYTES else thousands(value)


def _values(scale: Scale, most: int, *, binary: bool) -> Iterator[Fraction]:
    if scale.least == scale.most:
        yield Fraction(scale.least)
    elif scale.is_log:
        if scale.least < scale.lowest:
            yield Fraction(0)
        yield from _powers(scale, most, 2 if binary else 10)
    else:
        yield from _multiples(scale, most, binary=binary)


def _multiples(scale: Scale, most: int, *, binary: bool) -> Iterator[Fraction]:
    """Return the multiples of the smallest round step of which there are no more than `most`."""
    least, end = Fraction(scale.least), Fraction(scale.most)
    whole = isinstance(scale.least, int) and isinstance(scale.most, int)
    step = next(
        step for step in _steps(end - least, whole=whole, binary=binary) if end // step - -(-least // step) + 1 <= most
    )
    first = -(-least // step)
    yield from (step * number for number in range(first, int(end // step) + 1))


def _steps(span: Fraction, *, whole: bool, binary: bool) -> Iterator[Fraction]:
    """Return round steps, ascending, from one that is too small."""
    exponent = _exponent(span / 64, 2 if binary else 10) - 1
    while True:
        for step in (1,) if binary else _STEPS:
            size = Fraction(2 if binary else 10) ** exponent * step
            if size >= 1 or not whole:
                yield size
        exponent += 1


def _powers(scale: Scale, most: int, base: int) -> Iterator[Fraction]:
    """Return powers of the base, every one or every few of them; between few powers of ten twos and fives too."""
    low, high = Fraction(scale.lowest), Fraction(scale.most)
    first, last = _exponent(low, base), _exponent(high, base)
    exponents = [exponent for exponent in range(first, last + 1) if Fraction(base) ** exponent >= low]
    if len(exponents) < _FEWEST and base != 2:  # noqa: PLR2004 - the base of bytes
        for steps in (_STEPS, _STEPS[::2]):
            between = (Fraction(base) ** exponent * step for exponent in range(first, last + 1) for step in steps)
            inside = [value for value in between if low <= value <= high]
            if len(inside) <= most:
                yield from inside
                return
    every = next(every for every in _strides() if len(exponents) <= most * every)
    chosen = [exponent for exponent in exponents if exponent % every == 0]
    yield from (Fraction(base) ** exponent for exponent in chosen or exponents[:1])


def _strides() -> Iterator[int]:
    """Return 1, 2, 5, 10, 20, 50, ..."""
    factor = 1
    while True:
        yield from (factor * step for step in _STEPS)
        factor *= 10


def _exponent(value: Fraction, base: int) -> int:
    """Return the largest exponent whose power of the base is not above a value, which is above zero."""
    logarithm = math.log2 if base == 2 else math.log10  # noqa: PLR2004 - the base of bytes
    exponent = math.floor(logarithm(value.numerator) - logarithm(value.denominator))
    # A logarithm is rounded, which a power is not.
    while Fraction(base) ** exponent > value:
        exponent -= 1
    while Fraction(base) ** (exponent + 1) <= value:
        exponent += 1
    return exponent
