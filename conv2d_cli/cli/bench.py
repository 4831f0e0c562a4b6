"""`conv2d bench`: this engine beside the installed others, on this machine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conv2d_cli.cli import options  # noqa: TC001 - Typer reads the annotations
from conv2d_cli.cli.bench_options import BenchOptions, bench_options
from conv2d_cli.cli.options import LayerOptions, OutputOptions, layer_options, output_options

if TYPE_CHECKING:
    from conv2d_cli.cli.output import Output
    from conv2d_cli.report.bench import BenchMachine

USAGES = ("IN OUT KERNEL -i SIZE [OPTIONS]", "--suite NAME [OPTIONS]", "--calibrate [OPTIONS]")
EXAMPLES = (
    "conv2d bench 64 64 3 -p 1 -i 56",
    "conv2d bench --suite resnet50 --threads 1",
    "conv2d bench 1 1 31 -p 15 -i 1024 --accuracy fast --json",
    "conv2d bench --calibrate",
)
# A variable that chooses the BLAS's kernels, whatever the processor has.
_HOLDS_BACK = "OPENBLAS_CORETYPE"


@layer_options
@bench_options
@output_options
def bench(
    layer: options.Layer = None,
    input_size: options.Size = None,
    *,
    layer_options: LayerOptions,
    bench_options: BenchOptions,
    output_options: OutputOptions,
) -> int:
    """This engine beside the installed others, on this machine."""
    from conv2d_cli.cli.layer_words import LayerWords
    from conv2d_cli.cli.output import asks_for_keys, output_of, show_keys
    from conv2d_cli.report.bench import ROW_KEYS, CostsReport

    keys = CostsReport._fields if bench_options.calibrate else ROW_KEYS
    if asks_for_keys(output_options):
        show_keys(keys)
        return 0
    output = output_of(output_options, ("schema_version", *keys))
    words = LayerWords(layer or (), layer_options.given, layer_options.typed)
    if bench_options.calibrate:
        from conv2d_cli.cli.bench_calibration import calibrate

        return calibrate(words, output)
    from conv2d_cli.cli.bench_request import request_of
    from conv2d_cli.cli.bench_rows import BenchOutput
    from conv2d_cli.cli.costs import use_measured_costs
    from conv2d_cli.cli.machine import bench_host
    from conv2d_cli.jobs.bench import job

    host = bench_host()
    request = request_of(words, input_size, bench_options, host.processors)
    use_measured_costs(output.note)
    in_suite = bench_options.suite is not None
    with job.opened(request, host) as opened:
        _tell(output, opened.machine, host.environment.get(_HOLDS_BACK), request.cases[0].layer.device)
        rows = BenchOutput(output, opened.machine, in_suite=in_suite)
        for number, case in enumerate(request.cases, 1):
            rows.begin(case.name, number, len(request.cases))
            rows.add(opened.rows(case))
    rows.end(job.classes_of(rows.rows) if in_suite else None)
    return 0


def _tell(output: Output, machine: BenchMachine, held_to: str | None, device: str | None) -> None:
    if device is not None and device.partition(":")[0] != "cpu":
        output.note(f"device {device} is not used: everything runs on the CPU")
    if held_to:
        output.note(
            f"{_HOLDS_BACK}={held_to} chooses the kernels of NumPy's BLAS ({machine.blas_architecture} here): "
            "without it they are those of the processor"
        )
