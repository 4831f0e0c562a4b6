"""LAYER of `conv2d draw` where it is a ConvTranspose2d: the facts about it on a SIZE, in the words that were typed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conv2d_cli.errors import UsageError

if TYPE_CHECKING:
    from conv2d_cli.cli.layer_words import LayerWords
    from conv2d_cli.report.transposed import TransposedReport


def is_transposed(words: LayerWords) -> bool:
    """Return whether LAYER is an expression that calls ConvTranspose2d."""
    from conv2d_cli.layer.expression import TRANSPOSED, kind_of

    values = words.values
    return len(values) == 1 and kind_of(values[0]) == TRANSPOSED.kind


def transposed_report(words: LayerWords, size: str) -> TransposedReport:
    """Return the facts about a transposed layer on a typed SIZE.

    Raises:
        UsageError: the expression cannot be read, or SIZE is a file.
        LayerError: the layer is wrong; it holds the faults.
        ShapeError: it is no size, or none for the layer.
    """
    from conv2d_cli.layer.text import input_shape_of, is_size
    from conv2d_cli.network.transposed_expression import transposed_of_expression
    from conv2d_cli.report.transposed import analyze_transposed

    if not is_size(size):
        raise UsageError(f"-i {size}: the input of a transposed layer is drawn by its size", "-i 3, or -i 3x5")
    with words.own_words():
        layer, dtype = transposed_of_expression(words.values[0], words.arguments())
        return analyze_transposed(layer, input_shape_of(size, layer.in_channels or 1), dtype)
