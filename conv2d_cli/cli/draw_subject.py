"""LAYER and SIZE of `conv2d draw`: a layer, transposed or not, on its input."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conv2d_cli.cli.draw_place import placed
from conv2d_cli.cli.draw_transposed import analyzed_transposed, is_transposed, transposed_layer, usual_sides
from conv2d_cli.cli.layer_words import LAYER_OPTIONS
from conv2d_cli.cli.shape_one import analyzed
from conv2d_cli.errors import UsageError, cut
from conv2d_cli.layer.text import looks_like_expression
from conv2d_cli.network.shipped import SHIPPED
from conv2d_cli.report.draw import draw_report
from conv2d_cli.report.draw_transposed import transposed_draw_report
from conv2d_cli.report.picture import example_sides

if TYPE_CHECKING:
    from conv2d_cli.cli.draw_request import Request
    from conv2d_cli.cli.layer_words import LayerWords
    from conv2d_cli.layer.model import Conv2d
    from conv2d_cli.network.transposed_expression import TransposedLayer
    from conv2d_cli.report.draw import DrawReport

    Layer = Conv2d | TransposedLayer

# Files of networks, and no tensors.
_NETWORKS = (".onnx", ".toml", ".json", ".yaml", ".yml", ".txt")
_FIELD = "--receptive-field"


def layer_of(request: Request) -> Layer:
    """Return the layer that is drawn.

    Raises:
        UsageError, LayerError: there is none, or it is wrong.
    """
    words = request.words
    if not words.given:
        size = () if request.options.input_size else ("-i", "224")
        line = words.typed.line({}, "3", "64", "3", *size)
        raise UsageError("LAYER is missing: three values, IN OUT KERNEL, or one expression", line)
    _refuse_network(request)
    return transposed_layer(words) if is_transposed(words) else words.layer()


def _refuse_network(request: Request) -> None:
    """Refuse the name of a network that comes with the program, or the file of one, in the place of a layer.

    Raises:
        UsageError: there is one; the hint is what is drawn of it.
    """
    name, *others = request.words.operands
    if others or looks_like_expression(name) or not (name in SHIPPED or name.lower().endswith(_NETWORKS)):
        return
    line = request.words.typed.without("--volume", "--animate", *LAYER_OPTIONS)
    raise UsageError(f"{cut(name)} is a network: what is drawn of it is what an element sees", f"{line} {_FIELD}")


def size_of(request: Request, layer: Layer) -> str:
    """Return the SIZE as typed.

    Raises:
        UsageError: there is none.
    """
    if request.options.input_size is not None:
        return request.options.input_size
    from conv2d_cli.report.analysis import analyze

    height, width = usual_sides(layer) if isinstance(layer, tuple) else example_sides(analyze(layer))
    raise UsageError(
        "-i is missing: a picture shows a layer on an input",
        request.words.typed.line({}, "-i", str(height) if height == width else f"{height}x{width}"),
    )


def report_of(words: LayerWords, layer: Layer, size: str, at: tuple[int, int] | None) -> DrawReport:
    """Return what is drawn of a layer on a SIZE, at the output element asked for, else at a telling one.

    Raises:
        UsageError, ShapeError: it is no size, or none for the layer, or there is no such element.
        FileError, DataError: it is a file that cannot be read, or does not fit the layer.
    """
    # A model of the other kind is no tuple: none of theirs is loaded to tell.
    if isinstance(layer, tuple):
        return placed(transposed_draw_report(analyzed_transposed(words, layer, size), at=(0, 0)), at)
    return placed(draw_report(analyzed(layer, size, None, words), at=(0, 0)), at)
