"""How far a long job is: a line on stderr for a person who watches, gone when the job ends."""

from __future__ import annotations

from contextlib import suppress
from threading import Event, Thread
from time import monotonic
from typing import TYPE_CHECKING

from conv2d_cli.render.units import rate

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self, TextIO

# Shorter jobs show nothing.
_SECONDS_UNSEEN = 1.0
_SECONDS_BETWEEN = 0.1


class Progress:
    """Percent, rates and the time left; nothing at all unless `stream` is given, and in the first second.

    A thread shows the line, so that a person sees one although the first chunk is still on its way through a slow
    pipe, and so that the job itself does nothing but count.
    """

    def __init__(self, stream: TextIO | None) -> None:
        """Show progress on a terminal; None shows none."""
        self._stream = stream
        self._thread: Thread | None = None
        self._ended = Event()
        self._total = self._done = 0
        self._operations = self._bytes = 0.0
        self._unit = "files"
        self._started = monotonic()

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Take the line away, whatever ended the job, and leave no thread behind."""
        self._ended.set()
        if self._thread is not None:
            self._thread.join()

    def begin(self, total: int, *, operations: float = 0, bytes_moved: float = 0, unit: str = "files") -> None:
        """Say the number of units, and what all of them take: floating-point operations, and bytes of files."""
        self._unit = unit
        self._total, self._operations, self._bytes = total, operations, bytes_moved
        self._started = monotonic()
        if self._stream is not None and self._thread is None:
            self._thread = Thread(target=self._show, args=(self._stream,), daemon=True)
            self._thread.start()

    def advance(self, units: int) -> None:
        """Count units as done."""
        self._done += units

    def reach(self, units: int) -> None:
        """Say how many units are done in all."""
        self._done = units

    def rates(self, seconds: float) -> str:
        """Return what a second has done so far, in words."""
        share = self._done / self._total if self._total else 0.0
        if not (self._operations or self._bytes):
            return f"{self._done / seconds:.0f} {self._unit}/s"
        return f"{rate(self._operations * share / seconds, 'FLOP/s')}, {rate(self._bytes * share / seconds, 'B/s')}"

    def _show(self, stream: TextIO) -> None:
        """Show the line until the job ends; a terminal that is gone must not disturb it."""
        if self._ended.wait(_SECONDS_UNSEEN):
            return
        with suppress(Exception):
            from conv2d_cli.render.progress_bar import shown_bar

            with shown_bar(stream, self._total) as bar:
                bar.move(self._done, self._rates_so_far())
                while not self._ended.wait(_SECONDS_BETWEEN):
                    bar.move(self._done, self._rates_so_far())

    def _rates_so_far(self) -> str:
        """Return the rates, or nothing as long as the first chunk is on its way."""
        return self.rates(monotonic() - self._started) if self._done else ""
