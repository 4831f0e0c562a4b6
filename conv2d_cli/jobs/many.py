"""One layer over many files; a bad file does not stop the others.

Reading, computing and writing overlap where the disk is slow.
"""

from __future__ import annotations

import os
from collections import deque
from concurrent.futures import Future
from contextlib import ExitStack
from functools import lru_cache
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any, NamedTuple

from conv2d_cli import __version__
from conv2d_cli.arithmetic.counts import flops, macs
from conv2d_cli.engine.blas import small_unpacked, threads_for
from conv2d_cli.engine.convolution import Parameters, check_dtypes, run_settled
from conv2d_cli.engine.initialisation import init_parameters
from conv2d_cli.engine.plan import Plan, plan_convolution
from conv2d_cli.errors import Conv2dError, FileError, UsageError
from conv2d_cli.jobs import run as single
from conv2d_cli.jobs.errands import Budget, Errands
from conv2d_cli.jobs.headers import faults_in
from conv2d_cli.jobs.inputs import geometry_on, opened_input, remarks_of
from conv2d_cli.jobs.parameters import drawn_dtype, parameters_opened
from conv2d_cli.jobs.pieces import convolve_pieces, images_together
from conv2d_cli.jobs.records import Records, fingerprint
from conv2d_cli.jobs.request import Request, checked_request
from conv2d_cli.layer.forward import BATCHED, UNBATCHED, geometry_of
from conv2d_cli.numpy_dtypes import numpy_dtype
from conv2d_cli.report.run import ManyReport, PlanReport
from conv2d_cli.tensors.location import is_stream
from conv2d_cli.tensors.matching import matched, outputs_for
from conv2d_cli.tensors.replacement import synchronize_folder
from conv2d_cli.tensors.sink import check_output_dtype, is_placed, open_output

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from numpy.typing import NDArray

    from conv2d_cli.layer.model import Conv2d
    from conv2d_cli.tensors.formats import Output
    from conv2d_cli.tensors.source import Source

# Files that are read before their turn, and threads that wait for the disk.
_AHEAD, _WRITERS = 4, 4


class Item(NamedTuple):
    """One file and its output."""

    source: Path
    output: Path


class Listener(NamedTuple):
    """Whom a job tells of a file that failed, of one that is done, how many there are, and what an output lost."""

    failed: Callable[[Path, Conv2dError], None]
    advance: Callable[[int], None]
    total: Callable[[int], None]
    remark: Callable[[str], None] = lambda _: None


class _Loaded(NamedTuple):
    """A file whose header is known; `images` is None where it is too large to be read before its turn.

    `held_bytes` have been taken of the budget for it.
    """

    item: Item
    shape: tuple[int, ...]
    dtype: str
    images: NDArray[Any] | None
    held_bytes: int


class _Layer(NamedTuple):
    """The layer and its parameters in one element type."""

    values: Conv2d
    weight: NDArray[Any]
    bias: NDArray[Any] | None
    parameters: Parameters
    fingerprint: str


class _Job:
    """What all files share."""

    def __init__(self, request: Request) -> None:
        self.request = request
        self._layer_of = lru_cache(self._layer)
        self.plan = lru_cache(self._plan)

    def layer_for(self, shape: tuple[int, ...], dtype: str) -> _Layer:
        """Return the layer for inputs of a shape and a type, its parameters read or drawn."""
        # Of the shape nothing matters but the channels that each have the one kernel.
        return self._layer_of(dtype, shape[-3] if self.request.per_channel and len(shape) >= UNBATCHED else 1)

    def _layer(self, dtype: str, channels: int) -> _Layer:
        request = self.request
        with ExitStack() as stack:
            weight, bias, layer = parameters_opened(request, dtype, stack, channels=channels)
            weight_dtype = weight.dtype if weight else drawn_dtype(layer, dtype)
            check_dtypes(dtype, weight=weight_dtype, bias=None if bias is None else bias.dtype)
            bias_values = None if bias is None else bias.read()
            if weight is not None:
                weight_values = weight.read()
            else:
                weight_values, drawn = init_parameters(layer, request.seed, dtype=dtype)
                bias_values = drawn if bias_values is None else bias_values
        words = (
            __version__,
            *layer.model_dump().values(),
            dtype,
            request.accuracy,
            request.algorithm,
            threads_for(request.threads),
            request.input_reading._replace(casts=frozenset()),
            sorted(request.input_reading.casts),
            request.output_layout,
        )
        made_by = fingerprint(words, weight_values, bias_values)
        return _Layer(layer, weight_values, bias_values, Parameters(weight_values, bias_values), made_by)

    def _plan(self, shape: tuple[int, ...], dtype: str) -> Plan:
        request, layer = self.request, self.layer_for(shape, dtype).values
        return plan_convolution(
            geometry_of(layer, shape),
            padding_mode=layer.padding_mode,
            dtype=dtype,
            accuracy=request.accuracy,
            algorithm=request.algorithm,
            threads=threads_for(request.threads),
            small_unpacked=small_unpacked(),
        )


