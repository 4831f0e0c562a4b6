"""`conv2d draw`: a layer on its input, as a picture."""

from __future__ import annotations

from conv2d_cli.cli.draw_options import DrawOptions, draw_options
from conv2d_cli.cli.options import Layer, LayerOptions, OutputOptions, layer_options, output_options
from conv2d_cli.cli.reading_options import ReadingOptions, reading_options_of_operands
from conv2d_cli.cli.run_options import RunOptions, parameter_options

USAGES = (
    "IN OUT KERNEL -i SIZE [-o FILE] [OPTIONS]",
    '"Conv2d(3, 64, 7, stride=2)" -i SIZE [-o FILE] [OPTIONS]',
    "NAME|FILE|- --receptive-field [--node NAME] [-o FILE] [OPTIONS]",
)
EXAMPLES = (
    "conv2d draw 3 64 7 -s 2 -p 3 -i 224 -o plane.svg",
    "conv2d draw 1 1 3 -d 2 -p 2 -i 7 --padding-mode reflect --at 0,6 -o reflect.svg",
    "conv2d draw 1 1 3 -s 2 -p 1 -i 5 --animate -o strides.gif",
    "conv2d draw 32 64 3 -p 1 -g 32 -i 28 --volume -o depthwise.svg",
    "conv2d draw 'ConvTranspose2d(1, 1, 3, stride=2, padding=1)' -i 3 -o transposed.svg",
    "conv2d draw --values x.npy --weight w.npy --bias b.npy --at 1,2 -o numbers.svg",
    "conv2d draw resnet18 --receptive-field --node layer3.0.conv1 --at 3,3 -o field.svg",
    "conv2d draw --interactive -o page.html",
)


@layer_options
@draw_options
@parameter_options
@reading_options_of_operands
@output_options
def draw(
    layer: Layer = None,
    *,
    layer_options: LayerOptions,
    draw_options: DrawOptions,
    run_options: RunOptions,
    reading_options: ReadingOptions,
    output_options: OutputOptions,
) -> int:
    """A layer on its input, as a picture: padding, the window of an output element with its taps, what is not read."""
    from conv2d_cli.cli.output import asks_for_keys, show_keys

    if asks_for_keys(output_options):
        from conv2d_cli.report import draw_field, picture
        from conv2d_cli.report.keys import KEYS_OF_FIELDS, KEYS_OF_PICTURES

        if draw_options.receptive_field:
            show_keys(draw_field.TOTALS, KEYS_OF_FIELDS)
        else:
            show_keys(picture.TOTALS, KEYS_OF_PICTURES)
        return 0
    from conv2d_cli.cli.draw_request import Request, module_of
    from conv2d_cli.cli.layer_words import LayerWords

    words = LayerWords(layer or (), layer_options.given, layer_options.typed)
    request = Request(words, draw_options, output_options, run_options, reading_options)
    return module_of(request).show(request)
