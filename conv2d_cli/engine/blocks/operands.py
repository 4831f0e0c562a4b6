"""Parameters as matrices: what most algorithms multiply by."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from conv2d_cli.numpy_dtypes import Array


class Operands(NamedTuple):
    """A weight and a bias, in the order of axes and the type that a kernel wants; the bias is None without one."""

    weight: Array
    bias: Array | None


def matrices(weight: Array, bias: Array | None, groups: int, dtype: np.dtype[Any]) -> Operands:
    """Return the weight as (groups, filters, K) and the bias as (groups, filters, 1), dense and of `dtype`."""
    dense = np.ascontiguousarray(weight, dtype).reshape(groups, weight.shape[0] // groups, -1)
    return Operands(dense, bias_column(bias, groups, dtype))


def bias_column(bias: Array | None, groups: int, dtype: np.dtype[Any]) -> Array | None:
    """Return a bias as (groups, filters, 1), of `dtype`."""
    return None if bias is None else bias.astype(dtype).reshape(groups, -1, 1)
