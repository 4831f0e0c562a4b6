"""`conv2d run` on one large file, and on very many small ones, beside what the disk and the engine alone take (POSIX).

The large file: the whole command against the engine on the same data in memory plus `cp` of input and output (and
`sync`, unless the folder is a RAM disk). The small ones: one command over the folder against one process per file (some
of them, in proportion), and against `np.load`, `conv2d()` and `np.save`, each made durable, in a plain loop.

python tests/benchmarks/files.py [--mib 2048] [--files 10000] [--rounds 3] [--folder DIR]...
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))

from interleaved import medians
from markdown import print_table, print_verdict

from conv2d_cli import conv2d

if TYPE_CHECKING:
    from collections.abc import Callable

    Array = np.ndarray[Any, Any]

MOST_LARGE, LEAST_PROCESSES, MOST_LOOP = 1.15, 20, 3
CONV2D = str(Path(sys.executable).with_name("conv2d"))
CHANNELS, SIDE, SMALL = 16, 1024, (3, 32, 32)
MIB = 1 << 20
# Processes of their own that stand for one for each file.
SAMPLE = 10


def run(folder: Path, *words: str) -> None:
    subprocess.run([CONV2D, "run", *words, "-p", "1", "--force", "-q"], cwd=folder, check=True)


def large(folder: Path, mib: int, rounds: int, *, durable: bool) -> list[Any]:
    image = np.random.default_rng(0).standard_normal((CHANNELS, SIDE, SIDE)).astype(np.float32)
    x = np.broadcast_to(image, (max(1, mib * MIB // image.nbytes), *image.shape)).copy()
    weight = np.random.default_rng(1).standard_normal((CHANNELS, CHANNELS, 3, 3)).astype(np.float32)
    np.save(folder / "x.npy", x)
    np.save(folder / "w.npy", weight)

    def whole() -> None:
        run(folder, "x.npy", "--weight", "w.npy", "-o", "y.npy")

    def engine() -> None:
        conv2d(x, weight, None, padding=1)

    def copies() -> None:
        for name in ("x.npy", "y.npy"):
            subprocess.run(["cp", name, "copy.npy"], cwd=folder, check=True)  # noqa: S607 - wherever it is
            if durable:
                os.sync()

    whole()
    seconds = medians({"whole": whole, "engine": engine, "copies": copies}, rounds)
    floor = seconds["engine"] + seconds["copies"]
    return [mib, *(f"{seconds[name]:.2f}" for name in ("whole", "engine", "copies")), f"{seconds['whole'] / floor:.2f}"]


def small(folder: Path, files: int, rounds: int) -> list[Any]:
    random = np.random.default_rng(0)
    weight = random.standard_normal((8, SMALL[0], 3, 3)).astype(np.float32)
    np.save(folder / "w.npy", weight)
    for name in ("in", "out", "loop"):
        (folder / name).mkdir()
    for number in range(files):
        np.save(folder / "in" / f"{number:05}.npy", random.standard_normal(SMALL).astype(np.float32))

    def many() -> None:
        run(folder, "in", "--weight", "w.npy", "-o", "out")

    def processes() -> None:
        for number in range(SAMPLE):
            run(folder, f"in/{number:05}.npy", "--weight", "w.npy", "-o", f"out/{number:05}.npy")

    def loop() -> None:
        for path in (folder / "in").iterdir():
            out = conv2d(np.load(path), weight, None, padding=1)
            with (folder / "loop" / path.name).open("wb") as stream:
                np.save(stream, out)
                stream.flush()
                os.fsync(stream.fileno())

    seconds = medians({"many": many, "processes": processes, "loop": loop}, rounds)
    apart = seconds["processes"] * files / SAMPLE
    return [
        files,
        *(f"{value:.2f}" for value in (seconds["many"], apart, seconds["loop"])),
        f"{apart / seconds['many']:.0f}",
        f"{seconds['many'] / seconds['loop']:.2f}",
    ]


def in_each(folders: list[str], measure: Callable[[Path, bool], list[Any]]) -> list[list[Any]]:
    rows = []
    for parent in folders:
        with tempfile.TemporaryDirectory(dir=parent) as folder:
            rows.append([parent, *measure(Path(folder), not parent.startswith("/dev/shm"))])  # noqa: S108 - to know one
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, default in (("mib", 2048), ("files", 10_000), ("rounds", 3)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--folder", action="append")
    given = parser.parse_args()
    folders = given.folder or [tempfile.gettempdir(), *filter(os.path.isdir, ("/dev/shm",))]  # noqa: S108 - the RAM disk
    holds = True
    if given.mib:
        rows = in_each(folders, lambda folder, durable: large(folder, given.mib, given.rounds, durable=durable))
        print_table(["folder", "MiB", "whole s", "engine s", "copies s", "whole / (engine + copies)"], rows)
        holds &= all(float(row[-1]) <= MOST_LARGE for row in rows)
    if given.files:
        rows = in_each(folders, lambda folder, _: small(folder, given.files, given.rounds))
        print_table(
            ["folder", "files", "folder s", "processes s", "loop s", "processes / folder", "folder / loop"], rows
        )
        holds &= all(float(row[-2]) >= LEAST_PROCESSES and float(row[-1]) <= MOST_LOOP for row in rows)
    words = f"the large file takes at most {MOST_LARGE} x, the folder is {LEAST_PROCESSES} x faster than processes and "
    print_verdict(words + f"at most {MOST_LOOP} x the loop", holds=holds)


if __name__ == "__main__":
    main()
