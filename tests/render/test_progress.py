"""Progress: nothing for short jobs and for nobody, else a line that goes away."""

from __future__ import annotations

import io

import pytest

from conv2d_cli.render import progress
from conv2d_cli.render.progress import Progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_short_job_and_no_terminal_show_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    with Progress(terminal) as shown:
        shown.begin(10)
        shown.advance(5)
    assert not terminal.getvalue()
    monkeypatch.setattr(progress, "_SECONDS_UNSEEN", 0.0)
    with Progress(None) as shown:
        shown.begin(10)
        shown.advance(5)


def test_a_long_job_shows_percent_and_rates(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "_SECONDS_UNSEEN", 0.0)
    monkeypatch.setenv("TERM", "xterm")
    terminal = Terminal()
    with Progress(terminal) as shown:
        shown.begin(10, operations=2e9, bytes_moved=3e6)
        shown.advance(5)
        shown.advance(4)
    assert "%" in terminal.getvalue()
    assert "GFLOP/s" in terminal.getvalue()


@pytest.mark.parametrize(
    ("operations", "bytes_moved", "words"),
    [(4e12, 6e9, "1e+03 GFLOP/s, 1.5 GB/s"), (0, 6e3, "0 GFLOP/s, 1.5 kB/s"), (0, 0, "2 files/s")],
)
def test_rates_are_of_what_is_done(operations: float, bytes_moved: float, words: str) -> None:
    shown = Progress(None)
    shown.begin(8, operations=operations, bytes_moved=bytes_moved)
    shown.advance(4)
    assert shown.rates(2.0) == words
