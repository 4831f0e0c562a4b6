"""Signals at random moments of the whole life of a run, over every kind of output (POSIX).

The target is what it was or what it should become, whole: of many files each. Nothing else is left in the folder, but
for the journal of many files. The exit code is 128 and the number of the signal, or 0 where the run was done already; a
signal that comes before the program has begun, or after it has ended, is Python's: the process ends as any other does.

After SIGKILL, which nobody can answer, a file or a folder `.conv2d-*.tmp` may be left: that of a format that is written
under a name (.npz, .safetensors, .zarr, pictures), or the store that was replaced a moment ago.

python tests/benchmarks/kills.py [--count 100] [--signals SIGHUP,...] [--kinds npy,...] [--workers 2] [--seed 0]
"""

from __future__ import annotations

import argparse
import random
import signal
import sys
import tempfile
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))

from killed_runs import KINDS, Scene
from markdown import print_table, print_verdict

SIGNALS = "SIGHUP,SIGQUIT,SIGXCPU,SIGTERM,SIGINT,SIGKILL"


def tried(kind: str, names: list[str], count: int) -> list[list[object]]:
    """Return a row for each signal: how often it ended so."""
    rows: list[list[object]] = []
    with tempfile.TemporaryDirectory() as folder:
        scene = Scene(Path(folder), kind)
        for name in names:
            number: signal.Signals = getattr(signal, name)
            ends: Counter[str] = Counter()
            for _ in range(count):
                end = scene.ended_at_random(number)
                # Python ends with 1 if SIGINT comes while it starts.
                assert end.begun or end.code in {1, -number}, f"{kind}, {name}: exit {end.code}"
                assert end.code or end.content == "new", f"{kind}, {name}: exit 0, but the target is {end.content}"
                assert not end.strays or number == signal.SIGKILL, f"{kind}, {name}: {end.strays} left behind"
                by = "" if end.begun or number == signal.SIGKILL else ", by Python"
                ends[f"{end.content}{' and leftovers' if end.strays else ''} ({end.code}{by})"] += 1
            rows.append([kind, name, count, ", ".join(f"{times} x {end}" for end, times in sorted(ends.items()))])
    return rows


def _end(number: int, _: object) -> None:
    raise SystemExit(128 + number)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--signals", default=SIGNALS)
    parser.add_argument("--kinds", default=",".join(KINDS))
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    random.seed(given.seed)
    for name in given.signals.split(","):
        if name != "SIGKILL":
            # A shell has programs in the background, and those under nohup, ignore some, and so would what they start.
            signal.signal(getattr(signal, name), signal.default_int_handler if name == "SIGINT" else _end)
    with ThreadPoolExecutor(given.workers) as pool:
        futures = [pool.submit(tried, kind, given.signals.split(","), given.count) for kind in given.kinds.split(",")]
        rows = [row for future in futures for row in future.result()]
    print_table(["output", "signal", "runs", "what was there (exit code)"], rows)
    print_verdict("the target is always whole, and nothing else is left but by SIGKILL", holds=True)


if __name__ == "__main__":
    main()
