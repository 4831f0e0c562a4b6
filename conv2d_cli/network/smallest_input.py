"""The smallest square image that a network takes: sides are tried upwards, since what works is no half-line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conv2d_cli.errors import Conv2dError
from conv2d_cli.network.modules.base import of_a_tensor

if TYPE_CHECKING:
    from collections.abc import Sequence

    from conv2d_cli.network.graph import Graph
    from conv2d_cli.network.modules.base import Module, Shape

LARGEST_SIDE = 4096
# Seconds at most: a module on new shapes takes some ten microseconds, one that was seen less than one.
_MOST_EVALUATIONS, _MOST_VISITS = 200_000, 2_000_000
_UNBATCHED, _BATCHED = 3, 4
_IMAGE_AXES = 2


def smallest_side(
    graph: Graph, input_shapes: Sequence[Shape | None], *, most: int = LARGEST_SIDE, work: int = _MOST_EVALUATIONS
) -> int | None:
    """Return the smallest side of a square image on which no layer fails; None where there is none, or it is unknown.

    Args:
        graph: the network.
        input_shapes: shapes of its inputs, whose batch and channels are kept.
        most: the largest side that is tried.
        work: how many times a module may be worked out.

    Returns:
        the side; None also where several inputs are images, where the flow is not known, and where `work` is done.
    """
    place = image_input(graph, input_shapes)
    if place is None or any(node.reads is None for node in graph.nodes):
        return None
    trial = _Trial(graph, work)
    for side in range(1, most + 1):
        shapes = [shape or () for shape in input_shapes]
        shapes[place] = (*shapes[place][:-_IMAGE_AXES], side, side)
        found = trial.passes(shapes)
        if found is not False:
            return side if found else None
    return None


def takes(graph: Graph, input_shapes: Sequence[Shape], *, work: int = _MOST_EVALUATIONS) -> bool:
    """Whether no layer fails on inputs of these shapes."""
    return all(node.reads is not None for node in graph.nodes) and bool(_Trial(graph, work).passes([*input_shapes]))


def image_input(graph: Graph, input_shapes: Sequence[Shape | None]) -> int | None:
    """Return the one input that is an image; of three axes it may be a sequence, where nothing has a window."""
    has_windows = any(len(node.module.window or ()) == _IMAGE_AXES for node in graph.nodes)
    ranks = {_BATCHED, _UNBATCHED} if has_windows else {_BATCHED}
    images = [place for place, shape in enumerate(input_shapes) if shape is not None and len(shape) in ranks]
    return images[0] if len(images) == 1 and None not in input_shapes else None


class _Trial:
    """A network on inputs of one size after another, shapes alone; modules that were seen on shapes are not redone."""

    def __init__(self, graph: Graph, work: int) -> None:
        self._nodes = [(node.module, node.reads or ()) for node in graph.nodes]
        self._seen: dict[tuple[int, tuple[Shape, ...]], Shape | bool] = {}
        self._work, self._visits = work, _MOST_VISITS

    def passes(self, inputs: list[Shape]) -> bool | None:
        """Whether no layer fails; None where what comes out of one is not known, and where too much has been tried."""
        tensors = [*inputs]
        for module, reads in self._nodes:
            if not reads and module.inputs != 0:
                # Nothing calls it.
                tensors.append(())
                continue
            shapes = tuple([tensors[tensor] for tensor in reads])
            key = (id(module), shapes)
            if key not in self._seen:
                self._work -= 1
                self._seen[key] = _output(module, shapes)
            output = self._seen[key]
            self._visits -= 1
            if output is False:
                return False
            if output is True or self._work < 0 or self._visits < 0:
                return None
            tensors.append(output)
        return True


def _output(module: Module, shapes: tuple[Shape, ...]) -> Shape | bool:
    """Return what comes out; False where the inputs do not fit, True where nobody knows what does."""
    try:
        resolved = module.resolved(shapes)
        # What an unknown module gives, a file may not say either.
        shape: Shape | None = resolved.output_shape(shapes)
        return True if shape is None else of_a_tensor(shape, module.kind)
    except Conv2dError:
        return False
