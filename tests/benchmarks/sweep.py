"""`sweep` beside `shape --from` on the very same rows, interleaved: rows a second; and its peak memory.

Run with the Python that conv2d is installed for: python tests/benchmarks/sweep.py [--rows 100000] [--rounds 5]
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))

from interleaved import medians

CONV2D = str(Path(sys.executable).with_name("conv2d"))
# 56 layers of each number of output channels, on one size.
OTHERS = ("1..7", "-s", "1,2", "-p", "0..3", "-i", "224")
ROWS_OF_EACH = 56
PEAK = """
import resource, subprocess, sys
subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""


def sweep_of(rows: int, *words: str) -> list[str]:
    return [CONV2D, "sweep", "3", f"1..{max(1, rows // ROWS_OF_EACH)}", *OTHERS, *words]


def run_to(out: Path, *command: str) -> None:
    with out.open("wb") as stream:
        subprocess.run(command, check=True, stdout=stream)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--memory", action="store_true", help="peak memory at 10^4 and 10^6 rows (POSIX)")
    arguments = parser.parse_args()
    contenders = {
        "ndjson": sweep_of(arguments.rows, "--format", "ndjson"),
        "csv": sweep_of(arguments.rows, "--format", "csv"),
        "where": sweep_of(arguments.rows, "--format", "ndjson", "--where", "output_height >= 1 and macs < 1e12"),
        "top": sweep_of(arguments.rows, "--format", "ndjson", "--sort", "-macs", "--top", "10"),
    }
    with tempfile.TemporaryDirectory() as folder:
        layers, out = Path(folder, "layers"), Path(folder, "out")
        run_to(layers, *contenders["ndjson"])
        number = layers.read_bytes().count(b"\n")
        timed = {name: partial(run_to, out, *words) for name, words in contenders.items()}
        timed["shape --from"] = partial(run_to, out, CONV2D, "shape", "--from", str(layers))
        for name, seconds in medians(timed, arguments.rounds).items():
            print(f"{name:14}{number / seconds:10,.0f} rows a second, start-up included")
    for rows in (10**4, 10**6) if arguments.memory else ():
        words = [sys.executable, "-c", PEAK, *sweep_of(rows, "--format", "ndjson")]
        done = subprocess.run(words, check=True, capture_output=True, text=True)
        print(f"peak memory   {int(done.stdout) / 1024:.1f} MiB at {rows:,} rows")


if __name__ == "__main__":
    main()
