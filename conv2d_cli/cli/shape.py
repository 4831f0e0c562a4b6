"""`conv2d shape`: what a layer does to a shape, and what it costs."""

from __future__ import annotations

from conv2d_cli.cli.options import Layer, LayerOptions, OutputOptions, Size, layer_options, output_options
from conv2d_cli.cli.roofline_options import RooflineOptions, roofline_options
from conv2d_cli.cli.shape_options import ShapeOptions, shape_options
from conv2d_cli.report.shape import ShapeReport

USAGES = ("IN OUT KERNEL [OPTIONS]", '"Conv2d(3, 64, 7, stride=2)" [OPTIONS]')
EXAMPLES = (
    "conv2d shape 3 64 7 -s 2 -p 3 -i 224",
    'read -r _ _ h w <<< "$(conv2d shape 3 64 7 -i 224 --get output_shape)"',
    "python -c 'print(model)' | conv2d shape --from - -i 224",
    "conv2d shape 3 64 7 -s 2 -p 3 -i 224 --assert 'output_height == 112' --assert 'macs < 120e6' --get macs",
    "conv2d shape 3 64 7 -s 2 -p 3 -i 224 --peak-flops 1.2TFLOPS --bandwidth 40GB/s",
)


@layer_options
@shape_options
@roofline_options
@output_options
def shape(
    layer: Layer = None,
    input_size: Size = None,
    *,
    layer_options: LayerOptions,
    shape_options: ShapeOptions,
    roofline_options: RooflineOptions,
    output_options: OutputOptions,
) -> int:
    """What a layer does to a shape, and what it costs."""
    from conv2d_cli.cli.output import asks_for_keys, show_keys, write

    if asks_for_keys(output_options):
        from conv2d_cli.cli.roofline import keys_with

        show_keys((*ShapeReport._fields, *keys_with(roofline_options)))
        return 0
    if shape_options.schema or shape_options.record_schema:
        from json import dumps

        from conv2d_cli.report.schema import record_schema, result_schema

        write(dumps(record_schema() if shape_options.record_schema else result_schema(), indent=2) + "\n")
        return 0
    from conv2d_cli.cli.layer_words import LayerWords
    from conv2d_cli.cli.shape_request import Request

    words = LayerWords(layer or (), layer_options.given, layer_options.typed)
    request = Request(words, input_size, shape_options, roofline_options, output_options)
    if shape_options.from_ is not None:
        from conv2d_cli.cli.shape_many import show_many

        return show_many(shape_options.from_, request)
    from conv2d_cli.cli.shape_one import show_one

    return show_one(request)
