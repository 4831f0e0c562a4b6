"""The convolution on arrays, as `torch.nn.functional.conv2d`, and with parameters that are prepared for many inputs."""

from __future__ import annotations

from functools import cache, lru_cache, partial
from typing import TYPE_CHECKING, Any

from conv2d_cli.backends.base import CPU, OURS, Wanted
from conv2d_cli.backends.choice import Uses, decide
from conv2d_cli.backends.devices import of_the_cpu, place_of
from conv2d_cli.backends.registry import AUTO, ENTRIES, backend_of, checked_engine, is_loaded
from conv2d_cli.engine.api import (
    Parameters,
    array_of,
    check_bias_shape,
    check_dtypes,
    check_weight_shape,
    integer,
    layer_of_call,
    named,
)
from conv2d_cli.layer.forward import UNBATCHED, geometry_of
from conv2d_cli.layer.from_weight import check_weight

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from numpy.typing import ArrayLike

    from conv2d_cli.backends.base import Execution
    from conv2d_cli.backends.registry import Engine
    from conv2d_cli.engine.api import Accuracy
    from conv2d_cli.layer.choices import PaddingMode, PaddingWord
    from conv2d_cli.layer.model import Conv2d
    from conv2d_cli.numpy_dtypes import Array


# Types of options of which equal ones are the same: to a dictionary True and 1.0 are 1, but no stride.
_PLAIN = frozenset({int, str, type(None)})
# Of those of a call, the first make the layer: from `stride` to `padding_mode`.
_LAYER_OPTIONS = 5
# And of these the first may be pairs: stride, padding, dilation.
_PAIRS = 3
# A layer that is prepared is called as often as this: what it is worth to start an engine for it.
_PREPARED_CALLS = 100


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
    flush_subnormals: bool = False,
    engine: Engine = "numpy",
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
        accuracy: "strict": each element is the sum of its own products in its own type, on normal data within 4 eps of
            `sum|x||w| + |b|`. "fast": transforms too, with two to six times the error. "exact": the exact sum, rounded
            once, ties to even, with the same bits on every machine and for any number of threads; a type of integers
            must hold it.
        threads: of BLAS, while this call lasts and for the whole process; None leaves its own number.
        algorithm: a name of `conv2d info`'s algorithms; None takes the best.
        flush_subnormals: of exact arithmetic: subnormal operands count as zeros, and subnormal results become zeros of
            their sign, as in hardware that flushes both.
        engine: "numpy", "onnxruntime", "torch", or "auto" for the one that is expected to be the fastest; one that is
            not imported yet must be worth starting for this call alone. What an engine does not have, NumPy computes.

    Returns:
        A new C-contiguous array (N, out_channels, Ho, Wo), unbatched if `x` is, of the type of `x`. Sums of integers
        wrap modulo 2^bits.

    Raises:
        LayerError: the arguments make no layer.
        ShapeError: the shapes do not fit one another.
        DataError: the element types differ or cannot be computed with, or an argument makes no array.
        UsageError: an option names nothing that exists, or what the engine cannot have.
        MissingExtraError: the engine is not installed.
        FileError: it is, and cannot be loaded.
        MemoryLimitError: there is not memory enough for the output, or for what the algorithm needs.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.conv2d.html

    >>> import numpy as np
    >>> conv2d(np.ones((1, 1, 3, 3)), np.ones((1, 1, 2, 2)))
    array([[[[4., 4.],
             [4., 4.]]]])
    """
    x, weight = array_of(x, "input"), array_of(weight, "weight")
    bias = None if bias is None else array_of(bias, "bias")
    flush = "flush_subnormals" if flush_subnormals else None
    who = engine if engine is OURS else _who(engine)
    options = (stride, padding, dilation, groups, padding_mode, accuracy, algorithm, threads, flush, who)
    find = _execution_of if _are_plain(options) else _execution_of.__wrapped__
    execution = find(x.shape, weight.shape, x.dtype, weight.dtype, options)
    if bias is not None:
        check_dtypes(execution.plan.dtype, weight=execution.plan.dtype, bias=named(bias.dtype))
        check_bias_shape(weight, bias)
    if x.ndim != UNBATCHED:
        return execution.once(x, weight, bias)
    out: Array = execution.once(x[None], weight, bias)[0]
    return out


def _who(engine: str) -> str:
    """Return an engine's name, to which `auto` adds those that have started: they are chosen more often."""
    if type(engine) is not str:
        return checked_engine(engine)
    return " ".join((AUTO, *filter(is_loaded, ENTRIES))) if engine == AUTO else _checked_once(engine)


# What is installed stays so; a fault is told each time.
_checked_once = cache(checked_engine)


def _are_plain(options: tuple[Any, ...]) -> bool:
    """Whether all options, and the parts of those that are pairs, are of plain types."""
    types = {*map(type, options)}
    if tuple in types:
        types.discard(tuple)
        for option in options[:_PAIRS]:
            if type(option) is tuple:
                types.update(map(type, option))
    return types <= _PLAIN


