"""Random layers, valid and faulty, in PyTorch and here: the same are accepted, with the same shapes and values."""

from __future__ import annotations

import re
import warnings
from collections import Counter
from random import Random
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from bounds import PRECISIONS, UNITS
from random_layers import Case, draw_faulty, draw_valid
from wide_reference import IS_WIDE, wide_conv2d

from conv2d_cli import Conv2d, analyze, conv2d
from conv2d_cli.errors import Conv2dError
from conv2d_cli.layer.forward import geometry_of
from conv2d_cli.numpy_dtypes import numpy_dtype

if TYPE_CHECKING:
    from collections.abc import Callable

torch = pytest.importorskip("torch")

pytestmark = pytest.mark.long

Array = np.ndarray[Any, Any]
VALID, FAULTY = 5000, 4900
SIZES = ("kernel_size", "stride", "padding", "dilation")
# What PyTorch raises for arguments it will not take.
REFUSALS = (ValueError, TypeError, RuntimeError, NotImplementedError, IndexError, OverflowError)


def parts(value: object) -> tuple[Any, ...]:
    return (value,) if isinstance(value, str) or not hasattr(value, "__iter__") else tuple(value)


def any_size(arguments: dict[str, Any], fields: tuple[str, ...], test: Callable[[Any], bool]) -> bool:
    return any(test(part) for field in fields for part in parts(arguments[field]))


def below(least: int) -> Callable[[Any], bool]:
    return lambda part: isinstance(part, int) and not isinstance(part, bool) and part < least


# Each is an item of the README's list: who refuses, and which layers.
DIFFERENCES: dict[str, tuple[str, Callable[[dict[str, Any]], bool]]] = {
    "in_channels=0": ("we", lambda given: given["in_channels"] == 0),
    "a dilation of 0": ("we", lambda given: any_size(given, ("dilation",), below(1))),
    "a bool for an integer": (
        "we",
        lambda given: any_size(given, ("in_channels", "groups", *SIZES), lambda part: isinstance(part, bool)),
    ),
    "negative padding crops": ("we", lambda given: any_size(given, ("padding",), below(0))),
    "three paddings": ("we", lambda given: given["padding_mode"] != "zeros" and len(parts(given["padding"])) == 3),
    "a tuple of one value": (
        "we",
        lambda given: any(isinstance(given[field], tuple) and len(given[field]) == 1 for field in SIZES),
    ),
    "four paddings": ("torch", lambda given: len(parts(given["padding"])) == 4),
    "same_upper and same_lower": ("torch", lambda given: given["padding"] in ("same_upper", "same_lower")),
}


# So that the rarest of them are always among the draws.
RARE: tuple[dict[str, Any], ...] = (
    {"in_channels": 0, "kernel_size": 1},
    {"in_channels": 4, "kernel_size": 3, "dilation": 0},
    {"in_channels": 4, "kernel_size": 3, "padding": (-1, 1), "padding_mode": "reflect"},
    {"in_channels": 6, "kernel_size": 3, "padding": (1, 1, 1), "padding_mode": "circular"},
    {"in_channels": 4, "kernel_size": 3, "padding": (1, 0, 2, 1)},
)


def rare() -> list[Case]:
    """Return cases of the rare differences, on inputs that torch takes or refuses for no other reason."""
    cases = []
    for given in RARE:
        arguments = {"out_channels": 4, "stride": 1, "padding": 0, "dilation": 1, "padding_mode": "zeros", **given}
        channels = {6: 4}.get(given["in_channels"], given["in_channels"])
        cases.append(Case({"groups": 1, **arguments}, (0 if arguments["dilation"] == 0 else 2, channels, 8, 9), ""))
    return cases


def in_torch(case: Case) -> Any:
    """Return torch's layer and the shape of its output, or the error it raises."""
    x = torch.zeros(case.input_shape, dtype=torch.float64)
    try:
        with warnings.catch_warnings(), torch.no_grad():
            warnings.simplefilter("ignore")
            layer = torch.nn.Conv2d(**case.arguments, dtype=torch.float64)
            return layer, tuple(layer(x).shape)
    except REFUSALS as error:
        return error


def here(case: Case) -> Any:
    """Return our layer and the shapes it gives, by `analyze` and by `conv2d`, or our error; nothing else may come."""
    try:
        layer = Conv2d(**case.arguments)
        # To `analyze` one or two numbers are the size of an image; to a tensor they are a shape with too few axes.
        geometry_of(layer, case.input_shape)
        shape = analyze(layer, case.input_shape).output_shape
    except Conv2dError as error:
        return error
    weight = np.zeros(analyze(layer).weight_shape)
    y = conv2d(np.zeros(case.input_shape), weight, None, *functional(layer), padding_mode=layer.padding_mode)
    assert y.shape == shape
    return layer, shape


