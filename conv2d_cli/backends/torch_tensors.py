"""Tensors of PyTorch that share the memory of arrays, and back; what PyTorch's call pads itself."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from conv2d_cli.backends.execution import dense

if TYPE_CHECKING:
    from collections.abc import Callable

    from conv2d_cli.arithmetic.geometry import Geometry
    from conv2d_cli.numpy_dtypes import Array

# Letters of the element types that PyTorch knows of NumPy's: float32, float64, float16.
_NUMPY_HAS = "fde"


@cache
def tensor_maker() -> Callable[[Array], Any]:
    """Return what makes a tensor of an array, which shares its memory where it is dense."""
    from torch import bfloat16, from_numpy

    def tensor(array: Array) -> Any:  # noqa: ANN401 - a torch.Tensor
        flags = array.flags
        if not (flags.c_contiguous and array.dtype.isnative):
            array = dense(array)
        elif not flags.writeable:
            array = np.asarray(_AsWriteable(array))
        if array.dtype.char in _NUMPY_HAS:
            return from_numpy(array)
        return from_numpy(array.view(np.int16)).view(bfloat16)

    return tensor


class _AsWriteable:
    """The memory of an array that may not be written, for a tensor that is only read: PyTorch warns of such arrays."""

    def __init__(self, array: Array) -> None:
        interface = dict(array.__array_interface__)
        self._kept, self.__array_interface__ = array, interface | {"data": (interface["data"][0], False)}


def to_array(tensor: Any) -> Array:  # noqa: ANN401 - a torch.Tensor
    """Return the array of a tensor on the CPU, which shares its memory where it is dense."""
    array: Array = tensor.numpy()
    return array if array.flags.c_contiguous else np.ascontiguousarray(array)


def to_bfloat16(tensor: Any) -> Array:  # noqa: ANN401 - a torch.Tensor
    """Return the same of a tensor of bfloat16."""
    from torch import int16

    from conv2d_cli.numpy_dtypes import numpy_dtype

    return to_array(tensor.view(int16)).view(numpy_dtype("bfloat16"))


def pads_itself(geometry: Geometry, padding_mode: str) -> bool:
    """Whether PyTorch's call makes the padding: of zeros, alike on both sides."""
    axes = (geometry.height, geometry.width)
    return all(axis.before == axis.after for axis in axes) and (
        padding_mode == "zeros" or not any(axis.before for axis in axes)
    )
