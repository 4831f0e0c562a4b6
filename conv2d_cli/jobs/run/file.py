"""The one way of a file through a run: decided on headers alone, then read, convolved and written."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager, nullcontext
from time import perf_counter
from typing import TYPE_CHECKING, Any, NamedTuple

from conv2d_cli.arithmetic.counts import flops, macs
from conv2d_cli.errors import DataError
from conv2d_cli.jobs.headers import faults_in
from conv2d_cli.jobs.run.convolution import convolution_of
from conv2d_cli.jobs.run.inputs import geometry_of_run, opened_input
from conv2d_cli.jobs.run.streaming import convolve_chunks, is_one_chunk
from conv2d_cli.layer.forward import BATCHED, UNBATCHED
from conv2d_cli.numpy_dtypes import numpy_dtype
from conv2d_cli.tensors.formats import FORMATS
from conv2d_cli.tensors.location import format_meant
from conv2d_cli.tensors.sink import check_output_dtype, is_placed, open_output

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

    from numpy.typing import NDArray

    from conv2d_cli.backends.api import AnyPlan
    from conv2d_cli.engine.api import integer
    from conv2d_cli.jobs.run.convolution import Convolution
    from conv2d_cli.jobs.run.request import Request
    from conv2d_cli.jobs.run.shared_layer import OpenedLayer, SharedLayer
    from conv2d_cli.layer.model import Conv2d
    from conv2d_cli.tensors.formats import Output
    from conv2d_cli.tensors.source import Source


class FileRun(NamedTuple):
    """A run on one file that is fully decided, on headers alone; `reason` says why so, and how it goes about it."""

    request: Request
    shared: OpenedLayer
    plan: AnyPlan
    reason: str
    input: Source

    @property
    def layer(self) -> Conv2d:
        """The layer, which has a bias where one is read."""
        return self.shared.layer

    @property
    def operations(self) -> int:
        """Floating-point operations of the direct convolution."""
        return flops(macs(self.plan.geometry))

    @property
    def output_shape(self) -> tuple[int, ...]:
        """The shape of the output, unbatched where the input is."""
        shape = self.plan.geometry.batched_output_shape
        return shape if len(self.input.shape) == BATCHED else shape[1:]

    @property
    def tile(self) -> tuple[int, int, int] | None:
        """The tile (channels, rows, columns) of the output that is convolved and written at a time; None without."""
        tiling = self.plan.tiling
        return None if tiling is None else (self.plan.geometry.out_channels, tiling.rows, tiling.columns)

    def convolution(self) -> Convolution:
        """Return what convolves this input, chunk by chunk; the parameters are read for it."""
        unbatched = len(self.input.shape) == UNBATCHED
        return convolution_of(self.plan, self.shared.parameters, self.request.input, unbatched=unbatched)

    @property
    def is_one_chunk(self) -> bool:
        """Whether all of it is read, convolved and written at once."""
        return is_one_chunk(self.plan)

    @property
    def writes_picture(self) -> bool:
        """Whether the output is a picture, which has an order of axes of its own."""
        name = None if self.request.output is None else format_meant(self.request.output)
        return name is not None and FORMATS[name].is_picture


class Driver:
    """What a driver adds to the steps of a file; this one adds nothing. `files_wait`: others may come in between."""

    files_wait = False

    def admitted(self, _file: FileRun) -> AbstractContextManager[object]:
        """Return a context in which a file may take its memory; nothing has been read yet.

        Raises:
            MemoryLimitError: it may not.
        """
        return nullcontext()

    def has_read(self, images: NDArray[Any]) -> None:
        """Be shown the input, chunk by chunk in their order."""

    def is_done(self, _file: FileRun) -> bool:
        """Whether the output is there already."""
        return False

    def has_convolved(self, output: NDArray[Any], seconds: float) -> None:
        """Be shown the output, chunk by chunk, and the seconds that it took."""

    def has_accumulated(self, file: FileRun, sums: integer.Accumulated) -> None:
        """Be shown what came into the accumulator, when all of an output is made; what overflowed is remarked."""
        if sums.words is not None:
            self.remark(f"{file.request.input}: {sums.words}")

    def opened_output(self, file: FileRun) -> AbstractContextManager[Output | None]:
        """Return a context with the place for the output, None where none is kept."""
        return nullcontext() if file.request.output is None else open_place(file)

    def remark(self, words: str) -> None:
        """Be told what an output could not keep."""


def decide(request: Request, shared: SharedLayer, source: Source) -> FileRun:
    """Decide a run on headers alone.

    Raises:
        FileError: a parameter cannot be read.
        DataError: a file's contents are bad or do not fit the layer.
        UsageError: an option does not fit what the files hold.
    """
    dtype, channels = source.dtype, source.shape[-3] if len(source.shape) >= UNBATCHED else 1
    opened = shared.opened(dtype, channels)
    for path in filter(None, (request.output, request.save_parameters)):
        check_output_dtype(path, dtype if opened.arithmetic is None else opened.arithmetic.output_dtype)
    with faults_in(request.input):
        geometry = geometry_of_run(request, opened.layer, source, opened.weight)
    return FileRun(request, opened, opened.plan_for(geometry), opened.reason_for(geometry), source)


def run_file(request: Request, shared: SharedLayer, driver: Driver) -> Iterator[None]:
    """Read, convolve and write one file.

    It is a generator, so that other threads can read before its turn and write after it: it stops before the
    convolution, and again before the output is written where files wait and this one is one chunk.

    Raises:
        MemoryLimitError: the driver does not admit it; nothing is read then.
        UsageError, FileError, DataError: as `decide`, and when the bytes themselves are bad or cannot be written.
    """
    with ExitStack() as files:
        source = files.enter_context(opened_input(request))
        file = decide(request, shared, source)
        with driver.admitted(file):
            file.shared.read()
            convolution = file.convolution()
            images = None
            if driver.files_wait and file.is_one_chunk:
                images = source.read_images(0, file.plan.geometry.batch)
                driver.has_read(images)
            if driver.is_done(file):
                return
            if driver.files_wait:
                files.close()
            yield
            if images is not None:
                output = _convolved(convolution, images, driver)
                del images
                yield
                with _place_for(file, driver) as place:
                    if place is not None:
                        place.write(0, output)
            else:
                source = files.enter_context(_opened_again(file)) if driver.files_wait else source
                with _place_for(file, driver) as place:
                    _convolve_chunks(file, convolution, source, driver, place)
            if convolution.sums is not None:
                driver.has_accumulated(file, convolution.sums)


def _convolved(convolution: Convolution, images: NDArray[Any], driver: Driver) -> NDArray[Any]:
    started = perf_counter()
    output = convolution.images(0, images)
    driver.has_convolved(output, perf_counter() - started)
    return output


def _convolve_chunks(
    file: FileRun, convolution: Convolution, source: Source, driver: Driver, place: Output | None
) -> None:
    output = file.request.output
    convolve_chunks(
        *(file.plan, source, convolution, place),
        has_read=driver.has_read,
        has_convolved=driver.has_convolved,
        ahead=source.is_placed,
        behind=output is not None and is_placed(output),
    )


@contextmanager
def _place_for(file: FileRun, driver: Driver) -> Iterator[Output | None]:
    """Open the place for the output, and tell in the end what it could not keep."""
    with driver.opened_output(file) as place:
        yield place
    for words in () if place is None else place.remarks:
        driver.remark(f"{file.request.output}: {words}")


def open_place(
    file: FileRun, *, force: bool = False, durable: bool = True, sealed: Callable[[Path], object] | None = None
) -> AbstractContextManager[Output]:
    """Open the place for the output of a file, as `open_output` does; `force` adds to the request's."""
    request = file.request
    return open_output(
        *(str(request.output), file.output_shape, numpy_dtype(file.plan.dtype)),
        force=force or request.force,
        stdout=request.stdout,
        durable=durable,
        layout=request.output_layout,
        sealed=sealed,
        chunk=file.tile,
    )


@contextmanager
def _opened_again(file: FileRun) -> Iterator[Source]:
    """Open a file whose turn has come; what became of it meanwhile nobody has told us.

    Raises:
        DataError: it holds another tensor now.
    """
    with opened_input(file.request) as source:
        if (source.shape, source.dtype) != (file.input.shape, file.input.dtype):
            message = f"{file.request.input}: it became another tensor while it was read"
            raise DataError(message, "leave it alone meanwhile")
        yield source
