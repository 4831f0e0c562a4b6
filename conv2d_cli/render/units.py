"""Short forms of exact numbers: three digits and a unit. Counts go by thousands, bytes by 1,024."""

from __future__ import annotations

import math

_DECIMAL = ("", "k", "M", "G", "T", "P", "E", "Z", "Y", "R", "Q")
_BINARY = ("", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei", "Zi", "Yi")
_THOUSAND, _KIBI = 1000, 1024
# What rounds to 1,000 in three digits has a fourth.
_FOUR_DIGITS = 999.5
_SIGNIFICANT = 3
# Numbers outside are written with an exponent.
_SMALL, _LARGE = 1e-4, 1e12
_ALMOST_ALL = 99.9


def thousands(number: int) -> str:
    """Return every digit of an integer, with separators."""
    return f"{number:,}"


def short_count(number: int) -> str:
    """Return `118 M`; nothing where the number is as short itself."""
    return "" if number < _THOUSAND else _short(number, _THOUSAND, _DECIMAL)


def short_bytes(number: int) -> str:
    """Return `3.06 MiB`, in the units of IEC."""
    return f"{number} B" if number < _KIBI else f"{_short(number, _KIBI, _BINARY)}B"


def bytes_unit(number: int) -> str:
    """Return what stands beside an exact number of bytes: `3.06 MiB`, or `B` where the number is as short itself."""
    return "B" if number < _KIBI else short_bytes(number)


def rate(per_second: float, unit: str) -> str:
    """Return `16.2 GFLOP/s` of 16.2e9 and `FLOP/s`."""
    if not math.isfinite(per_second) or per_second < 1:
        return f"{three_digits(per_second)} {unit}"
    return f"{_short(round(per_second * _THOUSAND), _THOUSAND, ('m', *_DECIMAL))}{unit}"


def short_seconds(seconds: float) -> str:
    """Return `197 µs`; nothing of a second or more, which is as short itself."""
    if seconds >= 1 or seconds <= 0 or not math.isfinite(seconds):
        return ""
    for power, unit in enumerate(("ms", "µs", "ns"), 1):
        number = seconds * _THOUSAND**power
        if number >= 1 or unit == "ns":
            break
    return f"{three_digits(number)} {unit}"


def percent(part: int, whole: int) -> str:
    """Return `98.5 %`, and `100 %` of nothing less than all; nothing where there is no whole."""
    if not whole:
        return ""
    share = 100 * part / whole
    return f"{three_digits(share if part >= whole else min(share, _ALMOST_ALL))} %"


def three_digits(number: float, *, with_zeros: bool = False) -> str:
    """Return a measured number in three digits, without an exponent wherever people read none.

    `with_zeros` keeps zeros at the end, for numbers under one another.
    """
    if number == 0 or not math.isfinite(number) or not _SMALL <= abs(number) < _LARGE:
        return f"{number:.{_SIGNIFICANT}g}"
    rounded = float(f"{number:.{_SIGNIFICANT}g}")
    decimals = max(0, _SIGNIFICANT - 1 - math.floor(math.log10(abs(rounded))))
    text = f"{rounded:,.{decimals}f}"
    return text if with_zeros or not decimals else text.rstrip("0").rstrip(".")


def _short(number: int, base: int, prefixes: tuple[str, ...]) -> str:
    """Return three digits and a prefix; an exponent for numbers that no prefix is made for."""
    if number >= base ** len(prefixes):
        return f"{_exponent(number)} "
    size = 0
    while size + 1 < len(prefixes) and number / base**size >= _FOUR_DIGITS:
        size += 1
    short = number / base**size
    if short >= _FOUR_DIGITS:
        return f"{_exponent(number)} "
    return f"{short:.{_SIGNIFICANT}g} {prefixes[size]}"


def _exponent(number: int) -> str:
    """Return `1.23e38`; integers may have more digits than a float has room for."""
    digits = str(number)
    return f"{digits[0]}.{digits[1:_SIGNIFICANT]}e{len(digits) - 1}"
