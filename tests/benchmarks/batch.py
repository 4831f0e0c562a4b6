"""`shape --from` against `json.loads` + `json.dumps` of the very same records, interleaved; and its peak memory.

Run with the Python that conv2d is installed for: python tests/benchmarks/batch.py [--lines 100000] [--rounds 5]
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))

from interleaved import medians

CONV2D = str(Path(sys.executable).with_name("conv2d"))
LOADS_AND_DUMPS = """
import json, sys
with open(sys.argv[1]) as lines, open(sys.argv[2]) as results:
    for line, result in zip(lines, map(json.loads, results)):
        json.loads(line)
        sys.stdout.write(json.dumps(result) + "\\n")
"""
# What parsing the results costs, which is no part of the work: it is taken off.
LOADS_RESULTS = """
import json, sys
with open(sys.argv[1]) as lines, open(sys.argv[2]) as results:
    for line, result in zip(lines, map(json.loads, results)):
        sys.stdout.write(line)
"""
PEAK = """
import resource, subprocess, sys
with open(sys.argv[2], "wb") as out:
    subprocess.run([sys.argv[1], "shape", "--from", sys.argv[3]], check=True, stdout=out)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""


def write_layers(path: Path, count: int) -> None:
    draw = random.Random(1)
    with path.open("w") as lines:
        for _ in range(count):
            groups, kernel = draw.choice((1, 1, 1, 2, 8)), draw.choice((1, 3, 5, 7, 11))
            channels, size = groups * draw.randint(1, 64), draw.randint(12, 512)
            record = {
                "in_channels": channels,
                "out_channels": groups * draw.randint(1, 64),
                "kernel_size": [kernel, kernel],
                "stride": [draw.choice((1, 2))] * 2,
                "padding": [kernel // 2] * 2,
                "groups": groups,
                "bias": draw.choice((True, False)),
                "input_shape": [draw.choice((1, 8)), channels, size, size],
            }
            lines.write(json.dumps(record) + "\n")


def run_to(out: Path, *command: str) -> None:
    with out.open("wb") as stream:
        subprocess.run(command, check=True, stdout=stream)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lines", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--memory", action="store_true", help="peak memory at 10^4 and 10^6 lines (POSIX)")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        layers, results, out = Path(folder, "layers"), Path(folder, "results"), Path(folder, "out")
        write_layers(layers, arguments.lines)
        run_to(results, CONV2D, "shape", "--from", str(layers))
        files = (str(layers), str(results))
        median = medians(
            {
                "batch": partial(run_to, out, CONV2D, "shape", "--from", str(layers)),
                "both": partial(run_to, out, sys.executable, "-c", LOADS_AND_DUMPS, *files),
                "loads": partial(run_to, out, sys.executable, "-c", LOADS_RESULTS, *files),
            },
            arguments.rounds,
        )
        peer = median["both"] - median["loads"]
        print(f"shape --from    {median['batch']:.2f} s for {arguments.lines} lines")
        print(f"loads + dumps   {peer:.2f} s of the same input and output records")
        print(f"ratio           {median['batch'] / peer:.2f}  (at most 3.5)")
        for count in (10**4, 10**6) if arguments.memory else ():
            write_layers(layers, count)
            done = subprocess.run(
                [sys.executable, "-c", PEAK, CONV2D, str(out), str(layers)], check=True, capture_output=True, text=True
            )
            print(f"peak memory     {int(done.stdout) / 1024:.1f} MiB at {count} lines")


if __name__ == "__main__":
    main()
