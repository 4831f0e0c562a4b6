"""Topics on screens of any width: tables wrap beside or below their keys, commands stay whole, no word is lost."""

from __future__ import annotations

import pytest

from conv2d_cli.cli.topic_page import page
from conv2d_cli.cli.topics import TOPICS


@pytest.mark.parametrize("name", TOPICS)
def test_every_width(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    text = TOPICS[name].text
    # Commands and lines of files are there to be copied.
    copied = [line for line in text.splitlines() if line.startswith("  ") and "  " not in line.strip()]
    for width in range(30, 141):
        monkeypatch.setenv("COLUMNS", str(width))
        shown = page(name)
        assert shown.split() == text.split()
        assert all(line in shown for line in copied if line.startswith("  conv2d "))
        longest = max(map(len, shown.split())) + len("    ")
        assert all(len(line) <= max(width, longest) for line in shown.splitlines() if line not in copied)
