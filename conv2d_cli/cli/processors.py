"""How many processors there are: asked at every start, so nothing else is loaded for it."""

from __future__ import annotations

import os


def processors() -> int:
    """Return the number of processors that this process may use."""
    allowed = getattr(os, "sched_getaffinity", None)
    return len(allowed(0)) if allowed is not None else os.cpu_count() or 1
