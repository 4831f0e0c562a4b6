"""What a cluster of Dask costs and loses: speed, kills, memory, overhead, and where a large one would be bound.

    .venv/bin/python tests/benchmarks/cluster.py speed|kills|memory|overhead|simulation [--folder FOLDER]

Needs the extra `dask`, and for `memory` 13 GiB of disk. `simulation` does no arithmetic: a million tasks go
through a scheduler of the cost that `overhead` measured; what stores and connections carry is assumed.
"""

from __future__ import annotations

import argparse
import filecmp
import heapq
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import zarr

from conv2d_cli.engine.planning import tiling
from conv2d_cli.jobs.cluster.dask_cluster import Place
from conv2d_cli.jobs.cluster.store_run import Listener, run_store
from conv2d_cli.jobs.run.memory import Machine
from conv2d_cli.jobs.run.one_file import run_one
from conv2d_cli.jobs.run.request import Request
from conv2d_cli.layer.model import Conv2d

if TYPE_CHECKING:
    from collections.abc import Iterator

PROGRAM = [sys.executable, "-P", "-c", "from conv2d_cli.cli.main import main; main()"]


def made_store(path: Path, shape: tuple[int, int, int, int]) -> None:
    """Write a store of random numbers, a few rows at a time."""
    rng = np.random.default_rng(0)
    array = zarr.create_array(path, shape=shape, chunks=(1, shape[1], 512, 512), dtype="float32", compressors=None)
    for image in range(shape[0]):
        for top in range(0, shape[2], 512):
            rows = min(512, shape[2] - top)
            array[image, :, top : top + rows] = rng.standard_normal((shape[1], rows, shape[3]), np.float32)


def command(*arguments: str) -> list[str]:
    return [*PROGRAM, "run", *arguments, "--threads", "1", "--no-progress"]


def run(folder: Path, *arguments: str) -> tuple[float, str]:
    """Run a command to its end; return the seconds that it took and what it wrote to stdout."""
    begun = time.perf_counter()
    done = subprocess.run(command(*arguments), cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stderr)
    return time.perf_counter() - begun, done.stdout


def same(one: Path, other: Path) -> bool:
    names = sorted(str(path.relative_to(one)) for path in one.rglob("*") if path.is_file())
    others = sorted(str(path.relative_to(other)) for path in other.rglob("*") if path.is_file())
    return names == others and all(filecmp.cmp(one / name, other / name, shallow=False) for name in names)


def speed(folder: Path) -> None:
    """Two workers of one thread against one, in turns, where the work is arithmetic."""
    made_store(folder / "x.zarr", (1, 32, 1536, 1536))
    layer = ("x.zarr", "32", "32", "9", "-p", "4", "-o", "y.zarr", "--force", "--get", "seconds")
    times: dict[str, list[float]] = {"1": [], "2": []}
    walls: dict[str, list[float]] = {"1": [], "2": []}
    for _ in range(4):
        for workers, some in times.items():
            wall, seconds = run(folder, *layer, "--workers", workers)
            some.append(float(seconds))
            walls[workers].append(wall)
    best = {workers: min(some) for workers, some in times.items()}
    print(f"tasks: one worker {best['1']:.2f} s, two {best['2']:.2f} s: {best['2'] / best['1']:.2f}")
    print(f"command: {min(walls['1']):.2f} s and {min(walls['2']):.2f} s: {min(walls['2']) / min(walls['1']):.2f}")


def children(pid: int) -> list[int]:
    """Return the worker processes of a run."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            is_child = entry.name.isdigit() and int((entry / "stat").read_text().rpartition(")")[2].split()[1]) == pid
            if is_child and b"spawn_main" in (entry / "cmdline").read_bytes():
                found.append(int(entry.name))
        except OSError:
            continue
    return found


def kills(folder: Path) -> None:
    """256 MiB: a worker killed in the middle 10 times, the client killed 10 times and gone on with; nothing is lost."""
    made_store(folder / "x.zarr", (1, 16, 2048, 2048))
    layer = ("x.zarr", "16", "16", "3", "-p", "1", "--padding-mode", "circular")
    run(folder, *layer, "-o", "here.zarr")
    rng = random.Random(0)
    lost = {"worker": 0, "client": 0}
    for who in lost:
        for _ in range(10):
            arguments = (*layer, "-o", "y.zarr", "--workers", "2", *(["--resume"] if who == "client" else []))
            process = subprocess.Popen(command(*arguments), cwd=folder, stderr=subprocess.PIPE, text=True)
            wait_for_chunks(folder, rng.randrange(1, 10), process)
            if who == "client":
                process.kill()
                process.communicate()
                run(folder, *arguments)
            else:
                os.kill(rng.choice(children(process.pid)), signal.SIGKILL)
                _, err = process.communicate()
                if process.returncode:
                    raise SystemExit(err)
            lost[who] += not same(folder / "here.zarr", folder / "y.zarr")
            lost[who] += any("partial" in path.name or path.name.startswith(".conv2d") for path in folder.iterdir())
            shutil.rmtree(folder / "y.zarr")
    print(
        f"of 10 runs with a killed worker {lost['worker']} lost something, of 10 with a killed client {lost['client']}"
    )


def wait_for_chunks(folder: Path, chunks: int, process: subprocess.Popen[str]) -> None:
    while process.poll() is None:
        unfinished = [*folder.glob(".conv2d-*.tmp"), *folder.glob("y.zarr.partial/store")]
        if sum(len([*one.glob("c/*/*/*/*")]) for one in unfinished) >= chunks:
            return
        time.sleep(0.002)


def memory(folder: Path) -> None:
    """4 GiB in zeros and circular: the bytes of a run here, and the most that a worker held of its limit."""
    made_store(folder / "x.zarr", (1, 16, 8192, 8192))
    limit = 400
    for mode in ("zeros", "circular"):
        layer = ("x.zarr", "16", "16", "3", "-p", "1", "--padding-mode", mode)
        here, _ = run(folder, *layer, "-o", "here.zarr")
        begun, most = time.perf_counter(), 0
        arguments = (*layer, "-o", "y.zarr", "--workers", "2", "--memory-limit", f"{limit}MiB")
        process = subprocess.Popen(command(*arguments), cwd=folder, stderr=subprocess.PIPE, text=True)
        while process.poll() is None:
            most = max([most, *map(peak_of, children(process.pid))])
            time.sleep(0.05)
        wall = time.perf_counter() - begun
        equal = process.returncode == 0 and same(folder / "here.zarr", folder / "y.zarr")
        print(f"{mode}: bytes equal {equal}, {here:.0f} s here, {wall:.0f} s on two workers, ", end="")
        print(f"a worker held {most / 2**20:.0f} MiB of {limit}")
        for name in ("here.zarr", "y.zarr"):
            shutil.rmtree(folder / name)


def peak_of(pid: int) -> int:
    """Return the most that a process has held, in bytes."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:")), 0)


