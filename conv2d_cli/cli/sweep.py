"""`conv2d sweep`: a grid of layers on sizes, a row for each combination."""

from __future__ import annotations

from typing import Annotated

import typer

from conv2d_cli.cli.options import OutputOptions, output_options
from conv2d_cli.cli.plot_options import PlotOptions, plot_options
from conv2d_cli.cli.roofline_options import RooflineOptions, roofline_options
from conv2d_cli.cli.sweep_options import SweepOptions, sweep_options

USAGES = ("IN,... OUT,... KERNEL,... [OPTIONS]", '"Conv2d(3, 64, 7)" [OPTIONS]')
EXAMPLES = (
    "conv2d sweep 3 16,32,64 1..7..2 -s 1,2 -p same,0..3 -i 224",
    "conv2d sweep 3 64 3,5,3x5 -p '1,(0,0,1,1)' -i 32,64x48 --format csv",
    "conv2d sweep 64 64..256..64 3 -g 1..64 -p 1 -i 56 --where 'macs < 1e8' --sort -out_channels,macs --top 10",
    "conv2d sweep 'Conv2d(3, 64, 7)' -s 1..4 -p 0..3 -i 224 --pareto macs,-output_height --get stride,padding,macs",
    "conv2d sweep 3 16,32 1..7..2 -i 32 --plot x=macs,y=receptive_field_height,color=kernel_size",
    "conv2d sweep 64 64 1..7..2 -i 56 --peak-flops 1.2TFLOPS --bandwidth 40GB/s --sort seconds_at_least",
)


@sweep_options
@plot_options
@roofline_options
@output_options
def sweep(
    layer: Annotated[
        list[str] | None,
        typer.Argument(metavar="LAYER", help="IN OUT KERNEL, of each several values, or one expression"),
    ] = None,
    *,
    sweep_options: SweepOptions,
    plot_options: PlotOptions,
    roofline_options: RooflineOptions,
    output_options: OutputOptions,
) -> int:
    """A grid of layers on sizes: a row with all keys of `shape` for each combination of values.

    A comma separates values and 1..4 is a range with both its ends, 1..64..8 one with a step; so a pair is 3x5, a SIZE
    224x224, and four paddings are (0,0,1,1). Rows are in the order of IN, OUT, KERNEL, then of the options below: SIZE
    varies fastest. Combinations that are no layer on their input are skipped, and counted on stderr.
    """
    from conv2d_cli.cli.output import asks_for_keys, output_of, show_keys
    from conv2d_cli.cli.roofline import keys_with, refuse_keys_without
    from conv2d_cli.report.shape import ShapeReport

    more = keys_with(roofline_options)
    keys = (*ShapeReport._fields, *more)
    if asks_for_keys(output_options):
        show_keys(*(plot_options.keys() or (keys,)))
        return 0
    from conv2d_cli.cli.plot_output import plotting_of

    has_size = sweep_options.sizes is not None
    plotting = plotting_of(plot_options, output_options, has_size=has_size, more=more)
    if plotting is None:
        refuse_keys_without(roofline_options, output_options, has_size=has_size)
    output = plotting.output if plotting else output_of(output_options, ("schema_version", *keys))
    from conv2d_cli.cli.layer_words import LayerWords
    from conv2d_cli.cli.sweep_output import show
    from conv2d_cli.cli.sweep_request import request_of

    words = LayerWords(layer or (), sweep_options.given, sweep_options.typed)
    return show(request_of(words, sweep_options, roofline_options, output), words, output, plotting)
