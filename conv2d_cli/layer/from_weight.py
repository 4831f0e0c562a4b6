"""A layer from the shape of its weight: `(out_channels, in_channels / groups, kh, kw)`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conv2d_cli.errors import DataError, LayerError
from conv2d_cli.layer.model import Conv2d, layer_from

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_WEIGHT_AXES = 4


def layer_of_weight(shape: Sequence[int], arguments: Mapping[str, object]) -> Conv2d:
    """Return the layer that has a weight of this shape; `arguments` are the others, groups included.

    Raises:
        LayerError: one of the other arguments is wrong.
        DataError: the shape is no weight's, or it does not fit the groups.
    """
    check_weight_axes(shape)
    out_channels, group_channels, kernel_height, kernel_width = shape
    # Faults of the arguments are told as such; only a misfit is the weight's.
    groups = arguments.get("groups", 1)
    others = {**arguments, "in_channels": groups, "out_channels": groups, "kernel_size": (kernel_height, kernel_width)}
    try:
        checked = layer_from(others)
    except LayerError as error:
        raise LayerError(fault for fault in error.faults if fault.field in arguments) from None
    fitted = {
        **arguments,
        "in_channels": group_channels * checked.groups,
        "out_channels": out_channels,
        "kernel_size": checked.kernel_size,
    }
    try:
        return layer_from(fitted)
    except LayerError as error:
        raise DataError(
            f"a weight of size {list(shape)} does not fit the layer: {error.message}", error.hint
        ) from error


def check_weight_axes(shape: Sequence[int]) -> None:
    """Check that a shape has the four axes of a weight, each with something in it.

    Raises:
        DataError: it has not.
    """
    if len(shape) != _WEIGHT_AXES or 0 in shape:
        raise DataError(
            f"a weight of size {list(shape)} is no Conv2d weight",
            "a weight has four axes, none of them empty: out_channels, in_channels / groups, kernel height and width",
        )


def check_weight(layer: Conv2d, shape: Sequence[int]) -> None:
    """Check that a weight is the one of a layer.

    Raises:
        DataError: it is not.
    """
    check_weight_axes(shape)
    wanted = [layer.out_channels, layer.in_channels // layer.groups, *layer.kernel_size]
    if list(shape) == wanted:
        return
    hint = None
    group_channels = shape[1]
    if shape[0] == wanted[0] and list(shape[2:]) == wanted[2:] and layer.in_channels % group_channels == 0:
        hint = f"groups={layer.in_channels // group_channels} fits this weight"
    raise DataError(f"the layer needs a weight of size {wanted}, but got weight of size {list(shape)}", hint)


def check_bias(layer: Conv2d, shape: Sequence[int]) -> None:
    """Check that a bias has one element for each output channel.

    Raises:
        DataError: it has not.
    """
    if list(shape) != [layer.out_channels]:
        raise DataError(
            f"expected bias to be 1-dimensional with {layer.out_channels} elements, "
            f"but got bias of size {list(shape)} instead",
            f"a bias has the shape ({layer.out_channels},)",
        )