@lru_cache(maxsize=256)
def _execution_of(
    shape: tuple[int, ...],
    weight_shape: tuple[int, ...],
    dtype: np.dtype[Any],
    weight_dtype: np.dtype[Any],
    options: tuple[Any, ...],
) -> Execution:
    """Check the arguments of a call, its options from `stride` on, and plan it; it holds no arrays."""
    check_dtypes(named(dtype), weight=named(weight_dtype))
    layer = layer_of_call(weight_shape, options)
    return _planned(layer, named(dtype), options[_LAYER_OPTIONS:], CPU, shape, is_prepared=False)


def _planned(
    layer: Conv2d, dtype: str, options: tuple[Any, ...], device: str, shape: tuple[int, ...], *, is_prepared: bool
) -> Execution:
    """Plan a layer on an input; the options are those of a call behind `padding_mode`."""
    geometry, (accuracy, algorithm, threads, flush, who) = geometry_of(layer, shape), options
    if integer.is_integer(dtype) and isinstance(accuracy, str) and accuracy == "exact" and device == CPU:
        return integer.ExactIntegers(geometry, layer.padding_mode, dtype, algorithm, threads)
    how = (accuracy, algorithm, threads, flush is not None, is_prepared, device)
    uses = Uses(_PREPARED_CALLS if is_prepared else 1)
    plan = decide(Wanted(geometry, layer.padding_mode, dtype, *how), str(who).partition(" ")[0], uses).plan
    return backend_of(plan.engine).execution(plan)


class PreparedConv2d:
    """A convolution with fixed parameters: call it with inputs (N, in_channels, H, W) or (in_channels, H, W).

    Threads may share it. It holds copies: parameters that change after `prepare` are not seen.
    """

    def __init__(
        self, parameters: Parameters, dtype: str, execution_for: Callable[[tuple[int, ...]], Execution]
    ) -> None:
        """Hold what `prepare` has checked."""
        self._parameters, self._dtype, self._execution_for = parameters, dtype, execution_for

    def __call__(self, x: ArrayLike) -> Array:
        """Return the convolution of `x`, as `conv2d` does; its type is that of the weight.

        Raises:
            ShapeError: the layer does not take that shape.
            DataError: the element types differ, or `x` makes no array.
            MemoryLimitError: there is not memory enough for the output, or for what the algorithm needs.
        """
        x = array_of(x, "input")
        check_dtypes(named(x.dtype), weight=self._dtype)
        execution = self._execution_for(x.shape)
        if x.ndim != UNBATCHED:
            return execution(x, self._parameters)
        out: Array = execution(x[None], self._parameters)[0]
        return out


def prepare(
    layer: Conv2d,
    weight: ArrayLike,
    bias: ArrayLike | None = None,
    *,
    accuracy: Accuracy = "strict",
    threads: int | None = None,
    algorithm: str | None = None,
    flush_subnormals: bool = False,
    engine: Engine | None = None,
) -> PreparedConv2d:
    """Return a callable that convolves many inputs with these parameters, which are transformed once for each size.

    Args:
        layer: a `Conv2d`; its stride, padding, dilation, groups, padding mode and device are used.
        weight: (out_channels, in_channels / groups, kh, kw), any float, complex or integer type but bool. It is copied.
        bias: (out_channels,), of the type of `weight`, or None. It is copied.
        accuracy: "strict", "fast" or "exact", as in `conv2d`.
        threads: None takes BLAS's own number.
        algorithm: a name of `conv2d info`'s algorithms; None takes the best for each input.
        flush_subnormals: of exact arithmetic, as in `conv2d`.
        engine: as in `conv2d`; it may be started for a hundred calls. Sessions of ONNX Runtime are kept. None
            is "numpy" on the CPU, and "torch" where the layer's `device` is "cuda", "cuda:1" or "mps".

    Raises:
        ShapeError: the bias has not one element for each output channel.
        DataError: the weight does not fit the layer, the element types differ, or an argument makes no array.
        UsageError: the engine does not compute on the layer's device.
        MissingExtraError: the engine is not installed.
        DeviceError: PyTorch does not see the device.

    >>> import numpy as np
    >>> from conv2d_cli import Conv2d
    >>> blur = prepare(Conv2d(1, 1, 2, bias=False), np.ones((1, 1, 2, 2), np.float32))
    >>> [blur(np.full((1, 3, 3), value, np.float32)).max().item() for value in (1, 2)]
    [4.0, 8.0]
    """
    weight = array_of(weight, "weight")
    bias = None if bias is None else array_of(bias, "bias")
    dtype = named(weight.dtype)
    check_dtypes(dtype, weight=dtype, bias=None if bias is None else named(bias.dtype))
    check_weight_shape(weight.shape)
    check_weight(layer, weight.shape)
    check_bias_shape(weight, bias)
    parameters = Parameters(weight.copy(), None if bias is None else bias.copy())
    flush = "flush_subnormals" if flush_subnormals else None
    place = place_of(engine, layer.device, of_the_cpu=of_the_cpu(accuracy, algorithm))
    options = (accuracy, algorithm, threads, flush, place.engine)
    planned = partial(_planned, layer, dtype, options, place.device, is_prepared=True)
    return PreparedConv2d(parameters, dtype, lru_cache(maxsize=16)(planned))
