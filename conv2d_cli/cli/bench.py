"""`conv2d bench`: this engine beside the installed others, on this machine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from conv2d_cli.cli import choices, options
from conv2d_cli.cli.options import (
    ENGINE,
    INPUT,
    LayerOptions,
    OutputOptions,
    layer_options,
    option,
    output_options,
)
from conv2d_cli.errors import UsageError

if TYPE_CHECKING:
    from conv2d_cli.cli.layer_words import LayerWords
    from conv2d_cli.cli.output import Output
    from conv2d_cli.jobs.bench.case import Case
    from conv2d_cli.report.bench import BenchMachine

USAGES = ("IN OUT KERNEL -i SIZE [OPTIONS]", "--suite NAME [OPTIONS]")
EXAMPLES = (
    "conv2d bench 64 64 3 -p 1 -i 56",
    "conv2d bench --suite resnet50 --threads 1",
    "conv2d bench 1 1 31 -p 15 -i 1024 --accuracy fast --json",
)
_ACCURACIES = {"strict": ("strict",), "fast": ("fast",), "both": ("strict", "fast")}
# A variable that chooses the BLAS's kernels, whatever the processor has.
_HOLDS_BACK = "OPENBLAS_CORETYPE"


@layer_options
@output_options
def bench(
    layer: options.Layer = None,
    input_size: options.Size = None,
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
            help="strict, fast or both; both if not given",
            complete=choices.accuracies_of_bench,
        ),
    ] = "both",
    algorithm: Annotated[
        str | None,
        option("--algorithm", metavar="NAME", section=ENGINE, help="use this one of ours", complete=choices.algorithms),
    ] = None,
    engines: Annotated[
        str | None,
        option(
            "--engines",
            metavar="NAME,...",
            section=ENGINE,
            help="conv2d, torch, onnxruntime, scipy; what is installed if not given",
        ),
    ] = None,
    threads: Annotated[
        str, option("--threads", metavar="N,...", section=ENGINE, help="1,all if not given: one, and all processors")
    ] = "1,all",
    rounds: Annotated[
        str, option("--rounds", metavar="N", section=ENGINE, help="how often each is timed; 15 if not given")
    ] = "15",
    seed: Annotated[str, option("--seed", metavar="N", section=INPUT, help="draw other tensors")] = "0",
    *,
    layer_options: LayerOptions,
    output_options: OutputOptions,
) -> int:
    """This engine beside the installed others, on this machine."""
    from conv2d_cli.cli.layer_words import LayerWords
    from conv2d_cli.cli.output import asks_for_keys, output_of, show_keys
    from conv2d_cli.report.bench import ROW_KEYS

    if asks_for_keys(output_options):
        show_keys(ROW_KEYS)
        return 0
    output = output_of(output_options, ("schema_version", *ROW_KEYS))
    words = LayerWords(layer or (), layer_options.given, layer_options.typed)
    import os
    import sys

    from conv2d_cli.cli.bench_rows import BenchOutput
    from conv2d_cli.cli.machine import processor_name, processors
    from conv2d_cli.cli.run_options import algorithm_of, choice, integer
    from conv2d_cli.jobs.bench import job
    from conv2d_cli.jobs.bench.engines import engines_named
    from conv2d_cli.jobs.bench.worker import Host

    host = Host(sys.executable, dict(os.environ), processor_name(), processors())
    request = job.Request(
        accuracies=_ACCURACIES[choice("--accuracy", accuracy, tuple(_ACCURACIES))],
        algorithm=algorithm_of(algorithm, accuracy),
        rounds=integer("--rounds", rounds, least=1),
        threads=_threads(threads, host.processors),
        seed=integer("--seed", seed, least=0),
        engines=engines_named(None if engines is None else [name.strip() for name in engines.split(",")]),
        cases=_suite(suite, words, input_size) if suite is not None else [_case(words, input_size)],
    )
    with job.opened(request, host) as opened:
        _tell(output, opened.machine, host.environment.get(_HOLDS_BACK), request.cases[0].layer.device)
        rows = BenchOutput(output, opened.machine, in_suite=suite is not None)
        for number, case in enumerate(request.cases, 1):
            rows.begin(case.name, number, len(request.cases))
            rows.add(opened.rows(case))
    rows.end(job.classes_of(rows.rows) if suite is not None else None)
    return 0


def _tell(output: Output, machine: BenchMachine, held_to: str | None, device: str | None) -> None:
    if device is not None and device.partition(":")[0] != "cpu":
        output.note(f"device {device} is not used: everything runs on the CPU")
    if held_to:
        output.note(
            f"{_HOLDS_BACK}={held_to} chooses the kernels of NumPy's BLAS ({machine.blas_architecture} here): "
            "without it they are those of the processor"
        )


def _suite(name: str, words: LayerWords, input_size: str | None) -> tuple[Case, ...]:
    from conv2d_cli.cli.run_options import choice
    from conv2d_cli.jobs.bench.suites import SUITES, suite

    choice("--suite", name, SUITES)
    if words.given or words.options or input_size is not None:
        raise UsageError("a suite has its own layers and sizes", words.typed.only("--suite"))
    return suite(name)


def _case(words: LayerWords, input_size: str | None) -> Case:
    from conv2d_cli.jobs.bench.case import case_of

    if not words.given and not words.options:
        raise UsageError("LAYER is missing", "conv2d bench 64 64 3 -p 1 -i 56, or conv2d bench --suite resnet50")
    layer = words.layer()
    if input_size is None:
        raise UsageError("-i SIZE is missing: time depends on the size of the input", "-i 56, or -i 8x64x56x56")
    from conv2d_cli.cli.sizes import shape_on

    with words.own_words():
        return case_of(layer, shape_on(input_size)(layer))


def _threads(text: str, processors: int) -> tuple[int, ...]:
    """Return numbers of threads, each once."""
    from conv2d_cli.cli.run_options import integer

    words = [word.strip() for word in text.split(",")]
    numbers = (processors if word == "all" else integer("--threads", word, least=1) for word in words)
    return tuple(dict.fromkeys(numbers))
