"""The receptive field of a whole network: that of its last plane, and what has to be said of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from conv2d_cli.arithmetic.receptive_field import IMAGE
from conv2d_cli.network.modules.base import Plane
from conv2d_cli.network.modules.elementwise import Mul

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conv2d_cli.network.propagation import Propagated

_AXES_OF_PLANES = 4
_POINT = (1, 1)
_MOST_NAMED = 3


class LastField(NamedTuple):
    """The receptive field before global pooling, Flatten or Linear; `whole` where it is all of the input."""

    plane: Plane | None = None
    whole: bool = False


def last_field(passed: Propagated, output: int | None) -> LastField:
    """Return the field that an output is made from, node by node back to the last with a plane."""
    nodes, inputs = passed.nodes, len(passed.graph.inputs)
    waiting, seen = [-1 if output is None else output], set[int]()
    found: dict[int, LastField] = {}
    while waiting:
        place = waiting.pop()
        if place < 0 or place in seen:
            continue
        seen.add(place)
        node = nodes[place]
        spread = node.whole and (node.output_shape or _POINT)[-2:] != _POINT
        if node.plane is not None or spread or _is_lost(passed, place):
            found[place] = LastField(node.plane, spread)
        else:
            waiting += [tensor - inputs for tensor in passed.graph.nodes[place].reads or ()]
    return found[max(found)] if found else LastField()


def _is_lost(passed: Propagated, place: int) -> bool:
    """Whether what comes out is a plane, or may be one, of which the receptive field is not known."""
    node, call = passed.nodes[place], passed.graph.nodes[place]
    if node.plane is not None or node.whole or (call.reads == () and node.module.inputs != 0):
        return False
    return node.output_shape is None or len(node.output_shape) >= _AXES_OF_PLANES


def notes_on_fields(passed: Propagated) -> tuple[str, ...]:
    """Return what receptive fields leave out, or why there are none."""
    names = [node.name for node in passed.graph.nodes]
    ends = [place for place in range(len(names)) if _ends_fields(passed, place)]
    is_join = {place: _strides_differ(passed, place) for place in ends}
    joins, others, gates = (
        [names[place] for place in places]
        for places in (filter(is_join.get, ends), [place for place in ends if not is_join[place]], _gates(passed))
    )
    notes = []
    if joins:
        notes.append(f"receptive fields end at {few(joins)}: the strides of what is joined differ")
    if others:
        notes.append(f"receptive fields end at {few(others)}, whose outputs are not all made alike")
    if gates:
        notes.append(f"receptive fields leave gates out, which scale whole channels: {few(gates)}")
    return tuple(notes)


def _ends_fields(passed: Propagated, place: int) -> bool:
    """Whether all that a node reads has receptive fields, and the plane that it makes has none."""
    if not _is_lost(passed, place) or passed.nodes[place].output_shape is None:
        return False
    reads = [tensor - len(passed.graph.inputs) for tensor in passed.graph.nodes[place].reads or ()]
    return bool(reads) and all(read < 0 or passed.nodes[read].plane is not None for read in reads)


def _strides_differ(passed: Propagated, place: int) -> bool:
    """Whether the planes that a node reads go on by other steps than one another."""
    reads = [tensor - len(passed.graph.inputs) for tensor in passed.graph.nodes[place].reads or ()]
    planes = [Plane(IMAGE, IMAGE) if read < 0 else passed.nodes[read].plane or Plane() for read in reads]
    axes = min(map(len, planes))
    return len({tuple(field.stride for field in plane[-axes:]) for plane in planes}) > 1


def _gates(passed: Propagated) -> Iterator[int]:
    shapes = [*passed.input_shapes, *(node.output_shape for node in passed.nodes)]
    for place, node in enumerate(passed.nodes):
        if isinstance(node.module, Mul) and node.output_shape is not None:
            read = [shapes[tensor] for tensor in passed.graph.nodes[place].reads or ()]
            size = node.output_shape[-2:]
            if size != _POINT and any((shape or ())[-2:] == _POINT for shape in read):
                yield place


def few(names: list[str]) -> str:
    """Return some names in words, the first ones and how many more."""
    more = len(names) - _MOST_NAMED
    return ", ".join(names[:_MOST_NAMED]) + (f" and {more} more" if more > 0 else "")
