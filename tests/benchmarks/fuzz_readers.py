"""A million files changed at random, read by every reader: our own errors or tensors, in little memory (POSIX).

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
from mutations import peak_bytes, read_sound, try_mutations

RAM_DISKS = ("/dev/shm",)  # noqa: S108 - the folder made there has a name of its own
STEP, MOST_GROWTH = 10_000, 64 << 20


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=next(filter(os.path.isdir, RAM_DISKS), None)) as folder:
        read_sound(Path(folder))
        before, refused, started = peak_bytes(), 0, time.monotonic()
        for start in range(0, given.count, STEP):
            refused += try_mutations(Path(folder), min(STEP, given.count - start), given.seed + start)
        growth = peak_bytes() - before
    seconds = time.monotonic() - started
    print(f"{given.count} files, {refused} refused, {seconds:.0f} s, {growth / 2**20:.1f} MiB more at most")
    print_verdict("only our own errors, and never more than 64 MiB", holds=growth <= MOST_GROWTH)


if __name__ == "__main__":
    main()
