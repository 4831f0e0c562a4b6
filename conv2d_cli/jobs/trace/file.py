"""One output element of a run on a file: of a large one no more is read than its window."""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import TYPE_CHECKING, NamedTuple

from conv2d_cli.dtypes import DTYPES
from conv2d_cli.errors import MemoryLimitError
from conv2d_cli.jobs.headers import faults_in
from conv2d_cli.jobs.run.inputs import geometry_of_run, opened_input, remarks_of
from conv2d_cli.jobs.run.request import checked_request
from conv2d_cli.jobs.run.shared_layer import SharedLayer
from conv2d_cli.jobs.trace.element import check_terms, traced
from conv2d_cli.jobs.trace.window import window_of
from conv2d_cli.layer.forward import BATCHED, UNBATCHED
from conv2d_cli.numpy_dtypes import numpy_dtype

if TYPE_CHECKING:
    from collections.abc import Sequence

    from conv2d_cli.arithmetic.geometry import Geometry
    from conv2d_cli.jobs.run.request import Request
    from conv2d_cli.layer.model import Conv2d
    from conv2d_cli.report.trace import TraceReport
    from conv2d_cli.tensors.placed import Image
    from conv2d_cli.tensors.source import Source


# The element of a layer's output on an input of a shape.
Place = Callable[["Conv2d", "Sequence[int]"], "Sequence[int]"]


class Traced(NamedTuple):
    """The report of an element, the layer and the input's shape, whether parameters were drawn, and what to tell."""

    report: TraceReport
    layer: Conv2d
    input_shape: tuple[int, ...]
    is_drawn: bool
    remarks: list[str]


def trace_file(request: Request, at: Sequence[int] | Place, available: int | None) -> Traced:
    """Return one output element of what a run on a file would write.

    Args:
        request: what a run would be asked for.
        at: the element, or what chooses it once the layer and the shape of its input are known.
        available: the memory there is, in bytes.

    Raises:
        UsageError: the request contradicts itself, or the output has no such element.
        FileError: a file cannot be read.
        DataError: a file's contents are bad or do not fit the layer.
        MemoryLimitError: the element has more terms than are shown, or the parameters more bytes than there are.
    """
    request = checked_request(request)
    with SharedLayer(request, accumulates=False) as shared, opened_input(request) as source:
        channels = source.shape[-3] if len(source.shape) >= UNBATCHED else 1
        opened = shared.opened(source.dtype, channels)
        with faults_in(request.input):
            geometry = geometry_of_run(request, opened.layer, source, opened.weight)
        check_terms(geometry)
        index = tuple(at(opened.layer, source.shape) if callable(at) else at)
        window = window_of(geometry, opened.layer.padding_mode, index, batched=len(source.shape) == BATCHED)
        _check_memory(geometry, source, available)
        parameters = opened.read()
        values = window.read(_image(source, window.number), numpy_dtype(source.dtype))
        report = traced(index, window, values, parameters)
        remarks = remarks_of(request, source, opened.weight)
        return Traced(report, opened.layer, source.shape, opened.is_drawn, remarks)


def _check_memory(geometry: Geometry, source: Source, available: int | None) -> None:
    """Check that the weight fits, and the input where it cannot be read in parts.

    Raises:
        MemoryLimitError: they do not.
    """
    # Drawn or read, a weight passes through arrays of its size.
    weight = 2 * prod(geometry.weight_shape) * DTYPES[source.dtype].bytes
    needed = weight + (0 if source.is_read_in_parts else source.read_peak_bytes)
    if available is not None and needed > available:
        raise MemoryLimitError(
            f"weight and input take about {needed} bytes, the machine has {available} to give",
            "a layer with fewer channels, or an input that is read in parts, such as .npy",
        )


def _image(source: Source, number: int) -> Image:
    """Return one image of a source: of a pipe those before it are passed over."""
    if source.is_read_in_parts and not source.is_placed:
        for earlier in range(number):
            source.read_images(earlier, 1)
    return source.image(number)
