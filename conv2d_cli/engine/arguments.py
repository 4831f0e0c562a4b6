"""Arrays and options as they are given, checked as PyTorch checks them: element types, shapes, what is no array."""

from __future__ import annotations

import operator
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from conv2d_cli.dtypes import DTYPES
from conv2d_cli.errors import DataError, ShapeError
from conv2d_cli.layer.forward import BATCHED
from conv2d_cli.layer.model import layer_from
from conv2d_cli.numpy_dtypes import Array, dtype_name

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from conv2d_cli.layer.model import Conv2d


_LAYER_OPTIONS = ("stride", "padding", "dilation", "groups", "padding_mode")
_FLOATING = frozenset(name for name, kind in DTYPES.items() if kind.can_be_parameter)
named = cache(dtype_name)
# What PyTorch's messages call the element types.
_TORCH_NAMES = {
    "float32": "float", "float64": "double", "float16": "c10::Half", "bfloat16": "c10::BFloat16",
    "complex64": "c10::complex<float>", "complex128": "c10::complex<double>",
    "int8": "signed char", "uint8": "unsigned char", "int16": "short int", "int32": "int", "int64": "long int",
}  # fmt: skip


def array_of(values: ArrayLike, what: str) -> Array:
    """Return an argument as an array, without a copy where it is one.

    Raises:
        DataError: it is masked, or makes no array.
    """
    if type(values) is np.ndarray:
        return values
    if isinstance(values, np.ma.MaskedArray):
        raise DataError(f"the {what} is a masked array, and a convolution has no masks", f"{what}.filled(0)")
    try:
        return np.asarray(values)
    except ValueError as error:
        # Lists whose lengths differ; an argument's own exceptions of other kinds are its own.
        raise DataError(f"the {what} makes no array: {error}", "lists of equal lengths, or an array") from error


def check_dtypes(dtype: str, *, bias: str | None = None, weight: str) -> None:
    """Check that all have the input's element type, given by our names; nothing is ever promoted.

    Raises:
        DataError: they differ.
    """
    for what, other in (("bias", bias), ("weight", weight)):
        if other not in {None, dtype}:
            given = [_TORCH_NAMES.get(str(name), str(name)) for name in (dtype, other)]
            # What an integer type cannot hold would be lost.
            common = max((dtype, str(other)), key=lambda name: (name in _FLOATING, name == dtype))
            raise DataError(
                f"the input is {dtype}, the {what} {other}: nothing is promoted (torch: Input type ({given[0]}) and "
                f"{what} type ({given[1]}) should be the same)",
                f"dtype='{common}' for all of them",
            )


def check_weight_shape(shape: tuple[int, ...]) -> None:
    """Check that a weight has four axes.

    Raises:
        ShapeError: it has not.
    """
    if len(shape) != BATCHED:
        raise ShapeError(
            f"weight should have four dimensions, but got weight of size {list(shape)}",
            "a weight is (out_channels, in_channels / groups, kernel height, kernel width)",
        )


def check_bias_shape(weight: Array, bias: Array | None) -> None:
    """Check that a bias has one element for each output channel.

    Raises:
        ShapeError: it has not.
    """
    channels = weight.shape[0]
    if bias is not None and bias.shape != (channels,):
        raise ShapeError(
            f"Given weight of size {list(weight.shape)}, expected bias to be 1-dimensional with {channels} elements, "
            f"but got bias of size {list(bias.shape)} instead",
            f"give a bias of {channels} numbers, one for each output channel, or none",
        )


def layer_of_call(weight_shape: tuple[int, ...], options: tuple[Any, ...]) -> Conv2d:
    """Return the layer of a call whose options begin with those from `stride` to `padding_mode`.

    Raises:
        LayerError: they make no layer.
        ShapeError: the weight has not four axes.
    """
    check_weight_shape(weight_shape)
    out_channels, group_channels, *kernel_size = weight_shape
    try:
        in_channels = group_channels * operator.index(options[_LAYER_OPTIONS.index("groups")])
    except TypeError:
        # No number of groups: the layer refuses it.
        in_channels = group_channels
    sizes = {"in_channels": in_channels, "out_channels": out_channels, "kernel_size": kernel_size}
    return layer_from(sizes | dict(zip(_LAYER_OPTIONS, options, strict=False)))
