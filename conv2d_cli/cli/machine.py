"""What the machine and this process have of memory."""

from __future__ import annotations

import sys
from pathlib import Path

from conv2d_cli.jobs.run import Machine

# What Python with NumPy holds where the system does not say.
_TYPICAL_RESIDENT = 64 << 20


def machine() -> Machine:
    """Return the memory of this process and of the machine, in bytes."""
    return Machine(_resident(), _available())


def _resident() -> int:
    try:
        import resource
    except ImportError:
        return _TYPICAL_RESIDENT
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def _available() -> int | None:
    """Return what can be allocated without swapping; None where only Linux would know."""
    try:
        lines = Path("/proc/meminfo").read_text("ascii").splitlines()
    except (OSError, UnicodeDecodeError):
        return None
    sizes = dict(line.split(":", 1) for line in lines if ":" in line)
    available = sizes.get("MemAvailable", "").split()
    return int(available[0]) * 1024 if available else None
