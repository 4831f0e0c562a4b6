"""Layers, operands and calls for engines that can be chosen: every form of both, judged by the slow references."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from bounds import UNITS, part_of, textbook_limits, units_of_error
from random_layers import draw_valid
from reference import reference_conv2d

from conv2d_cli import Conv2d, conv2d, prepare
from conv2d_cli.backends.base import Wanted
from conv2d_cli.backends.registry import backend_of
from conv2d_cli.layer.forward import geometry_of
from conv2d_cli.numpy_dtypes import numpy_dtype

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

    from conv2d_cli.arithmetic.geometry import Geometry

    Array = np.ndarray[Any, Any]

# The element types that each engine has.
DTYPES = {
    "onnxruntime": ("float32", "float32", "float16"),
    "torch": ("float32", "float32", "float64", "float16", "bfloat16"),
}


class EngineCase(NamedTuple):
    """A layer on an input, batched or not, and how it is asked for."""

    layer: Conv2d
    input_shape: tuple[int, ...]
    dtype: str
    threads: int
    is_prepared: bool
    form: str
    is_whole: bool

    @property
    def geometry(self) -> Geometry:
        """Return the layer on its input."""
        return geometry_of(self.layer, self.input_shape)


def drawn_case(random: Random, engine: str) -> EngineCase:
    """Return a case; a third of the layers has four paddings, all of them different."""
    arguments, shape, *_ = draw_valid(random)
    # Torch takes any truth for a bias and integers of NumPy for groups.
    arguments |= {"bias": bool(arguments["bias"]), "groups": int(arguments["groups"])}
    if random.random() < 1 / 3:
        arguments["padding"] = tuple(random.sample(range(4), 4))
        sizes = [max(size, span, 4) for size, span in zip(shape[-2:], _spans(arguments), strict=True)]
        shape = (*shape[:-2], *sizes)
    return EngineCase(
        Conv2d(**arguments),
        shape,
        random.choice(DTYPES[engine]),
        random.choice((1, 2)),
        random.random() < 1 / 2,
        random.choice([*FORMS]),
        random.random() < 1 / 2,
    )


def _spans(arguments: dict[str, Any]) -> list[int]:
    layer = Conv2d(**arguments)
    return [d * (k - 1) + 1 for k, d in zip(layer.kernel_size, layer.dilation, strict=True)]


def operands_of(case: EngineCase, seed: int) -> tuple[Array, Array, Array | None]:
    """Return input, weight and bias: whole numbers, or normal ones."""
    random, geometry = np.random.default_rng(seed), case.geometry

    def drawn(shape: tuple[int, ...]) -> Array:
        values = random.integers(-3, 4, shape) if case.is_whole else random.standard_normal(shape)
        return values.astype(numpy_dtype(case.dtype))

    x, weight = drawn(case.input_shape), drawn(geometry.weight_shape)
    return x, weight, drawn((geometry.out_channels,)) if case.layer.bias else None


def answer(case: EngineCase, engine: str, x: Array, weight: Array, bias: Array | None) -> Array:
    """Return what an engine makes of operands in the form of the case."""
    form, layer = FORMS[case.form], case.layer
    x, weight, bias = form(x), form(weight), None if bias is None else form(bias)
    options: dict[str, Any] = {"threads": case.threads, "engine": engine}
    if case.is_prepared:
        return prepare(layer, weight, bias, **options)(x)
    arguments: tuple[Any, ...] = (layer.stride, layer.padding, layer.dilation, layer.groups)
    return conv2d(x, weight, bias, *arguments, padding_mode=layer.padding_mode, **options)


def check_is_carried_out_by(case: EngineCase, engine: str) -> None:
    """Check that nothing else takes the place of the engine."""
    assert backend_of(engine).lacks(Wanted(case.geometry, case.layer.padding_mode, case.dtype)) is None


def check(case: EngineCase, engine: str, seed: int) -> None:
    """Hold an engine to the references: whole sums rounded once, others within what accuracy promises."""
    check_is_carried_out_by(case, engine)
    x, weight, bias = operands_of(case, seed)
    out = answer(case, engine, x, weight, bias)
    geometry = case.geometry
    assert (out.dtype, out.flags.c_contiguous, out.flags.writeable) == (x.dtype, True, True), case
    assert out.ndim == x.ndim, case
    images, out = (array if array.ndim == 4 else array[None] for array in (x, out))
    assert out.shape == geometry.batched_output_shape, case
    layer = arguments_of(case)
    if case.is_whole:
        right = reference_conv2d(images, weight, bias, **layer).astype(np.float64).astype(x.dtype)
        assert np.array_equal(out, right), (case, seed)
        return
    assert part_of(textbook_limits(images, weight, bias, **layer), out) <= 1, (case, seed)
    assert units_of_error(out, images, weight, bias, **layer) <= UNITS, (case, seed)


def arguments_of(case: EngineCase) -> dict[str, Any]:
    """Return the layer as the references take it."""
    geometry, layer = case.geometry, case.layer
    height, width = geometry.height, geometry.width
    return {
        "stride": layer.stride,
        "padding": (height.before, width.before, height.after, width.after),
        "dilation": layer.dilation,
        "groups": layer.groups,
        "padding_mode": layer.padding_mode,
    }


def _spread(array: Array) -> Array:
    """Return the same values, every other element of a larger array."""
    large = np.zeros([2 * size for size in array.shape], array.dtype)
    view = large[tuple(slice(None, None, 2) for _ in array.shape)]
    view[...] = array
    return view


def _read_only(array: Array) -> Array:
    array = array.copy()
    array.flags.writeable = False
    return array


FORMS: dict[str, Callable[[Array], Array]] = {
    "dense": np.ascontiguousarray,
    "read-only": _read_only,
    "of Fortran": np.asfortranarray,
    "strided": _spread,
    "backwards": lambda array: np.ascontiguousarray(array[..., ::-1])[..., ::-1],
    "byte-swapped": lambda array: array.astype(array.dtype.newbyteorder("S")),
}
