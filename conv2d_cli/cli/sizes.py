"""SIZE as typed: a size, or a tensor file of which the header says it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conv2d_cli.errors import UsageError
from conv2d_cli.layer.text import input_shape_of, is_size

if TYPE_CHECKING:
    from collections.abc import Callable

    from conv2d_cli.layer.model import Conv2d


def shape_on(text: str, layout: str | None = None) -> Callable[[Conv2d], tuple[int, ...]]:
    """Return the shape of the input for each layer: a typed size may leave its channels to the layer.

    `layout` is the order of the axes of a file, NCHW if None.

    Raises:
        ShapeError: it is no size.
        FileError, DataError: it is a file that cannot be read, or does not fit the layer.
    """
    if is_size(text):
        if layout is not None:
            raise UsageError(
                "--layout is of a tensor file; a SIZE that is typed is N, channels, height, width", "leave --layout out"
            )
        return lambda layer: input_shape_of(text, layer.in_channels)
    from conv2d_cli.cli.output import stdin_bytes
    from conv2d_cli.cli.readings import layout_of
    from conv2d_cli.jobs.headers import faults_in
    from conv2d_cli.jobs.run.inputs import geometry_on
    from conv2d_cli.tensors.layout import NCHW
    from conv2d_cli.tensors.opening import header_of
    from conv2d_cli.tensors.reading import Reading

    reading = Reading(layout=layout_of("--layout", layout) or NCHW)
    header = header_of(text, reading, stdin=stdin_bytes())

    def of_file(layer: Conv2d) -> tuple[int, ...]:
        with faults_in(text):
            geometry_on(layer, header, reading, prepares=False)
        return header.shape

    return of_file
