"""A layer whose weights are transformed once, for many inputs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from conv2d_cli.engine.blas import small_unpacked, threads_for
from conv2d_cli.engine.convolution import (
    Parameters,
    check_bias_shape,
    check_dtypes,
    check_weight_shape,
    keep,
    run_settled,
)
from conv2d_cli.engine.plan import Plan, plan_convolution
from conv2d_cli.layer.forward import UNBATCHED, geometry_of
from conv2d_cli.layer.from_weight import check_weight
from conv2d_cli.numpy_dtypes import dtype_name

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from conv2d_cli.engine.plan import Accuracy
    from conv2d_cli.layer.model import Conv2d

    Array = np.ndarray[Any, Any]


class PreparedConv2d:
    """A convolution with fixed parameters: call it with inputs (N, in_channels, H, W) or (in_channels, H, W)."""

    def __init__(
        self,
        layer: Conv2d,
        weight: Array,
        bias: Array | None,
        *,
        accuracy: Accuracy,
        threads: int,
        algorithm: str | None,
    ) -> None:
        """Keep the parameters; `prepare` checks them first."""
        self._layer = layer
        self._accuracy, self._threads, self._algorithm = accuracy, threads, algorithm
        self._dtype = dtype_name(weight.dtype)
        self._plans: dict[tuple[int, ...], Plan] = {}
        self._parameters = Parameters(weight, bias)

    def __call__(self, x: ArrayLike) -> Array:
        """Return the convolution of `x`, as `conv2d` does; its type is that of the weight.

        Raises:
            ShapeError: the layer does not take that shape.
            DataError: the element types differ.
            MemoryLimitError: there is no room for the output.
        """
        x = np.asarray(x)
        check_dtypes(dtype_name(x.dtype), weight=self._dtype)
        plan = self._plan_for(x.shape)
        batched = x[None] if x.ndim == UNBATCHED else x
        out, _ = run_settled(plan, batched, self._parameters)
        return out[0] if x.ndim == UNBATCHED else out

    def _plan_for(self, shape: tuple[int, ...]) -> Plan:
        plan = self._plans.get(shape)
        if plan is None:
            plan = plan_convolution(
                geometry_of(self._layer, shape),
                padding_mode=self._layer.padding_mode,
                dtype=self._dtype,
                accuracy=self._accuracy,
                algorithm=self._algorithm,
                threads=self._threads,
                small_unpacked=small_unpacked(),
            )
            keep(self._plans, shape, plan)
        return plan


def prepare(
    layer: Conv2d,
    weight: ArrayLike,
    bias: ArrayLike | None = None,
    *,
    accuracy: Accuracy = "strict",
    threads: int | None = None,
    algorithm: str | None = None,
) -> PreparedConv2d:
    """Return a callable that convolves many inputs with these parameters, which are transformed once for each size.

    Args:
        layer: a `Conv2d`; its stride, padding, dilation, groups and padding mode are used.
        weight: (out_channels, in_channels / groups, kh, kw), any float, complex or integer type but bool.
        bias: (out_channels,), of the type of `weight`, or None.
        accuracy: "strict" or "fast".
        threads: None takes BLAS's own number.
        algorithm: a name of `algorithms.ALGORITHMS`; None takes the best for each input.

    Raises:
        ShapeError: the bias has not one element for each output channel.
        DataError: the weight does not fit the layer, or the element types differ.

    >>> from conv2d_cli import Conv2d
    >>> blur = prepare(Conv2d(1, 1, 2, bias=False), np.ones((1, 1, 2, 2), np.float32))
    >>> [blur(np.full((1, 3, 3), value, np.float32)).max().item() for value in (1, 2)]
    [4.0, 8.0]
    """
    weight = np.asarray(weight)
    bias = None if bias is None else np.asarray(bias)
    bias_dtype = None if bias is None else dtype_name(bias.dtype)
    check_dtypes(dtype_name(weight.dtype), weight=dtype_name(weight.dtype), bias=bias_dtype)
    check_weight_shape(weight)
    check_weight(layer, weight.shape)
    check_bias_shape(weight, bias)
    return PreparedConv2d(layer, weight, bias, accuracy=accuracy, threads=threads_for(threads), algorithm=algorithm)
