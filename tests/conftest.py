"""What every test may rely on."""

from __future__ import annotations

import signal

import pytest


@pytest.fixture(autouse=True, scope="session")
def _interrupts_are_answered() -> None:
    """Answer SIGINT as in a terminal: a background job of a script ignores it, and so would what the tests start."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
