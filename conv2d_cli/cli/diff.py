"""`conv2d diff`: what changes from one layer to another."""

from __future__ import annotations

from typing import Annotated

import typer

from conv2d_cli.cli.options import INPUT, LayerOptions, OutputOptions, layer_options, option, output_options

USAGES = ("LAYER LAYER [-i SIZE] [OPTIONS]",)
EXAMPLES = (
    "conv2d diff 3,64,7 3,64,5 -s 2 -i 224",
    'conv2d diff "Conv2d(3, 64, 7, stride=2, padding=3)" "Conv2d(3, 64, 4, stride=4)" -i 224',
    "conv2d diff 64,64,3 64,64,3 -p 1 -i 56 -i 28 --format csv",
)


@layer_options
@output_options
def diff(
    layers: Annotated[
        list[str] | None,
        typer.Argument(metavar="LAYER LAYER", help="IN,OUT,KERNEL in one word, or one quoted expression, each"),
    ] = None,
    sizes: Annotated[
        list[str] | None,
        option(
            *("--input", "-i"),
            metavar="SIZE",
            section=INPUT,
            help="224, 1x3x224x224, or a tensor file, for both; twice: one for each",
        ),
    ] = None,
    *,
    layer_options: LayerOptions,
    output_options: OutputOptions,
) -> int:
    """What changes from one layer to another, absolute and in percent. Options of a layer hold for both layers."""
    from conv2d_cli.cli.output import asks_for_keys, output_of, show_keys
    from conv2d_cli.report.diff import DiffRow

    if asks_for_keys(output_options):
        show_keys(DiffRow._fields)
        return 0
    output = output_of(output_options, ("schema_version", *DiffRow._fields))
    from conv2d_cli.cli.diff_request import compared, show

    show(compared(layers or [], sizes or [], layer_options), output)
    return 0
