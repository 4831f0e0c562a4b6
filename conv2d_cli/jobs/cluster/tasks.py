"""What a cluster is given to do: jobs, and tasks of theirs, which are numbers; and how faults come back."""

from __future__ import annotations

from typing import NamedTuple, Protocol

from conv2d_cli.errors import Conv2dError, DataError, FileError, MemoryLimitError, UsageError

# A number, and what the journal knows of it.
Task = tuple[int, object]

_KINDS: tuple[type[Conv2dError], ...] = (UsageError, DataError, FileError, MemoryLimitError)


class Failed(NamedTuple):
    """A fault on a worker, as it travels: not all errors can be pickled with what they hold."""

    exit_code: int
    message: str
    hint: str | None

    @property
    def error(self) -> Conv2dError:
        """The fault again."""
        kind = next((kind for kind in _KINDS if kind.exit_code == self.exit_code), Conv2dError)
        return kind(self.message, self.hint)


def failed(error: Conv2dError) -> Failed:
    """Return a fault as it travels."""
    return Failed(error.exit_code, error.message, error.hint)


class WorkerJob(Protocol):
    """What is the same for all tasks of a job; it is pickled once for each worker, and holds no arrays."""

    @property
    def name(self) -> str:
        """What no other job is called."""

    @property
    def versions(self) -> tuple[tuple[str, str], ...]:
        """What must be installed on a worker, and in which version."""

    def opened(self) -> OpenedJob:
        """Return the job with its files open, on a worker.

        Raises:
            Conv2dError: a file cannot be read or written there.
        """


class OpenedJob(Protocol):
    """A job whose files a worker has open."""

    def do(self, number: int, known: object) -> object:
        """Do one task and return what came out; `known` is what the journal knows of it.

        Raises:
            Conv2dError: it cannot be done.
        """

    def close(self) -> None:
        """Close the files."""
