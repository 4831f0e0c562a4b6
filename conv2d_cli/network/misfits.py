"""What is said of layers that do not fit one another, or their input: all faults that do not follow from others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from conv2d_cli.errors import ShapeError
from conv2d_cli.network.modules.base import words_of
from conv2d_cli.network.propagation import propagate
from conv2d_cli.network.smallest_input import image_input, smallest_side

if TYPE_CHECKING:
    from conv2d_cli.network.propagation import Misfit, Propagated

# Of a network of a thousand blocks that are all wrong, nobody reads more.
_MOST_TOLD = 10
# A hint may take a moment, and no more.
_LARGEST_SIDE, _WORK = 1024, 20_000


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


def _as_batches(passed: Propagated) -> str | None:
    """Return the only input as a batch of one, where all layers take it: an image without N is not taken by all."""
    if [shape is not None and len(shape) for shape in passed.input_shapes] != [len(("C", "H", "W"))]:
        return None
    batch = (1, *(passed.input_shapes[0] or ()))
    return None if propagate(passed.graph, [batch]).misfits else f"input_shape={words_of(batch)}"


def _size_that_fits(passed: Propagated) -> str | None:
    """Return a size of the input that all layers take, or else the one that the first layer asks for."""
    side = smallest_side(passed.graph, passed.input_shapes, most=_LARGEST_SIDE, work=_WORK)
    if side is not None:
        place = image_input(passed.graph, passed.input_shapes) or 0
        shape, several = passed.input_shapes[place] or (), len(passed.graph.inputs) > 1
        # A size goes to one of several inputs by its name.
        name = f"{passed.graph.inputs[place].name}=" if several else ""
        return f"input_shape={name}{words_of((*shape[:-2], side, side))}"
    batched = _as_batches(passed)
    if batched is not None:
        return batched
    first = passed.misfits[0]
    reads = passed.graph.nodes[first.node].reads or ()
    inputs = len(passed.graph.inputs)
    return first.error.hint if inputs == 1 and all(tensor < inputs for tensor in reads) else None
