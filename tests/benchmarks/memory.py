"""What a convolution takes beyond input, weight and output: peak resident memory, against the plan's figure (Linux).

Each layer runs a few times in a process of its own. The first call is held against 64 MiB, later ones against the
plan's `scratch_bytes`: at least as much was planned, and at most 25 % or 4 MiB more. With `--nan` an image is done
again by the fallback, and the larger of `scratch_bytes` and `fallback_bytes` is the plan's figure.

python tests/benchmarks/memory.py [--count 1000] [--seed 0] [--threads 1] [--accuracy strict] [--algorithm NAME] [--nan]
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))

from markdown import print_table, print_verdict
from peak_memory import Extra, measure, start_over
from suite_layers import all_suites
from timed_layers import Layer, described, draw_layers

from conv2d_cli.errors import UsageError

MIB = 1 << 20
MOST = 64 * MIB
# The system counts resident pages in batches, and lists, tuples and page ends are in no plan.
UNCERTAIN = MIB // 4
LOOSE_SHARE, LOOSE_BYTES = 0.25, 4 * MIB


class Measured(NamedTuple):
    layer: Layer
    extra: Extra

    @property
    def faults(self) -> list[str]:
        """What the measured memory has against the target, in a word each."""
        planned, again = self.extra.planned, self.extra.again
        if self.extra.fault:
            return [self.extra.fault]
        return [
            *["64 MiB"] * (self.extra.first >= MOST),
            *["over plan"] * (again > planned + UNCERTAIN),
            *["loose plan"] * (planned - again > max(LOOSE_SHARE * again, LOOSE_BYTES) + UNCERTAIN),
        ]

    @property
    def miss(self) -> int:
        return abs(self.extra.planned - self.extra.again)


def layers_of(arguments: argparse.Namespace) -> list[Layer]:
    named = [] if arguments.no_suites else all_suites()
    named = [layer._replace(name=f"{layer.name}: {described(layer)}") for layer in named]
    return named + draw_layers(arguments.count, arguments.seed)


def measured(layers: list[Layer], accuracy: str, arguments: argparse.Namespace) -> list[Measured]:
    results = []
    for number, layer in enumerate(layers, 1):
        try:
            extra = measure(
                layer, arguments.dtype, accuracy, arguments.algorithm, arguments.threads, with_nan=arguments.nan
            )
        except UsageError:
            continue
        results.append(Measured(layer, extra))
        if number % 100 == 0:
            print(f"{accuracy}: {number} of {len(layers)}", file=sys.stderr)
    return results


def show(accuracy: str, results: list[Measured], worst: int) -> None:
    print(f"## accuracy {accuracy}: {len(results)} layers\n")
    if not results:
        return
    by_algorithm: dict[str, list[Measured]] = {}
    for result in results:
        by_algorithm.setdefault(result.extra.algorithm, []).append(result)
    print_table(
        ["algorithm", "layers", "most, first call", "most, later calls", "most over plan", "most under plan", "faults"],
        (
            [
                name,
                len(own),
                *_mib(max(one.extra.first for one in own), max(one.extra.again for one in own)),
                *_mib(max(one.extra.again - one.extra.planned for one in own)),
                *_mib(max(one.extra.planned - one.extra.again for one in own)),
                sum(bool(one.faults) for one in own),
            ]
            for name, own in by_algorithm.items()
        ),
    )
    shown = sorted(results, key=lambda one: (not one.faults, -one.miss))[:worst]
    print_table(
        ["layer", "algorithm", "planned", "later calls", "first call", "against it"],
        (
            [
                one.layer.name,
                one.extra.algorithm,
                *_mib(one.extra.planned, one.extra.again, one.extra.first),
                ", ".join(one.faults) or "-",
            ]
            for one in shown
        ),
    )


def _mib(*values: int) -> list[str]:
    return [f"{value / MIB:.2f} MiB" for value in values]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=1000, help="how many random layers")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--no-suites", action="store_true", help="random layers only")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--dtype", default="float32")
    parser.add_argument("--accuracy", nargs="*", default=["strict", "fast"])
    parser.add_argument("--algorithm", help="measure this one, on the layers it can do")
    parser.add_argument("--nan", action="store_true", help="put a NaN in the first image")
    parser.add_argument("--worst", type=int, default=15, help="how many layers to list")
    arguments = parser.parse_args()
    start_over(arguments.threads)
    layers, faulty, total = layers_of(arguments), 0, 0
    for accuracy in arguments.accuracy:
        results = measured(layers, accuracy, arguments)
        show(accuracy, results, arguments.worst)
        faulty += sum(bool(one.faults) for one in results)
        total += len(results)
    print_verdict(
        f"less than 64 MiB is taken, no more than planned, and the plan is within 25 % or 4 MiB "
        f"({faulty} of {total} layers are not so)",
        holds=bool(total) and not faulty,
    )


if __name__ == "__main__":
    main()
