"""The sizes of a network's inputs, as users give them: `224`, `8x3x224x224`, a shape, or several by name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from conv2d_cli.errors import ShapeError, did_you_mean, one_of
from conv2d_cli.layer.text import input_shape_from, integers_of
from conv2d_cli.network.graph import Input, fitting

if TYPE_CHECKING:
    from conv2d_cli.network.graph import Graph
    from conv2d_cli.network.modules.base import Module, Shape

Size = int | str | Sequence[int]
_IMAGE_AXES = 3
_MOST_TYPED, _PLANE_AXES = 4, 2
# What modules that take features call the number of them.
_FEATURES = ("in_features", "input_size", "embed_dim")


def input_shapes(graph: Graph, given: Size | Mapping[str, Size] | None = None) -> tuple[Shape | None, ...]:
    """Return the shape of each input: that given, else that of the file, else None.

    One or two numbers are one image, with the channels of the file's input or of the first convolution; where that goes
    along one axis or three, one number is one sequence or one volume. As many numbers as the file's input has axes are
    its shape, and so are two where nothing has a window.

    Raises:
        ShapeError: it is no size, or there is no such input.
    """
    if given is None:
        return tuple(one.shape for one in graph.inputs)
    sizes = given if isinstance(given, Mapping) else {_meant(graph): given}
    names = [one.name for one in graph.inputs]
    for name in sizes:
        if name not in names:
            raise ShapeError(f"{name}={sizes[name]}: the network has no input {name!r}", did_you_mean(name, names))
    return tuple(
        fitting(one, _shape(graph, one, sizes[one.name])) if one.name in sizes else one.shape for one in graph.inputs
    )


def _meant(graph: Graph) -> str:
    """Return the input that a size without a name is of: the only one, or the only one without a shape."""
    open_ones = [one.name for one in graph.inputs if one.shape is None]
    names = [one.name for one in graph.inputs]
    for some in (names, open_ones):
        if len(some) == 1:
            return some[0]
    raise ShapeError(
        f"the network has {len(names)} inputs: a size goes to one of them by its name",
        one_of([f"{one.name}={size_allowed(one)}" for one in graph.inputs if one.name in (open_ones or names)[:3]]),
    )


def size_allowed(one: Input) -> str:
    """Return a size that a file allows for an input, as it is typed.

    >>> size_allowed(Input("x", None, (None, 3, None, 80)))
    '1x3x224x80'
    """
    sizes = one.sizes or one.shape
    return "x".join(str(size or (224 if place else 1)) for place, size in enumerate(sizes)) if sizes else "224"


def _shape(graph: Graph, of: Input, size: Size) -> Shape:
    sizes = integers_of(size) if isinstance(size, str) else size
    numbers = (sizes,) if isinstance(sizes, int) else tuple(sizes or ())
    is_whole = len(numbers) > _MOST_TYPED or (of.shape is not None and len(numbers) == len(of.shape) != 1)
    if is_whole and min(numbers) >= 0:
        return numbers
    if not numbers or len(numbers) >= _IMAGE_AXES:
        return input_shape_from(numbers, 1, size)
    if _begins_with_features(graph, of) and min(numbers) >= 0:
        return numbers if len(numbers) > 1 else (1, *numbers)
    return _few_numbers(graph, of, size, numbers)


def _few_numbers(graph: Graph, of: Input, size: Size, numbers: tuple[int, ...]) -> Shape:
    """Return the shape that one or two numbers stand for."""
    channels, spanned = _channels(graph, of), _spanned(graph)
    if spanned not in {None, _PLANE_AXES} and channels is not None and min(numbers) >= 0:
        # A sequence or a volume: one number is as good as one for each axis, two are channels and a length.
        return (1, channels, *numbers * spanned) if len(numbers) == 1 else numbers
    if channels is not None:
        return input_shape_from(numbers, channels, size)
    if spanned is None and len(numbers) > 1 and min(numbers) >= 0:
        # A batch of features, or of words: nothing in this network has a window.
        return numbers
    if isinstance(size, int | str):
        features = None if spanned else next(filter(None, (_in_features(node.module) for node in graph.nodes)), None)
        what, example = ("channels", "1x3x224x224") if features is None else ("rows", f"1x{features}")
        raise ShapeError(f"{size}: the network does not say how many {what} its input has", f"input_shape={example}")
    # A shape of a network without planes, as from Python.
    return numbers


def _channels(graph: Graph, of: Input) -> int | None:
    """Return the channels of an input, as its file or the first convolution says them."""
    known = of.shape or of.sizes or ()
    channels = known[-_IMAGE_AXES] if len(known) >= _IMAGE_AXES else None
    # What stands before the first convolution leaves channels alone.
    return channels or next(filter(None, (in_channels_of(node.module) for node in graph.nodes)), None)


def _begins_with_features(graph: Graph, of: Input) -> bool:
    """Whether a network with windows reads features or words first, of which it makes a plane: a decoder does."""
    place = graph.inputs.index(of)
    first = next((node.module for node in graph.nodes if place in (node.reads or ())), None)
    return _spanned(graph) is not None and any(hasattr(first, name) for name in (*_FEATURES, "num_embeddings"))


def _spanned(graph: Graph) -> int | None:
    """Return how many axes the first window goes along; None where there is none."""
    return next((len(window) for window in (node.module.window for node in graph.nodes) if window), None)


def _in_features(module: Module) -> int | None:
    found: int | None = next(filter(None, (getattr(module, name, None) for name in _FEATURES)), None)
    return found


def in_channels_of(module: Module) -> int | None:
    """Return the channels that a convolution takes; None where its input decides them, and for other modules."""
    layer = getattr(module, "layer", None)
    if layer is not None and not getattr(module, "infers", False):
        return int(layer.in_channels)
    found: int | None = getattr(module, "in_channels", None)
    return found
