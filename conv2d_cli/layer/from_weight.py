"""A layer from the shape of its weight: `(out_channels, in_channels / groups, kh, kw)`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conv2d_cli.errors import DataError, LayerError
from conv2d_cli.layer.hints import pair
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
    raise DataError(
        f"the layer needs a weight of size {wanted}, but this one is of size {list(shape)}", _layer_for(layer, shape)
    )


def _layer_for(layer: Conv2d, shape: Sequence[int]) -> str:
    """Return what to change of a layer so that a weight is its own: the groups alone, or what it is of another size."""
    out_channels, group_channels, *kernel = shape
    groups = groups_for(shape, layer.in_channels)
    if groups is not None and out_channels == layer.out_channels and tuple(kernel) == layer.kernel_size:
        return f"groups={groups} fits this weight"
    if group_channels * layer.groups != layer.in_channels:
        # Whether it is the layer that is wrong, the input tells.
        return f"this weight takes {group_channels} input channels a group"
    parts = [] if out_channels == layer.out_channels else [f"out_channels={out_channels}"]
    if tuple(kernel) != layer.kernel_size:
        parts.append(f"kernel_size={pair(kernel)}")
    return f"{', '.join(parts)} fits this weight" if out_channels % layer.groups == 0 else "groups=1, or another weight"


def groups_for(shape: Sequence[int], channels: int) -> int | None:
    """Return the groups with which a weight takes an input with `channels` channels; None where there are none."""
    out_channels, group_channels = shape[:2]
    groups, rest = divmod(channels, group_channels)
    return groups if groups and not rest and out_channels % groups == 0 else None


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
