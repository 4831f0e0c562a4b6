"""What a run takes of memory, as far as headers say it, and what there is."""

from __future__ import annotations

from pathlib import Path
from shutil import disk_usage
from typing import TYPE_CHECKING, NamedTuple

from conv2d_cli.errors import MemoryLimitError
from conv2d_cli.jobs.run.streaming import chunk_bytes
from conv2d_cli.tensors.formats import FORMATS
from conv2d_cli.tensors.location import format_meant, is_stream
from conv2d_cli.tensors.sink import is_placed
from conv2d_cli.tensors.urls import REMOTE_BYTES, is_remote

if TYPE_CHECKING:
    from conv2d_cli.jobs.run.file import FileRun

# Measured with NumPy 2.4 and OpenBLAS 0.3.31: modules loaded after the estimate, and what each BLAS thread packs into.
_MODULE_BYTES = 4 << 20
_THREAD_BYTES = 4 << 20


class Machine(NamedTuple):
    """Memory in bytes: what this process holds already, and what the machine can still give (None: not known)."""

    resident: int
    available: int | None


def library_bytes(threads: int) -> int:
    """Return the bytes that libraries take once this number of threads computes."""
    return _MODULE_BYTES + threads * _THREAD_BYTES


def held_bytes(file: FileRun) -> int:
    """Return the bytes of input, output and workspace that are in memory at once."""
    request, plan, source = file.request, file.plan, file.input
    formats = {format_meant(typed) for typed in (request.input, request.output, request.weight, request.bias) if typed}
    libraries = sum(FORMATS[name].library_bytes for name in formats if name is not None)
    # While one chunk is convolved the next is read, and padded, and the last is written. What the heap gets back it
    # does not always use again: one run in thirty took half a chunk more.
    chunk = plan.tile_bytes + chunk_bytes(plan)
    chunks = 2 * chunk + chunk // 2 + source.passing_bytes(chunk)
    held = libraries + max(plan.scratch_bytes, plan.fallback_bytes) + chunks
    if any(map(is_remote, filter(None, (request.input, request.output, request.weight, request.bias)))):
        held += REMOTE_BYTES
    if request.output is not None and is_remote(request.output):
        # What is sent, and what was.
        held += 2 * chunk
    if not source.is_read_in_parts:
        held += source.read_peak_bytes
    elif plan.tiling is not None and is_stream(request.input):
        held += 2 * plan.input_bytes // max(1, plan.geometry.batch)
    if not request.output_layout.is_ours:
        held += chunk
    if file.writes_picture:
        # Its pixels, and again in the order that they have in the file.
        held += 2 * plan.output_bytes
    elif plan.tiling is not None and request.output is not None and not is_placed(request.output):
        held += plan.output_bytes // max(1, plan.geometry.batch)
    return held


def peak_bytes(file: FileRun, machine: Machine) -> int:
    """Return an estimate of the peak resident memory of a process that does this file and no other."""
    read = sum(one.read_peak_bytes for one in (file.shared.weight, file.shared.bias) if one is not None)
    libraries = library_bytes(file.plan.threads_used)
    return machine.resident + libraries + max(file.plan.weight_bytes, read) + held_bytes(file)


def check_memory(file: FileRun, machine: Machine) -> None:
    """Check that one file by itself fits.

    Raises:
        MemoryLimitError: it would take more memory than the request or the machine allows.
    """
    peak, limit = peak_bytes(file, machine), file.request.memory_limit
    if limit is not None and peak > limit:
        raise MemoryLimitError(
            f"this run takes about {peak} bytes, the limit is {limit}",
            f"--memory-limit {-(-peak // 2**20)}MiB would do; --plan shows the parts",
        )
    output_bytes = file.plan.output_bytes
    if file.request.output is None and machine.available is not None and output_bytes > machine.available:
        # Without a file to fill, so large an output is a slip more often than a wish.
        fits = output_bytes < disk_usage(Path.cwd()).free
        raise MemoryLimitError(
            f"this run takes about {output_bytes} bytes for its output, the machine has {machine.available} to give",
            "-o FILE keeps it, however large" if fits else "fewer channels, or a smaller input",
        )
    growth = peak - machine.resident
    if machine.available is not None and growth > machine.available:
        raise MemoryLimitError(
            f"this run takes about {growth} bytes more, the machine has {machine.available} to give",
            "--plan shows the parts; a smaller batch takes less",
        )
