"""Layers on small integers, of every kind that an algorithm may be made for, and each algorithm tried on them."""

from __future__ import annotations

from functools import cache
from itertools import product
from math import prod
from random import Random
from typing import Any, NamedTuple
from unittest.mock import patch

import numpy as np
from reference import reference_conv2d, wrapped

from conv2d_cli.backends.api import conv2d
from conv2d_cli.engine.planning import planner
from conv2d_cli.errors import UsageError
from conv2d_cli.numpy_dtypes import numpy_dtype

Array = np.ndarray[Any, Any]
Pair = tuple[int, int]
Operands = tuple[Array, Array, "Array | None"]
MODES = ("zeros", "reflect", "replicate", "circular")
# Their transforms round even where every sum is a small integer.
ROUNDING = {"winograd", "fft"}
_MOST_PRODUCTS = 20_000


class Case(NamedTuple):
    """A layer and the shape of its input; `padding` is (top, left, bottom, right)."""

    x_shape: tuple[int, int, int, int]
    weight_shape: tuple[int, int, int, int]
    bias: bool = True
    stride: Pair = (1, 1)
    padding: tuple[int, int, int, int] = (0, 0, 0, 0)
    dilation: Pair = (1, 1)
    groups: int = 1
    padding_mode: str = "zeros"
    seed: int = 0

    @property
    def layer(self) -> dict[str, Any]:
        """The layer's arguments, as the reference and `conv2d` name them."""
        names = ("stride", "padding", "dilation", "groups", "padding_mode")
        return {name: getattr(self, name) for name in names}

    def operands(self, dtype: str) -> Operands:
        """Return the input, the weight and the bias, of integers from -3 (0 where there is no sign) to 3."""
        random = np.random.default_rng(self.seed)
        x, weight, bias = (
            small_integers(random, shape, dtype) for shape in (self.x_shape, self.weight_shape, self.weight_shape[:1])
        )
        return x, weight, bias if self.bias else None


def small_integers(random: np.random.Generator, shape: tuple[int, ...], dtype: str) -> Array:
    """Return integers whose products and sums every type of more than 8 bits holds, in small layers."""
    low = 0 if dtype.startswith("u") else -3
    values = random.integers(low, 4, shape)
    if dtype.startswith("complex"):
        values = values + 1j * random.integers(low, 4, shape)
    return values.astype(numpy_dtype(dtype))


def exact_result(operands: Operands, dtype: str, layer: dict[str, Any]) -> Array:
    """Return what the definition gives, in the type of the result: wrapped, or rounded once."""
    exact = reference_conv2d(*operands, **layer)
    if dtype in {"int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64"}:
        return wrapped(exact, dtype)
    wide = exact.astype(np.complex128 if dtype.startswith("complex") else np.float64)
    return wide.astype(numpy_dtype(dtype))


@cache
def expected_of(case: Case, dtype: str) -> Array:
    """Return the exact result of a case, worked out once for all algorithms."""
    return exact_result(case.operands(dtype), dtype, case.layer)


def _refused(_: object, algorithm: str) -> UsageError:
    return UsageError(f"the algorithm {algorithm} does not compute this layer", "")


def attempt(
    name: str,
    x: Array,
    weight: Array,
    bias: Array | None = None,
    *,
    accuracy: Any = "strict",
    threads: int | None = None,
    **layer: Any,
) -> Array | None:
    """Return what an algorithm makes of a layer, or None where it refuses to.

    Exact arithmetic of integers is no algorithm's: it refuses sums that others wrap, and has tests of its own.
    """
    if accuracy == "exact" and x.dtype.kind in "iu":
        return None
    try:
        # A hint would name the algorithms that do take the layer: to try them all takes longer than the rest.
        with patch.object(planner, "_nothing_fits", _refused):
            return conv2d(x, weight, bias, **layer, accuracy=accuracy, threads=threads, algorithm=name)
    except UsageError as error:
        if error.message.startswith(f"the algorithm {name} does not "):
            return None
        raise


class Kind(NamedTuple):
    """What layers are drawn from; `channels` is (groups, input channels of a group, output channels of a group)."""

    kernels: tuple[Pair, ...]
    channels: tuple[tuple[int, int, int], ...]
    strides: tuple[Pair, ...] = ((1, 1),)
    dilations: tuple[Pair, ...] = ((1, 1),)
    padded: bool = True


