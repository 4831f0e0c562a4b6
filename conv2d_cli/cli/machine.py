"""What the machine is, and what it and this process have of memory."""

from __future__ import annotations

import os
import platform
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from conv2d_cli.jobs.run import Machine

if TYPE_CHECKING:
    from conv2d_cli.jobs.bench.worker import Host

# Of mallopt(3).
_M_ARENA_MAX = -8
# What Python with NumPy holds where the system does not say.
_TYPICAL_RESIDENT = 64 << 20


def machine() -> Machine:
    """Return the memory of this process and of the machine, in bytes."""
    # MemAvailable is what can be allocated without swapping; a container may have less.
    known = [free for free in (_linux_bytes("/proc/meminfo", "MemAvailable"), _group_bytes()) if free is not None]
    return Machine(_linux_bytes("/proc/self/status", "VmRSS") or _resident(), min(known, default=None))


def bench_host() -> Host:
    """Return what the workers of a measurement are started with."""
    from conv2d_cli.jobs.bench.worker import Host

    return Host(sys.executable, dict(os.environ), processor_name(), processors())


def share_one_heap() -> None:
    """Let all threads allocate from one heap, where the C library is glibc: each would keep what it has freed.

    Two threads that read and write beside the computing one kept up to 40 MiB so, which no plan counts.
    """
    if sys.platform == "linux":
        from ctypes import CDLL

        mallopt = getattr(CDLL(None), "mallopt", None)
        if mallopt is not None:
            mallopt(_M_ARENA_MAX, 1)


def processors() -> int:
    """Return how many processors this process may use."""
    allowed = getattr(os, "sched_getaffinity", None)
    return len(allowed(0)) if allowed is not None else os.cpu_count() or 1


def processor_name() -> str:
    """Return the processor's name, as the system has it."""
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8", "replace").splitlines()
    except OSError:
        lines = []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, "") or platform.processor() or platform.machine()


def _group_bytes(root: Path = Path("/sys/fs/cgroup")) -> int | None:
    """Return what the control group of this process has left of its memory, None where it has no limit.

    https://docs.kernel.org/admin-guide/cgroup-v2.html, and the files of version 1.
    """
    for limit_name, used_name in (
        ("memory.max", "memory.current"),
        ("memory/memory.limit_in_bytes", "memory/memory.usage_in_bytes"),
    ):
        try:
            limit, used = (int((root / name).read_text("ascii")) for name in (limit_name, used_name))
            statistics = (root / limit_name).with_name("memory.stat").read_text("ascii").splitlines()
        except (OSError, ValueError):
            # No such version, or "max".
            continue
        # Pages of files that nobody has used lately are given up first.
        idle = next((int(line.split()[1]) for line in statistics if line.startswith("inactive_file ")), 0)
        return max(0, limit - used + idle)
    return None


def _linux_bytes(file: str, field: str) -> int | None:
    """Return a figure that Linux publishes in kB; None on other systems."""
    try:
        lines = Path(file).read_text("utf-8", "replace").splitlines()
    except OSError:
        return None
    words = next((line.split() for line in lines if line.startswith(f"{field}:")), [])
    return int(words[1]) * 1024 if len(words) > 1 else None


def _resident() -> int:
    """Return the peak so far; on Linux it would count the process that started this one."""
    try:
        import resource
    except ImportError:
        return _TYPICAL_RESIDENT
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
