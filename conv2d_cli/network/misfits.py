"""What is said of layers that do not fit one another, or their input: all faults that do not follow from others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from conv2d_cli.errors import ShapeError
from conv2d_cli.network.graph import fitting
from conv2d_cli.network.modules.base import words_of
from conv2d_cli.network.sizes import in_channels_of
from conv2d_cli.network.smallest_input import image_input, smallest_side, takes

if TYPE_CHECKING:
    from conv2d_cli.network.modules.base import Shape
    from conv2d_cli.network.propagation import Misfit, Propagated

# Of a network of a thousand blocks that are all wrong, nobody reads more.
_MOST_TOLD = 10
# A hint may take a moment, and no more.
_LARGEST_SIDE, _WORK = 1024, 20_000
_UNBATCHED, _BATCHED = 3, 4


class MisfitError(ShapeError):
    """Layers that do not fit (exit 2); `misfits` has the node, what came in and the error of each."""

    def __init__(self, passed: Propagated) -> None:
        """Take the first fault for the message, with a value that would fit."""
        self.misfits = passed.misfits
        self._told = [*map(_told, [passed] * _MOST_TOLD, passed.misfits)]
        more = len(passed.misfits) - len(self._told)
        if more:
            self._told.append((f"{more} further layers do not fit", None))
        size = _size_that_fits(passed)
        first, hint = self._told[0]
        self._told[0] = (first, ", or ".join(filter(None, (hint, size))) or None)
        super().__init__(*self._told[0])
        self.layer_hint = passed.misfits[0].error.layer_hint

    def with_sizes_after(self, before: str) -> Self:
        """Return the error with sizes of the input written after these words: `-i `."""
        self._told = [(text, hint and hint.replace("input_shape=", before)) for text, hint in self._told]
        self.hint = self._told[0][1]
        return self

    def lines(self) -> list[tuple[str, str | None]]:
        """Return one (message, hint) pair per fault."""
        return self._told


def _told(passed: Propagated, misfit: Misfit) -> tuple[str, str | None]:
    node, error = passed.graph.nodes[misfit.node], misfit.error
    came = " and ".join(map(words_of, misfit.shapes))
    # A size of the input helps where the layer reads it, and where the file says its channels.
    inner = error.layer_hint if error.layer_hint != error.hint and "=" in (error.layer_hint or "") else None
    return f"{node.name} ({node.module.kind}) on {came}: {error.message}", inner and f"{node.name}: {inner}"


def _size_that_fits(passed: Propagated) -> str | None:
    """Return a size of the input that all layers take, or else the one that the first layer asks for."""
    if len(passed.input_shapes) != 1:
        return _size_by_name(passed)
    shape = passed.input_shapes[0]
    if shape is None or len(shape) not in {_UNBATCHED, _BATCHED}:
        return _asked_for(passed)
    shapes = [one for one in _alike(shape, passed) if _is_allowed(passed, one)]
    same = next((shape for shape in shapes if takes(passed.graph, [shape], work=_WORK)), None)
    if same is not None:
        return f"input_shape={words_of(same)}"
    for shape in shapes:
        side = smallest_side(passed.graph, [shape], most=_LARGEST_SIDE, work=_WORK)
        found = (*shape[:-2], side or 0, side or 0)
        if side is not None and _is_allowed(passed, found):
            return f"input_shape={words_of(found)}"
    return _asked_for(passed) if shapes else None


def _is_allowed(passed: Propagated, shape: Shape) -> bool:
    """Whether the file has not fixed other sizes of the only input."""
    try:
        return fitting(passed.graph.inputs[0], shape) == shape
    except ShapeError:
        return False


def _size_by_name(passed: Propagated) -> str | None:
    """Return a size of the one image among several inputs, which goes to it by its name."""
    graph, shapes = passed.graph, passed.input_shapes
    side, place = smallest_side(graph, shapes, most=_LARGEST_SIDE, work=_WORK), image_input(graph, shapes)
    if side is None or place is None:
        return None
    return f"input_shape={graph.inputs[place].name}={words_of((*(shapes[place] or ())[:-2], side, side))}"


def _alike(shape: Shape, passed: Propagated) -> list[Shape]:
    """Return the shape, then those that differ in channels or in having a batch, as its first fault may ask for."""
    wanted = in_channels_of(passed.graph.nodes[passed.misfits[0].node].module)
    channels = [shape, *([] if wanted is None else [(*shape[:-3], wanted, *shape[-2:])])]
    return [*channels, *((1, *one) for one in channels if len(one) == _UNBATCHED)]


def _asked_for(passed: Propagated) -> str | None:
    first, inputs = passed.misfits[0], len(passed.graph.inputs)
    if any(one.sizes is not None and None not in one.sizes for one in passed.graph.inputs):
        return None
    reads = passed.graph.nodes[first.node].reads or ()
    return first.error.hint if all(tensor < inputs for tensor in reads) else None
