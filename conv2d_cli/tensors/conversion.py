"""What stored elements become: the type that a tensor is read in, and its elements in that type."""

from __future__ import annotations

from typing import Any

import numpy as np

from conv2d_cli.dtypes import COMPUTABLE, DTYPES
from conv2d_cli.errors import DataError
from conv2d_cli.numpy_dtypes import dtype_name

Array = np.ndarray[Any, Any]

_CAST_HINT = "--dtype float32 casts it"


def dtype_read(stored: np.dtype[Any], wanted: str | None) -> str:
    """Return our name of the type that stored elements are read in: `wanted`, or their own.

    Raises:
        DataError: they are no numbers, or none that become this type.
        MissingExtraError: they are bfloat16 and the extra is not installed.
    """
    if stored.str.lstrip("<>|") == "V2" and wanted == "bfloat16":
        return wanted
    name = dtype_name(stored)
    if stored.hasobject:
        raise DataError("it holds Python objects, and a pickle is never loaded", "save it with a number's dtype")
    if stored.names is not None:
        fields = ", ".join(stored.names)
        raise DataError(
            f"its elements are records of {fields}, not numbers",
            "save one field, as with numpy.save(file, array[field])",
        )
    if stored.kind == "V" and name != "bfloat16":
        hint = "--dtype bfloat16 reads two-byte elements as bfloat16" if stored.str[1:] == "V2" else _CAST_HINT
        raise DataError(f"its elements are {stored}, not numbers", hint)
    known = DTYPES.get(name)
    if known is None:
        raise DataError(f"its elements are {name}, which nothing is computed in", "save it as float32 or float64")
    if wanted is None:
        if name not in COMPUTABLE:
            raise DataError(f"its elements are {name}, which nothing is computed in", _CAST_HINT)
        return name
    if known.kind == "c" and DTYPES[wanted].kind != "c":
        raise DataError(f"casting {name} to {wanted} would lose the imaginary part", f"--dtype {name} keeps it")
    return wanted


def converted_to(target: np.dtype[Any], array: Array) -> Array:
    """Return elements as a dense array of the target's type, themselves where they are one.

    Raises:
        DataError: they do not fit an integer type.
    """
    if target.kind in "iu" and DTYPES[dtype_name(array.dtype)].kind == "f":
        _check_fits(array, target)
    with np.errstate(over="ignore", under="ignore"):
        return array.astype(target, order="C", copy=False)


def _check_fits(array: Array, target: np.dtype[Any]) -> None:
    """Refuse floats outside an integer type: what they become differs between machines."""
    if not array.size:
        return
    bounds = np.iinfo(target)
    wide = array.astype(np.float32) if array.dtype.itemsize == np.dtype(np.float16).itemsize else array
    least, greatest = float(np.min(wide)), float(np.max(wide))
    if not (bounds.min - 1 < least and greatest < bounds.max + 1):
        worst = greatest if bounds.min - 1 < least else least
        raise DataError(f"{worst} does not fit {target}", f"{target} holds {bounds.min} to {bounds.max}")
