"""The options of `conv2d bench` that no other command has."""

from __future__ import annotations

from typing import Annotated, NamedTuple

from conv2d_cli.cli import choices
from conv2d_cli.cli.options import ENGINE, INPUT, option, shared


class BenchOptions(NamedTuple):
    """The options as typed."""

    suite: str | None
    accuracy: str
    algorithm: str | None
    engine: str
    prepared: bool
    engines: str | None
    threads: str
    rounds: str
    seed: str
    calibrate: bool


def _bench_options(
    suite: Annotated[
        str | None,
        option(
            "--suite",
            metavar="NAME",
            section=INPUT,
            help="the layers of a network: resnet50, vgg16, mobilenet_v2, convnext; or kernels, one of each kind",
            complete=choices.suites,
        ),
    ] = None,
    accuracy: Annotated[
        str,
        option(
            "--accuracy",
            metavar="NAME",
            section=ENGINE,
            help="strict, fast, exact, both (the first two, if not given) or all",
            complete=choices.accuracies_of_bench,
        ),
    ] = "both",
    algorithm: Annotated[
        str | None,
        option("--algorithm", metavar="NAME", section=ENGINE, help="use this one of ours", complete=choices.algorithms),
    ] = None,
    engine: Annotated[
        str,
        option(
            "--engine",
            metavar="NAME",
            section=ENGINE,
            help="what carries conv2d out: numpy, onnxruntime, torch, or auto, with all of them loaded",
            complete=choices.engines,
        ),
    ] = "numpy",
    prepared: Annotated[
        bool,
        option("--prepared", section=ENGINE, help="with weights laid out before the calls: prepare(), initializers"),
    ] = False,
    engines: Annotated[
        str | None,
        option(
            "--engines",
            metavar="NAME,...",
            section=ENGINE,
            help="rows: conv2d, onnxruntime, torch, scipy; what is installed if not given",
        ),
    ] = None,
    threads: Annotated[
        str, option("--threads", metavar="N,...", section=ENGINE, help="1,all if not given: one, and all processors")
    ] = "1,all",
    rounds: Annotated[
        str, option("--rounds", metavar="N", section=ENGINE, help="how often each is timed; 15 if not given")
    ] = "15",
    seed: Annotated[str, option("--seed", metavar="N", section=INPUT, help="draw other tensors")] = "0",
    calibrate: Annotated[
        bool,
        option(
            "--calibrate",
            section=ENGINE,
            help="measure what NumPy's operations cost on this machine, and have every later plan made by that",
        ),
    ] = False,
) -> BenchOptions:
    return BenchOptions(suite, accuracy, algorithm, engine, prepared, engines, threads, rounds, seed, calibrate)


bench_options = shared(_bench_options, "bench_options")
