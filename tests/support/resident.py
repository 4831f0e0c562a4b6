"""How much memory this process has, and how much something takes (Linux; elsewhere the most that it ever had)."""

from __future__ import annotations

import resource
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_STATUS, _CLEAR = Path("/proc/self/status"), Path("/proc/self/clear_refs")


def peak_bytes() -> int:
    """Return the most memory that this process has had, since it was started or since `growth` began."""
    if _STATUS.exists():
        # Unlike `ru_maxrss`, it knows nothing of the process that started this one.
        return _said("VmHWM")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def resident_bytes() -> int:
    """Return the memory that this process has now; the most that it ever had where the system does not say."""
    return _said("VmRSS") if _STATUS.exists() else peak_bytes()


def _said(key: str) -> int:
    lines = _STATUS.read_text("ascii", "replace").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{key}:")) * 1024


def growth(function: Callable[[], object]) -> int:
    """Return the bytes that a call takes at most beside what was there."""
    if _CLEAR.exists():
        # The peak becomes what is there now.
        _CLEAR.write_text("5", "ascii")
    before = peak_bytes()
    function()
    return peak_bytes() - before
