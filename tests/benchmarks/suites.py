"""A suite of layers beside torch and onnxruntime: the geometric mean of each class of layers, next to its target.

Run with the Python that conv2d is installed for, on a machine that does nothing else:

python tests/benchmarks/suites.py [--suite kernels] [--class "dense 3x3 large plane"]... [--layer 3x3]...
    [--threads 1,2] [--accuracy strict,fast] [--rounds 15] [--algorithm NAME] [--rows] [--product]

With `--product` only NumPy's product of matrices is timed in the place of this engine, an image at a time and its
operands laid out before: what a direct sum by one product starts from. Tiles of few columns are faster.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))

from markdown import print_table

from conv2d_cli.cli.machine import processor_name
from conv2d_cli.cli.processors import processors
from conv2d_cli.jobs.bench import job
from conv2d_cli.jobs.bench.case import CLASSES
from conv2d_cli.jobs.bench.engines import ENGINES, OURS, engines_named
from conv2d_cli.jobs.bench.suites import SUITES, suite
from conv2d_cli.jobs.bench.worker import Host
from conv2d_cli.report.bench import for_people

if TYPE_CHECKING:
    from collections.abc import Sequence

    from conv2d_cli.jobs.bench.case import Case
    from conv2d_cli.report.bench import BenchRow

# Seconds of the fastest peer over ours, on 1 and on 2 threads.
TARGETS = {
    "fast": {
        "dense 3x3 large plane": (1.25, 1.10),
        "dense 3x3 small plane": (0.85, 0.75),
        "other dense": (0.85, 0.75),
        "pointwise": (0.97, 0.97),
        "grouped": (0.60, 0.40),
        "depthwise": (0.33, 0.20),
        "few channels": (5.0, 1.2),
        "tiny": (0.50, 0.45),
    },
    "strict": {
        "dense 3x3 large plane": (0.80, 0.72),
        "dense 3x3 small plane": (0.80, 0.70),
        "other dense": (0.85, 0.75),
        "pointwise": (0.97, 0.97),
        "grouped": (0.60, 0.40),
        "depthwise": (0.33, 0.20),
        "few channels": (2.0, 1.0),
        "tiny": (0.50, 0.45),
    },
}
COLUMNS = ("class", "accuracy", "threads", "layers", "ratio", "target", "holds")


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--suite", choices=SUITES, default="kernels")
    parser.add_argument("--class", dest="classes", action="append", choices=CLASSES, help="only these classes")
    parser.add_argument("--layer", action="append", help="only layers with this in their name")
    parser.add_argument("--threads", default="1,2")
    parser.add_argument("--accuracy", default="strict,fast")
    parser.add_argument("--engines", default="conv2d,torch,onnxruntime")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--algorithm")
    parser.add_argument("--product", action="store_true", help="time NumPy's product of matrices alone")
    parser.add_argument("--rows", action="store_true", help="print every layer too, as it comes")
    return parser.parse_args()


def chosen(given: argparse.Namespace) -> list[Case]:
    return [
        case
        for case in suite(given.suite)
        if (not given.classes or case.layer_class in given.classes)
        and (not given.layer or any(part in case.name for part in given.layer))
    ]


def print_classes(rows: Sequence[BenchRow]) -> None:
    means = job.classes_of(rows)
    lines = []
    for mean in sorted(means, key=lambda one: (one.accuracy, CLASSES.index(one.layer_class), one.threads)):
        target = TARGETS[mean.accuracy][mean.layer_class][0 if mean.threads == 1 else 1]
        holds = "yes" if mean.ratio >= target else f"no, {mean.ratio / target:.2f} of it"
        lines.append((mean.layer_class, mean.accuracy, mean.threads, mean.layers, mean.ratio, target, holds))
    print_table(COLUMNS, lines)


def main() -> None:
    given = options()
    environment = dict(os.environ)
    if given.product:
        ENGINES[OURS] = ENGINES[OURS]._replace(module="product_engine")
        environment["PYTHONPATH"] = str(Path(__file__).parents[1] / "support")
    host = Host(sys.executable, environment, processor_name(), processors())
    request = job.Request(
        cases=chosen(given),
        engines=engines_named(given.engines.split(",")),
        threads=tuple(map(int, given.threads.split(","))),
        accuracies=tuple(given.accuracy.split(",")),
        rounds=given.rounds,
        algorithm=given.algorithm,
    )
    rows: list[BenchRow] = []
    with job.opened(request, host) as bench:
        print(*(f"{key}: {value}" for key, value in bench.machine._asdict().items()), sep=", ", end="\n\n")
        for number, case in enumerate(request.cases, 1):
            if sys.stderr.isatty():
                print(f"{number}/{len(request.cases)} {case.name}", file=sys.stderr)
            measured = bench.rows(case)
            rows += measured
            for row in measured if given.rows else ():
                print(
                    case.name,
                    *(f"{key} {value}" for key, value in for_people(row).items()),
                    row.note or "",
                    sep=" | ",
                    flush=True,
                )
    print_classes(rows)


if __name__ == "__main__":
    main()
