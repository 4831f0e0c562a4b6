"""The resume journal: what has become of which input, kept beside the outputs so that a job can be taken up again.

A record binds the content of an output to that of its input and to the job that made it, so that it stays true whatever
happens to the files, and whoever else writes into the folder.
"""

from __future__ import annotations

import json
import os
import re
import stat
from time import monotonic
from typing import TYPE_CHECKING, BinaryIO, NamedTuple, NoReturn, Protocol, Self

from conv2d_cli.errors import FileError
from conv2d_cli.limits import JOURNAL_BYTES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path
    from types import TracebackType

JOURNAL = ".conv2d-run.ndjson"
_SECONDS_BETWEEN_WRITES = 0.1
_READ_BYTES = 1 << 20
# A line as we write it, and nothing else: what is no record is passed over at the speed of a search.
_STRING = rb'"(?:[ !#-\[\]-~]|\\["\\bfnrt]|\\u[0-9a-f]{4})*"'
_LINE = re.compile(
    rb'^\{"name": (?P<name>%b), "job": "(?P<job>\w+)", "input": "(?P<input>\w+)", "output": "(?P<output>\w+)"\}$'
    % _STRING,
    re.MULTILINE,
)
# Lines are added at the end, whoever else does so. A link would lead elsewhere, and a pipe would let us wait.
_FLAGS = os.O_RDWR | os.O_CREAT | os.O_APPEND | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
_MODE = 0o666


class JournalError(FileError):
    """The journal cannot be read or written: the fault of no file, which ends the job."""


class Known(Protocol):
    """What is known of outputs, and what comes to it: the journal, or on a worker a part of it."""

    def contents_of(self, output: Path, job: str) -> set[Content]:
        """Return what an output has been made of by a job, and what it was then."""

    def add(self, output: Path, job: str, content: Content) -> None:
        """Record that an output is there.

        Raises:
            JournalError: that cannot be written.
        """


class Content(NamedTuple):
    """The digests of what was convolved and of what came out."""

    input: str
    output: str


class _Record(NamedTuple):
    """A line of the journal; `name` is the output's below the folder, `job` the fingerprint of all that decides it."""

    name: str
    job: str
    input: str
    output: str


class Journal:
    """Lines that are there, of which each says what one output was made of, and those that come to them."""

    def __init__(self, folder: Path, outputs: Iterable[Path], *, resume: bool) -> None:
        """Take the journal of a folder up, of which these outputs matter, or start anew.

        Raises:
            JournalError: it cannot be read or written.
        """
        self._folder, self._path = folder, folder / JOURNAL
        self._known: dict[tuple[str, str], set[Content]] = {}
        self._new: list[bytes] = []
        self._written = monotonic()
        try:
            if not resume:
                # Not cut to nothing: it may be one file with another by a link, as in a copy made by `cp -l`.
                self._path.unlink(missing_ok=True)
            self._file = self._opened()
        except OSError as error:
            self._fail(error)
        try:
            self._check_kind()
            if resume:
                self._read({self._name(output) for output in outputs})
        except BaseException:
            os.close(self._file)
            raise

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Write what is left.

        Raises:
            JournalError: it cannot be written, and nothing else went wrong.
        """
        try:
            self._flush()
        except JournalError:
            if error is None:
                raise
        finally:
            os.close(self._file)

    def contents_of(self, output: Path, job: str) -> set[Content]:
        """Return what an output has been made of by a job, and what it was then."""
        return self._known.get((self._name(output), job), set())

    def records_of(self, output: Path) -> tuple[tuple[str, tuple[Content, ...]], ...]:
        """Return the same by the job, of all that have made an output."""
        name = self._name(output)
        return tuple((job, tuple(contents)) for (known, job), contents in self._known.items() if known == name)

    def add(self, output: Path, job: str, content: Content) -> None:
        """Record that an output is there.

        Raises:
            JournalError: that cannot be written.
        """
        record = _Record(self._name(output), job, *content)
        self._new.append(json.dumps(record._asdict()).encode() + b"\n")
        if monotonic() - self._written > _SECONDS_BETWEEN_WRITES:
            self._flush()

    def _name(self, output: Path) -> str:
        return str(output.relative_to(self._folder))

    def _opened(self) -> int:
        return os.open(self._path, _FLAGS | getattr(os, "O_BINARY", 0), _MODE)

    def _check_kind(self) -> None:
        status = os.fstat(self._file)
        if not stat.S_ISREG(status.st_mode):
            raise JournalError(f"cannot write {self._path}: it is no regular file", f"remove {self._path}")
        if status.st_size > JOURNAL_BYTES:
            raise JournalError(
                f"{self._path} has {status.st_size} bytes: it is no journal of --resume", f"remove {self._path}"
            )

    def _read(self, wanted: set[str]) -> None:
        try:
            with os.fdopen(os.dup(self._file), "rb") as stream:
                for record in _records(stream):
                    if record.name in wanted:
                        self._known.setdefault(record[:2], set()).add(Content(*record[2:]))
                stream.seek(0, os.SEEK_END)
                if stream.tell():
                    stream.seek(-1, os.SEEK_END)
                    # The next line must not go on with one that was cut short when a job was killed.
                    self._new = [] if stream.read(1) == b"\n" else [b"\n"]
        except OSError as error:
            self._fail(error)

    def _flush(self) -> None:
        content, self._new = b"".join(self._new), []
        self._written = monotonic()
        try:
            # In one call, so that lines of two jobs do not mix.
            while content:
                content = content[os.write(self._file, content) :]
        except OSError as error:
            self._fail(error)

    def _fail(self, error: OSError) -> NoReturn:
        if self._path.is_symlink():
            raise JournalError(f"cannot write {self._path}: it is a link", f"remove {self._path}") from error
        raise JournalError(
            f"cannot write {self._path}: {error.strerror}", "choose a folder with room that can be written"
        ) from error


def _records(stream: BinaryIO) -> Iterator[_Record]:
    """Yield the records of a journal; a line that is longer than what is read at a time is none."""
    rest = b""
    while part := stream.read(_READ_BYTES):
        lines, end, rest = (rest + part).rpartition(b"\n")
        if end:
            for line in _LINE.finditer(lines):
                name, *digests = line.groups()
                yield _Record(json.loads(name), *(digest.decode() for digest in digests))
        elif len(rest) > _READ_BYTES:
            rest = b"\0"
