"""The tasks of a run on one store, as a worker does them: it reads with halo, convolves, and writes its own chunks."""

from __future__ import annotations

from contextlib import ExitStack
from functools import partial
from hashlib import sha256
from math import prod
from secrets import token_hex
from time import perf_counter
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from conv2d_cli.errors import DataError
from conv2d_cli.jobs.cluster.journal import Record, line_of
from conv2d_cli.jobs.cluster.parameters import check_digest, digest_of_layer
from conv2d_cli.jobs.cluster.units import Images, Tiles
from conv2d_cli.jobs.cluster.versions import check_versions
from conv2d_cli.jobs.run.convolution import convolution_of, gathered
from conv2d_cli.jobs.run.inputs import opened_input
from conv2d_cli.jobs.run.shared_layer import SharedLayer
from conv2d_cli.jobs.run.summary import RunningSummary
from conv2d_cli.layer.forward import UNBATCHED
from conv2d_cli.tensors.replacement import about_file
from conv2d_cli.tensors.zarr_grid import chunks_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from conv2d_cli.backends.api import AnyPlan
    from conv2d_cli.engine.api import integer
    from conv2d_cli.jobs.cluster.units import Units
    from conv2d_cli.jobs.run.convolution import Convolution
    from conv2d_cli.jobs.run.request import Request
    from conv2d_cli.jobs.run.summary import Figures
    from conv2d_cli.tensors.stores import Files
    from conv2d_cli.tensors.zarr_output import Chunks

    Array = NDArray[Any]


class Done(NamedTuple):
    """What came out of a task; `seconds` are of the convolution, and 0 where the output was there already."""

    elements: int
    seconds: float
    figures: Figures | None
    sums: integer.SumFigures | None
    record: Record | None
    is_kept: bool = False


class StoreJob(NamedTuple):
    """What is the same for all tasks: paths, the layer and the plan of the client, which every worker carries out.

    `parameters` is the digest of those that the client has read.
    `figures` says that those of the output are wanted, `records` that digests are, which a worker writes itself into
    the `journal` where that is of objects.
    """

    name: str
    versions: tuple[tuple[str, str], ...]
    request: Request
    parameters: str
    plan: AnyPlan
    input_shape: tuple[int, ...]
    input_dtype: str
    units: Units
    chunks: Chunks
    figures: bool
    records: bool
    journal: Files | None = None

    def opened(self) -> OpenedStore:
        """Return the job with its files open.

        Raises:
            FileError: a file cannot be read or written here, or this worker has other versions.
            DataError: the input is another one here, or the parameters are others.
        """
        check_versions(self.versions)
        return OpenedStore(self)


