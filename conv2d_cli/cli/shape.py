"""`conv2d shape`: what a layer does to a shape, and what it costs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from conv2d_cli.cli import options  # noqa: TC001 - Typer reads the annotations
from conv2d_cli.cli.layer_words import LayerWords, layer_words
from conv2d_cli.cli.output import Output, output_of, stdin_bytes, write
from conv2d_cli.errors import UsageError
from conv2d_cli.layer.text import input_shape_of, is_size
from conv2d_cli.report.analysis import analyze
from conv2d_cli.report.formulas import formulas_of
from conv2d_cli.report.shape import ShapeReport, json_schema, record_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from conv2d_cli.layer.rules import LayerValues

_BAD_LINES = 2


def shape(
    layer: Annotated[
        list[str] | None,
        typer.Argument(metavar="LAYER", help="IN OUT KERNEL, or one quoted expression.", show_default=False),
    ] = None,
    input_size: Annotated[
        str | None,
        typer.Option("--input", "-i", metavar="SIZE", help="224, 224x224, 3x224x224, 8x3x224x224, or a tensor file."),
    ] = None,
    stride: options.Stride = None,
    padding: options.Padding = None,
    dilation: options.Dilation = None,
    groups: options.Groups = None,
    no_bias: options.NoBias = False,
    padding_mode: options.PaddingMode = None,
    device: options.Device = None,
    dtype: Annotated[
        str | None, typer.Option("--dtype", metavar="DTYPE", help="Element type that bytes are counted in.")
    ] = None,
    weight: Annotated[
        str | None, typer.Option("--weight", metavar="FILE", help="Take channels and kernel from a weight's header.")
    ] = None,
    from_: Annotated[
        str | None,
        typer.Option("--from", metavar="FILE", help="One layer a line, from a file or - for stdin; NDJSON comes out."),
    ] = None,
    format_name: options.Format = None,
    json: options.Json = False,
    get: options.Get = None,
    schema: Annotated[bool, typer.Option("--json-schema", help="Print the schema of the JSON output.")] = False,
    verbose: options.Verbose = False,
    quiet: options.Quiet = False,
    color: options.Color = "auto",
    debug: options.Debug = False,
) -> int:
    """Output shape, parameters, MACs, FLOPs, bytes and receptive field of a layer."""
    del debug  # the way in has read it
    output = output_of(
        ("schema_version", *ShapeReport._fields), format_name=format_name, json=json, get=get, color=color, quiet=quiet
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
    if schema:
        from json import dumps

        write(dumps(json_schema(), indent=2) + "\n")
        return 0
    if from_ is not None:
        _check_batch(words, weight, output)
        return _batch(from_, input_size)
    if weight is None:
        found = words.layer()
    else:
        from conv2d_cli.jobs.headers import faults_in, shape_of_file

        weight_shape = shape_of_file(weight, stdin_bytes())
        with faults_in(weight):
            found = words.layer_of_weight(weight_shape, bias=None if words.given else False)
    report = analyze(found) if input_size is None else _analyze_on(input_size, found)
    output.show(record_of(report), formulas_of(report) if verbose and output.for_people else None)
    return 0


def _analyze_on(input_size: str, layer: LayerValues) -> ShapeReport:
    if is_size(input_size):
        return analyze(layer, input_shape_of(input_size, layer.in_channels))
    from conv2d_cli.jobs.headers import faults_in, shape_of_file

    input_shape = shape_of_file(input_size, stdin_bytes())
    with faults_in(input_size):
        return analyze(layer, input_shape)


def _check_batch(words: LayerWords, weight: str | None, output: Output) -> None:
    if words.given or words.options or weight is not None:
        raise UsageError(
            "--from reads its layers from a file and takes none from the command line", "write them as lines"
        )
    if output.keys or output.format not in {"table", "ndjson"} or (output.asked_for and output.format == "table"):
        raise UsageError("--from writes one JSON object a line and takes no other format or --get", "leave them out")


def _batch(source: str, input_size: str | None) -> int:
    """Write one result a line; return 2 when a line was bad."""
    from conv2d_cli.jobs.batch import open_lines, records_of_lines
    from conv2d_cli.render.as_ndjson import line_of

    failed = False
    size = None if input_size is None else _size_of_every_line(input_size)
    with open_lines(source, stdin_bytes()) as lines:
        for record in records_of_lines(lines, size):
            failed |= "error" in record
            write(line_of(record), flush=True)
    return _BAD_LINES if failed else 0


def _size_of_every_line(text: str) -> Callable[[LayerValues], tuple[int, ...]]:
    if is_size(text):
        input_shape_of(text, 1)
        return lambda layer: input_shape_of(text, layer.in_channels)
    from conv2d_cli.jobs.headers import shape_of_file

    input_shape = shape_of_file(text, stdin_bytes())
    return lambda _: input_shape
