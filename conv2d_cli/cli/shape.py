"""`conv2d shape`: what a layer does to a shape, and what it costs."""

from __future__ import annotations

from typing import Annotated

from conv2d_cli.cli import choices, options
from conv2d_cli.cli.options import INPUT, LAYER, OUTPUT, LayerOptions, OutputOptions, layer_options, output_options
from conv2d_cli.errors import UsageError
from conv2d_cli.report.shape import ShapeReport

USAGES = ("IN OUT KERNEL [OPTIONS]", '"Conv2d(3, 64, 7, stride=2)" [OPTIONS]')
EXAMPLES = (
    "conv2d shape 3 64 7 -s 2 -p 3 -i 224",
    'read -r _ _ h w <<< "$(conv2d shape 3 64 7 -i 224 --get output_shape)"',
    "python -c 'print(model)' | conv2d shape --from - -i 224",
)


@layer_options
@output_options
def shape(
    layer: options.Layer = None,
    input_size: options.Size = None,
    weight: Annotated[
        str | None,
        options.option("--weight", metavar="FILE", section=LAYER, help="channels and kernel from a weight's header"),
    ] = None,
    weight_layout: Annotated[
        str | None,
        options.option(
            "--weight-layout",
            metavar="HWIO",
            section=LAYER,
            help="axes of the weight: OIHW, HWIO, OHWI, CHWN",
            complete=choices.weight_layouts,
        ),
    ] = None,
    layout: Annotated[
        str | None,
        options.option(
            "--layout",
            metavar="NHWC",
            section=INPUT,
            help="axes of a tensor file given with -i; NCHW if not given",
            complete=choices.layouts,
        ),
    ] = None,
    from_: Annotated[
        str | None,
        options.option("--from", metavar="FILE", section=INPUT, help="many layers, one a line; - is stdin"),
    ] = None,
    *,
    schema: Annotated[
        bool, options.option("--json-schema", section=OUTPUT, help="the schema of the JSON output")
    ] = False,
    record_schema: Annotated[
        bool, options.option("--from-schema", section=OUTPUT, help="the schema of a record of --from")
    ] = False,
    layer_options: LayerOptions,
    output_options: OutputOptions,
) -> int:
    """What a layer does to a shape, and what it costs."""
    from conv2d_cli.cli.output import asks_for_keys, output_of, show_keys

    if asks_for_keys(output_options):
        show_keys(ShapeReport._fields)
        return 0
    if schema or record_schema:
        return _show_schema(of_records=record_schema)
    from conv2d_cli.cli.layer_words import LayerWords

    words = LayerWords(layer or (), layer_options.given, layer_options.typed)
    if from_ is not None:
        from conv2d_cli.cli.shape_many import show_many

        return show_many(from_, input_size, words, output_options, weight)
    output = output_of(output_options, ("schema_version", *ShapeReport._fields))
    from conv2d_cli.cli.shape_one import analyzed, layer_of_weight

    if layout is not None and input_size is None:
        raise UsageError("--layout is of a tensor file that -i gives", "leave --layout out")
    if weight_layout is not None and weight is None:
        raise UsageError("--weight-layout is of a weight that --weight gives", "leave --weight-layout out")
    found = words.layer() if weight is None else layer_of_weight(weight, weight_layout, words, output)
    report = analyzed(found, input_size, layout, words)
    # A bias that does not exist has no shape, whatever the size.
    unknown = {key for key, value in report._asdict().items() if value is None} - {"bias_shape"}
    output.show(report, needs_size=unknown if input_size is None else ())
    return 0


def _show_schema(*, of_records: bool) -> int:
    from json import dumps

    from conv2d_cli.cli.output import write
    from conv2d_cli.report.schema import record_schema, result_schema

    write(dumps(record_schema() if of_records else result_schema(), indent=2) + "\n")
    return 0
