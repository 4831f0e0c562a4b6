"""One case of test vectors: a layer on an input, filled from a seed, and its correctly rounded output."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from conv2d_cli.backends.api import conv2d
from conv2d_cli.dtypes import DEFAULT_DTYPE, DTYPES
from conv2d_cli.jobs.vectors.data import BIAS, INPUT, WEIGHT, Wanted, check_data, filled
from conv2d_cli.layer.forward import UNBATCHED, geometry_of
from conv2d_cli.numpy_dtypes import dtype_name
from conv2d_cli.tensors.layout import NCHW, OIHW, Layout

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from conv2d_cli.layer.model import Conv2d
    from conv2d_cli.numpy_dtypes import Array

OUTPUT = "output"


class Planned(NamedTuple):
    """A case before it is made: its layer has an element type, and takes the input."""

    name: str
    layer: Conv2d
    input_shape: tuple[int, ...]
    seed: int
    data: str

    @property
    def dtype(self) -> str:
        """The element type of all its tensors."""
        return self.layer.dtype or DEFAULT_DTYPE


class Orders(NamedTuple):
    """The order of axes that tensors have in their files."""

    images: Layout = NCHW
    weight: Layout = OIHW

    def of(self, place: str) -> Layout:
        """Return that of a tensor."""
        return self.weight if place == WEIGHT else self.images


def shapes_of(layer: Conv2d, input_shape: Sequence[int]) -> dict[str, tuple[int, ...]]:
    """Return the shape of each tensor of a case; a layer without bias has none of that.

    Raises:
        ShapeError: the layer does not take the input.
    """
    geometry = geometry_of(layer, input_shape)
    output = geometry.batched_output_shape
    bias = {BIAS: (layer.out_channels,)} if layer.bias else {}
    shapes = {INPUT: tuple(input_shape), WEIGHT: geometry.weight_shape, **bias}
    return shapes | {OUTPUT: output[1:] if len(input_shape) == UNBATCHED else output}


def bytes_of(planned: Planned) -> int:
    """Return the bytes of all elements of a case.

    Raises:
        UsageError: its element type has no such data.
        ShapeError: the layer does not take the input.
    """
    check_data(planned.data, planned.dtype)
    elements = sum(map(prod, shapes_of(planned.layer, planned.input_shape).values()))
    return elements * DTYPES[planned.dtype].bytes


def tensors_of(planned: Planned) -> dict[str, Array]:
    """Return the tensors of a case, by our order of axes."""
    shapes = shapes_of(planned.layer, planned.input_shape)
    taps = geometry_of(planned.layer, planned.input_shape).taps_per_output
    tensors = {
        place: filled(planned.data, planned.seed, Wanted(place, shape, planned.dtype, taps))
        for place, shape in shapes.items()
        if place != OUTPUT
    }
    return tensors | {OUTPUT: exact_output(planned.layer, tensors)}


def exact_output(layer: Conv2d, tensors: Mapping[str, Array]) -> Array:
    """Return the output of input, weight and bias, correctly rounded; whole numbers wrap modulo 2^bits."""
    # Sums that wrap have the same bits in any order, and exact arithmetic refuses what a type does not hold.
    wraps = DTYPES[dtype_name(tensors[INPUT].dtype)].kind in "iu"
    return conv2d(
        tensors[INPUT],
        tensors[WEIGHT],
        tensors.get(BIAS),
        layer.stride,
        layer.padding,
        layer.dilation,
        layer.groups,
        padding_mode=layer.padding_mode,
        accuracy="strict" if wraps else "exact",
    )


def in_file(tensor: Array, layout: Layout) -> Array:
    """Return a tensor of ours in the order of axes of a file."""
    return np.ascontiguousarray(tensor.transpose(layout.back(tensor.ndim)))


def of_file(tensor: Array, layout: Layout) -> Array:
    """Return a tensor of a file in our order of axes."""
    return np.ascontiguousarray(tensor.transpose(layout.order(tensor.ndim)))
