"""Topics on screens of any width: tables wrap beside or below their keys, commands stay whole, no word is lost."""

from __future__ import annotations

import pytest

from conv2d_cli.cli.topics import TOPICS, page

COMMAND = "  conv2d "


@pytest.mark.parametrize("name", TOPICS)
def test_every_width(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for width in range(30, 141):
        monkeypatch.setenv("COLUMNS", str(width))
        shown = page(name)
        assert shown.split() == TOPICS[name].text.split()
        longest = max(map(len, shown.split()))
        assert all(len(line) <= max(width, longest + 4) for line in shown.splitlines() if not line.startswith(COMMAND))
        commands = [line for line in TOPICS[name].text.splitlines() if line.startswith(COMMAND)]
        assert [line for line in shown.splitlines() if line.startswith(COMMAND)] == commands