class OpenedStore:
    """The files of a run on one store, open on a worker."""

    def __init__(self, job: StoreJob) -> None:
        """Open them, and write into the output and remove it again."""
        self._job, self._files = job, ExitStack()
        try:
            self._source = self._files.enter_context(opened_input(job.request))
            self._check_input()
            shared = self._files.enter_context(SharedLayer(job.request))
            self._layer = shared.opened(self._source.dtype, job.input_shape[-3])
            check_digest(job.request, digest_of_layer(self._layer), job.parameters)
            self._check_output()
        except BaseException:
            self._files.close()
            raise

    def close(self) -> None:
        """Close them."""
        self._files.close()

    def do(self, number: int, known: object) -> Done:
        """Convolve one unit and write it, unless its record says that it is there.

        Raises:
            DataError: the bytes are not what the header promises, or a sum overflows.
            FileError: they cannot be read or written.
        """
        unit = self._job.units.unit(number)
        if isinstance(known, Record) and self._is_there(unit, known):
            return Done(_elements(self._job, unit), 0.0, known.figures, known.sums, None, is_kept=True)
        work = _Work(self._job, self._convolution())
        if isinstance(unit, Images):
            out = work.convolved(self._source.read_images(*unit), lambda x: work.convolution.images(unit.first, x))
            for image, part in enumerate(out, unit.first):
                self._write(image, 0, 0, part)
        else:
            self._write(unit.image, unit.whole.top, unit.whole.left, self._rectangle(unit, work))
        done = work.done(self._digest(unit) if self._job.records else None)
        if self._job.journal is not None and done.record is not None:
            self._job.journal.write(str(number), line_of(number, done.record))
        return done

    def _convolution(self) -> Convolution:
        """Return what convolves one unit; each counts its own sums."""
        job = self._job
        unbatched = len(job.input_shape) == UNBATCHED
        return convolution_of(job.plan, self._layer.parameters, job.request.input, unbatched=unbatched)

    def _rectangle(self, unit: Tiles, work: _Work) -> Array:
        """Return the output (channels, rows, columns) of the tiles of a unit."""
        image = self._source.image(unit.image)
        whole: Array | None = None
        for tile in unit.tiles:
            x = gathered(self._job.plan, image, tile)
            out = work.convolved(x, partial(work.convolution.tile, unit.image, tile))
            part = out.reshape(out.shape[1:])
            if len(unit.tiles) == 1:
                return part
            if whole is None:
                whole = np.empty((len(part), unit.whole.rows, unit.whole.columns), part.dtype)
            top, left = tile.top - unit.whole.top, tile.left - unit.whole.left
            whole[:, top : top + tile.rows, left : left + tile.columns] = part
        assert whole is not None  # noqa: S101 - a unit has tiles
        return whole

    def _write(self, image: int, top: int, left: int, part: Array) -> None:
        layout = self._job.request.output_layout
        if not layout.is_ours:
            part = np.ascontiguousarray(part.transpose(layout.back(part.ndim)))
        with about_file(str(self._job.request.output)):
            self._job.chunks.write(image, layout.to_file((0, top, left)), part)

    def _check_input(self) -> None:
        """Check that the input is the tensor that the client has seen.

        Raises:
            DataError: it is another one here.
        """
        job = self._job
        if (self._source.shape, self._source.dtype) != (job.input_shape, job.input_dtype):
            raise DataError(f"{job.request.input} is another tensor here", "give a path that all workers share")

    def _check_output(self) -> None:
        """Write a file into the output and remove it again.

        Raises:
            FileError: that is not possible here.
        """
        files, probe = self._job.chunks.files, f"c/{token_hex(8)}"
        with about_file(str(self._job.request.output)):
            files.write(probe, b"")
            files.remove(probe)

    def _is_there(self, unit: Images | Tiles, known: Record) -> bool:
        """Whether the files of a unit are those of a record, and its input still is."""
        try:
            return self._digest(unit) == known.output and self._digest_of_input(unit) == known.input
        except FileNotFoundError:
            return False

    def _digest(self, unit: Images | Tiles) -> str:
        """Return the digest of the files of a unit.

        Raises:
            FileNotFoundError: one is missing.
        """
        files, digest = self._job.chunks.files, sha256(usedforsecurity=False)
        for name in names_of_files(self._job, unit):
            digest.update(files.read(name, 0, files.size(name) or 0))
        return digest.hexdigest()

    def _digest_of_input(self, unit: Images | Tiles) -> str:
        digest = sha256(usedforsecurity=False)
        if isinstance(unit, Images):
            _update(digest, self._source.read_images(*unit))
        else:
            image = self._source.image(unit.image)
            for tile in unit.tiles:
                _update(digest, gathered(self._job.plan, image, tile))
        return digest.hexdigest()


class _Work:
    """What is being done of one unit, and its figures so far."""

    def __init__(self, job: StoreJob, convolution: Convolution) -> None:
        self.convolution = convolution
        self._job, self._read = job, sha256(usedforsecurity=False)
        self._summary = RunningSummary() if job.figures or job.records else None
        self._elements, self._seconds = 0, 0.0

    def convolved(self, x: Array, convolve: Callable[[Array], Array]) -> Array:
        """Return the output of some images, or of a tile."""
        if self._job.records:
            _update(self._read, x)
        started = perf_counter()
        out = convolve(x)
        self._seconds += perf_counter() - started
        self._elements += out.size
        if self._summary is not None:
            self._summary.add(out, in_order=self._job.plan.tiling is None)
        return out

    def done(self, output: str | None) -> Done:
        """Return what came out, with a record where the digest of what was written is given."""
        figures = None if self._summary is None else self._summary.figures
        sums = None if self.convolution.sums is None else self.convolution.sums.figures
        record = None if output is None else Record(self._read.hexdigest(), output, sums, figures)
        return Done(self._elements, self._seconds, figures, sums, record)


def names_of_files(job: StoreJob, unit: Images | Tiles) -> Iterator[str]:
    """Yield the names of the files of the output that a unit fills."""
    layout, chunks = job.request.output_layout, job.chunks
    starts: tuple[int, ...]
    sizes: tuple[int, ...]
    if isinstance(unit, Images):
        images = range(unit.first, unit.first + unit.number)
        starts, sizes = (0, 0, 0), chunks.image
    else:
        images = range(unit.image, unit.image + 1)
        starts = layout.to_file((0, unit.whole.top, unit.whole.left))
        sizes = layout.to_file((job.plan.geometry.out_channels, unit.whole.rows, unit.whole.columns))
    box = tuple(slice(start, start + size) for start, size in zip(starts, sizes, strict=True))
    for image in images:
        for index, _, _ in chunks_of(box, chunks.unit):
            yield chunks.name(image, index)


def _elements(job: StoreJob, unit: Images | Tiles) -> int:
    geometry = job.plan.geometry
    if isinstance(unit, Images):
        return unit.number * prod(geometry.batched_output_shape[1:])
    return geometry.out_channels * unit.whole.rows * unit.whole.columns


def _update(digest: Any, elements: Array) -> None:  # noqa: ANN401 - hashlib has no name for it
    digest.update(np.ascontiguousarray(elements).reshape(-1).view(np.uint8).data)
