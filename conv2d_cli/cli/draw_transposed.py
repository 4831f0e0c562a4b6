"""LAYER of `conv2d draw` where it is a ConvTranspose2d: the facts about it on a SIZE, in the words that were typed."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from conv2d_cli.cli.typed import PROGRAM
from conv2d_cli.errors import UsageError

if TYPE_CHECKING:
    from conv2d_cli.cli.draw_request import Request
    from conv2d_cli.cli.layer_words import LayerWords
    from conv2d_cli.network.transposed_expression import TransposedLayer
    from conv2d_cli.report.transposed import TransposedReport

# A picture of fewer elements shows little.
_USUAL_SIDE = 3


def is_transposed(words: LayerWords) -> bool:
    """Return whether LAYER is an expression that calls ConvTranspose2d."""
    from conv2d_cli.layer.expression import TRANSPOSED, kind_of

    values = words.values
    return len(values) == 1 and kind_of(values[0]) == TRANSPOSED.kind


def transposed_layer(words: LayerWords) -> TransposedLayer:
    """Return the transposed layer that LAYER and the options describe.

    Raises:
        UsageError: the expression cannot be read, or an option contradicts it.
        LayerError: the layer is wrong; it holds the faults.
    """
    from conv2d_cli.network.transposed_expression import transposed_of_expression

    with words.own_words():
        return transposed_of_expression(words.values[0], words.arguments())


def refuse_transposed(request: Request, option: str) -> None:
    """Refuse a picture that there is of Conv2d alone.

    Raises:
        UsageError: LAYER is transposed; the hint is the picture of it.
    """
    words = request.words
    if not words.given or not is_transposed(words):
        return
    height, width = usual_sides(transposed_layer(words))
    size = request.options.input_size or f"{height}x{width}"
    raise UsageError(
        f"{option} is of Conv2d: a ConvTranspose2d is drawn on its plane, or with --volume",
        shlex.join([PROGRAM, words.typed.command, *words.operands, "-i", size]),
    )


def usual_sides(layer: TransposedLayer) -> tuple[int, int]:
    """Return height and width of an input of which something is left."""
    from conv2d_cli.report.transposed import least_input

    height, width = least_input(layer.module)
    return max(_USUAL_SIDE, height), max(_USUAL_SIDE, width)


def analyzed_transposed(words: LayerWords, layer: TransposedLayer, size: str) -> TransposedReport:
    """Return the facts about a transposed layer on a SIZE.

    Raises:
        ShapeError: it is no size, or none for the layer.
        FileError, DataError: it is a file that cannot be read, or does not fit the layer.
    """
    from conv2d_cli.layer.text import input_shape_of, is_size
    from conv2d_cli.report.transposed import analyze_transposed

    with words.own_words():
        if is_size(size):
            return analyze_transposed(layer.module, input_shape_of(size, layer.module.in_channels or 1), layer.dtype)
        from conv2d_cli.jobs.headers import faults_in

        with faults_in(size):
            return analyze_transposed(layer.module, _shape_in(size), layer.dtype)


def _shape_in(file: str) -> tuple[int, ...]:
    """Return the shape of a tensor file, of which the header is read."""
    from conv2d_cli.cli.output import stdin_bytes
    from conv2d_cli.tensors.opening import header_of
    from conv2d_cli.tensors.reading import Reading

    return header_of(file, Reading(), stdin=stdin_bytes()).shape
