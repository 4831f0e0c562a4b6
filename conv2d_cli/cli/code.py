"""`conv2d code`: a layer as a program of another framework."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from conv2d_cli.cli import choices, options
from conv2d_cli.cli.options import PARAMETERS, RESULT, LayerOptions, OutputOptions, layer_options, output_options
from conv2d_cli.errors import UsageError

if TYPE_CHECKING:
    from conv2d_cli.layer.model import Conv2d

USAGES = ("IN OUT KERNEL --for TARGET [OPTIONS]", '"Conv2d(3, 64, 7, stride=2)" --for TARGET [OPTIONS]')
EXAMPLES = (
    "conv2d code 3 64 7 -s 2 -p 3 --for jax",
    'conv2d code "nn.Conv2d(3, 64, 3, padding=1)" --for keras --weights p.safetensors',
    "conv2d code 3 64 7 -s 2 -p same_upper -i 224 --for c",
)


@layer_options
@output_options
def code(
    layer: options.Layer = None,
    input_size: options.Size = None,
    target: Annotated[
        str | None,
        options.option(
            "--for",
            metavar="TARGET",
            section=RESULT,
            help=", ".join(choices.targets()),
            complete=choices.targets,
        ),
    ] = None,
    weights: Annotated[
        str | None,
        options.option(
            "--weights",
            metavar="FILE",
            section=PARAMETERS,
            help="the program reads this .npz or .safetensors, in C .bin: run --save-parameters writes it",
        ),
    ] = None,
    output_file: Annotated[
        str | None,
        options.option(
            *("--output", "-o"), metavar="FILE", section=RESULT, help="write the program: layer.py, layer.c"
        ),
    ] = None,
    *,
    force: Annotated[bool, options.option("--force", "-f", section=RESULT, help="replace a file that exists")] = False,
    layer_options: LayerOptions,
    output_options: OutputOptions,
) -> int:
    """A layer as a program of another framework, complete enough to run: it reads tensors and writes them."""
    from conv2d_cli.cli.output import asks_for_keys, output_of, show_keys
    from conv2d_cli.report.code import CodeReport

    if asks_for_keys(output_options):
        show_keys(CodeReport._fields)
        return 0
    output = output_of(output_options, ("schema_version", *CodeReport._fields))
    from conv2d_cli.cli.code_output import show
    from conv2d_cli.cli.layer_words import LayerWords
    from conv2d_cli.report.code import code_for

    words = LayerWords(layer or (), layer_options.given, layer_options.typed)
    found = words.layer()
    if target is None:
        raise UsageError(f"--for is missing: {', '.join(choices.targets())}", words.typed.line({}, "--for", "pytorch"))
    with words.own_words():
        shape = None if input_size is None else _shape_on(input_size, found)
        report = code_for(found, target, shape, weights)
    show(report, output, output_file, force=force)
    return 0


def _shape_on(size: str, layer: Conv2d) -> tuple[int, ...]:
    from conv2d_cli.cli.sizes import shape_on

    return shape_on(size)(layer)
