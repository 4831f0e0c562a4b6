"""Small layers and data for exact convolution: each kind makes rounding hard in its own way."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from families import FAMILIES

from conv2d_cli.numpy_dtypes import numpy_dtype

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

    Array = np.ndarray[Any, Any]
    Maker = Callable[[np.random.Generator, tuple[int, ...], str], Array]

MODES = ("zeros", "reflect", "replicate", "circular")
# Largest and smallest exponents of finite numbers, and bits of a significand.
_RANGES = {
    "float16": (15, -24, 11),
    "bfloat16": (127, -133, 8),
    "float32": (127, -149, 24),
    "float64": (1023, -1074, 53),
}


class Shapes(NamedTuple):
    """Of input, weight and bias; None without a bias."""

    x: tuple[int, ...]
    weight: tuple[int, ...]
    bias: tuple[int, ...] | None


def drawn_layer(random: Random) -> tuple[dict[str, Any], Shapes]:
    """Return a small layer, as the references take it, and the shapes of its operands."""
    groups, mode = random.choice((1, 1, 2, 3)), random.choice(MODES)
    group_channels, filters = random.choice((1, 1, 2, 3)), groups * random.choice((1, 2))
    kernel = random.choice(((1, 1), (3, 3), (2, 3), (1, 5), (4, 2)))
    stride, dilation = (random.randint(1, 3), random.randint(1, 2)), (random.randint(1, 2), random.randint(1, 2))
    size = [dilation[axis] * (kernel[axis] - 1) + random.randint(2, 4) for axis in (0, 1)]
    side = [(random.randint(0, size[axis] - 1), random.randint(0, size[axis] - 1)) for axis in (0, 1)]
    layer = {
        "stride": stride,
        "sides": (side[0], side[1]),
        "dilation": dilation,
        "groups": groups,
        "padding_mode": mode,
    }
    x = (random.randint(1, 2), groups * group_channels, *size)
    return layer, Shapes(x, (filters, group_channels, *kernel), random.choice((None, (filters,))))


def made(kind: str, dtype: str, shapes: Shapes, random: Random) -> tuple[Array, Array, Array | None]:
    """Return input, weight and bias of a kind; those of a complex type have both parts of it."""
    generator = np.random.default_rng(random.getrandbits(64))
    with np.errstate(over="ignore", under="ignore"):
        return _made(kind, dtype, shapes, generator)


def _made(kind: str, dtype: str, shapes: Shapes, generator: np.random.Generator) -> tuple[Array, Array, Array | None]:
    x, weight = (_whole(KINDS[kind], generator, shape, dtype) for shape in (shapes.x, shapes.weight))
    # Families are of images, whose second axis is channels.
    bias = None if shapes.bias is None else _whole(KINDS[kind], generator, (1, *shapes.bias, 1, 1), dtype)
    return x, weight, None if bias is None else bias.reshape(-1)


def _whole(maker: Maker, generator: np.random.Generator, shape: tuple[int, ...], dtype: str) -> Array:
    if not dtype.startswith("complex"):
        return maker(generator, shape, dtype).astype(numpy_dtype(dtype))
    component = {"complex64": "float32", "complex128": "float64"}[dtype]
    both = np.stack([maker(generator, shape, component) for _ in range(2)], -1)
    return np.ascontiguousarray(both.astype(component)).view(dtype)[..., 0]


def ties(generator: np.random.Generator, shape: tuple[int, ...], dtype: str) -> Array:
    """Return whole numbers whose sums often lie half way between two numbers of the type."""
    bits = _RANGES[dtype][2]
    return generator.integers(-(1 << bits // 2 + 1), (1 << bits // 2 + 1) + 1, shape).astype(float)


def near_ties(generator: np.random.Generator, shape: tuple[int, ...], dtype: str) -> Array:
    """Return ones beside numbers around half a last bit of them, and numbers far below."""
    bits = _RANGES[dtype][2]
    exponents = np.array([0, -bits, -bits, -bits // 2, 1 - bits, -2 * bits - 5])
    return generator.choice([-1.0, 1.0], shape) * 2.0 ** generator.choice(exponents, shape)


def cancelling(generator: np.random.Generator, shape: tuple[int, ...], _: str) -> Array:
    """Return values of which most have their negative beside them."""
    values = generator.standard_normal(shape).reshape(-1)
    values[1::2] = -values[: values.size // 2 * 2 : 2]
    return values.reshape(shape)


def subnormal(generator: np.random.Generator, shape: tuple[int, ...], dtype: str) -> Array:
    """Return numbers whose products lie about the smallest ones, with zeros of both signs."""
    _, least, bits = _RANGES[dtype]
    values = generator.choice([-1.0, 1.0], shape) * 2.0 ** generator.uniform(
        least // 2 - 2, least // 2 + bits // 2, shape
    )
    return np.where(generator.random(shape) < 0.2, np.copysign(0.0, values), values)


def overflowing(generator: np.random.Generator, shape: tuple[int, ...], dtype: str) -> Array:
    """Return numbers whose products lie about the largest ones, of which some cancel."""
    most = _RANGES[dtype][0]
    return generator.choice([-1.0, 1.0], shape) * 2.0 ** generator.uniform(most // 2 - 2, most // 2 + 2, shape)


def extremes(generator: np.random.Generator, shape: tuple[int, ...], dtype: str) -> Array:
    """Return numbers from the smallest to the largest ones."""
    most, least, _ = _RANGES[dtype]
    return generator.choice([-1.0, 1.0], shape) * 2.0 ** generator.integers(least, most, shape).astype(float)


def signed_zeros(generator: np.random.Generator, shape: tuple[int, ...], _: str) -> Array:
    """Return zeros of both signs, with a few ones."""
    signs = np.where(generator.random(shape) < 0.8, -1.0, 1.0)
    return np.copysign(generator.random(shape) < 0.1, signs).astype(float)


def one_zero(generator: np.random.Generator, shape: tuple[int, ...], _: str) -> Array:
    """Return one number everywhere, so that all terms of a sum are zeros of one sign."""
    return np.full(shape, generator.choice([-0.0, -0.0, 0.0, 1.0, -1.0]))


def not_finite(generator: np.random.Generator, shape: tuple[int, ...], dtype: str) -> Array:
    """Return extremes, zeros, and a few infinities and NaNs."""
    values = np.where(generator.random(shape) < 0.3, 0.0, extremes(generator, shape, dtype))
    chosen = generator.random(shape)
    values[chosen < 0.06], values[chosen < 0.04], values[chosen < 0.01] = np.inf, -np.inf, np.nan
    return values


def _of_family(family: str) -> Maker:
    return lambda generator, shape, _: FAMILIES[family](generator, shape)


KINDS: dict[str, Maker] = {
    **{family: _of_family(family) for family in FAMILIES},
    "ties": ties,
    "near_ties": near_ties,
    "cancelling": cancelling,
    "subnormal": subnormal,
    "overflowing": overflowing,
    "extremes": extremes,
    "signed_zeros": signed_zeros,
    "one_zero": one_zero,
    "not_finite": not_finite,
}
