"""Values out of the range of some type, and bytes in the other order."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from conv2d_cli.dtypes import DTYPES
from conv2d_cli.jobs.compare.mistakes.base import Output, Variant

if TYPE_CHECKING:
    from collections.abc import Iterator

    Array = np.ndarray[Any, Any]

_SIGNED, _UNSIGNED = ("int8", "int16", "int32"), ("uint8", "uint16", "uint32")
# The largest finite number, and from where on values are rounded to infinity.
_FLOATS = {
    "float16": (65504.0, 65520.0),
    "bfloat16": ((2 - 2.0**-7) * 2.0**127, (2 - 2.0**-8) * 2.0**127),
    "float32": ((2 - 2.0**-23) * 2.0**127, (2 - 2.0**-24) * 2.0**127),
}
_SHORT = {"float16": np.float16, "float32": np.float32}


def overflow(output: Output) -> Iterator[Variant]:
    """Yield integers modulo 2^bits, and numbers beyond the largest of a floating type that become infinite."""
    if output.shape != output.actual_shape or output.is_complex:
        return
    for name in (*_SIGNED, *_UNSIGNED):
        bounds = np.iinfo(name)
        wrapped = partial(_wrapped, low=int(bounds.min), span=2**bounds.bits)
        yield Variant(f"values are taken modulo 2^{bounds.bits}, as {name} does", changed=wrapped)
    if not output.has_infinities:
        return
    for name, (_, limit) in _FLOATS.items():
        yield Variant(f"what is beyond {name} becomes infinite", changed=partial(made_infinite, limit=limit))
        if name in _SHORT:
            yield Variant(f"results are {name}, and infinite beyond it", changed=partial(_through, name=name))


def saturation(output: Output) -> Iterator[Variant]:
    """Yield values set to the ends of some type's range, or of the range that the actual values have."""
    if output.shape != output.actual_shape or output.is_complex:
        return
    yield from map(_clipped_as, _SIGNED)
    for name, (largest, _) in _FLOATS.items():
        yield Variant(f"values end at the largest of {name}", changed=partial(np.clip, a_min=-largest, a_max=largest))
    low, high = output.lowest, output.highest
    # What ends at 0 alone is no unsigned type, so these come after it.
    yield from (_ending(*ends) for ends in ((low, None), (None, high)) if ends != (None, None))
    yield from map(_clipped_as, _UNSIGNED)
    if low is not None and high is not None:
        yield _ending(low, high)


def _clipped_as(name: str) -> Variant:
    bounds = np.iinfo(name)
    clipped = partial(np.clip, a_min=int(bounds.min), a_max=int(bounds.max))
    return Variant(f"values end at those of {name}, {bounds.min} and {bounds.max}", changed=clipped)


def _ending(low: float | None, high: float | None) -> Variant:
    words = " and ".join(f"{end:.6g}" for end in (low, high) if end is not None)
    return Variant(f"values end at {words}", changed=partial(np.clip, a_min=low, a_max=high))


def byte_order(output: Output) -> Iterator[Variant]:
    """Yield results written in the other byte order."""
    if output.shape == output.actual_shape and DTYPES[output.actual_dtype].bytes > 1:
        yield Variant("bytes are in the other order", reread=partial(_swapped, dtype=output.actual_dtype))


def _wrapped(values: Array, low: int, span: int) -> Array:
    return (values - low) % span + low


def infinite_from(dtype: str) -> float | None:
    """Return the least number that a floating type rounds to infinity; None of float64 and of what has no infinity.

    >>> infinite_from("float16"), infinite_from("int8")
    (65520.0, None)
    """
    return _FLOATS[dtype][1] if dtype in _FLOATS else None


def made_infinite(values: Array, limit: float) -> Array:
    """Return numbers with those of at least a limit infinite."""
    return np.where(np.abs(values) >= limit, np.copysign(np.inf, values), values)


def _through(values: Array, name: str) -> Array:
    with np.errstate(over="ignore"):
        return np.where(np.abs(values) >= _FLOATS[name][1], np.copysign(np.inf, values), values.astype(_SHORT[name]))


def _swapped(values: Array, dtype: str) -> Array:
    with np.errstate(all="ignore"):
        if dtype == "bfloat16":
            # It is held in the upper half of a float32.
            upper = (np.ascontiguousarray(values).view(np.uint32) >> 16).astype(np.uint16).byteswap()
            return (upper.astype(np.uint32) << 16).view(np.float32)
        return values.byteswap()
