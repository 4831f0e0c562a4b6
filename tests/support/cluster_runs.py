"""Runs of the command on processes of Dask: what they have started, have written, and leave behind."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

from terminal import PROGRAM

LAYER = ("--weight", "w.npy", "--padding", "2", "--padding-mode", "circular", "--threads", "1", "--no-progress")


def started(folder: Path, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*PROGRAM, "run", "x.zarr", *LAYER, "-o", "y.zarr", *arguments],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def descendants(pid: int) -> set[int]:
    """Return the processes that one has started, and those that these have."""
    parents: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            except OSError:
                continue
            parents.setdefault(parent, []).append(int(entry.name))
    found: set[int] = set()
    waiting = [pid]
    while waiting:
        for child in parents.get(waiting.pop(), []):
            found.add(child)
            waiting.append(child)
    return found


def are_gone(pids: set[int]) -> bool:
    until = time.monotonic() + 10
    while time.monotonic() < until:
        if not any(Path(f"/proc/{pid}").exists() for pid in pids):
            return True
        time.sleep(0.05)
    return False


def begins_to_write(folder: Path, process: subprocess.Popen[str], chunks: int = 2) -> None:
    """Wait until some chunks of the unfinished store are there."""
    until = time.monotonic() + 60
    while time.monotonic() < until and process.poll() is None:
        unfinished = [*folder.glob(".conv2d-*.tmp"), *folder.glob("y.zarr.partial/store")]
        if sum(len([*one.glob("c/*/*/*/*")]) for one in unfinished) >= chunks:
            return
        time.sleep(0.005)
    raise AssertionError(process.communicate()[1])


def same_files(folder: Path) -> bool:
    one, other = folder / "here.zarr", folder / "y.zarr"
    names = {str(path.relative_to(one.resolve())) for path in one.resolve().rglob("*") if path.is_file()}
    others = {str(path.relative_to(other)) for path in other.rglob("*") if path.is_file()}
    return names == others and all((one / name).read_bytes() == (other / name).read_bytes() for name in names)


def left_in(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()} - {"x.zarr", "w.npy", "here.zarr"}
