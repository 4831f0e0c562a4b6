"""The resume journal of a run on one store: a line for each task that is done, in a file beside the store.

A record binds what was written to what was read, by digests of both, and the whole file to all that decides the
output. A worker looks at both again before a task is left out.
"""

from __future__ import annotations

import json
import os
from array import array
from time import monotonic
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, Self, cast

from conv2d_cli.engine.api import integer
from conv2d_cli.errors import FileError
from conv2d_cli.jobs.run.journal import JournalError
from conv2d_cli.jobs.run.summary import Figures

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from conv2d_cli.tensors.stores import Files

_SECONDS_BETWEEN_WRITES = 0.1
_FLAGS = os.O_RDWR | os.O_CREAT | os.O_APPEND | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
_MODE = 0o666
_NO_RECORD = -1
# A line is of digests and a few numbers.
_LONGEST_LINE, _LONGEST_NUMBER = 8192, 12


class Record(NamedTuple):
    """What a task has read and written, by digests of its input's elements and its output's files, and its figures."""

    input: str
    output: str
    sums: integer.SumFigures | None
    figures: Figures | None

    @property
    def line(self) -> list[Any]:
        """It as JSON has it, where a complex number is two."""
        figures = self.figures
        if figures is not None and figures.is_complex:
            values = (cast("complex", value) for value in figures.first_values)
            figures = figures._replace(first_values=tuple((value.real, value.imag) for value in values))
        return [self.input, self.output, self.sums, figures]


def _record_of(line: bytes) -> tuple[int, Record]:
    """Return the record of a line and the number of its task.

    Raises:
        ValueError, TypeError: it is none.
    """
    number, digest_in, digest_out, sums, figures = json.loads(line)
    if type(number) is not int or number < 0 or not isinstance(digest_in, str) or not isinstance(digest_out, str):
        raise ValueError(line)
    if figures is not None:
        least, greatest, totals, count, is_complex, first = figures
        first = tuple(complex(*value) for value in first) if is_complex else tuple(first)
        figures = Figures(least, greatest, (tuple(totals[0]), tuple(totals[1])), count, is_complex, first)
    if sums is not None:
        least, greatest, overflowed, place, value = sums
        sums = integer.SumFigures(least, greatest, overflowed, None if place is None else tuple(place), value)
    return number, Record(digest_in, digest_out, sums, figures)


class TaskRecords(Protocol):
    """Where records are kept: lines of a file, or behind a URL an object each."""

    def known(self, number: int) -> Record | None:
        """Return the record of a task; None where it has not been done."""

    def add(self, number: int, record: Record) -> None:
        """Record that a task is done."""


class NoRecords:
    """Of a run that is not taken up again."""

    def known(self, _number: int) -> Record | None:
        """Return None."""
        return None

    def add(self, _number: int, _record: Record) -> None:
        """Do nothing."""


