"""`conv2d info`: what works here, or what a tensor file holds."""

from __future__ import annotations

from typing import Annotated

import typer

from conv2d_cli.cli import options  # noqa: TC001 - Typer reads the annotations
from conv2d_cli.cli.output import output_of, stdin_bytes
from conv2d_cli.report.info import InstallationReport, TensorReport
from conv2d_cli.report.shape import record_of


def info(
    file: Annotated[
        str | None,
        typer.Argument(metavar="[FILE]", help="A tensor file, FILE::NAME, or - for stdin.", show_default=False),
    ] = None,
    format_name: options.Format = None,
    json: options.Json = False,
    get: options.Get = None,
    quiet: options.Quiet = False,
    color: options.Color = "auto",
    debug: options.Debug = False,
) -> int:
    """Version, engines and formats available here; what a file holds."""
    del debug  # the way in has read it
    keys = InstallationReport._fields if file is None else TensorReport._fields
    output = output_of(("schema_version", *keys), format_name=format_name, json=json, get=get, color=color, quiet=quiet)
    from conv2d_cli.cli.machine import processors
    from conv2d_cli.jobs import info as job

    if file is None:
        output.show(record_of(job.installation(processors())))
        return 0
    records = [record_of(tensor) for tensor in job.tensors_of(file, stdin_bytes())]
    if len(records) == 1:
        output.show(records[0])
    else:
        output.show_rows(records)
    return 0
