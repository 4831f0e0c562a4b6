"""`conv2d compare` on two large files beside `cmp`: equal ones, and ones that differ by rounding everywhere (POSIX).

Each is timed in turn in every round, the files in the page cache where they fit; the peak of resident memory is that of
the process. `cmp` reads a file and its copy, both times.

python tests/benchmarks/compare.py [--mib 4096] [--rounds 3] [--folder DIR]
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from shutil import disk_usage
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))

from markdown import print_table, print_verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

MIB = 1 << 20
# Of one image of 64 x 256 x 256.
IMAGE = (64, 256, 256)
# The least that is promised of the speed of cmp, and the most of memory.
LEAST_EQUAL, LEAST_ROUNDED, MOST_BYTES = 1 / 2, 1 / 15, 300 * MIB
CONV2D = [sys.executable, "-P", "-m", "conv2d_cli", "compare", "-q", "--get", "verdict,differing"]


class Timed(NamedTuple):
    """Seconds, the peak of resident memory in bytes, and what was printed."""

    seconds: float
    peak: int
    out: str


def run(command: Sequence[str], folder: Path) -> Timed:
    started = time.perf_counter()
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        out = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, (command, out)
    return Timed(time.perf_counter() - started, usage.ru_maxrss * 1024, out)


def make(folder: Path, mib: int) -> int:
    """Write a file, its copy, and one whose every element is a step or two off; return the number of elements."""
    images = max(1, mib * MIB // (4 * int(np.prod(IMAGE))))
    needed = 3 * mib * MIB
    free = disk_usage(folder).free
    if free < needed:
        raise SystemExit(f"{folder} has {free // MIB} MiB free, {needed // MIB} are needed: --mib or --folder")
    random = np.random.default_rng(0)
    # No mapping: what a parent has held counts as the peak of its children.
    with ExitStack() as opened:
        files = [opened.enter_context((folder / f"{name}.npy").open("wb")) for name in ("one", "copy", "rounded")]
        for file in files:
            header = {"shape": (images, *IMAGE), "fortran_order": False, "descr": "<f4"}
            np.lib.format.write_array_header_1_0(file, header)
        for _ in range(images):
            image = random.standard_normal(IMAGE, np.float32)
            bits = image.view(np.int32) + random.integers(1, 3, IMAGE, np.int32)
            for file, values in zip(files, (image, image, bits), strict=True):
                file.write(values.data)
    return images * int(np.prod(IMAGE))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mib", type=int, default=4096)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--folder", default=tempfile.gettempdir())
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=given.folder) as name:
        folder = Path(name)
        elements = make(folder, given.mib)
        commands = {
            "cmp": ["cmp", "one.npy", "copy.npy"],
            "equal": [*CONV2D, "one.npy", "copy.npy"],
            "rounded": [*CONV2D, "one.npy", "rounded.npy"],
        }
        rounds = [{key: run(command, folder) for key, command in commands.items()} for _ in range(given.rounds)]
    assert {one["equal"].out for one in rounds} == {"same\n0\n"}
    assert {one["rounded"].out for one in rounds} == {f"rounding\n{elements}\n"}
    seconds = {key: statistics.median(one[key].seconds for one in rounds) for key in commands}
    peaks = {key: max(one[key].peak for one in rounds) for key in commands}
    rows = [[key, f"{seconds[key]:.2f}", f"{seconds['cmp'] / seconds[key]:.3f}", peaks[key] // MIB] for key in commands]
    print_table(["command", "s", "of the speed of cmp", "peak MiB"], rows)
    holds = (
        seconds["cmp"] / seconds["equal"] >= LEAST_EQUAL
        and seconds["cmp"] / seconds["rounded"] >= LEAST_ROUNDED
        and max(peaks["equal"], peaks["rounded"]) <= MOST_BYTES
    )
    words = f"equal files of {given.mib} MiB at half the speed of cmp, rounded ones at 1/15, within 300 MiB"
    print_verdict(words, holds=holds)


if __name__ == "__main__":
    main()