def run_many(request: Request, machine: single.Machine, *, resume: bool, tell: Listener) -> tuple[ManyReport, int]:
    """Convolve many files; return what was done, and the gravest exit code of the files that failed.

    As many are held at a time as the limit of the request lets, or half of what the machine can give; one that alone
    would take more than the limit, or than all of it, fails.

    Raises:
        FileError: there is no file, outputs exist and neither `force` nor `resume` is given, or the folder for them
            cannot be written.
        UsageError, DataError: the layer or its parameters are bad.
    """
    root, files = matched(request.input)
    if request.output is None or is_stream(request.output):
        raise UsageError("many files need a folder for their outputs", "-o FOLDER")
    if request.save_parameters is not None:
        raise UsageError("--save-parameters is for one file", "convolve one of them with it, and the others after")
    folder = Path(request.output)
    request = checked_request(request._replace(output=None))._replace(output=request.output)
    with ExitStack() as stack:
        # Faults of the layer are told once, before any file is read.
        channels = request.layer.in_channels if request.layer else 1
        parameters_opened(request, request.dtype or "float32", stack, channels=channels)
    items = [Item(*pair) for pair in zip(files, outputs_for(root, files, folder), strict=True)]
    _check_outputs(items, folder, allowed=request.force or resume)
    job, started = _Job(request), perf_counter()
    tell.total(len(items))
    with Records(folder, resume=resume) as records:
        work = _Work(job, records, tell, _budget(request, machine), resume=resume)
        work.do(items)
    for parent in {item.output.parent for item in items}:
        synchronize_folder(parent)
    seconds = perf_counter() - started
    operations = flops(work.macs)
    report = ManyReport(
        files=len(items),
        written=work.written,
        skipped=work.skipped,
        failed=len(work.codes),
        seconds=seconds,
        gflops=operations / work.computing / 1e9 if work.computing else None,
    )
    return report, max(work.codes, default=0)


def plan_many(request: Request, machine: single.Machine) -> Iterator[tuple[Path, PlanReport | Conv2dError]]:
    """Yield what a run would do for each file, from its header alone, or what is wrong with it.

    Raises:
        FileError: there is no file.
        UsageError, DataError: the layer or its parameters are bad.
    """
    _, files = matched(request.input)
    request = checked_request(request._replace(output=None))
    with ExitStack() as stack:
        channels = request.layer.in_channels if request.layer else 1
        parameters_opened(request, request.dtype or "float32", stack, channels=channels)
    for path in files:
        try:
            with single.opened(request._replace(input=str(path), output=None), machine) as job:
                yield path, single.plan_report(job)
        except Conv2dError as error:
            yield path, error