def overhead(folder: Path) -> None:
    """10,000 tiles of 16x16: what the cluster adds to each, and what of it the scheduler's process computes."""
    made_store(folder / "x.zarr", (1, 1, 1600, 1600))
    tiling._WHOLE_BYTES, tiling._TILE_BYTES = 1 << 10, (18 * 18 + 16 * 16) * 4
    request = Request(str(folder / "x.zarr"), Conv2d(1, 1, 3, padding=1), {}, threads=1)
    tell = Listener(lambda _: None, lambda _: None, lambda _: None, lambda _: None)
    # A warm start of both.
    here = request._replace(output=str(folder / "here.zarr"))
    begun = time.perf_counter()
    run_one(here, Machine(0, None), summarize=False, announce=lambda _: None)
    alone = time.perf_counter() - begun
    tiles = len([path for path in (folder / "here.zarr" / "c").rglob("*") if path.is_file()])
    begun = time.process_time()
    report = run_store(
        *(request._replace(output=str(folder / "y.zarr")), Machine(0, None), Place(workers=2)),
        resume=False, summarize=False, tell=tell,
    )  # fmt: skip
    computed = time.process_time() - begun
    print(f"{tiles} tiles: {report.seconds / tiles * 1e3:.2f} ms a tile on two workers, ", end="")
    print(f"{alone / tiles * 1e3:.2f} ms here; client and scheduler computed {computed / tiles * 1e3:.2f} ms a tile")


class Cluster(NamedTuple):
    """What a simulated cluster takes: seconds of the scheduler for a task, of a worker, and bytes a second.

    `scheduling` is measured, of client and scheduler together; all else is assumed.
    """

    workers: int = 1_000
    tasks: int = 1_000_000
    scheduling: float = 0.0019
    convolving: float = 0.25
    task_bytes: int = 24 << 20
    network: float = 1.25e9
    store: float = 100e9


def simulated(cluster: Cluster) -> tuple[float, dict[str, float]]:
    """Let all tasks go through a scheduler, the store and the workers; return the seconds, and how busy each was.

    The scheduler and the store serve one task after the other; a worker's own connection bounds its transfers too.
    """
    transfer = cluster.task_bytes / cluster.store
    own = cluster.task_bytes / cluster.network
    scheduler = store = busy = 0.0
    # When each worker may begin its next task.
    free = [0.0] * cluster.workers
    heapq.heapify(free)
    last = 0.0
    for _ in range(cluster.tasks):
        begun = heapq.heappop(free)
        # Tasks are sent ahead, so that a worker waits for the scheduler only where that is behind.
        scheduler += cluster.scheduling
        ready = max(begun, scheduler)
        store = max(store, ready) + transfer
        end = max(store, ready + own) + cluster.convolving
        busy += cluster.convolving
        last = max(last, end)
        heapq.heappush(free, end)
    shares = {
        "scheduler": cluster.tasks * cluster.scheduling / last,
        "store": cluster.tasks * transfer / last,
        "connections": cluster.tasks * own / last / cluster.workers,
        "arithmetic": busy / last / cluster.workers,
    }
    return last, shares


def clusters() -> Iterator[Cluster]:
    for convolving in (0.25, 1.0, 4.0):
        for store in (10e9, 100e9):
            yield Cluster(convolving=convolving, store=store)


def simulation(_: Path) -> None:
    """A million tasks on a thousand workers: what is busiest."""
    for cluster in clusters():
        seconds, shares = simulated(cluster)
        bound = max(shares, key=lambda name: shares[name])
        told = ", ".join(f"{name} {share:.0%}" for name, share in shares.items())
        print(f"{cluster.convolving} s a tile, store {cluster.store / 1e9:.0f} GB/s: {seconds / 60:.0f} min, ", end="")
        print(f"bound by {bound} ({told})")


PARTS = {part.__name__: part for part in (speed, kills, memory, overhead, simulation)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("part", choices=PARTS)
    parser.add_argument("--folder", type=Path, default=None)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
        PARTS[arguments.part](Path(folder))


if __name__ == "__main__":
    main()
