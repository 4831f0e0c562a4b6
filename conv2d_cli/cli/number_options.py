"""What the words of options stand for: one of several, a number, a number of bytes, an element type."""

from __future__ import annotations

import re
from decimal import Decimal

from conv2d_cli.errors import UsageError, did_you_mean

_INTEGER = re.compile(r"[-+]?[0-9]{1,30}", re.ASCII)
_BYTES = re.compile(r"(?P<number>[0-9]{1,18}(?:\.[0-9]{1,6})?)\s*(?P<unit>[A-Za-z]*)", re.ASCII)
_UNITS = {"B": 1} | {
    prefix + unit: base**power for power, prefix in enumerate("KMGT", 1) for unit, base in (("B", 1000), ("IB", 1024))
}
_SEEDS = range(-(2**63), 2**64)


def choice(name: str, text: str, known: tuple[str, ...]) -> str:
    """Return a text that is one of the known ones.

    Raises:
        UsageError: it is none of them.
    """
    if text not in known:
        raise UsageError(f"{name} {text}: no such {name.strip('-')}", did_you_mean(text, known, f"{name} "))
    return text


def seed_of(text: str | None) -> int:
    """Return a seed that torch takes; 0 when none is given.

    Raises:
        UsageError: it takes no such seed.
    """
    seed = 0 if text is None else integer("--seed", text)
    if seed not in _SEEDS:
        raise UsageError(
            f"--seed {text}: a seed lies between -2^63 and 2^64 - 1 (torch: Overflow when unpacking long long)",
            f"--seed {seed % 2**32}, which is the same in its low 32 bits",
        )
    return seed


def integer(name: str, text: str, *, least: int | None = None, example: int | None = None) -> int:
    """Return the integer that an option's text spells; `example` is one that mostly works, the least if None.

    Raises:
        UsageError: it spells none, or one below the least.
    """
    if not _INTEGER.fullmatch(text):
        raise UsageError(f"{name} {text}: not a whole number", f"{name} {example or max(1, least or 1)}")
    if least is not None and int(text) < least:
        raise UsageError(f"{name} {text}: must be {least} or more", f"{name} {example or least}")
    return int(text)


def dtype_of(name: str, text: str | None, *, drawn: bool = False, stored: bool = False) -> str | None:
    """Return our name of a dtype that can be computed with; parameters that are `drawn` are floats or complex.

    One that is `stored` may also be a type of which the elements are only cast to others.

    Raises:
        UsageError: it cannot be.
    """
    from conv2d_cli.dtypes import COMMON, COMPUTABLE, DTYPES, NAMES, find_dtype
    from conv2d_cli.errors import nearest, one_of

    if text is None:
        return None
    usual = [known for known in COMMON if not drawn or DTYPES[known].can_be_parameter]
    found = find_dtype(text)
    if found is None:
        near = [known for known in nearest(text, NAMES) if (meant := find_dtype(known)) and meant.name in COMPUTABLE]
        hint = f"did you mean {name} {near[0]}?" if near else f"{name} {one_of(usual)}"
        raise UsageError(f"{name} {text}: there is no such element type", hint)
    if found.name not in COMPUTABLE and not (stored and found.name != "complex32"):
        raise UsageError(f"{name} {text}: nothing is computed in it", f"{name} {one_of(usual)}")
    return found.name


def bytes_of(text: str | None, name: str = "--memory-limit") -> int | None:
    """Return a number of bytes from `512MiB`, `2GB` or `1000000`.

    Raises:
        UsageError: it is none.
    """
    if text is None:
        return None
    match = _BYTES.fullmatch(text.strip())
    unit = match and (match["unit"] or "B").upper()
    if match is None or unit not in _UNITS:
        raise UsageError(
            f"{name} {text}: not a size, which is a number of bytes with KiB, MiB, GiB, kB, MB or GB behind it",
            f"{name} 1GiB",
        )
    return int(Decimal(match["number"]) * _UNITS[unit])
