"""The memory that files which are read, convolved and written at the same time may take together."""

from __future__ import annotations

from contextlib import contextmanager
from threading import Condition
from typing import TYPE_CHECKING, Self

from conv2d_cli.engine.api import threads_for
from conv2d_cli.errors import Conv2dError, MemoryLimitError
from conv2d_cli.jobs.run.memory import library_bytes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conv2d_cli.jobs.run.memory import Machine
    from conv2d_cli.jobs.run.request import Request


class JobEndedError(Conv2dError):
    """Told to a thread alone, that waited when the job ended."""


class Budget:
    """Bytes that some may hold at a time: those who want more wait until others have given back."""

    def __init__(self, total: int | None, most: int | None) -> None:
        """Let all hold `total` bytes together, and one alone `most`; None is without a limit."""
        self._total, self._most = total, most
        self._held = 0
        self._changed = Condition()
        self._ended = False

    def take(self, size: int) -> None:
        """Wait until `size` bytes are free, or nobody else holds any, and take them.

        Raises:
            MemoryLimitError: they are more than one may have.
            JobEndedError: the job has ended meanwhile.
        """
        if self._most is not None and size > self._most:
            raise MemoryLimitError(
                f"this file takes about {size} bytes, of which there are {max(0, self._most)}",
                "convolve it by itself; --plan shows what it takes",
            )
        with self._changed:
            while self._held and self._total is not None and self._held + size > self._total and not self._ended:
                self._changed.wait()
            if self._ended:
                raise JobEndedError("the job has ended")
            self._held += size

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Let nobody wait any more: those who would have given back are gone."""
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    @contextmanager
    def taken(self, size: int) -> Iterator[None]:
        """Return a context in which `size` bytes are held.

        Raises:
            MemoryLimitError, JobEndedError: as `take`.
        """
        self.take(size)
        try:
            yield
        finally:
            self._give(size)

    def _give(self, size: int) -> None:
        with self._changed:
            self._held -= size
            self._changed.notify_all()


def budget_of(request: Request, machine: Machine) -> Budget:
    """Return the memory that files may take beside what the process holds anyway."""
    libraries = library_bytes(threads_for(request.threads))
    if request.memory_limit is not None:
        left = request.memory_limit - machine.resident - libraries
        return Budget(left, left)
    if machine.available is None:
        return Budget(None, None)
    return Budget(machine.available // 2 - libraries, machine.available - libraries)