class TaskJournal:
    """A file with a first line of what all of it belongs to, and a line for each task.

    Of a line only its place is held in memory, so that there may be millions.
    """

    def __init__(self, path: Path, job: str, tasks: int) -> None:
        """Take a journal up, or begin one, for this number of tasks; `job` stands for all that decides the output.

        Raises:
            FileError: it is that of another job, or one that another process goes on with.
            JournalError: it cannot be read or written.
        """
        self._path, self._new, self._written = path, list[bytes](), monotonic()
        self._places = array("q", [_NO_RECORD]) * tasks
        try:
            self._file = os.open(path, _FLAGS, _MODE)
        except OSError as error:
            raise self._fault(error) from error
        try:
            self._lock()
            self._read(job)
        except BaseException:
            os.close(self._file)
            raise

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Write what is left."""
        try:
            self._flush()
        finally:
            os.close(self._file)

    @property
    def done(self) -> int:
        """The number of tasks that have a record."""
        return sum(place != _NO_RECORD for place in self._places)

    def known(self, number: int) -> Record | None:
        """Return the record of a task; None where it has not been done."""
        if self._places[number] == _NO_RECORD:
            return None
        line = os.pread(self._file, _LONGEST_LINE, self._places[number]).partition(b"\n")[0]
        try:
            return _record_of(line)[1]
        except (ValueError, TypeError):
            return None

    def add(self, number: int, record: Record) -> None:
        """Record that a task is done.

        Raises:
            JournalError: it cannot be written.
        """
        self._new.append(line_of(number, record))
        if monotonic() - self._written > _SECONDS_BETWEEN_WRITES:
            self._flush()

    def _lock(self) -> None:
        """Keep others away as long as this process lives.

        Raises:
            FileError: another goes on with it.
        """
        try:
            from fcntl import LOCK_EX, LOCK_NB, flock
        except ImportError:
            return
        try:
            flock(self._file, LOCK_EX | LOCK_NB)
        except BlockingIOError as error:
            raise FileError(
                f"{self._path.parent}: another run is going on with it", "wait for its end, or give another -o"
            ) from error
        except OSError:
            # A file system without locks.
            return

    def _read(self, job: str) -> None:
        place = 0
        for line in self._lines():
            if not place and line != _first_line(job):
                raise _another(str(self._path.parent))
            number = _number_of(line) if place else None
            if number is not None and number < len(self._places):
                self._places[number] = place
            place += len(line)
        if not place:
            self._new.append(_first_line(job))
            self._flush()

    def _lines(self) -> Iterator[bytes]:
        """Yield the whole lines; what was cut short when a run was killed is taken away."""
        place = 0
        with os.fdopen(os.dup(self._file), "rb") as stream:
            stream.seek(0)
            for line in stream:
                if not line.endswith(b"\n"):
                    os.ftruncate(self._file, place)
                    return
                place += len(line)
                yield line

    def _flush(self) -> None:
        content, self._new = b"".join(self._new), []
        self._written = monotonic()
        try:
            while content:
                content = content[os.write(self._file, content) :]
        except OSError as error:
            raise self._fault(error) from error

    def _fault(self, error: OSError) -> JournalError:
        return JournalError(f"cannot write {self._path}: {error.strerror}", "a folder with room that can be written")


class TaskObjects:
    """The same behind a URL: an object for each task, which the worker writes that has done it."""

    FIRST = "job"

    def __init__(self, files: Files, job: str, tasks: int) -> None:
        """Take a journal up, or begin one, for this number of tasks; `job` stands for all that decides the output.

        Raises:
            FileError: it is that of another job, or cannot be read or written.
        """
        self._files, self._done = files, bytearray(tasks)
        line = _first_line(job)
        if files.size(self.FIRST) is None:
            files.write(self.FIRST, line)
        elif files.read(self.FIRST, 0, _LONGEST_LINE) != line:
            raise _another("what was begun there")
        for name in files.names():
            if name.isdigit() and int(name) < tasks:
                self._done[int(name)] = 1

    def known(self, number: int) -> Record | None:
        """Return the record of a task; None where it has not been done."""
        if not self._done[number]:
            return None
        try:
            return _record_of(self._files.read(str(number), 0, _LONGEST_LINE))[1]
        except (ValueError, TypeError):
            return None

    def add(self, _number: int, _record: Record) -> None:
        """Do nothing: the worker has done it."""


def line_of(number: int, record: Record) -> bytes:
    """Return a record of a task as a line."""
    return json.dumps([number, *record.line]).encode() + b"\n"


def _another(what: str) -> FileError:
    return FileError(
        f"{what} has another layer, parameters, input shape, number of threads or version",
        f"give those again, or remove {what} and begin anew" if what[0] == "/" else "give those again, or another -o",
    )


def _first_line(job: str) -> bytes:
    return json.dumps({"conv2d": "tasks", "job": job}).encode() + b"\n"


def _number_of(line: bytes) -> int | None:
    """Return the number of the task of a line; None where it is no record."""
    number = line[1:].partition(b",")[0]
    return int(number) if number.isdigit() and len(number) < _LONGEST_NUMBER else None
