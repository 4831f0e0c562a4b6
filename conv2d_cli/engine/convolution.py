"""The convolution itself on arrays, as `torch.nn.functional.conv2d`: checks, the plan, and the plan carried out."""

from __future__ import annotations

import operator
from collections import Counter
from functools import cache, lru_cache
from importlib import import_module
from typing import TYPE_CHECKING, Any, SupportsIndex

import numpy as np

from conv2d_cli.dtypes import DTYPES
from conv2d_cli.engine.algorithms import ALGORITHMS
from conv2d_cli.engine.blas import blas_threads, small_unpacked, threads_for
from conv2d_cli.engine.plan import Plan, plan_convolution
from conv2d_cli.engine.settle import settled, settled_wide, shows_weight_not_finite
from conv2d_cli.engine.tiled import gathered_tile, plan_of_tile
from conv2d_cli.engine.tiles import tiles_of
from conv2d_cli.engine.values import Weights
from conv2d_cli.errors import DataError, MemoryLimitError, ShapeError
from conv2d_cli.layer.forward import UNBATCHED, geometry_of
from conv2d_cli.layer.model import layer_from
from conv2d_cli.numpy_dtypes import dtype_name, numpy_dtype

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import ArrayLike

    from conv2d_cli.engine.plan import Accuracy
    from conv2d_cli.layer.choices import PaddingMode, PaddingWord

    Array = np.ndarray[Any, Any]

_WEIGHT_DIMENSIONS = 4
_FLOATING = frozenset(name for name, kind in DTYPES.items() if kind.can_be_parameter)
# Shapes, and plans, whose parameters are kept at a time; then the oldest is forgotten.
_KEPT = 4
_dtype_name = cache(dtype_name)
# What PyTorch's messages call the element types.
_TORCH_NAMES = {
    "float32": "float", "float64": "double", "float16": "c10::Half", "bfloat16": "c10::BFloat16",
    "complex64": "c10::complex<float>", "complex128": "c10::complex<double>",
    "int8": "signed char", "uint8": "unsigned char", "int16": "short int", "int32": "int", "int64": "long int",
}  # fmt: skip


def conv2d(
    x: ArrayLike,
    weight: ArrayLike,
    bias: ArrayLike | None = None,
    stride: int | tuple[int, int] = 1,
    padding: int | tuple[int, int] | tuple[int, int, int, int] | PaddingWord = 0,
    dilation: int | tuple[int, int] = 1,
    groups: int = 1,
    *,
    padding_mode: PaddingMode = "zeros",
    accuracy: Accuracy = "strict",
    threads: int | None = None,
    algorithm: str | None = None,
) -> Array:
    """Convolve (cross-correlate) as `torch.nn.functional.conv2d` does.

    Args:
        x: (N, in_channels, H, W), or (in_channels, H, W) unbatched; any float, complex or integer type but bool.
        weight: (out_channels, in_channels / groups, kh, kw), of the type of `x`.
        bias: (out_channels,), of the type of `x`.
        stride: an integer or a pair (H, W).
        padding: an integer, a pair, four integers (top, left, bottom, right), or "same", "valid", "same_upper" or
            "same_lower" as in the layer.
        dilation: an integer or a pair (H, W).
        groups: how many parts of the channels are convolved apart.
        padding_mode: "zeros", "reflect", "replicate" or "circular".
        accuracy: "strict" or "fast".
        threads: of BLAS, while this call lasts and for the whole process; None leaves its own number.
        algorithm: a name of `algorithms.ALGORITHMS`; None takes the best.

    Returns:
        A new C-contiguous array (N, out_channels, Ho, Wo), unbatched if `x` is, of the type of `x`. Sums of integers
        wrap modulo 2^bits.

    Raises:
        LayerError: the arguments make no layer.
        ShapeError: the shapes do not fit one another.
        DataError: the element types differ or cannot be computed with.
        UsageError: an option names nothing that exists.
        MemoryLimitError: there is no room for the output.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.conv2d.html

    >>> import numpy as np
    >>> conv2d(np.ones((1, 1, 3, 3)), np.ones((1, 1, 2, 2)))
    array([[[[4., 4.],
             [4., 4.]]]])
    """
    x, weight = np.asarray(x), np.asarray(weight)
    bias = None if bias is None else np.asarray(bias)
    dtype = _dtype_name(x.dtype)
    check_dtypes(dtype, weight=_dtype_name(weight.dtype), bias=None if bias is None else _dtype_name(bias.dtype))
    check_weight_shape(weight)
    simple = all(map(_is_simple, (stride, padding, dilation, groups, padding_mode)))
    plan_for: Callable[..., Plan] = _plan if simple else _plan.__wrapped__
    options = (padding_mode, accuracy, threads_for(threads), algorithm)
    plan = plan_for(x.shape, weight.shape, dtype, stride, padding, dilation, groups, *options)
    check_bias_shape(weight, bias)
    batched = x[None] if x.ndim == UNBATCHED else x
    out, _ = run_settled(plan, batched, Parameters(weight, bias))
    return out[0] if x.ndim == UNBATCHED else out


