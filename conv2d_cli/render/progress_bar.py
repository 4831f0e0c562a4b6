"""The line itself: the columns that a terminal has room for; Rich is loaded here alone."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import TextIO

# What percent, rates and the time left take, with a blank between; the bar has what is left over.
_PERCENT, _RATES, _LEFT, _BLANK = 4, 23, 7, 1
_NARROWEST_BAR, _WIDEST_BAR = 8, 40


class ProgressBar:
    """A line that is redrawn in its place."""

    def __init__(self, shown: Any, task: Any) -> None:  # noqa: ANN401 - of Rich
        """Keep what is shown."""
        self._shown, self._task = shown, task

    def move(self, done: int, rates: str) -> None:
        """Show how far the job is."""
        self._shown.update(self._task, completed=done, rates=rates)
        self._shown.refresh()


@contextmanager
def shown_bar(stream: TextIO, total: int) -> Iterator[ProgressBar]:
    """Show a line, and take it away at the end."""
    from rich.console import Console
    from rich.progress import Progress

    console = Console(file=stream, force_jupyter=False)
    # Rich's own thread would outlive the line, and what the job writes to stdout would be shown above it instead.
    with Progress(
        *columns_of(console.width),
        console=console,
        transient=True,
        auto_refresh=False,
        redirect_stdout=False,
        redirect_stderr=False,
    ) as shown:
        yield ProgressBar(shown, shown.add_task("", total=total or None, rates=""))


def columns_of(width: int) -> list[Any]:
    """Return the columns that fit on one line: the bar goes first, then the rates."""
    from rich import progress

    columns: list[Any] = [progress.TaskProgressColumn(), progress.TimeRemainingColumn(compact=True)]
    if width < _PERCENT + _RATES + _LEFT + 2 * _BLANK:
        return columns
    columns.insert(1, progress.TextColumn("{task.fields[rates]}", markup=False))
    room = width - _PERCENT - _RATES - _LEFT - 3 * _BLANK
    if room >= _NARROWEST_BAR:
        columns.insert(1, progress.BarColumn(bar_width=min(room, _WIDEST_BAR)))
    return columns
