"""Our names of element types to NumPy's dtypes and back: the one home of `ml_dtypes`. Only arrays' rooms import it."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from conv2d_cli.dtypes import COMPUTABLE
from conv2d_cli.errors import DataError, MissingExtraError


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
