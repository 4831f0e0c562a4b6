"""Terms of the sums that are missing or others than meant: the bias, the channels of groups."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from conv2d_cli.jobs.compare.mistakes.base import Output, Variant

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conv2d_cli.jobs.compare.operation import Operation

    Array = np.ndarray[Any, Any]

_IMAGE_AXES = 3
# Of fewer elements of a channel any difference is a constant.
_LEAST_ELEMENTS = 4


def missing_bias(operation: Operation, _: Output) -> Iterator[Variant]:
    """Yield sums without bias."""
    if operation.bias is not None:
        yield Variant("the bias is not added", lambda one: one._replace(bias=None))


def constant_of_channels(output: Output) -> Iterator[Variant]:
    """Yield a constant added to each channel, as a bias would be, whatever it is."""
    axes = len(output.shape)
    if output.shape != output.actual_shape or axes not in {_IMAGE_AXES, _IMAGE_AXES + 1}:
        return
    if np.prod(output.shape) >= _LEAST_ELEMENTS * output.shape[-_IMAGE_AXES] > 0:
        yield Variant("each channel differs by a constant, as by a bias", fitted=_with_constants)


def _with_constants(values: Array, actual: Array) -> Array:
    others = tuple(axis for axis in range(values.ndim) if axis != values.ndim - _IMAGE_AXES)
    constants: Array = np.median((actual - values).real, axis=others, keepdims=True)
    return values + np.where(np.isfinite(constants), constants, 0)


def missing_groups(operation: Operation, _: Output) -> Iterator[Variant]:
    """Yield groups that all read the first one's channels, and weights repeated over all channels."""
    if operation.groups > 1:
        yield Variant("every group reads the channels of group 0", _with_first_group)
        yield Variant("the weight is repeated over all channels, without groups", _without_groups)


def _with_first_group(operation: Operation) -> Operation:
    channels = operation.weight.shape[1]
    return operation._replace(x=np.tile(operation.x[:, :channels], (1, operation.groups, 1, 1)))


def _without_groups(operation: Operation) -> Operation:
    return operation._replace(weight=np.tile(operation.weight, (1, operation.groups, 1, 1)), groups=1)
