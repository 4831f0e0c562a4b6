"""What is not shown by Rich does not load it: start-up is a promise."""

from __future__ import annotations

import subprocess
import sys

import pytest

REPORT = """
import sys
from conv2d_cli.render.formats import render, render_rows
from conv2d_cli.render.messages import message
from conv2d_cli.render.progress import Progress
from conv2d_cli.render.screen import Screen
from conv2d_cli.render.streams import row_stream
from conv2d_cli.report.run import ManyReport
report = ManyReport(1, 1, 0, 0, 0.5, None)
"""


def loaded(action: str) -> set[str]:
    code = f"{REPORT}\n{action}\nprint(*sorted(name for name in sys.modules if name.startswith(('rich', 'numpy'))))"
    done = subprocess.run([sys.executable, "-P", "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


@pytest.mark.parametrize("name", ["plain", "json", "ndjson", "csv", "tsv", "markdown"])
def test_formats_for_programs_load_no_rich(name: str) -> None:
    action = f"render({name!r}, report, Screen(80), verbose=True); render_rows({name!r}, [report, report], Screen())"
    assert loaded(action) == set()


@pytest.mark.parametrize("name", ["ndjson", "csv", "tsv"])
def test_streams_for_programs_load_no_rich(name: str) -> None:
    action = f"stream = row_stream({name!r}, Screen()); stream.add({{'line': 1}}); stream.end()"
    assert loaded(action) == set()


def test_messages_to_no_terminal_and_short_jobs_load_no_rich() -> None:
    assert loaded("message('error', 'no', Screen())") == set()
    assert loaded("with Progress(sys.stderr) as progress: progress.begin(3); progress.advance(1)") == set()


def test_messages_load_no_tables() -> None:
    names = loaded("message('error', 'no', Screen(80))")
    assert "rich.console" in names
    assert "rich.table" not in names


def test_tables_load_rich_and_no_numpy() -> None:
    names = loaded("render('table', report, Screen(80))")
    assert "rich.table" in names
    assert not any(name.startswith("numpy") for name in names)
