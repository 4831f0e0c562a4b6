"""Families of data that break sums in different ways: of one sign, with outliers, over many decades, mostly zero."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from conv2d_cli.numpy_dtypes import numpy_dtype

if TYPE_CHECKING:
    from collections.abc import Callable

    Array = np.ndarray[Any, Any]
    Family = Callable[[np.random.Generator, tuple[int, ...]], Array]


def normal(random: np.random.Generator, shape: tuple[int, ...]) -> Array:
    return random.standard_normal(shape)


def uniform(random: np.random.Generator, shape: tuple[int, ...]) -> Array:
    return random.random(shape)


def constant(random: np.random.Generator, shape: tuple[int, ...]) -> Array:
    return np.full(shape, random.uniform(1, 2))


def lognormal(random: np.random.Generator, shape: tuple[int, ...]) -> Array:
    return random.lognormal(0, 2, shape)


def relu(random: np.random.Generator, shape: tuple[int, ...]) -> Array:
    return np.maximum(random.standard_normal(shape) - 0.5, 0)


def half_zero(random: np.random.Generator, shape: tuple[int, ...]) -> Array:
    values = random.standard_normal(shape)
    values[..., : (shape[-1] + 1) // 2] = 0
    return values


def wide_elements(random: np.random.Generator, shape: tuple[int, ...]) -> Array:
    return random.choice([-1.0, 1.0], shape) * 10.0 ** random.uniform(-6, 6, shape)


def wide_pixels(random: np.random.Generator, shape: tuple[int, ...]) -> Array:
    factors = 10.0 ** random.uniform(-6, 6, (shape[0], 1, *shape[2:]))
    return factors * random.standard_normal(shape)


def box(_: np.random.Generator, shape: tuple[int, ...]) -> Array:
    """Return the filter that takes the mean over its window and all its channels."""
    return np.full(shape, 1 / prod(shape[1:]))


def hot(random: np.random.Generator, shape: tuple[int, ...]) -> Array:
    """Return normal values with one that outweighs all others."""
    values = random.standard_normal(shape)
    values.flat[random.integers(values.size)] = 1e4
    return values


# What is promised beside PyTorch, family by family.
FAMILIES: dict[str, Family] = {
    family.__name__: family
    for family in (normal, uniform, constant, lognormal, relu, half_zero, wide_elements, wide_pixels)
}
EVERY_FAMILY = FAMILIES | {family.__name__: family for family in (box, hot)}


def draw(seed: int, family: str, shape: tuple[int, ...], dtype: str) -> Array:
    """Return values of a family: complex ones have both parts of it."""
    random = np.random.default_rng(seed)
    values = EVERY_FAMILY[family](random, shape)
    if dtype.startswith("complex"):
        values = values + 1j * EVERY_FAMILY[family](random, shape)
    return values.astype(numpy_dtype(dtype))
