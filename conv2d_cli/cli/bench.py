"""`conv2d bench`: this engine beside the installed others, on this machine."""

from __future__ import annotations

import os
import re
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from conv2d_cli.cli import options  # noqa: TC001 - Typer reads the annotations
from conv2d_cli.cli.layer_words import LayerWords, layer_words
from conv2d_cli.cli.output import Output, output_of, stdin_bytes
from conv2d_cli.errors import UsageError
from conv2d_cli.layer.hints import nearest
from conv2d_cli.layer.text import input_shape_of, is_size
from conv2d_cli.report.bench import ROW_KEYS, for_people, record_of_bench, record_of_classes, record_of_row

if TYPE_CHECKING:
    from collections.abc import Iterable

    from conv2d_cli.jobs.bench.case import Case
    from conv2d_cli.jobs.bench.job import Bench, Request
    from conv2d_cli.report.bench import BenchClass, BenchMachine, BenchRow

_NUMBER = re.compile(r"[0-9]{1,9}", re.ASCII)
_ACCURACIES = {"strict": ("strict",), "fast": ("fast",), "both": ("strict", "fast")}
# A variable that chooses the BLAS's kernels, whatever the processor has.
_HOLDS_BACK = "OPENBLAS_CORETYPE"


def bench(
    layer: Annotated[
        list[str] | None,
        typer.Argument(metavar="[LAYER]", help="IN OUT KERNEL, or one quoted expression.", show_default=False),
    ] = None,
    input_size: Annotated[
        str | None,
        typer.Option("--input", "-i", metavar="SIZE", help="224, 224x224, 3x224x224, 8x3x224x224, or a tensor file."),
    ] = None,
    suite: Annotated[
        str | None,
        typer.Option("--suite", metavar="NAME", help="resnet50, vgg16, mobilenet_v2, convnext or kernels."),
    ] = None,
    stride: options.Stride = None,
    padding: options.Padding = None,
    dilation: options.Dilation = None,
    groups: options.Groups = None,
    no_bias: options.NoBias = False,
    padding_mode: options.PaddingMode = None,
    device: options.Device = None,
    dtype: Annotated[str | None, typer.Option("--dtype", metavar="DTYPE", help="float32, or float64.")] = None,
    accuracy: Annotated[str, typer.Option("--accuracy", metavar="NAME", help="strict, fast or both.")] = "both",
    threads: Annotated[
        str, typer.Option("--threads", metavar="N,...", help="Numbers of threads; all: one for each processor.")
    ] = "1,all",
    rounds: Annotated[str, typer.Option("--rounds", metavar="N", help="How often each is timed.")] = "15",
    algorithm: Annotated[str | None, typer.Option("--algorithm", metavar="NAME", help="Use this one of ours.")] = None,
    engines: Annotated[
        str | None,
        typer.Option("--engines", metavar="NAME,...", help="conv2d, torch, onnxruntime, scipy.  [default: installed]"),
    ] = None,
    seed: Annotated[str, typer.Option("--seed", metavar="N", help="Draw other tensors.")] = "0",
    format_name: options.Format = None,
    json: options.Json = False,
    get: options.Get = None,
    quiet: options.Quiet = False,
    color: options.Color = "auto",
    debug: options.Debug = False,
) -> int:
    """This engine beside the installed others, on this machine."""
    del debug  # the way in has read it
    output = output_of(
        ("schema_version", *ROW_KEYS), format_name=format_name, json=json, get=get, color=color, quiet=quiet
    )
    words = layer_words(
        layer,
        no_bias=no_bias,
        stride=stride,
        padding=padding,
        dilation=dilation,
        groups=groups,
        padding_mode=padding_mode,
        device=device,
        dtype=dtype,
    )
    if accuracy not in _ACCURACIES:
        raise UsageError(f"--accuracy {accuracy}: no such choice", "choices: strict, fast or both")
    from conv2d_cli.cli.machine import processor_name, processors
    from conv2d_cli.jobs.bench import job
    from conv2d_cli.jobs.bench.engines import engines_named
    from conv2d_cli.jobs.bench.worker import Host

    host = Host(sys.executable, dict(os.environ), processor_name(), processors())
    request = job.Request(
        cases=_suite(suite, words, input_size) if suite is not None else [_case(words, input_size)],
        engines=engines_named(None if engines is None else [name.strip() for name in engines.split(",")]),
        threads=_threads(threads, host.processors),
        accuracies=_ACCURACIES[accuracy],
        rounds=_number("--rounds", rounds, least=1),
        algorithm=algorithm,
        seed=_number("--seed", seed),
    )
    with job.opened(request, host) as opened:
        _tell(output, opened.machine, host.environment.get(_HOLDS_BACK), request.cases[0].layer.device)
        rows = _measured(output, opened, request, in_suite=suite is not None)
    _show_end(output, opened.machine, rows, job.classes_of(rows) if suite is not None else None)
    return 0