def functional(layer: Conv2d) -> tuple[Any, ...]:
    return layer.stride, layer.padding, layer.dilation, layer.groups


def test_the_same_layers_are_accepted_with_the_same_shapes() -> None:
    random = Random(20)
    seen: Counter[str] = Counter()
    cases = [draw_valid(random) for _ in range(VALID)] + [draw_faulty(random) for _ in range(FAULTY)] + rare()
    for case in cases:
        ours, theirs = here(case), in_torch(case)
        if isinstance(ours, Exception) and isinstance(theirs, Exception):
            seen["both refuse"] += 1
        elif isinstance(ours, Exception) or isinstance(theirs, Exception):
            who = "we" if isinstance(ours, Exception) else "torch"
            reasons = [name for name, (side, matches) in DIFFERENCES.items() if side == who and matches(case.arguments)]
            assert reasons, f"only {who} refuse {case}: {ours if who == 'we' else theirs!r}"
            seen.update(reasons)
        else:
            seen["both accept"] += 1
            assert ours[1] == theirs[1], case
            # torch prints NumPy's integers as such.
            assert repr(ours[0]) == re.sub(r"np\.int64\((\d+)\)", r"\1", repr(theirs[0]))
    assert seen["both accept"] >= VALID >= len(cases) / 2 >= 1000
    assert seen["both refuse"] >= FAULTY / 3
    assert all(seen[name] for name in DIFFERENCES), seen


def draw_data(random: np.random.Generator, shape: tuple[int, ...], dtype: str, *, whole: bool) -> Array:
    def real() -> Array:
        return random.integers(-3, 4, shape).astype(float) if whole else random.standard_normal(shape)

    values: Array = real() + 1j * real() if dtype.startswith("complex") else real()
    return values.astype(numpy_dtype(dtype))


# Whole sums are exact in float32, and torch 2.13 crashes on some float16 layers: 3 to 9 channels in 3 groups, a kernel
# of 1, stride (3, 2), padding (2, 1) and dilation (3, 2) on an image of 8 x 1, for one.
IN_TORCH = {"float16": "float32", "bfloat16": "float32"}


def as_tensor(array: Array) -> Any:
    narrow = str(array.dtype) in IN_TORCH
    return torch.from_numpy(array.astype(np.float32) if narrow else array)


@pytest.mark.parametrize("whole", [True, False])
def test_values_are_those_of_torch(whole: bool) -> None:
    random, data = Random(21), np.random.default_rng(21)
    for _ in range(2000):
        case = draw_valid(random)
        layer, dtype = Conv2d(**case.arguments), case.dtype
        shapes: list[tuple[int, ...]] = [case.input_shape, analyze(layer).weight_shape, (layer.out_channels,)]
        x, weight, bias = (draw_data(data, shape, dtype, whole=whole) for shape in shapes)
        offset = bias if layer.bias else None
        y = conv2d(x, weight, offset, *functional(layer), padding_mode=layer.padding_mode)
        assert y.dtype == x.dtype
        if whole:
            module = torch.nn.Conv2d(**case.arguments, dtype=getattr(torch, IN_TORCH.get(dtype, dtype)))
            with torch.no_grad(), warnings.catch_warnings():
                warnings.simplefilter("ignore")
                module.weight.copy_(as_tensor(weight))
                if offset is not None:
                    module.bias.copy_(as_tensor(offset))
                theirs = module(as_tensor(x)).numpy().astype(x.dtype)
            assert np.array_equal(y, theirs), case
        elif IS_WIDE or dtype not in {"float64", "complex128"}:
            error, limit = errors(layer, x, weight, offset, y)
            assert (error <= limit).all(), case


def errors(layer: Conv2d, x: Array, weight: Array, bias: Array | None, y: Array) -> tuple[Array, Array]:
    """Return how far each element is off, and how far it may be; the judge's own rounding is allowed for."""
    batched = x if x.ndim == 4 else x[None]
    geometry = geometry_of(layer, batched.shape)
    exact, magnitude = wide_conv2d(
        batched,
        weight,
        bias,
        stride=layer.stride,
        sides=((geometry.height.before, geometry.height.after), (geometry.width.before, geometry.width.after)),
        dilation=layer.dilation,
        groups=layer.groups,
        padding_mode=layer.padding_mode,
    )
    precision = PRECISIONS[str(y.dtype)]
    judge = np.finfo(np.longdouble).eps * (geometry.taps_per_output + 1)
    limit = (UNITS * float(precision.eps) + judge) * magnitude + np.longdouble(float(precision.smallest)) / 2
    wide = y.astype(exact.dtype)
    return np.abs((wide if y.ndim == 4 else wide[None]) - exact), limit