def run_settled(plan: Plan, x: Array, parameters: Parameters) -> tuple[Array, Plan]:
    """Carry out a plan, or what the values of the arrays ask for instead; see `run_plan`.

    Returns:
        The output, and the plan of most images, or of most tiles.
    """
    if plan.tiling is not None:
        used: Counter[Plan] = Counter()

        def convolve(one: Plan, tile: Array) -> Array:
            part, settled_plan = run_settled(one, tile, parameters)
            used[settled_plan] += 1
            return part

        out = _in_tiles(plan, x, convolve)
        return out, used.most_common(1)[0][0] if used else plan
    plans = settled(plan, x, parameters.weights)
    out = carry_out_all(plans, x, parameters)
    if shows_weight_not_finite(plans, parameters.weights, out):
        plans = settled_wide(plan, x)
        out = carry_out_all(plans, x, parameters)
    return out, max(plans, key=lambda one: len(plans[one]))


def run_plan(plan: Plan, x: Array, weight: Array, bias: Array | None = None) -> Array:
    """Carry a plan out on arrays of the shapes and the type it was made for; `x` is (N, in_channels, H, W).

    Returns:
        A new C-contiguous array (N, out_channels, Ho, Wo).

    Raises:
        MemoryLimitError: there is no room for the output.
    """
    parameters = Parameters(weight, bias)
    if plan.tiling is not None:
        return _in_tiles(plan, x, lambda one, tile: carry_out(one, tile, parameters))
    return carry_out(plan, x, parameters)


def _in_tiles(plan: Plan, x: Array, convolve: Callable[[Plan, Array], Array]) -> Array:
    """Fill the output of a large image, or of several, tile by tile."""
    assert plan.tiling is not None  # noqa: S101 - the callers have looked
    out = _new_output(plan)
    for image, image_out in zip(x, out, strict=True):
        for tile in tiles_of(plan.geometry, plan.tiling):
            rows, columns = slice(tile.top, tile.top + tile.rows), slice(tile.left, tile.left + tile.columns)
            part = convolve(plan_of_tile(plan, tile.rows, tile.columns), gathered_tile(plan, image, tile))
            image_out[:, rows, columns] = part[0]
    return out


def carry_out_all(plans: Mapping[Plan, Sequence[int]], x: Array, parameters: Callable[[Plan], object]) -> Array:
    """Carry out each plan on its images of `x`, with what `parameters` has for it."""
    if len(plans) == 1:
        (plan,) = plans
        return carry_out(plan, x, parameters)
    parts = [(images, carry_out(plan, x[images], parameters)) for plan, images in plans.items()]
    out = np.empty((len(x), *parts[0][1].shape[1:]), parts[0][1].dtype)
    for images, part in parts:
        out[images] = part
    return out


