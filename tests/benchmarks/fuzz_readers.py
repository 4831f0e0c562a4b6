"""A million files changed in bits, names and metadata, read by every reader: our own errors or tensors (POSIX).

Memory stays within 64 MiB, nothing takes 5 seconds, and nothing that is shown of them controls a terminal.

python tests/benchmarks/fuzz_readers.py [--count 1000000] [--seed 0]
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))

from markdown import print_verdict
from mutations import read_sound, try_mutations
from resident import resident_bytes

RAM_DISKS = ("/dev/shm",)  # noqa: S108 - the folder made there has a name of its own
STEP, MOST_GROWTH, MOST_SECONDS = 10_000, 64 << 20, 5


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=next(filter(os.path.isdir, RAM_DISKS), None)) as folder:
        read_sound(Path(folder))
        before, refused, slowest, most, started = resident_bytes(), 0, 0.0, 0, time.monotonic()
        for start in range(0, given.count, STEP):
            tried = try_mutations(Path(folder), min(STEP, given.count - start), given.seed + start)
            refused, slowest, most = refused + tried.refused, max(slowest, tried.slowest), max(most, tried.most)
        growth = resident_bytes() - before
    seconds = time.monotonic() - started
    print(f"{given.count} files, {refused} refused, {seconds:.0f} s, the slowest {slowest:.2f} s")
    print(f"{most / 2**20:.1f} MiB for one at most, {growth / 2**20:.1f} MiB more in the end")
    print_verdict(
        "only our own errors, nothing that controls a terminal, never more than 64 MiB or 5 s",
        holds=max(most, growth) <= MOST_GROWTH and slowest <= MOST_SECONDS,
    )


if __name__ == "__main__":
    main()
