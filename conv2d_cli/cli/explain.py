"""`conv2d explain`: the formulas of a layer with its numbers in them, and how other counters see it."""

from __future__ import annotations

from typing import Annotated

from conv2d_cli.cli import choices, options
from conv2d_cli.cli.options import RESULT, LayerOptions, OutputOptions, layer_options, output_options
from conv2d_cli.errors import UsageError

USAGES = ("IN OUT KERNEL [-i SIZE] [OPTIONS]", '"Conv2d(3, 64, 7, stride=2)" [-i SIZE] [OPTIONS]')
EXAMPLES = (
    "conv2d explain 3 64 7 -s 2 -p 3 -i 224",
    "conv2d explain 3 64 11 -s 4 -p 2 -i 224 --reconcile 70470400",
    "conv2d explain 16 16 4 -p same -i 32 --format markdown",
    "conv2d explain 16 16 4 -p same --get equivalent_padding",
    "conv2d explain 16 16 4 -p same -i 32 --for jax --format markdown",
)


@layer_options
@output_options
def explain(
    layer: options.Layer = None,
    input_size: options.Size = None,
    reconcile: Annotated[
        str | None,
        options.option(
            "--reconcile",
            metavar="FIGURE",
            section=RESULT,
            help="which counters print it: 70470400, or rounded 70.47M; exit 1 where none does",
        ),
    ] = None,
    target: Annotated[
        str | None,
        options.option(
            "--for",
            metavar="TARGET",
            section=RESULT,
            help=f"adds the program that conv2d code writes: {', '.join(choices.targets())}",
            complete=choices.targets,
        ),
    ] = None,
    *,
    layer_options: LayerOptions,
    output_options: OutputOptions,
) -> int:
    """The formulas of a layer with its numbers put in step by step, and what other counters print for it and why."""
    from conv2d_cli.cli.output import asks_for_keys, output_of, show_keys
    from conv2d_cli.report.explain import ExplainReport, ReconcileReport
    from conv2d_cli.report.keys import KEYS_OF_EXPLAIN

    fields = ExplainReport._fields if reconcile is None else ReconcileReport._fields
    if asks_for_keys(output_options):
        show_keys(fields, KEYS_OF_EXPLAIN)
        return 0
    output = output_of(output_options, ("schema_version", *fields))
    from conv2d_cli.cli.explain_output import show, show_reconciled
    from conv2d_cli.cli.explain_request import figure_of
    from conv2d_cli.cli.layer_words import LayerWords
    from conv2d_cli.cli.shape_one import analyzed
    from conv2d_cli.report.explanation.explaining import explain as explain_layer
    from conv2d_cli.report.explanation.reconcile import reconcile as reconcile_layer

    if target is not None and reconcile is not None:
        raise UsageError("--for and --reconcile exclude each other", "--for pytorch, or --reconcile 70470400 alone")
    words = LayerWords(layer or (), layer_options.given, layer_options.typed)
    figure = None if reconcile is None else figure_of(reconcile, input_size)
    found = words.layer()
    shape = analyzed(found, input_size, None, words)
    if figure is None:
        with words.own_words():
            report = explain_layer(found, shape.input_shape, target)
        return show(report, shape, output)
    return show_reconciled(reconcile_layer(found, shape.input_shape or (), figure), shape, output)