_UP_TO_3: tuple[Pair, ...] = tuple(product((1, 2, 3), (1, 2, 3)))
_SQUARES: tuple[Pair, ...] = ((2, 2), (3, 3), (4, 4), (5, 5))
_LINES: tuple[Pair, ...] = ((1, 2), (1, 3), (1, 5), (2, 1), (3, 1), (4, 1))
_DENSE = ((1, 1, 1), (1, 1, 4), (1, 3, 1), (1, 3, 4), (1, 4, 2), (1, 6, 3))
_GROUPED = ((2, 2, 1), (2, 1, 2), (2, 3, 2), (3, 2, 2))
_DEPTHWISE = ((4, 1, 1), (3, 1, 1), (3, 1, 2), (2, 1, 3))
KINDS = {
    "pointwise": Kind(((1, 1),), _DENSE),
    "strided pointwise": Kind(((1, 1),), _DENSE + _GROUPED, _UP_TO_3, _UP_TO_3),
    "unpadded pointwise": Kind(((1, 1),), _DENSE + _GROUPED, padded=False),
    "three by three": Kind(((3, 3),), _DENSE),
    "three by three of many channels": Kind(((3, 3),), ((1, 16, 2), (1, 17, 3))),
    "three by three of many more": Kind(((3, 3),), ((1, 24, 1), (1, 33, 2))),
    "square": Kind(_SQUARES, _DENSE, _UP_TO_3),
    "line": Kind(_LINES, _DENSE, _UP_TO_3, _UP_TO_3),
    "dilated": Kind(((3, 3), (2, 4)), _DENSE, dilations=_UP_TO_3[1:]),
    "grouped": Kind(((1, 1), (3, 3), (5, 2)), _GROUPED, _UP_TO_3),
    "depthwise": Kind(_SQUARES, _DEPTHWISE),
    "any depthwise": Kind(((1, 1), (3, 3), (1, 4)), _DEPTHWISE, _UP_TO_3, _UP_TO_3),
    "one channel": Kind(((3, 3), (5, 5), (7, 4), (9, 9)), ((1, 1, 1),)),
    "any": Kind(tuple(product((1, 2, 3, 4, 5), (1, 2, 3, 4, 5))), _DENSE + _GROUPED + _DEPTHWISE, _UP_TO_3, _UP_TO_3),
}


def draw_case(random: Random, kind: str) -> Case:
    """Return a layer of a kind on an input that may be smaller than the kernel, with padding on any side."""
    kernels, channels, strides, dilations, padded = KINDS[kind]
    kernel, stride, dilation = random.choice(kernels), random.choice(strides), random.choice(dilations)
    groups, inputs, outputs = random.choice(channels)
    mode = random.choice(MODES)
    side = random.randint(0, 3)
    same = (side, side, side, side)
    padding = random.choice((same, (side, 0, 0, 0), (0, side, 1, 2), (1, 0, side, 1), (2, 1, 0, side)))
    padding = padding if padded else (0, 0, 0, 0)
    sizes = []
    for axis in (0, 1):
        before, after = padding[axis], padding[axis + 2]
        reach = dilation[axis] * (kernel[axis] - 1) + 1
        most = max(before, after)
        least = {"reflect": most + 1, "circular": max(most, 1)}.get(mode, 1)
        sizes.append(max(least, reach - before - after) + random.choice((0, 0, 1, 2, 3, 6)))
    case = Case(
        (random.choice((1, 1, 2, 3)), groups * inputs, sizes[0], sizes[1]),
        (groups * outputs, inputs, *kernel),
        random.choice((True, True, False)),
        stride,
        padding,
        dilation,
        groups,
        mode,
        random.randint(0, 2**32 - 1),
    )
    return (
        case
        if prod(case.x_shape) * prod(case.weight_shape) < _MOST_PRODUCTS
        else case._replace(x_shape=(1, *case.x_shape[1:]))
    )


@cache
def drawn_cases(kind: str, count: int) -> tuple[Case, ...]:
    """Return the same layers of a kind at every call."""
    random = Random(kind)
    return tuple(draw_case(random, kind) for _ in range(count))


@cache
def fitting_kinds(name: str, dtype: str, accuracy: str) -> tuple[str, ...]:
    """Return the kinds of which an algorithm takes a good part of the layers."""
    found = []
    for kind in KINDS:
        taken = [
            attempt(name, *case.operands(dtype), accuracy=accuracy, **case.layer) is not None
            for case in drawn_cases(kind, 8)
        ]
        if sum(taken) >= len(taken) / 2:
            found.append(kind)
    return tuple(found)
