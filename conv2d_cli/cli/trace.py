"""`conv2d trace`: one output element, term by term."""

from __future__ import annotations

from typing import Annotated

import typer

from conv2d_cli.cli.integer_options import NO_INTEGER_WORDS
from conv2d_cli.cli.options import RESULT, LayerOptions, OutputOptions, layer_options, option, output_options
from conv2d_cli.cli.reading_options import ReadingOptions, reading_options_of_operands
from conv2d_cli.cli.run_options import RunOptions, parameter_options
from conv2d_cli.errors import UsageError

USAGES = ("INPUT IN OUT KERNEL --at N,C,H,W [OPTIONS]", "INPUT --weight FILE --at N,C,H,W [OPTIONS]")
EXAMPLES = (
    "conv2d trace x.npy 3 64 7 -s 2 -p 3 --at 0,5,0,111",
    "conv2d trace x.npy --weight w.npy --bias b.npy --at 0,0,0,0 --format csv",
    "conv2d trace x.npy 3 64 7 -s 2 -p 3 --at 0,5,0,111 --get result,correctly_rounded",
)


@layer_options
@parameter_options
@reading_options_of_operands
@output_options
def trace(
    operands: Annotated[
        list[str] | None, typer.Argument(metavar="INPUT [LAYER]", help="a tensor file, then the layer")
    ] = None,
    at: Annotated[
        str | None,
        option("--at", metavar="N,C,H,W", section=RESULT, help="the output element, from 0; C,H,W of an image alone"),
    ] = None,
    *,
    all_: Annotated[bool, option("--all", section=RESULT, help="a table of all terms, however many there are")] = False,
    layer_options: LayerOptions,
    reading_options: ReadingOptions,
    run_options: RunOptions,
    output_options: OutputOptions,
) -> int:
    """One output element term by term: the window, what the padding put there, products, running and exact sums."""
    from conv2d_cli.cli.output import asks_for_keys, output_of, show_keys
    from conv2d_cli.report.keys import KEYS_OF_TRACE
    from conv2d_cli.report.trace import TOTALS

    if asks_for_keys(output_options):
        show_keys(TOTALS, KEYS_OF_TRACE)
        return 0
    output = output_of(output_options, ("schema_version", *TOTALS))
    from conv2d_cli.cli.layer_words import LayerWords

    input_, *layer = operands or [""]
    words = LayerWords(layer, layer_options.given, layer_options.typed, first=1)
    if not input_:
        line = words.typed.line({}, "FILE", "3", "64", "7", *(() if at else ("--at", "0,0,0,0")))
        raise UsageError("INPUT is missing: a tensor file, or - for stdin", line)
    from conv2d_cli.cli.machine import machine
    from conv2d_cli.cli.run_request import request_of
    from conv2d_cli.cli.trace_output import index_of, show
    from conv2d_cli.jobs.trace.file import trace_file

    index = index_of(input_, at)
    request = request_of(input_, words, run_options, reading_options, NO_INTEGER_WORDS, output)
    with words.own_words():
        show(trace_file(request, index, machine().available), request, output, whole=all_)
    return 0
