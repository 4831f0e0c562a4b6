"""What every test may rely on."""

from __future__ import annotations

import os
import signal
from collections import Counter

import pytest
from hypothesis import settings

# After a product the threads of BLAS spin for some 100 ms, in the way of what runs beside them; 4 is the least.
os.environ.setdefault("OPENBLAS_THREAD_TIMEOUT", "4")
# Plans are those of the built-in table on every machine.
os.environ["CONV2D_COSTS"] = "none"
# No test is timed: the first example of a property may import a library, beside any other work.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with long files, then with those of many tests: at the end no process waits for another."""
    tests = Counter(item.path for item in items)
    items.sort(key=lambda item: (item.get_closest_marker("long") is None, -tests[item.path]))


@pytest.fixture(autouse=True, scope="session")
def _interrupts_are_answered() -> None:
    """Answer signals as in a terminal: a background job ignores some, and so would what the tests start."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for name in ("SIGHUP", "SIGQUIT"):
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) == signal.SIG_IGN:
            # Not the system's own answer: with it `nohup` would be in vain.
            signal.signal(number, lambda *_: None)
