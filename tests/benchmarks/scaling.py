"""Twice the batch, height, width, channels or filters: the time of a layer must not much more than double.

A layer and all its doubles are timed in turn. What takes under a millisecond when doubled is shown, not judged.
A depthwise layer with twice the channels has twice the groups and filters. A last table says what reading its input and
writing its output alone take: where that more than doubles, doubled operands no longer fit a cache.

python tests/benchmarks/scaling.py [--rounds 7] [--threads 1] [--accuracy strict]
"""

from __future__ import annotations

import argparse
import sys
from functools import partial
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))

from markdown import print_table, print_verdict
from stopwatch import Stopwatch
from threadpoolctl import threadpool_limits
from timed_layers import Layer

from conv2d_cli import conv2d

if TYPE_CHECKING:
    from collections.abc import Callable

MOST, JUDGED_FROM = 2.2, 1e-3
LAYERS = (
    Layer("pointwise 256->64@56", 1, 256, (56, 56), 64, (1, 1)),
    Layer("pointwise 512->512@14", 1, 512, (14, 14), 512, (1, 1)),
    Layer("stem 7x7s2 3->64@112", 1, 3, (112, 112), 64, (7, 7), (2, 2), (3, 3)),
    Layer("3x3 64@56", 1, 64, (56, 56), 64, (3, 3), padding=(1, 1)),
    Layer("3x3 256@14", 1, 256, (14, 14), 256, (3, 3), padding=(1, 1)),
    Layer("3x3s2 128@56", 1, 128, (56, 56), 128, (3, 3), (2, 2), (1, 1)),
    Layer("3x3d2 128@28", 1, 128, (28, 28), 128, (3, 3), (1, 1), (2, 2), (2, 2)),
    Layer("5x5 32->64@28", 1, 32, (28, 28), 64, (5, 5), padding=(2, 2)),
    Layer("3x3 g32 128@56", 1, 128, (56, 56), 128, (3, 3), padding=(1, 1), groups=32),
    Layer("depthwise 3x3 96@112", 1, 96, (112, 112), 96, (3, 3), padding=(1, 1), groups=96),
    Layer("depthwise 7x7 96@56", 1, 96, (56, 56), 96, (7, 7), padding=(3, 3), groups=96),
    Layer("gray 11x11@512", 1, 1, (512, 512), 1, (11, 11), padding=(5, 5)),
    Layer("rgb 31x31 3->1@128", 1, 3, (128, 128), 1, (31, 31), padding=(15, 15)),
)


def memory_alone(layer: Layer) -> Callable[[], object]:
    """Return a call that reads an input once and writes an output of the layer's sizes, and does nothing else."""
    x = layer.arrays()[0].reshape(-1)
    size = prod(layer.geometry.batched_output_shape)

    def move() -> None:
        np.vdot(x, x)
        np.empty(size, x.dtype).fill(0)

    return move


def doubles(layer: Layer) -> dict[str, Layer]:
    (height, width), depthwise = layer.size, layer.groups == layer.in_channels > 1
    channels = layer._replace(in_channels=2 * layer.in_channels)
    if depthwise:
        channels = channels._replace(groups=channels.in_channels, out_channels=2 * layer.out_channels)
    return {
        "batch": layer._replace(batch=2 * layer.batch),
        "height": layer._replace(size=(2 * height, width)),
        "width": layer._replace(size=(height, 2 * width)),
        "channels": channels,
        "filters": layer._replace(out_channels=2 * layer.out_channels),
    }


def times(base: Layer, call_of: Callable[[Layer], Callable[[], object]], rounds: int) -> tuple[float, dict[str, float]]:
    """Return the seconds of a layer and of each of its doubles."""
    layers = {"base": base, **doubles(base)}
    seconds = Stopwatch({name: call_of(layer) for name, layer in layers.items()}).run(rounds)
    return seconds.pop("base"), seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--accuracy", nargs="*", default=["strict", "fast"])
    arguments = parser.parse_args()
    faults = []
    columns = ["layer", "ms", *(f"2x {name}" for name in doubles(LAYERS[0]))]

    def call_of(layer: Layer, accuracy: str) -> Callable[[], object]:
        call = partial(conv2d, *layer.arrays(), **layer.arguments)
        return partial(call, accuracy=accuracy, threads=arguments.threads)

    with threadpool_limits(arguments.threads, user_api="blas"):
        for accuracy in arguments.accuracy:
            rows = []
            for base in LAYERS:
                alone, doubled = times(base, partial(call_of, accuracy=accuracy), arguments.rounds)
                over = [name for name, value in doubled.items() if value > max(JUDGED_FROM, MOST * alone)]
                faults += [f"{base.name} {name} {accuracy}" for name in over]
                marks = {name: "**" if name in over else "" for name in doubled}
                ratios = [f"{marks[name]}{value / alone:.2f}{marks[name]}" for name, value in doubled.items()]
                rows.append([base.name, alone * 1e3, *ratios])
            print(f"## accuracy {accuracy}\n")
            print_table(columns, rows)
    print("## memory alone\n")
    rows = []
    for base in LAYERS:
        alone, doubled = times(base, memory_alone, arguments.rounds)
        rows.append([base.name, alone * 1e3, *(f"{value / alone:.2f}" for value in doubled.values())])
    print_table(columns, rows)
    print_verdict(
        f"what doubles a layer takes at most {MOST} times as long ({len(faults)} do not{': ' * bool(faults)}"
        f"{'; '.join(faults)})",
        holds=not faults,
    )


if __name__ == "__main__":
    main()
