"""Twice the batch, height, width, channels or filters: the time of a layer must not much more than double.

A layer and all its doubles are timed in turn. What takes under a millisecond when doubled is shown, not judged.
A depthwise layer with twice the channels has twice the groups and filters.

python tests/benchmarks/scaling.py [--rounds 7] [--threads 1] [--accuracy strict]
"""

from __future__ import annotations

import argparse
import sys
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))

from markdown import print_table, print_verdict
from stopwatch import Stopwatch
from threadpoolctl import threadpool_limits
from timed_layers import Layer

from conv2d_cli import conv2d

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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--accuracy", nargs="*", default=["strict", "fast"])
    arguments = parser.parse_args()
    faults = []
    with threadpool_limits(arguments.threads, user_api="blas"):
        for accuracy in arguments.accuracy:
            rows = []
            for base in LAYERS:
                contenders = {}
                for name, layer in {"base": base, **doubles(base)}.items():
                    call = partial(conv2d, *layer.arrays(), **layer.arguments)
                    contenders[name] = partial(call, accuracy=accuracy, threads=arguments.threads)
                seconds = Stopwatch(contenders).run(arguments.rounds)
                base_seconds = seconds.pop("base")
                rows.append([base.name, base_seconds * 1e3])
                for name, value in seconds.items():
                    ratio = value / base_seconds
                    over = value > JUDGED_FROM and ratio > MOST
                    rows[-1].append(f"**{ratio:.2f}**" if over else f"{ratio:.2f}")
                    if over:
                        faults.append(f"{base.name} {name} {accuracy}")
            print(f"## accuracy {accuracy}\n")
            print_table(["layer", "ms", *(f"2x {name}" for name in doubles(LAYERS[0]))], rows)
    print_verdict(
        f"what doubles a layer takes at most {MOST} times as long ({len(faults)} do not{': ' * bool(faults)}"
        f"{'; '.join(faults)})",
        holds=not faults,
    )


if __name__ == "__main__":
    main()
