"""Many files at a time: read before their turn by one thread, convolved here, written by others.

Reading, computing and writing overlap where the disk is slow.
"""

from __future__ import annotations

from collections import deque
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, NamedTuple

from conv2d_cli.arithmetic.counts import macs
from conv2d_cli.errors import Conv2dError
from conv2d_cli.jobs.run.background import BackgroundIO
from conv2d_cli.jobs.run.checks import check_kind, fault_of
from conv2d_cli.jobs.run.digests import Elements, digest_of_file
from conv2d_cli.jobs.run.file import Driver, FileRun, open_place, run_file
from conv2d_cli.jobs.run.inputs import opened_input, remarks_of
from conv2d_cli.jobs.run.journal import Content, JournalError
from conv2d_cli.jobs.run.memory import held_bytes
from conv2d_cli.jobs.run.streaming import read_chunks

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from concurrent.futures import Future
    from contextlib import AbstractContextManager
    from pathlib import Path

    from numpy.typing import NDArray

    from conv2d_cli.jobs.run.budget import Budget
    from conv2d_cli.jobs.run.checks import Item
    from conv2d_cli.jobs.run.journal import Known
    from conv2d_cli.jobs.run.request import Request
    from conv2d_cli.jobs.run.shared_layer import SharedLayer
    from conv2d_cli.tensors.formats import Output

# Files that are read before their turn, and threads that wait for the disk.
_AHEAD, _WRITERS = 4, 4


class Listener(NamedTuple):
    """Whom a job tells of a file that failed, of one that is done, of their number, and of what an output lost."""

    failed: Callable[[Path, Conv2dError], None]
    advance: Callable[[int], None]
    total: Callable[[int], None]
    remark: Callable[[str], None] = lambda _: None


class Pipeline:
    """All files on their way, and what has become of them so far."""

    def __init__(
        self,
        request: Request,
        shared: SharedLayer,
        journal: Known,
        tell: Listener,
        budget: Budget,
        *,
        resume: bool,
    ) -> None:
        """Have nothing done yet."""
        self.request, self.shared, self.journal, self.budget = request, shared, journal, budget
        self.resume = resume
        self._tell = tell
        self._said: set[str] = set()
        self.written = self.skipped = self.macs = 0
        self.seconds = 0.0
        self.codes: list[int] = []

    def do(self, items: Sequence[Item]) -> None:
        """Convolve every file; those that fail are told and passed over.

        Raises:
            JournalError: it cannot be written what has been done.
        """
        waiting = deque(items)
        reading: deque[tuple[_File, Future[bool]]] = deque()
        writing: deque[tuple[_File, Future[bool]]] = deque()
        # The budget ends before the reader, who may wait for memory that nobody gives back any more.
        with BackgroundIO(1) as readers, self.budget, BackgroundIO(_WRITERS) as writers:
            while waiting or reading:
                while waiting and len(reading) < (_AHEAD if readers.are_slow else 1):
                    file = _File(self, waiting.popleft())
                    reading.append((file, readers.start(file.go_on)))
                file, future = reading.popleft()
                with self._passed_over(file.item):
                    if not future.result():
                        self.skipped += 1
                        self._tell.advance(1)
                    elif file.go_on():
                        writing.append((file, writers.start(file.go_on)))
                    else:
                        self._finish(file)
                while writing and (len(writing) > 2 * _WRITERS or writing[0][1].done()):
                    self._collect(*writing.popleft())
            while writing:
                self._collect(*writing.popleft())

    def remark(self, words: str) -> None:
        """Tell something of a file."""
        self._tell.remark(words)

    def remark_once(self, words: str) -> None:
        """Tell something that holds for many files."""
        if words not in self._said:
            self._said.add(words)
            self._tell.remark(words)

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

    def _collect(self, file: _File, future: Future[bool]) -> None:
        with self._passed_over(file.item):
            future.result()
            self._finish(file)

    def _finish(self, file: _File) -> None:
        file.record()
        self.written += 1
        self.macs += file.macs
        self.seconds += file.seconds
        self._tell.advance(1)


class _File(Driver):
    """One of many files: it waits for its turn, takes its memory of the budget and is kept in the journal."""

    files_wait = True

    def __init__(self, pipeline: Pipeline, item: Item) -> None:
        self.item, self.macs, self.seconds = item, 0, 0.0
        self._pipeline, self._fingerprint = pipeline, ""
        # Digests of what was convolved, and of the output before anybody else can see it.
        self._read, self._written = Elements(), list[str | None]()
        self._steps = self._all_steps()

    def go_on(self) -> bool:
        """Do the next step, in any thread; return whether there is another."""
        return next(self._steps, self) is None

    def _all_steps(self) -> Iterator[None]:
        check_kind(self.item.source, "read")
        request = self._pipeline.request._replace(input=str(self.item.source), output=str(self.item.output))
        yield from run_file(request, self._pipeline.shared, self)

    def admitted(self, file: FileRun) -> AbstractContextManager[object]:
        for words in remarks_of(file.request, file.input, file.shared.weight):
            self._pipeline.remark_once(words)
        self.macs, self._read = macs(file.plan.geometry), _elements_of(file)
        return self._pipeline.budget.taken(file.plan.weight_bytes + held_bytes(file))

    def has_read(self, images: NDArray[Any]) -> None:
        self._read.add(images)

    def is_done(self, file: FileRun) -> bool:
        """Whether the output that is there has been made of this very input by this very job."""
        self._fingerprint = file.shared.fingerprint
        contents = self._pipeline.journal.contents_of(self.item.output, self._fingerprint)
        there = None
        with suppress(OSError):
            there = digest_of_file(self.item.output) if contents else None
        inputs = {content.input for content in contents if content.output == there}
        return bool(inputs) and (self._read if file.is_one_chunk else _elements_in(file)).text in inputs

    def has_convolved(self, _output: NDArray[Any], seconds: float) -> None:
        self.seconds += seconds

    @contextmanager
    def opened_output(self, file: FileRun) -> Iterator[Output | None]:
        check_kind(self.item.output, "write")
        with open_place(
            file,
            force=self._pipeline.resume,
            durable=False,
            sealed=lambda path: self._written.append(digest_of_file(path)),
        ) as place:
            yield place

    def remark(self, words: str) -> None:
        self._pipeline.remark(words)

    def record(self) -> None:
        """Record in the journal what the output was made of."""
        written = self._written[-1] if self._written else None
        if written is not None:
            content = Content(self._read.text, written)
            self._pipeline.journal.add(self.item.output, self._fingerprint, content)


def _elements_of(file: FileRun) -> Elements:
    return Elements(file.plan.dtype, file.input.shape)


def _elements_in(file: FileRun) -> Elements:
    """Read a large file for the digest of its elements alone."""
    elements = _elements_of(file)
    with opened_input(file.request) as source:
        for images in read_chunks(file.plan, source):
            elements.add(images)
    return elements
