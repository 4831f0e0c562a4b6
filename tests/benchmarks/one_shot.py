"""`conv2d run --engine auto` beside `--engine numpy`, whole commands: one file, and many.

One file: over the layers of all suites the geometric mean of the time with `auto` over that with `numpy`, and the worst
layer, medians of alternated runs. Many files: depthwise layers, of which the time above that of the same files through
a depthwise 1x1 layer, which is reading and writing, should at least halve.

python tests/benchmarks/one_shot.py [--rounds 10] [--files 300] [--every 1] [--folder DIR]
"""

from __future__ import annotations

import argparse
import math
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))

from markdown import print_table, print_verdict
from suite_layers import all_suites
from timed_layers import Layer

if TYPE_CHECKING:
    from collections.abc import Sequence

MOST_MEAN, MOST_WORST, MOST_OF_MANY = 1.05, 1.15, 0.5
ENGINES = ("numpy", "auto")
CONV2D = [sys.executable, "-P", "-m", "conv2d_cli", "run", "-q", "--accuracy", "fast", "-f"]
DEPTHWISE = (
    Layer("7x7 96@56", 1, 96, (56, 56), 96, (7, 7), padding=(3, 3), groups=96),
    Layer("7x7 384@56", 1, 384, (56, 56), 384, (7, 7), padding=(3, 3), groups=384),
    Layer("3x3 144@112", 1, 144, (112, 112), 144, (3, 3), padding=(1, 1), groups=144),
)


def options_of(layer: Layer) -> list[str]:
    words = (layer.stride, layer.padding, layer.dilation)
    pairs = [",".join(map(str, pair)) for pair in words]
    return ["-s", pairs[0], "-p", pairs[1], "-d", pairs[2], "--groups", str(layer.groups)]


def seconds_of(command: Sequence[str]) -> float:
    started = time.perf_counter()
    subprocess.run(command, check=True)
    return time.perf_counter() - started


def one_file(folder: Path, rounds: int, every: int) -> bool:
    rows: list[tuple[str, float, float, float]] = []
    for layer in all_suites()[::every]:
        x, weight = layer.arrays()
        np.save(folder / "x.npy", x)
        np.save(folder / "w.npy", weight)
        files = [str(folder / "x.npy"), "--weight", str(folder / "w.npy"), "-o", str(folder / "y.npy")]
        commands = {engine: [*CONV2D, *files, *options_of(layer), "--engine", engine] for engine in ENGINES}
        took: dict[str, list[float]] = {engine: [] for engine in ENGINES}
        for number in range(rounds):
            for engine in ENGINES[:: -1 if number % 2 else 1]:
                took[engine].append(seconds_of(commands[engine]))
        medians = [statistics.median(took[engine]) for engine in ENGINES]
        rows.append((layer.name, medians[0], medians[1], medians[1] / medians[0]))
    mean, worst = math.exp(statistics.fmean(math.log(row[3]) for row in rows)), max(row[3] for row in rows)
    print_table(["layer", "numpy s", "auto s", "auto / numpy"], sorted(rows, key=lambda row: -row[3])[:10])
    print(f"{len(rows)} layers: geometric mean {mean:.3f}, worst {worst:.3f}\n")
    return mean <= MOST_MEAN and worst <= MOST_WORST


def many_files(folder: Path, number: int, rounds: int) -> bool:
    rows, shares = [], []
    for layer in DEPTHWISE:
        x, weight = layer.arrays()
        for file in range(number):
            np.save(folder / f"x{file}.npy", x)
        plain = layer._replace(kernel=(1, 1), padding=(0, 0))
        np.save(folder / "w.npy", weight)
        np.save(folder / "w1.npy", plain.arrays()[1])
        given = [*CONV2D, str(folder / "x*.npy"), "-o", str(folder / "out")]
        commands = {
            "1x1": [*given, "--weight", str(folder / "w1.npy"), *options_of(plain)],
            **{
                engine: [*given, "--weight", str(folder / "w.npy"), *options_of(layer), "--engine", engine]
                for engine in ENGINES
            },
        }
        took: dict[str, list[float]] = {name: [] for name in commands}
        for _ in range(rounds):
            for name, command in commands.items():
                took[name].append(seconds_of(command))
        least, ours, auto = (statistics.median(took[name]) for name in ("1x1", *ENGINES))
        shares.append((auto - least) / (ours - least))
        rows.append((layer.name, least, ours, auto, shares[-1]))
        for path in folder.glob("x*.npy"):
            path.unlink()
    print_table(["layer", "1x1 s", "numpy s", "auto s", "auto / numpy, above 1x1"], rows)
    return max(shares) <= MOST_OF_MANY


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--files", type=int, default=300)
    parser.add_argument("--every", type=int, default=1, help="every so manieth layer of the suites")
    parser.add_argument("--folder", default=tempfile.gettempdir())
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=given.folder) as name:
        halves = many_files(Path(name), given.files, max(1, given.rounds // 3))
        near = one_file(Path(name), given.rounds, given.every)
    words = f"one file: geometric mean at most {MOST_MEAN}, no layer above {MOST_WORST}"
    print_verdict(words, holds=near)
    print_verdict("many files: the time above a 1x1 layer's at least halves", holds=halves)


if __name__ == "__main__":
    main()
