"""The way of all files: read before their turn by one thread, convolved here, written by others.

Reading, computing and writing overlap where the disk is slow.
"""

from __future__ import annotations

from collections import deque
from contextlib import contextmanager, suppress
from time import perf_counter
from typing import TYPE_CHECKING, Any, NamedTuple

from conv2d_cli.arithmetic.counts import macs
from conv2d_cli.engine.convolution import run_settled
from conv2d_cli.errors import Conv2dError, DataError
from conv2d_cli.jobs import run as single
from conv2d_cli.jobs.background import BackgroundIO
from conv2d_cli.jobs.headers import faults_in
from conv2d_cli.jobs.inputs import geometry_on, opened_input, remarks_of
from conv2d_cli.jobs.many.checks import check_kind, fault_of
from conv2d_cli.jobs.many.digests import Elements, digest_of_file
from conv2d_cli.jobs.many.journal import Content, JournalError
from conv2d_cli.jobs.pieces import convolve_pieces, images_together, read_pieces
from conv2d_cli.layer.forward import BATCHED
from conv2d_cli.numpy_dtypes import numpy_dtype
from conv2d_cli.tensors.sink import check_output_dtype, is_placed, open_output

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from concurrent.futures import Future
    from pathlib import Path

    from numpy.typing import NDArray

    from conv2d_cli.engine.plan import Plan
    from conv2d_cli.jobs.many.budget import Budget
    from conv2d_cli.jobs.many.checks import Item
    from conv2d_cli.jobs.many.journal import Journal
    from conv2d_cli.jobs.many.shared_layer import Layer, SharedLayer
    from conv2d_cli.tensors.formats import Output
    from conv2d_cli.tensors.source import Source

# Files that are read before their turn, and threads that wait for the disk.
_AHEAD, _WRITERS = 4, 4


class Listener(NamedTuple):
    """Whom a job tells of a file that failed, of one that is done, how many there are, and what an output lost."""

    failed: Callable[[Path, Conv2dError], None]
    advance: Callable[[int], None]
    total: Callable[[int], None]
    remark: Callable[[str], None] = lambda _: None


class _Loaded(NamedTuple):
    """A file whose header is known; `images` is None where it is too large to be read before its turn.

    `read` is the digest of what has been read of it, and `held_bytes` have been taken of the budget for it.
    """

    item: Item
    layer: Layer
    plan: Plan
    shape: tuple[int, ...]
    images: NDArray[Any] | None
    read: Elements
    held_bytes: int


