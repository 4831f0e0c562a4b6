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
_MOST_DIGITS = 4


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


def exact_count(number: int) -> str | None:
    """Return `1.5 M` where four digits are all that a number has, else None.

    >>> exact_count(1_500_000), exact_count(10**40), exact_count(1_234_567)
    ('1.5 M', '1e40', None)
    """
    return _exactly(number, _THOUSAND, _DECIMAL)


def exact_bytes(number: int) -> str | None:
    """Return `1.5 MiB` where four digits are all that a number of bytes has in a unit of IEC, else None.

    >>> exact_bytes(1_572_864), exact_bytes(512), exact_bytes(1_000_001)
    ('1.5 MiB', '512 B', None)
    """
    short = _exactly(number, _KIBI, _BINARY)
    return None if short is None else f"{short}{'' if short[-1].isalpha() else ' '}B"


def rate(per_second: float, unit: str) -> str:
    """Return `16.2 GFLOP/s` of 16.2e9 and `FLOP/s`."""
    if not math.isfinite(per_second) or per_second < 1:
        return f"{three_digits(per_second)} {unit}"
    return f"{_short(round(per_second * _THOUSAND), _THOUSAND, ('m', *_DECIMAL))}{unit}"


def short_seconds(seconds: float) -> str:
    """Return `197 µs`; nothing of a second or more, which is as short itself."""
    if seconds >= 1 or seconds <= 0 or not math.isfinite(seconds):
        return ""
    number, unit = _below_a_second(seconds)
    return f"{three_digits(number)} {unit}"


def seconds_with_unit(seconds: float) -> str:
    """Return every digit that a person reads, and the unit.

    >>> seconds_with_unit(0.0002), seconds_with_unit(40.5568e-6), seconds_with_unit(2_500), seconds_with_unit(0)
    ('200 µs', '40.5568 µs', '2,500 s', '0 s')
    """
    if seconds >= 1 or seconds <= 0 or not math.isfinite(seconds):
        return f"{seconds:,.6g} s"
    number, unit = _below_a_second(seconds)
    return f"{number:.6g} {unit}"


def _below_a_second(seconds: float) -> tuple[float, str]:
    power = next((power for power in (1, 2) if seconds * _THOUSAND**power >= 1), 3)
    return seconds * _THOUSAND**power, ("ms", "µs", "ns")[power - 1]


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


def _exactly(number: int, base: int, prefixes: tuple[str, ...]) -> str | None:
    """Return up to four digits and a prefix that are the very number, an exponent where no prefix is made for it."""
    size = 0
    while size + 1 < len(prefixes) and number >= base ** (size + 1):
        size += 1
    thousandths, rest = divmod(number * _THOUSAND, base**size)
    if number >= base ** len(prefixes):
        digits = str(number)
        mantissa = digits.rstrip("0")
        point = "." if len(mantissa) > 1 else ""
        return f"{mantissa[0]}{point}{mantissa[1:]}e{len(digits) - 1}" if len(mantissa) <= _MOST_DIGITS else None
    if rest or len(str(thousandths).rstrip("0")) > _MOST_DIGITS:
        return None
    return f"{thousandths / _THOUSAND:.10g} {prefixes[size]}".rstrip()


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
