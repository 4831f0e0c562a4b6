"""The layer that two results should be of, from the files of its operands."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conv2d_cli.errors import DataError
from conv2d_cli.jobs.compare.batches import Layer
from conv2d_cli.jobs.headers import faults_in
from conv2d_cli.jobs.run.inputs import geometry_of_run, opened_input, remarks_of
from conv2d_cli.jobs.run.request import checked_request
from conv2d_cli.jobs.run.shared_layer import SharedLayer
from conv2d_cli.layer.forward import UNBATCHED

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import ExitStack

    from conv2d_cli.jobs.run.request import Request
    from conv2d_cli.tensors.flat import FlatTensor


def opened_layer(request: Request, expected: FlatTensor, files: ExitStack, note: Callable[[str], None]) -> Layer:
    """Open the operands of a run whose output `expected` should be, and read its parameters.

    Raises:
        UsageError: the request contradicts itself.
        FileError: a file cannot be read.
        DataError: a file's contents are bad, do not fit the layer, or `expected` has not the shape of its output.
    """
    request = checked_request(request)
    source = files.enter_context(opened_input(request))
    shared = files.enter_context(SharedLayer(request, accumulates=False))
    opened = shared.opened(source.dtype, source.shape[-3] if len(source.shape) >= UNBATCHED else 1)
    with faults_in(request.input):
        geometry = geometry_of_run(request, opened.layer, source, opened.weight)
    shape = geometry.batched_output_shape[-len(source.shape) :]
    in_file = request.output_layout.to_file(shape)
    if expected.shape != in_file:
        raise DataError(
            f"{expected.typed} is of size {list(expected.shape)}, what comes out of the layer is {list(in_file)}",
            "give the layer and the input that it came from",
        )
    if opened.is_drawn:
        note(f"parameters drawn as torch.manual_seed({request.seed}) would draw them; --seed N changes it")
    for words in remarks_of(request, source, opened.weight):
        note(words)
    weight, bias = opened.read()
    return Layer(geometry, opened.layer.padding_mode, source.dtype, weight, bias, source.read_images)
