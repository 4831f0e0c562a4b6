"""`conv2d info`: what works here, or what a tensor file holds."""

from __future__ import annotations

from typing import Annotated

import typer

from conv2d_cli.cli.options import OutputOptions, output_options

USAGES = ("[FILE] [OPTIONS]",)
EXAMPLES = ("conv2d info", "conv2d info weights.npz", "conv2d info model.safetensors::conv1.weight --get shape")


@output_options
def info(
    file: Annotated[
        str | None, typer.Argument(metavar="[FILE]", help="a tensor file, FILE::NAME, or - for stdin")
    ] = None,
    *,
    output_options: OutputOptions,
) -> int:
    """Version, engines and formats available here; of FILE what it holds, from its header."""
    from conv2d_cli.cli.output import asks_for_keys, output_of, show_keys, stdin_bytes
    from conv2d_cli.report.info import InstallationReport, TensorReport

    keys = InstallationReport._fields if file is None else TensorReport._fields
    if asks_for_keys(output_options):
        show_keys(keys)
        return 0
    output = output_of(output_options, ("schema_version", *keys))
    from conv2d_cli.cli.costs import use_measured_costs
    from conv2d_cli.cli.processors import processors
    from conv2d_cli.jobs import info as job
    from conv2d_cli.report.record import record_of

    if file is None:
        output.show(job.installation(processors(), use_measured_costs(output.note)))
        return 0
    tensors = job.tensors_of(file, stdin_bytes())
    if len(tensors) == 1:
        output.show(tensors[0])
    elif output.is_table:
        output.show_rows(tensors)
    else:
        output.show_rows([record_of(tensor) for tensor in tensors])
    return 0