class Work:
    """All files on their way, and what has become of them so far."""

    def __init__(self, layer: SharedLayer, journal: Journal, tell: Listener, budget: Budget, *, resume: bool) -> None:
        """Have nothing done yet."""
        self._layer, self._journal, self._tell, self._budget = layer, journal, tell, budget
        self._resume = resume
        self.written = self.skipped = self.macs = 0
        self.computing = 0.0
        self.codes: list[int] = []
        self._said: set[str] = set()

    def do(self, items: Sequence[Item]) -> None:
        """Convolve every file; those that fail are told and passed over.

        Raises:
            JournalError: it cannot be written what has been done.
        """
        waiting = deque(items)
        reading: deque[tuple[Item, Future[_Loaded | None]]] = deque()
        writing: deque[tuple[_Loaded, Future[Content | None]]] = deque()
        # The budget ends before the reader, who may wait for memory that nobody gives back any more.
        with BackgroundIO(1) as readers, self._budget, BackgroundIO(_WRITERS) as writers:
            while waiting or reading:
                while waiting and len(reading) < (_AHEAD if readers.are_slow else 1):
                    item = waiting.popleft()
                    reading.append((item, readers.start(self._load, item)))
                item, future = reading.popleft()
                with self._passed_over(item):
                    loaded = future.result()
                    if loaded is None:
                        self.skipped += 1
                        self._tell.advance(1)
                    elif loaded.images is None:
                        with self._budget.given_back(loaded.held_bytes):
                            content = self._convolve_large(loaded)
                        self._finish(loaded, content)
                    else:
                        out, loaded = self._convolve(loaded, loaded.images), loaded._replace(images=None)
                        writing.append((loaded, writers.start(self._write, loaded, out)))
                while writing and (len(writing) > 2 * _WRITERS or writing[0][1].done()):
                    self._collect(*writing.popleft())
            while writing:
                self._collect(*writing.popleft())

    @contextmanager
    def _passed_over(self, item: Item) -> Iterator[None]:
        """Return a context in which a fault of one file is told and counted, and the others go on."""
        try:
            yield
        except JournalError:
            raise
        except (Conv2dError, OSError, MemoryError) as error:
            fault = fault_of(item.source, error)
            self.codes.append(fault.exit_code)
            self._tell.failed(item.source, fault)
            self._tell.advance(1)

    def _collect(self, loaded: _Loaded, future: Future[Content | None]) -> None:
        with self._passed_over(loaded.item):
            self._finish(loaded, future.result())

    def _finish(self, loaded: _Loaded, content: Content | None) -> None:
        if content is not None:
            self._journal.add(loaded.item.output, loaded.layer.fingerprint, content)
        self.written += 1
        self._tell.advance(1)

    def _load(self, item: Item) -> _Loaded | None:
        """Read a file, unless its output is there already, or it is too large to be read at once."""
        check_kind(item.source, "read")
        request = self._layer.request._replace(input=str(item.source), output=str(item.output))
        with opened_input(request) as source:
            layer, plan = self._layer.layer_for(source.shape, source.dtype), self._plan(item, source)
            check_output_dtype(str(item.output), source.dtype)
            held_bytes = plan.weight_bytes + single.held_bytes(request, plan, source)
            self._budget.take(held_bytes)
            with self._budget.given_back(held_bytes, only_on_faults=True):
                inputs, read = self._inputs_done(item, layer), Elements(source.dtype, source.shape)
                images = None
                if plan.tiling is None and images_together(plan) >= plan.geometry.batch:
                    images = source.read_images(0, plan.geometry.batch)
                    read.add(images)
                elif inputs:
                    for piece in read_pieces(plan, source):
                        read.add(piece)
            if read.text in inputs:
                with self._budget.given_back(held_bytes):
                    return None
            return _Loaded(item, layer, plan, source.shape, images, read, held_bytes)

    def _inputs_done(self, item: Item, layer: Layer) -> set[str]:
        """Return the digests of inputs of which the output that is there has been made by this very job."""
        contents = self._journal.contents_of(item.output, layer.fingerprint)
        there = None
        with suppress(OSError):
            there = digest_of_file(item.output) if contents else None
        return {content.input for content in contents if content.output == there}

    def _plan(self, item: Item, source: Source) -> Plan:
        request = self._layer.request
        with faults_in(str(item.source)):
            geometry_on(self._layer.layer_for(source.shape, source.dtype).values, source.header, request.input_reading)
            for words in remarks_of(request, source, None):
                # Once for all files.
                if words not in self._said:
                    self._said.add(words)
                    self._tell.remark(words)
            return self._layer.plan_for(source.shape, source.dtype)

    def _convolve(self, loaded: _Loaded, images: NDArray[Any]) -> NDArray[Any]:
        started = perf_counter()
        with self._budget.given_back(loaded.held_bytes, only_on_faults=True):
            out, _ = run_settled(loaded.plan, images, loaded.layer.parameters)
        self.computing += perf_counter() - started
        self.macs += macs(loaded.plan.geometry)
        return out if len(loaded.shape) == BATCHED else out[0]

    def _convolve_large(self, loaded: _Loaded) -> Content | None:
        plan, layer, read = loaded.plan, loaded.layer, Elements(loaded.plan.dtype, loaded.shape)
        request = self._layer.request._replace(input=str(loaded.item.source))
        shape = plan.geometry.batched_output_shape[len(loaded.shape) != BATCHED :]
        written: list[str | None] = []
        with opened_input(request) as source, self._opened(loaded.item, shape, plan.dtype, written) as output:
            if (source.shape, source.dtype) != (loaded.shape, plan.dtype):
                raise DataError(
                    f"{request.input}: it became another tensor while it was read", "leave it alone meanwhile"
                )
            done = convolve_pieces(
                *(plan, source, layer.weight, layer.bias, output),
                seen=read.add,
                ahead=source.is_placed,
                behind=is_placed(str(loaded.item.output)),
            )
        self._remark(loaded.item, output)
        self.computing += done.seconds
        self.macs += macs(plan.geometry)
        return _content(read, written)

    def _write(self, loaded: _Loaded, out: NDArray[Any]) -> Content | None:
        written: list[str | None] = []
        with (
            self._budget.given_back(loaded.held_bytes),
            self._opened(loaded.item, out.shape, loaded.plan.dtype, written) as output,
        ):
            output.write(0, out if out.ndim == BATCHED else out[None])
        self._remark(loaded.item, output)
        return _content(loaded.read, written)

    def _remark(self, item: Item, output: Output) -> None:
        for words in output.remarks:
            self._tell.remark(f"{item.output}: {words}")

    @contextmanager
    def _opened(self, item: Item, shape: tuple[int, ...], dtype: str, written: list[str | None]) -> Iterator[Output]:
        """Open an output, and put its digest into `written` before anybody else can see it."""
        check_kind(item.output, "write")
        with open_output(
            *(str(item.output), shape, numpy_dtype(dtype)),
            force=self._layer.request.force or self._resume,
            durable=False,
            layout=self._layer.request.output_layout,
            sealed=lambda path: written.append(digest_of_file(path)),
        ) as output:
            yield output


def _content(read: Elements, written: list[str | None]) -> Content | None:
    digest = written[-1] if written else None
    return None if digest is None else Content(read.text, digest)
