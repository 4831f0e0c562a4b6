"""Layers drawn at random with an input for each, in every form that torch takes; on request with faults in them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

MODES = ("zeros", "reflect", "replicate", "circular")
DTYPES = ("float32", "float64", "float16", "bfloat16", "complex64", "complex128")


class Case(NamedTuple):
    """Arguments of a layer by torch's names (`dtype` apart), the shape of its input, and what was broken."""

    arguments: dict[str, Any]
    input_shape: tuple[int, ...]
    dtype: str
    faults: tuple[str, ...] = ()


def draw_valid(random: Random) -> Case:
    """Return a layer and an input that fit each other."""
    groups = random.choice((1, 1, 1, 2, 3, 4))
    in_channels = groups * random.choice((1, 1, 2, 3))
    out_channels = groups * random.choice((1, 2, 3))
    mode = random.choice(MODES)
    kernel, stride, dilation = (_pair(random, most) for most in (5, 3, 3))
    effective = [d * (k - 1) + 1 for k, d in zip(kernel, dilation, strict=True)]
    padding: Any = random.choice(("same", "valid", None, None, None))
    if padding == "same":
        stride = (1, 1)
        sides = [(size - 1) - (size - 1) // 2 for size in effective]
    else:
        sides = [0, 0] if padding else [*_pair(random, 4, least=0)]
    sizes = []
    for size, side in zip(effective, sides, strict=True):
        total = size - 1 if padding == "same" else 2 * side
        least = {"reflect": side + 1, "circular": max(side, 1)}.get(mode, 1)
        sizes.append(max(least, size - total) + random.choice((0, 0, 1, 2, 5, 7)))
    shape = (random.choice((0, 1, 2, 3)), in_channels, *sizes)
    arguments: dict[str, Any] = {
        "in_channels": in_channels,
        "out_channels": out_channels,
        "kernel_size": _form(random, kernel),
        "stride": _form(random, stride),
        "padding": padding or _form(random, (sides[0], sides[1])),
        "dilation": _form(random, dilation),
        "groups": random.choice((int, int, np.int64))(groups),
        "bias": random.choice((True, True, False, 0, None, 2.5)),
        "padding_mode": mode,
    }
    return Case(arguments, random.choice((shape, shape, shape[1:])), random.choice(DTYPES))


def draw_faulty(random: Random) -> Case:
    """Return a case with one or two things broken; some of them torch takes none the less."""
    case = draw_valid(random)
    arguments, shape, faults = dict(case.arguments), list(case.input_shape), []
    for _ in range(random.choice((1, 1, 1, 2))):
        name = random.choice([*_BROKEN_ARGUMENTS, *_BROKEN_SHAPES])
        if name in _BROKEN_ARGUMENTS:
            arguments[name] = random.choice(_BROKEN_ARGUMENTS[name])
        else:
            shape = _BROKEN_SHAPES[name](shape, random)
        faults.append(name)
    return Case(arguments, tuple(shape), case.dtype, tuple(faults))


def _pair(random: Random, most: int, *, least: int = 1) -> tuple[int, int]:
    height = random.randint(least, most)
    return height, random.choice((height, random.randint(least, most)))


def _form(random: Random, pair: tuple[int, int]) -> Any:
    """Return a pair in one of the forms that torch takes for it."""
    forms: list[Callable[[tuple[int, int]], Any]] = [tuple, tuple, list, lambda sizes: tuple(map(np.int64, sizes))]
    if pair[0] == pair[1]:
        forms += [lambda sizes: sizes[0], lambda sizes: np.int64(sizes[0])] * 2
    if pair[1] == pair[0] + 1:
        forms.append(lambda sizes: range(sizes[0], sizes[1] + 1))
    return random.choice(forms)(pair)


_SIZES: tuple[Any, ...] = (None, 2.0, "3", (), (1,), (2, 2, 2), (1.0, 1), (None, 1), 2**63, (2, -(2**70)))
_BROKEN_ARGUMENTS: dict[str, tuple[Any, ...]] = {
    "in_channels": (0, -2, 1, 5, 2.0, None, "4", True),
    "out_channels": (0, -3, 1, 5, 4.0, None, "4"),
    "kernel_size": (0, -1, (3, 0), (0, 3), (-1, 2), 40, (1, 30), True, *_SIZES[:-2]),
    "stride": (0, -1, (1, 0), (-2, 1), True, (True, 1), (1, True), 1000, *_SIZES),
    "padding": (
        *("SAME", "Valid", "full", "", -1, (1, -1), (-1, 0), 9, (9, 1), (1, 9), True, 2**62, (0, 2**62)),
        *("same_upper", "same_lower", "same", "valid", (1, 2, 1, 1), (0, 1, 1), ((1, 2), (1, 1)), *_SIZES),
    ),
    "dilation": (0, -1, (1, 0), (0, 2), (-2, 1), True, (1, True), 50, *_SIZES),
    "groups": (0, -1, 2, 3, 5, 7, 2.0, None, "2", (1, 1), True, False),
    "padding_mode": ("constant", "Zeros", "wrap", "", None, "reflect", "circular"),
}
_BROKEN_SHAPES: dict[str, Callable[[list[int], Random], list[int]]] = {
    "dimensions": lambda shape, random: random.choice(([1, *shape, 1], shape[:2], shape[-1:], [])),
    "channels": lambda shape, random: [*shape[:-3], random.choice((0, 1, 2, 5, 12)), *shape[-2:]],
    "height": lambda shape, random: [*shape[:-2], random.choice((0, 1, 2)), *shape[-1:]],
    "width": lambda shape, random: [*shape[:-1], random.choice((0, 1, 2))],
    "swapped": lambda shape, _: [*shape[:-3], *shape[-3:][::-1]],
}
