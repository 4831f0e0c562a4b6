"""`conv2d stack`: a whole network, layer by layer."""

from __future__ import annotations

from typing import Annotated

import typer

from conv2d_cli.cli import choices
from conv2d_cli.cli.options import OutputOptions, completion, output_options
from conv2d_cli.cli.roofline_options import RooflineOptions, roofline_options
from conv2d_cli.cli.stack_options import StackOptions, stack_options

USAGES = ("NAME [OPTIONS]", "FILE|- [-i SIZE] [OPTIONS]", "FILE --diff OTHER [OPTIONS]")
EXAMPLES = (
    "conv2d stack resnet50",
    "conv2d stack resnet50 -i 384 --get macs,parameters",
    "conv2d stack resnet50 --assert 'macs <= 5e9' --assert 'parameters < 26e6' -q --get peak_activation_bytes",
    "conv2d stack resnet50 --peak-flops 1.2TFLOPS --bandwidth 40GB/s --depth 1",
    "conv2d stack resnet50 --html report.html",
    "conv2d stack resnet50 --print > mine.toml",
    "conv2d stack resnet50 --depth 1 --format mermaid",
)


@stack_options
@roofline_options
@output_options
def stack(
    network: Annotated[
        str | None,
        typer.Argument(
            metavar="NAME|FILE|-",
            help="a network of --list, a file, or - for stdin",
            autocompletion=completion(choices.networks),
        ),
    ] = None,
    *,
    stack_options: StackOptions,
    roofline_options: RooflineOptions,
    output_options: OutputOptions,
) -> int:
    """A whole network: what each layer does to shapes and costs, the totals, and the first layer that does not fit."""
    from conv2d_cli.cli.output import asks_for_keys, show_keys, write
    from conv2d_cli.cli.roofline import keys_with, machine_of, refuse_keys_without
    from conv2d_cli.report.keys import KEYS_OF_NETWORKS
    from conv2d_cli.report.stack import TOTALS, ChangeRow, NodeReport

    of_node, of_change = stack_options.node is not None, stack_options.diff is not None
    keys = (
        ChangeRow._fields if of_change else (*(NodeReport._fields if of_node else TOTALS), *keys_with(roofline_options))
    )
    if asks_for_keys(output_options):
        show_keys(keys, KEYS_OF_NETWORKS)
        return 0
    import gc

    from conv2d_cli.cli import stack_request
    from conv2d_cli.cli.stack_page import check_page

    # Nothing of a network is a cycle: to look for them takes 5 % of a small one, 15 % of one of 100,000 layers.
    gc.disable()
    check_page(stack_options)
    if stack_request.asks_for_text(stack_options):
        write(stack_request.text_of(network, stack_options))
        return 0
    from conv2d_cli.cli.output import output_of
    from conv2d_cli.cli.stack_output import show, show_changes
    from conv2d_cli.render.formats import FORMATS, GRAPH_FORMATS

    of_graph = () if of_change or of_node else GRAPH_FORMATS
    refuse_keys_without(roofline_options, output_options)
    output = output_of(output_options, ("schema_version", *keys), formats=(*FORMATS, *of_graph))
    request = stack_request.request_of(network, stack_options, roofline_options)
    machine = machine_of(roofline_options, output)
    if stack_options.diff is None:
        return show(stack_request.analyzed(request.network, request), request, output, machine)
    both = [stack_request.analyzed(name, request) for name in (request.network, stack_options.diff)]
    show_changes(both, request.depth, output)
    return 0
