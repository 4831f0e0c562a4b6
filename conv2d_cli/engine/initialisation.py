"""The parameters that `torch.manual_seed(seed); torch.nn.Conv2d(...)` draws, bit for bit.

Source: `reset_parameters` of torch.nn.Conv2d (Kaiming uniform with a = sqrt(5)), and the Mersenne Twister of
M. Matsumoto and T. Nishimura, 1998, read as PyTorch's CPU generator reads it.
"""

from __future__ import annotations

import math
import operator
from typing import TYPE_CHECKING, Any

import numpy as np

from conv2d_cli.arithmetic.counts import weight_shape
from conv2d_cli.dtypes import DEFAULT_DTYPE, find_dtype
from conv2d_cli.errors import UsageError
from conv2d_cli.numpy_dtypes import Array, numpy_dtype

if TYPE_CHECKING:
    from numpy.typing import DTypeLike

    from conv2d_cli.layer.model import Conv2d


# Elements drawn at a time: the workspace has about 20 MB, whatever the layer.
_DRAWN_AT_ONCE = 1 << 20


def init_parameters(layer: Conv2d, seed: int = 0, dtype: str | DTypeLike | None = None) -> tuple[Array, Array | None]:
    """Return (weight, bias) as `torch.manual_seed(seed)` and then making the layer would.

    Args:
        layer: says how many parameters there are, and in which type where `dtype` does not.
        seed: from -2^63 to 2^64 - 1; as in torch only its low 32 bits count.
        dtype: a float or complex type; None takes the layer's, else float32.

    Returns:
        weight (out_channels, in_channels / groups, kh, kw) and bias (out_channels,), None if the layer has none.

    Raises:
        UsageError: the seed is out of range, or `dtype` can hold no parameters.
        MissingExtraError: bfloat16 without the extra `bf16`.
        DataError: NumPy has no such type.

    >>> from conv2d_cli import Conv2d
    >>> weight, bias = init_parameters(Conv2d(3, 64, 7), seed=0)
    >>> weight.shape, bias.dtype
    ((64, 3, 7, 7), dtype('float32'))
    """
    random = np.random.RandomState(_low_bits(seed))
    element = _parameter_dtype(layer.dtype if dtype is None else dtype)
    shape = weight_shape(layer.out_channels, layer.in_channels, layer.groups, layer.kernel_size)
    fan_in = math.prod(shape[1:])
    # Both are 1 / sqrt(fan_in), but torch's two formulas differ in the last bit of a double.
    weight_bound = math.sqrt(3.0) * (math.sqrt(2.0 / (1 + math.sqrt(5) ** 2)) / math.sqrt(fan_in))
    weight = _draw(random, math.prod(shape), weight_bound, element).reshape(shape)
    bias = _draw(random, layer.out_channels, 1 / math.sqrt(fan_in), element) if layer.bias else None
    return weight, bias


def _low_bits(seed: int) -> int:
    number = operator.index(seed)
    if not -(2**63) <= number < 2**64:
        raise UsageError(
            f"Overflow when unpacking long long: the seed {number} is out of range",
            "give a seed from -2^63 to 2^64 - 1",
        )
    return number & 0xFFFFFFFF


def _parameter_dtype(dtype: str | DTypeLike | None) -> np.dtype[Any]:
    name = DEFAULT_DTYPE if dtype is None else dtype if isinstance(dtype, str) else np.dtype(dtype).name
    found = find_dtype(name)
    if found is None or not found.can_be_parameter:
        raise UsageError(
            f"Only Tensors of floating point and complex dtype can require gradients, but dtype={name}",
            "dtype=float32, float64, float16, bfloat16, complex64 or complex128",
        )
    return numpy_dtype(found.name)


def _draw(random: np.random.RandomState, count: int, bound: float, dtype: np.dtype[Any]) -> Array:
    """Return `count` numbers uniform in [-bound, bound); a complex one is a real and an imaginary part."""
    if dtype.kind == "c":
        real = np.dtype(f"f{dtype.itemsize // 2}")
        return _draw(random, 2 * count, bound, real).view(dtype)
    drawn = np.empty(count, dtype)
    for start in range(0, count, _DRAWN_AT_ONCE):
        part = drawn[start : start + _DRAWN_AT_ONCE]
        part[...] = _symmetric(random, part.size, bound, dtype)
    return drawn


def _symmetric(random: np.random.RandomState, count: int, bound: float, dtype: np.dtype[Any]) -> Array:
    if dtype == np.float64:
        words = np.frombuffer(random.bytes(8 * count), "<u4").astype(np.uint64)
        unit = (((words[::2] & 0x1FFFFF) << 32) | words[1::2]) * 2.0**-53
        return bound * (2 * unit - 1)
    words32 = np.frombuffer(random.bytes(4 * count), "<u4")
    unit32 = (words32 & 0xFFFFFF).astype(np.float32) * np.float32(2.0**-24)
    limit = np.float32(bound)
    values = (limit * (2 * unit32 - 1)).astype(dtype, copy=False)
    # Rounding to a half type may reach the open end of the interval; torch then takes the closed one.
    top = limit.astype(dtype)
    if dtype != np.float32:
        values[values == top] = -top
    return values
