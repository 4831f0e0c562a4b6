"""What the machine is, and what it and this process have of memory."""

from __future__ import annotations

import os
import platform
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from conv2d_cli.cli import shell_limits
from conv2d_cli.cli.processors import processors

if TYPE_CHECKING:
    from conv2d_cli.jobs.bench.worker import Host
    from conv2d_cli.jobs.run.memory import Machine

# Of mallopt(3).
_M_ARENA_MAX = -8
# What Python with NumPy holds where the system does not say.
_TYPICAL_RESIDENT = 64 << 20


def machine() -> Machine:
    """Return the memory of this process and of the machine, in bytes."""
    from conv2d_cli.jobs.run.memory import Machine

    # MemAvailable is what can be allocated without swapping; a container may have less, and a shell allow less.
    free = (_linux_bytes("/proc/meminfo", "MemAvailable"), _group_bytes(), _allowed_bytes())
    known = [size for size in free if size is not None]
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


def _allowed_bytes() -> int | None:
    """Return what the limits of the shell leave for a job, None where there are none."""
    allowed = dict(zip(("VmSize", "VmData"), shell_limits.allowed_bytes(), strict=True))
    if all(size is None for size in allowed.values()):
        return None
    from conv2d_cli.engine.api import threads_for

    # What it takes is seen then; later it would end the process where there is not so much left.
    shell_limits.multiply()
    beside = shell_limits.BESIDE_THREADS // 2 + (threads_for(None) - 1) * shell_limits.OF_A_THREAD
    used = {field: _linux_bytes("/proc/self/status", field) or 0 for field in allowed}
    return max(0, min(size - used[field] for field, size in allowed.items() if size is not None) - beside)


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
