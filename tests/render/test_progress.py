"""Progress: nothing for short jobs and for nobody, else one line that goes away whatever happens."""

from __future__ import annotations

import fcntl
import io
import os
import pty
import re
import struct
import subprocess
import sys
import termios
import threading
import time

import pytest

from conv2d_cli.render import progress
from conv2d_cli.render.progress import Progress
from conv2d_cli.render.progress_bar import columns_of

JOB = """
import sys, threading, time
from conv2d_cli.render import progress
progress._SECONDS_UNSEEN = 0.2
try:
    with progress.Progress(sys.stderr) as shown:
        shown.begin(100, operations=2e9, bytes_moved=3e9)
        if {slow}:
            time.sleep(1)
        for _ in range(10):
            shown.advance(10)
            time.sleep(0.05)
        if {fails}:
            raise KeyboardInterrupt
except KeyboardInterrupt:
    print("interrupted")
print("threads", threading.active_count())
"""


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def on_a_terminal(columns: int, *, slow: bool = False, fails: bool = False) -> str:
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    environment = {key: value for key, value in os.environ.items() if key not in {"COLUMNS", "NO_COLOR"}}
    job = subprocess.Popen(
        [sys.executable, "-P", "-c", JOB.format(slow=slow, fails=fails)],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env=environment | {"TERM": "xterm"},
    )
    os.close(theirs)
    text = b""
    while True:
        try:
            part = os.read(ours, 65536)
        except OSError:
            break
        if not part:
            break
        text += part
    os.close(ours)
    assert job.wait() == 0
    return text.decode()


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
    monkeypatch.setattr(progress, "_SECONDS_BETWEEN", 0.01)
    monkeypatch.setenv("TERM", "xterm")
    terminal = Terminal()
    with Progress(terminal) as shown:
        shown.begin(10, operations=2e9, bytes_moved=3e6)
        shown.advance(9)
        until = time.monotonic() + 10
        while "FLOP/s" not in terminal.getvalue() and time.monotonic() < until:
            time.sleep(0.01)
    assert "90%" in terminal.getvalue()
    assert "FLOP/s" in terminal.getvalue()


def test_a_terminal_that_is_gone_does_not_disturb_the_job(monkeypatch: pytest.MonkeyPatch) -> None:
    before = threading.active_count()
    monkeypatch.setattr(progress, "_SECONDS_UNSEEN", 0.0)
    terminal = Terminal()
    terminal.close()
    with Progress(terminal) as shown:
        shown.begin(10)
        time.sleep(0.05)
        shown.advance(10)
    assert threading.active_count() == before


@pytest.mark.parametrize("columns", [20, 40, 80, 120])
def test_it_is_one_line_that_goes_away(columns: int) -> None:
    text = on_a_terminal(columns)
    frames = re.sub(r"\x1b\[[\d;?]*[a-zA-Z]", "", text.partition("threads")[0]).replace("\r\n", "\n").split("\r")
    assert any("%" in frame for frame in frames)
    assert all(len(frame.strip("\n")) <= columns for frame in frames)
    assert text.endswith("\x1b[2Kthreads 1\r\n")
    assert ("FLOP/s" in text) == (columns >= 40)


def test_it_shows_before_the_first_piece_and_goes_when_interrupted() -> None:
    text = on_a_terminal(80, slow=True, fails=True)
    assert "  0%" in text
    assert text.endswith("\x1b[2Kinterrupted\r\nthreads 1\r\n")
    assert text.count("\x1b[?25l") == text.count("\x1b[?25h")


def test_columns_go_where_it_is_narrow() -> None:
    assert [len(columns_of(width)) for width in (20, 40, 50, 200)] == [2, 3, 4, 4]


@pytest.mark.parametrize(
    ("operations", "bytes_moved", "words"),
    [(4e12, 6e9, "1 TFLOP/s, 1.5 GB/s"), (0, 6e3, "0 FLOP/s, 1.5 kB/s"), (0, 0, "2 files/s")],
)
def test_rates_are_of_what_is_done(operations: float, bytes_moved: float, words: str) -> None:
    shown = Progress(None)
    shown.begin(8, operations=operations, bytes_moved=bytes_moved)
    shown.advance(4)
    assert shown.rates(2.0) == words