def _measured(output: Output, opened: Bench, request: Request, *, in_suite: bool) -> list[BenchRow]:
    """Measure every layer, and show what can be shown as it comes."""
    machine = opened.machine
    rows: list[BenchRow] = []
    if _is_table(output):
        output.show(machine._asdict())
    for number, case in enumerate(request.cases, 1):
        output.progress(f"{number}/{len(request.cases)} {case.name}" if in_suite else case.name)
        measured = opened.rows(case)
        rows += measured
        if _is_table(output):
            _show_layer(output, measured)
        elif output.keys or output.format == "ndjson":
            output.show_rows([record_of_row(row, machine) for row in measured])
    return rows


def _show_end(
    output: Output, machine: BenchMachine, rows: list[BenchRow], classes: Iterable[BenchClass] | None
) -> None:
    """Show what waits until everything is measured."""
    means = None if classes is None else [*classes]
    if output.keys:
        return
    if output.format == "json":
        output.show(record_of_bench(machine, rows, means))
    elif output.format in {"csv", "tsv"}:
        output.show_rows([record_of_row(row, machine) for row in rows])
    elif output.format == "markdown":
        output.show(machine._asdict())
        output.text("\n")
        output.show_rows([{"layer": row.layer, **for_people(row), "note": row.note} for row in rows])
    if not means or output.format in {"json", "csv", "tsv"}:
        return
    if output.format == "ndjson":
        output.show_rows([record_of_classes(means)])
    else:
        output.text("\n")
        output.show_rows([mean._asdict() for mean in means])


def _is_table(output: Output) -> bool:
    return output.format == "table" and not output.keys


def _show_layer(output: Output, rows: tuple[BenchRow, ...]) -> None:
    first = rows[0]
    shape = "x".join(map(str, first.input_shape))
    output.text(f"\n{first.layer}  ({first.layer_class}, input {shape}, {first.macs} MACs)\n")
    output.show_rows([for_people(row) for row in rows])
    for row in rows:
        if row.note:
            output.text(f"{row.engine}, threads {row.threads}: {row.note}\n")


def _tell(output: Output, machine: BenchMachine, held_to: str | None, device: str | None) -> None:
    if device is not None and device.partition(":")[0] != "cpu":
        output.note(f"device {device} is not used: everything runs on the CPU")
    if held_to:
        output.note(
            f"{_HOLDS_BACK}={held_to} chooses the kernels of NumPy's BLAS ({machine.blas_architecture} here): "
            "without it they are those of the processor"
        )


def _suite(name: str, words: LayerWords, input_size: str | None) -> tuple[Case, ...]:
    from conv2d_cli.jobs.bench.suites import SUITES, suite

    if name not in SUITES:
        raise UsageError(f"--suite {name}: no such suite", f"suites: {nearest(name, SUITES) or ', '.join(SUITES)}")
    if words.given or words.options or input_size is not None:
        raise UsageError("a suite has its own layers and sizes", "leave --suite out, or LAYER with its options and -i")
    return suite(name)


def _case(words: LayerWords, input_size: str | None) -> Case:
    from conv2d_cli.jobs.bench.case import case_of

    if not words.given and not words.options:
        raise UsageError("LAYER is missing", "conv2d bench 64 64 3 -p 1 -i 56, or --suite resnet50")
    layer = words.layer()
    if input_size is None:
        raise UsageError("-i SIZE is missing: time depends on the size of the input", "-i 56, or -i 8x64x56x56")
    if is_size(input_size):
        return case_of(layer, input_shape_of(input_size, layer.in_channels))
    from conv2d_cli.jobs.headers import faults_in, shape_of_file

    with faults_in(input_size):
        return case_of(layer, shape_of_file(input_size, stdin_bytes()))


def _threads(text: str, processors: int) -> tuple[int, ...]:
    """Return numbers of threads, each once."""
    words = [word.strip() for word in text.split(",")]
    numbers = (processors if word == "all" else _number("--threads", word, least=1) for word in words)
    return tuple(dict.fromkeys(numbers))


def _number(option: str, text: str, *, least: int = 0) -> int:
    if not _NUMBER.fullmatch(text) or int(text) < least:
        raise UsageError(f"{option} {text}: not a number of {least} or more", f"{option} {max(least, 1)}")
    return int(text)
