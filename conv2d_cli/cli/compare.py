"""`conv2d compare`: are two tensor files the same, where do they differ, and why."""

from __future__ import annotations

from typing import Annotated

import typer

from conv2d_cli.cli.compare_options import CompareOptions, compare_options
from conv2d_cli.cli.options import LayerOptions, OutputOptions, layer_options, output_options
from conv2d_cli.cli.reading_options import ReadingOptions, reading_options_of_operands
from conv2d_cli.errors import UsageError

USAGES = ("EXPECTED ACTUAL [OPTIONS]", "EXPECTED ACTUAL LAYER --input FILE [--weight FILE] [--bias FILE] [OPTIONS]")
EXAMPLES = (
    "conv2d compare expected.npy actual.npy",
    "conv2d compare expected.npy actual.npy --rtol 1e-3 --get verdict",
    "conv2d compare y.npz::conv1 mine.bin --ulp 2",
    "conv2d compare y.npy mine.npy 3 64 7 -s 2 -p 3 --input x.npy --weight w.npy --bias b.npy",
)
_BEFORE_THE_LAYER = ("EXPECTED", "ACTUAL")


@layer_options
@compare_options
@reading_options_of_operands
@output_options
def compare(
    operands: Annotated[
        list[str] | None,
        typer.Argument(metavar="EXPECTED ACTUAL [LAYER]", help="two tensor files, then the layer they are results of"),
    ] = None,
    *,
    layer_options: LayerOptions,
    compare_options: CompareOptions,
    reading_options: ReadingOptions,
    output_options: OutputOptions,
) -> int:
    """Are two tensor files the same, where do they differ, and why; with LAYER and --input: rounding, or a bug?"""
    from conv2d_cli.cli.output import asks_for_keys, output_of, show_keys
    from conv2d_cli.report.compare import AGREEING, CompareReport

    if asks_for_keys(output_options):
        show_keys(CompareReport._fields)
        return 0
    output = output_of(output_options, ("schema_version", *CompareReport._fields))
    from conv2d_cli.cli.layer_words import LayerWords

    given = operands or []
    words = LayerWords(given[2:], layer_options.given, layer_options.typed, first=len(_BEFORE_THE_LAYER))
    if len(given) < len(_BEFORE_THE_LAYER):
        missing = _BEFORE_THE_LAYER[len(given) :]
        verb = "is" if len(missing) == 1 else "are"
        fault = f"{' and '.join(missing)} {verb} missing: two tensor files are compared"
        raise UsageError(fault, "conv2d compare --help")
    from conv2d_cli.cli.compare_request import request_of
    from conv2d_cli.jobs.compare.job import compare_files

    request = request_of((given[0], given[1]), words, compare_options, reading_options)
    with words.own_words(), output.progress_line(shown=not compare_options.no_progress) as progress:

        def begin(elements: int, size: int) -> None:
            progress.begin(elements, bytes_moved=float(size))

        report = compare_files(request, begin=begin, advance=progress.advance, note=output.note)
    output.show(report)
    return 0 if report.verdict in AGREEING else 1