def _budget(request: Request, machine: single.Machine) -> Budget:
    """Return the memory that files may take beside what the process holds anyway."""
    libraries = single.library_bytes(threads_for(request.threads))
    if request.memory_limit is not None:
        left = request.memory_limit - machine.resident - libraries
        return Budget(left, left)
    if machine.available is None:
        return Budget(None, None)
    return Budget(machine.available // 2 - libraries, machine.available - libraries)


def _check_outputs(items: list[Item], folder: Path, *, allowed: bool) -> None:
    _check_apart(items)
    try:
        for parent in sorted({folder, *(item.output.parent for item in items)}):
            parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FileError(
            f"cannot make the folder {folder}: {error.strerror}", "give a folder that can be written"
        ) from error
    # A name that is too long is the fault of its file alone, told when it is written; pathlib would raise here.
    existing = [] if allowed else [item.output for item in items if os.path.exists(item.output)]  # noqa: PTH110
    if existing:
        more = f" and {len(existing) - 1} more exist" if len(existing) > 1 else " exists"
        raise FileError(
            f"{existing[0]}{more} already", "--resume keeps those that are complete, --force replaces all of them"
        )


def _check_apart(items: list[Item]) -> None:
    """Refuse outputs that would take the place of inputs, links followed."""
    parents = {path.parent for item in items for path in item}
    folders = {parent: parent.resolve() for parent in parents}

    def real(path: Path) -> Path:
        return path.resolve() if os.path.islink(path) else folders[path.parent] / path.name  # noqa: PTH114 - as below

    inputs = {real(item.source) for item in items}
    for item in items:
        if real(item.output) in inputs:
            raise UsageError(f"{item.output} is one of the files that are read", "give another folder for the outputs")


class _Work:
    """The way of all files: read before their turn by one thread, convolved here, written by others."""

    def __init__(self, job: _Job, records: Records, tell: Listener, budget: Budget, *, resume: bool) -> None:
        self._job, self._records, self._tell, self._resume = job, records, tell, resume
        self._budget = budget
        self.written = self.skipped = self.macs = 0
        self.computing = 0.0
        self.codes: list[int] = []
        self._said: set[str] = set()

    def do(self, items: list[Item]) -> None:
        readers, writers = Errands(1), Errands(_WRITERS)
        waiting, reading = deque(items), deque[tuple[Item, Future[_Loaded | None]]]()
        writing = deque[tuple[_Loaded, Future[None]]]()
        try:
            while waiting or reading:
                while waiting and len(reading) < (_AHEAD if readers.are_slow else 1):
                    item = waiting.popleft()
                    reading.append((item, readers.start(self._load, item)))
                item, future = reading.popleft()
                with _Caught(self, item):
                    loaded = future.result()
                    if loaded is None:
                        self.skipped += 1
                        self._tell.advance(1)
                    elif loaded.images is None:
                        with self._budget.given_back(loaded.held_bytes):
                            self._convolve_large(loaded)
                        self._finish(loaded)
                    else:
                        out, loaded = self._convolve(loaded, loaded.images), loaded._replace(images=None)
                        writing.append((loaded, writers.start(self._write, loaded, out)))
                while writing and (len(writing) > 2 * _WRITERS or writing[0][1].done()):
                    self._collect(*writing.popleft())
            while writing:
                self._collect(*writing.popleft())
        finally:
            readers.end()
            writers.end()

    def failed(self, item: Item, error: Conv2dError) -> None:
        self.codes.append(error.exit_code)
        self._tell.failed(item.source, error)
        self._tell.advance(1)

    def _collect(self, loaded: _Loaded, future: Future[None]) -> None:
        with _Caught(self, loaded.item):
            future.result()
            self._finish(loaded)

    def _finish(self, loaded: _Loaded) -> None:
        self._records.add(
            loaded.item.source, loaded.item.output, self._job.layer_for(loaded.shape, loaded.dtype).fingerprint
        )
        self.written += 1
        self._tell.advance(1)

    def _load(self, item: Item) -> _Loaded | None:
        """Read a file, unless its output is there already, or it is too large to be read at once."""
        request = self._job.request
        with opened_input(request._replace(input=str(item.source))) as source:
            layer = self._job.layer_for(source.shape, source.dtype)
            if self._resume and self._records.has(item.source, item.output, layer.fingerprint):
                return None
            plan = self._plan(item, source)
            check_output_dtype(str(item.output), source.dtype)
            one = request._replace(input=str(item.source), output=str(item.output))
            held_bytes = plan.weight_bytes + single.held_bytes(one, plan, source)
            self._budget.take(held_bytes)
            with self._budget.given_back(held_bytes, only_on_faults=True):
                large = plan.tiling is not None or images_together(plan) < plan.geometry.batch
                images = None if large else source.read_images(0, plan.geometry.batch)
            return _Loaded(item, source.shape, source.dtype, images, held_bytes)

    def _plan(self, item: Item, source: Source) -> Plan:
        request = self._job.request
        with faults_in(str(item.source)):
            geometry_on(self._job.layer_for(source.shape, source.dtype).values, source.header, request.input_reading)
            for words in remarks_of(request, source, None):
                # Once for all files.
                if words not in self._said:
                    self._said.add(words)
                    self._tell.remark(words)
            return self._job.plan(source.shape, source.dtype)

    def _convolve(self, loaded: _Loaded, images: NDArray[Any]) -> NDArray[Any]:
        layer, plan = self._job.layer_for(loaded.shape, loaded.dtype), self._job.plan(loaded.shape, loaded.dtype)
        started = perf_counter()
        with self._budget.given_back(loaded.held_bytes, only_on_faults=True):
            out, _ = run_settled(plan, images, layer.parameters)
        self.computing += perf_counter() - started
        self.macs += macs(plan.geometry)
        return out if len(loaded.shape) == BATCHED else out[0]

    def _convolve_large(self, loaded: _Loaded) -> None:
        request = self._job.request
        layer, plan = self._job.layer_for(loaded.shape, loaded.dtype), self._job.plan(loaded.shape, loaded.dtype)
        shape = plan.geometry.batched_output_shape[len(loaded.shape) != BATCHED :]
        with (
            opened_input(request._replace(input=str(loaded.item.source))) as source,
            self._opened(loaded.item, shape, loaded.dtype) as output,
        ):
            behind = is_placed(str(loaded.item.output))
            done = convolve_pieces(
                plan, source, layer.weight, layer.bias, output, ahead=source.is_placed, behind=behind
            )
        self._remark(loaded.item, output)
        self.computing += done.seconds
        self.macs += macs(plan.geometry)

    def _write(self, loaded: _Loaded, out: NDArray[Any]) -> None:
        with (
            self._budget.given_back(loaded.held_bytes),
            self._opened(loaded.item, out.shape, loaded.dtype) as output,
        ):
            output.write(0, out if out.ndim == BATCHED else out[None])
        self._remark(loaded.item, output)

    def _remark(self, item: Item, output: Output) -> None:
        for words in output.remarks:
            self._tell.remark(f"{item.output}: {words}")

    def _opened(self, item: Item, shape: tuple[int, ...], dtype: str) -> AbstractContextManager[Output]:
        force = self._job.request.force or self._resume
        layout = self._job.request.output_layout
        return open_output(str(item.output), shape, numpy_dtype(dtype), force=force, durable=False, layout=layout)


class _Caught:
    """A context that counts a fault of one file and goes on."""

    def __init__(self, work: _Work, item: Item) -> None:
        self._work, self._item = work, item

    def __enter__(self) -> None:
        """Do nothing."""

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> bool:
        if not isinstance(error, Conv2dError):
            return False
        self._work.failed(self._item, error)
        return True
