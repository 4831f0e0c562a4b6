"""How far a long job is: a line on stderr for a person who watches, gone when the job ends."""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self, TextIO

# Shorter jobs show nothing.
_SECONDS_UNSEEN = 1.0
_UNITS = (("TB", 1e12), ("GB", 1e9), ("MB", 1e6), ("kB", 1e3), ("B", 1.0))


class Progress:
    """Percent, rates and the time left; nothing at all unless `stream` is given, and in the first second."""

    def __init__(self, stream: TextIO | None) -> None:
        """Show progress on a terminal; None shows none."""
        self._stream = stream
        self._bar: Any = None
        self._total = self._done = 0
        self._operations = self._bytes = 0.0
        self._started = monotonic()

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Take the line away."""
        if self._bar is not None:
            self._bar.stop()

    def begin(self, total: int, *, operations: float = 0, bytes_moved: float = 0) -> None:
        """Say how many units there are, and what all of them take: floating-point operations, and bytes of files."""
        self._total, self._operations, self._bytes = total, operations, bytes_moved
        self._started = monotonic()

    def advance(self, units: int) -> None:
        """Count units as done."""
        self._done += units
        if self._stream is None or monotonic() - self._started < _SECONDS_UNSEEN:
            return
        if self._bar is None:
            self._bar = _bar(self._stream, self._total)
            self._bar.start()
        self._bar.update(self._bar.task_ids[0], completed=self._done, rates=self.rates(monotonic() - self._started))

    def rates(self, seconds: float) -> str:
        """Return what a second has done so far, in words."""
        share = self._done / self._total if self._total else 0.0
        if not (self._operations or self._bytes):
            return f"{self._done / seconds:.0f} files/s"
        return f"{self._operations * share / seconds / 1e9:.3g} GFLOP/s, {_size(self._bytes * share / seconds)}/s"


def _bar(stream: TextIO, total: int) -> Any:  # noqa: ANN401 - Rich is loaded here alone
    from rich import progress
    from rich.console import Console

    shown = progress.Progress(
        progress.TaskProgressColumn(),
        progress.BarColumn(),
        progress.TextColumn("{task.fields[rates]}", markup=False),
        progress.TimeRemainingColumn(),
        console=Console(file=stream),
        transient=True,
    )
    shown.add_task("", total=total, rates="")
    return shown


def _size(count: float) -> str:
    name, unit = next(((name, unit) for name, unit in _UNITS if count >= unit), _UNITS[-1])
    return f"{count / unit:.3g} {name}"
