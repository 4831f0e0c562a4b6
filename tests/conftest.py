"""What every test may rely on."""

from __future__ import annotations

import os
import signal

import pytest

# After a product the threads of BLAS spin for some 100 ms, in the way of what runs beside them; 4 is the least.
os.environ.setdefault("OPENBLAS_THREAD_TIMEOUT", "4")


@pytest.fixture(autouse=True, scope="session")
def _interrupts_are_answered() -> None:
    """Answer SIGINT as in a terminal: a background job of a script ignores it, and so would what the tests start."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
