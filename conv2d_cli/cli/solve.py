"""`conv2d solve`: the inverse questions."""

from __future__ import annotations

from conv2d_cli.cli.options import Layer, LayerOptions, OutputOptions, layer_options, output_options
from conv2d_cli.cli.solve_options import SolveOptions, solve_options

USAGES = (
    "-i N --output-size N [-k K] [-s S] [-p P] [-d D] [OPTIONS]",
    "LAYER --for QUESTION [-i SIZE] [OPTIONS]",
)
EXAMPLES = (
    "conv2d solve -i 224 --output-size 112 -k 3,5,7 -d 1",
    "conv2d solve -k 3 -s 2 -p 1 -d 1 --output-size 112 --get input_size",
    "conv2d solve 3 64 7 -s 2 --for half-size -i 224",
    "conv2d solve 64 64 3 -p 1 --for batch=16GiB -i 224 --get input_shape",
)


@layer_options
@solve_options
@output_options
def solve(
    layer: Layer = None,
    *,
    layer_options: LayerOptions,
    solve_options: SolveOptions,
    output_options: OutputOptions,
) -> int:
    """Which kernel, stride, padding, dilation or size gives what is wanted, exactly.

    Without LAYER, the numbers of one axis: each a value, a list or a range, or left open; all that go together are
    told, simplest first. With LAYER, what its padding, dilation, groups or input has to be for a QUESTION.
    """
    from conv2d_cli.cli.output import asks_for_keys, show_keys

    of_layer = bool(layer) or solve_options.question is not None
    if asks_for_keys(output_options):
        from conv2d_cli.report.keys import KEYS_OF_SOLVE
        from conv2d_cli.report.shape import ShapeReport
        from conv2d_cli.report.solve import SolutionRow

        show_keys(ShapeReport._fields if of_layer else SolutionRow._fields, None if of_layer else KEYS_OF_SOLVE)
        return 0
    if not of_layer:
        from conv2d_cli.cli.solve_search import search

        return search(layer_options, solve_options, output_options)
    from conv2d_cli.cli.layer_words import LayerWords
    from conv2d_cli.cli.solve_layer import solve_layer

    words = LayerWords(layer or (), layer_options.given, layer_options.typed)
    return solve_layer(words, solve_options, output_options)