class Parameters:
    """Weight and bias as plans want them: judged once, transformed once for a plan, and kept for a few of them."""

    def __init__(self, weight: Array, bias: Array | None) -> None:
        """Keep the parameters; they must not change."""
        self._weight, self._bias, self.weights = weight, bias, Weights(weight)
        self._kept: dict[tuple[object, ...], object] = {}

    def __call__(self, plan: Plan) -> object:
        """Return them for a plan; they are the same whatever the batch."""
        key = (plan.algorithm, plan.layout, plan.summation)
        if key not in self._kept:
            keep(self._kept, key, parameters_of(plan, self._weight, self._bias))
        return self._kept[key]


def keep(kept: dict[Any, Any], key: object, value: object) -> None:
    """Keep a value among the last few."""
    if len(kept) >= _KEPT:
        kept.pop(next(iter(kept)))
    kept[key] = value


def parameters_of(plan: Plan, weight: Array, bias: Array | None) -> object:
    """Return weight and bias as the plan's algorithm wants them."""
    return _module(plan.algorithm).prepare(plan, weight, bias)


def carry_out(plan: Plan, x: Array, parameters: Callable[[Plan], object]) -> Array:
    """Carry a plan out on `x`, with what `parameters` has for it; see `run_plan`."""
    out = _new_output(plan)
    if not out.size:
        return out
    with np.errstate(all="ignore"), blas_threads.held_at(plan.blas_threads):
        _module(plan.algorithm).convolve(plan, x, parameters(plan), out)
    return out


@cache
def _module(algorithm: str) -> Any:  # noqa: ANN401 - a module with `prepare` and `convolve`
    return import_module(ALGORITHMS[algorithm].module)


def _new_output(plan: Plan) -> Array:
    shape = plan.geometry.batched_output_shape
    try:
        return np.empty(shape, numpy_dtype(plan.dtype))
    except (ValueError, MemoryError) as error:
        # NumPy counts the elements of an empty batch too, as if there were one image.
        raise MemoryLimitError(
            f"there is no room for an output of shape {list(shape)} in {plan.dtype}",
            "a smaller image, less padding or fewer channels take less",
        ) from error


def _is_simple(value: object) -> bool:
    """Whether a plan may be kept for the value: to a dictionary True and 1.0 are 1, but no stride."""
    return type(value) in {int, str} or (type(value) is tuple and all(type(part) is int for part in value))


@lru_cache(maxsize=256)
def _plan(
    x_shape: tuple[int, ...],
    weight_shape: tuple[int, int, int, int],
    dtype: str,
    stride: object,
    padding: object,
    dilation: object,
    groups: SupportsIndex,
    padding_mode: str,
    accuracy: str,
    threads: int,
    algorithm: str | None,
) -> Plan:
    out_channels, group_channels, *kernel_size = weight_shape
    try:
        in_channels = group_channels * operator.index(groups)
    except TypeError:
        # No number of groups: the layer refuses it.
        in_channels = group_channels
    layer = layer_from(
        {
            "in_channels": in_channels,
            "out_channels": out_channels,
            "kernel_size": kernel_size,
            "stride": stride,
            "padding": padding,
            "dilation": dilation,
            "groups": groups,
            "padding_mode": padding_mode,
        }
    )
    return plan_convolution(
        geometry_of(layer, x_shape),
        padding_mode=padding_mode,
        dtype=dtype,
        accuracy=accuracy,
        algorithm=algorithm,
        threads=threads,
        small_unpacked=small_unpacked(),
    )


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


def check_weight_shape(weight: Array) -> None:
    """Check that a weight has four axes.

    Raises:
        ShapeError: it has not.
    """
    if weight.ndim != _WEIGHT_DIMENSIONS:
        raise ShapeError(
            f"weight should have four dimensions, but got weight of size {list(weight.shape)}",
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
