"""`conv2d shape` for one layer: the layer of a weight, and its facts on a SIZE."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from conv2d_cli.cli.layer_words import LayerWords
    from conv2d_cli.cli.output import Output
    from conv2d_cli.layer.model import Conv2d
    from conv2d_cli.report.shape import ShapeReport


def layer_of_weight(weight: str, layout: str | None, words: LayerWords, output: Output) -> Conv2d:
    """Return the layer that a weight's header makes, with what LAYER and the options say.

    Raises:
        FileError: the file cannot be read.
        DataError: it is no weight, or not the layer's.
        UsageError, LayerError: the layer is wrong.
    """
    from conv2d_cli.cli.output import stdin_bytes
    from conv2d_cli.cli.readings import weight_layout_of
    from conv2d_cli.jobs.headers import faults_in, weight_and_bias
    from conv2d_cli.tensors.layout import OIHW, weight_layout_seen

    found, has_bias = weight_and_bias(weight, stdin_bytes(), weight_layout_of(layout) or OIHW)
    with faults_in(weight):
        layer = words.layer_of_weight(found, bias=None if words.given else has_bias)
    seen = weight_layout_seen(found) if layout is None and not words.given else None
    if seen is not None:
        output.note(f"{weight} looks like {seen}; --weight-layout {seen} reads it so")
    return layer


def analyzed(layer: Conv2d, input_size: str | None, layout: str | None, words: LayerWords) -> ShapeReport:
    """Return the facts about a layer on a SIZE, or without one; `layout` is the order of the axes of a file.

    Raises:
        ShapeError: it is no size, or none for the layer.
        FileError, DataError: it is a file that cannot be read, or does not fit the layer.
    """
    from conv2d_cli.report.analysis import analyze

    if input_size is None:
        return analyze(layer)
    from conv2d_cli.cli.sizes import shape_on

    with words.own_words():
        return analyze(layer, shape_on(input_size, layout)(layer))
