"""`conv2d vectors`: seeded golden test vectors, and their check."""

from __future__ import annotations

from typing import Annotated

import typer

from conv2d_cli.cli.options import LayerOptions, OutputOptions, layer_options, output_options
from conv2d_cli.cli.vectors_options import VectorsOptions, vectors_options

USAGES = ("LAYER... -i SIZE -o FOLDER [OPTIONS]", "--suite corners -o FOLDER [OPTIONS]", "--check FOLDER [OPTIONS]")
EXAMPLES = (
    "conv2d vectors 3 8 3 -p 1 -i 16 -o golden",
    "conv2d vectors 'Conv2d(3, 8, 3)' 'Conv2d(8, 8, 3, groups=8)' -i 16 --seed 7 --count 4 --files hex -o golden",
    "conv2d vectors --suite corners --dtype int8 --files c -o golden",
    "conv2d vectors --check golden",
)


@layer_options
@vectors_options
@output_options
def vectors(
    layers: Annotated[
        list[str] | None,
        typer.Argument(metavar="LAYER...", help="IN OUT KERNEL, or expressions, one for each layer"),
    ] = None,
    *,
    layer_options: LayerOptions,
    vectors_options: VectorsOptions,
    output_options: OutputOptions,
) -> int:
    """Seeded golden test vectors of layers: inputs, parameters and correctly rounded outputs, and a manifest."""
    from conv2d_cli.cli.output import asks_for_keys, output_of, show_keys, write
    from conv2d_cli.report.keys import KEYS_OF_VECTORS
    from conv2d_cli.report.vectors import VectorsReport

    if asks_for_keys(output_options):
        show_keys(VectorsReport._fields, KEYS_OF_VECTORS)
        return 0
    if vectors_options.schema:
        from json import dumps

        from conv2d_cli.jobs.vectors.manifest import manifest_schema

        write(dumps(manifest_schema(), indent=2) + "\n")
        return 0
    output = output_of(output_options, ("schema_version", *VectorsReport._fields))
    from conv2d_cli.cli import vectors_request
    from conv2d_cli.cli.layer_words import LayerWords

    words = LayerWords(layers or (), layer_options.given, layer_options.typed)
    if vectors_options.check is not None:
        return vectors_request.check(vectors_options.check, words, vectors_options, output)
    return vectors_request.write(words, vectors_options, output)
