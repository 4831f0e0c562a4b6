"""SIZE as typed: a size, or a tensor file of which the header says it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conv2d_cli.layer.text import input_shape_of, is_size

if TYPE_CHECKING:
    from collections.abc import Callable

    from conv2d_cli.layer.model import Conv2d


def shape_on(text: str) -> Callable[[Conv2d], tuple[int, ...]]:
    """Return the shape of the input for each layer: a typed size may leave its channels to the layer.

    Raises:
        ShapeError: it is no size.
        FileError, DataError: it is a file that cannot be read, or does not fit the layer.
    """
    if is_size(text):
        return lambda layer: input_shape_of(text, layer.in_channels)
    from conv2d_cli.cli.output import stdin_bytes
    from conv2d_cli.jobs.headers import faults_in, shape_of_file
    from conv2d_cli.layer.forward import geometry_of

    input_shape = shape_of_file(text, stdin_bytes())

    def of_file(layer: Conv2d) -> tuple[int, ...]:
        with faults_in(text):
            geometry_of(layer, input_shape)
        return input_shape

    return of_file
