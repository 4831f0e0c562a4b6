"""A job on many files in this process, and the files of every format that it takes."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import zarr
from PIL import Image
from safetensors.numpy import save_file

from conv2d_cli.jobs.run.many_files import run_many
from conv2d_cli.jobs.run.memory import Machine
from conv2d_cli.jobs.run.pipeline import Listener
from conv2d_cli.jobs.run.request import Request
from conv2d_cli.layer.model import layer_from
from conv2d_cli.tensors.reading import Described, Reading

if TYPE_CHECKING:
    from collections.abc import Callable

    from conv2d_cli.errors import Conv2dError

MACHINE = Machine(0, None)
LAYER = layer_from({"in_channels": 3, "out_channels": 2, "kernel_size": 3})
SHAPE = (3, 8, 8)
# Raw files are read so; all others say it themselves.
READING = Reading(described=Described(SHAPE, "uint8"), dtype="float32")


def _png(path: Path, values: np.ndarray[Any, Any]) -> None:
    # Stored, so that all pictures have one size.
    Image.fromarray(values.transpose(1, 2, 0)).save(path, format="PNG", compress_level=0)


WRITERS: dict[str, Callable[[Path, np.ndarray[Any, Any]], object]] = {
    "npy": np.save,
    "npz": np.savez,
    "bin": lambda path, values: path.write_bytes(values.tobytes()),
    "safetensors": lambda path, values: save_file({"x": values}, path),
    "zarr": lambda path, values: zarr.create_array(path, data=values, chunks=SHAPE, compressors=None, overwrite=True),
    "png": _png,
    "tif": lambda path, values: Image.fromarray(values.transpose(1, 2, 0)).save(path, compression="raw"),
}


class Ended(NamedTuple):
    """How a job ended: its counts, its exit code, and what was told of files that failed."""

    written: int
    skipped: int
    code: int
    told: dict[str, Conv2dError]


def values_of(number: int) -> np.ndarray[Any, Any]:
    """Return the pixels of one file."""
    return np.random.default_rng(number).integers(0, 256, SHAPE, np.uint8)


def make(folder: Path, suffix: str, count: int = 3) -> None:
    """Write files of one format into `folder/in`."""
    (folder / "in").mkdir(parents=True, exist_ok=True)
    for number in range(count):
        WRITERS[suffix](folder / f"in/{number}.{suffix}", values_of(number))


def go(folder: Path, *, resume: bool = False, machine: Machine = MACHINE, **changed: Any) -> Ended:
    """Convolve all files of `folder/in` into `folder/out`."""
    told: dict[str, Conv2dError] = {}

    def failed(path: Path, error: Conv2dError) -> None:
        told[path.name] = error

    request = Request(str(folder / "in"), LAYER, {}, output=str(folder / "out"), threads=1, input_reading=READING)
    tell = Listener(failed, lambda _: None, lambda _: None)
    report, code = run_many(request._replace(**changed), machine, resume=resume, tell=tell)
    assert report.written + report.skipped + report.failed == report.files
    return Ended(report.written, report.skipped, code, told)


def contents(path: Path) -> dict[str, bytes]:
    """Return the bytes of every file below a path, but the journal's."""
    files = [file for file in sorted(path.rglob("*")) if file.is_file() and file.name != ".conv2d-run.ndjson"]
    return {str(file.relative_to(path)): file.read_bytes() for file in files}


def keeping_times(path: Path, change: Callable[[], object]) -> None:
    """Change a file, or files of a store, and give all of them the times that they had, as tar and rsync do."""
    files = [path, *path.rglob("*")] if path.is_dir() else [path]
    before = {file: file.stat() for file in files}
    change()
    for file, status in before.items():
        if file.exists():
            os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))
            assert Path(file).stat().st_size == status.st_size
