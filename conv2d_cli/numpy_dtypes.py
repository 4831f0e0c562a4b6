"""Our names of element types to NumPy's dtypes and back: the one home of `ml_dtypes`. Only arrays' rooms import it.

Elements of types that NumPy has no name for, bfloat16 and float8, are stored as unsigned integers or as void.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from conv2d_cli.dtypes import COMPUTABLE, DTYPES
from conv2d_cli.errors import DataError, MissingExtraError

# An array of any shape and element type.
Array = np.ndarray[Any, Any]


@cache
def numpy_dtype(name: str) -> np.dtype[Any]:
    """Return NumPy's dtype, in the machine's byte order, for a name of `dtypes.COMPUTABLE`.

    Raises:
        MissingExtraError: `name` is "bfloat16" and the extra `bf16` is not installed.
        DataError: NumPy has no such type.
    """
    if name == "bfloat16":
        try:
            import ml_dtypes
        except ImportError as error:
            raise MissingExtraError("bfloat16", "bf16") from error
        bfloat16: np.dtype[Any] = np.dtype(ml_dtypes.bfloat16)
        return bfloat16
    if name not in COMPUTABLE:
        raise DataError(
            f"{name} cannot be computed with", f"cast with --dtype to one of: {', '.join(sorted(COMPUTABLE))}"
        )
    return np.dtype(name)


def dtype_name(dtype: np.dtype[Any]) -> str:
    """Return our name of a NumPy dtype, whatever its byte order."""
    return dtype.newbyteorder("=").name


def stored_dtype(name: str, byte_order: str = "=") -> np.dtype[Any]:
    """Return NumPy's dtype for elements as they lie in a file: unsigned integers where NumPy has no name for them.

    >>> stored_dtype("bfloat16", ">").str, stored_dtype("float32", "<").str
    ('>u2', '<f4')
    """
    unnamed = name == "bfloat16" or name.startswith("float8")
    return np.dtype(f"u{DTYPES[name].bytes}" if unnamed else name).newbyteorder(byte_order)  # type: ignore[arg-type]


def widened(stored: np.ndarray[Any, Any], holds: str) -> np.ndarray[Any, Any]:
    """Return stored elements of the type that `holds` names as numbers of a type that NumPy has, by value.

    Raises:
        MissingExtraError: they are float8, and the extra `bf16` is not installed.

    >>> widened(np.array([0x3FC0, 0xC000], ">u2"), "bfloat16")
    array([ 1.5, -2. ], dtype=float32)
    """
    if holds == "bool":
        whole: np.ndarray[Any, Any] = stored.astype(np.uint8)
        return whole
    if holds == "bfloat16":
        bits = stored if stored.dtype.kind == "u" else stored.view(np.uint16)
        # The upper half of a float32.
        return (bits.astype(np.uint32) << 16).view(np.float32)
    if holds.startswith("float8"):
        values: np.ndarray[Any, Any] = _values_of_bytes(holds)[stored.view(np.uint8)]
        return values
    return stored


@cache
def _values_of_bytes(name: str) -> np.ndarray[Any, Any]:
    """Return what each of the 256 bytes stands for in a type of eight bits."""
    try:
        import ml_dtypes
    except ImportError as error:
        raise MissingExtraError(name, "bf16") from error
    values: np.ndarray[Any, Any] = np.arange(256, dtype=np.uint8).view(getattr(ml_dtypes, name)).astype(np.float32)
    return values
