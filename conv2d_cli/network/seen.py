"""What one element of a node is made from, in the plane of every node before it: walked back over what each reads.

What a layer reads is known as its receptive field on its own input, `Module.plane`. It is exact along a chain of
layers. At joins it is the smallest rows and columns that hold what all branches read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

from conv2d_cli.arithmetic.elements import NOTHING, Elements, read_by, together, within
from conv2d_cli.arithmetic.receptive_field import IMAGE
from conv2d_cli.network.modules.base import Plane
from conv2d_cli.network.modules.elementwise import Mul

if TYPE_CHECKING:
    from conv2d_cli.network.modules.base import Shape
    from conv2d_cli.network.propagation import Passed, Propagated

_AXES = 2
_UNIT = Plane(IMAGE, IMAGE)
_IMAGE_RANK, _BATCHED_RANK = 3, 4
# Where rows and columns stand, and how axes move that bring the channels to the end, and back again.
_FIRST, _LAST = (-3, -2), (-2, -1)
_MOVES = {(0, 2, 3, 1): _FIRST, (0, 3, 1, 2): _LAST}

PlaneSize = tuple[int, int]


class Area(NamedTuple):
    """Rows and columns of one plane. Without any rows there are no columns, and the other way round."""

    rows: Elements
    columns: Elements

    @classmethod
    def of(cls, rows: Elements, columns: Elements) -> Area:
        """Return rows and columns, none of both where there are none of one."""
        return cls(rows, columns) if rows and columns else cls(NOTHING, NOTHING)


class Seen(NamedTuple):
    """What is seen of a tensor: `reach` with what lies in padding, `real` without, each None where that is not known.

    `size` are the rows and columns that there are, None of what has none, as behind Flatten: then all of it is seen.
    Before what reads all of its input, as a global pooling, nothing is counted on into padding: `is_whole`.
    """

    size: PlaneSize | None
    reach: Area | None
    real: Area | None
    is_whole: bool = False


class Walked(NamedTuple):
    """What is seen of each tensor, those of the graph's inputs first, by its place; and nodes that it depends on.

    `lost` are nodes of which it is not known what an element reads, `gates` those whose gate was left out.
    """

    seen: dict[int, Seen]
    lost: tuple[int, ...]
    gates: tuple[int, ...]


def sizes_of_planes(passed: Propagated) -> list[PlaneSize | None]:
    """Return the rows and columns of every tensor, those of the inputs first; None of what has none."""
    shapes = [*passed.input_shapes, *(node.output_shape for node in passed.nodes)]
    places: list[tuple[int, int]] = [_LAST for _ in passed.input_shapes]
    for call, node in zip(passed.graph.nodes, passed.nodes, strict=True):
        order = getattr(node.module, "dims", getattr(node.module, "order", None))
        before = places[call.reads[0]] if call.reads else _LAST
        places.append(_MOVES.get(order, before) if isinstance(order, tuple) else before)
    planes = [shape is not None and len(shape) >= _IMAGE_RANK for shape in passed.input_shapes]
    is_batched = not any(shape is not None and len(shape) == _IMAGE_RANK for shape in passed.input_shapes)
    planes += [_has_plane(one, is_batched=is_batched) for one in passed.nodes]
    return [
        (shape[row], shape[column]) if shape is not None and is_plane else None
        for shape, is_plane, (row, column) in zip(shapes, planes, places, strict=True)
    ]


def _has_plane(node: Passed, *, is_batched: bool) -> bool:
    if node.output_shape is None:
        return False
    if node.plane is not None:
        return len(node.plane) == _AXES
    rank = len(node.output_shape)
    return rank == _BATCHED_RANK or (rank == _IMAGE_RANK and (node.whole or not is_batched))


def seen_from(passed: Propagated, node: int, at: PlaneSize | None) -> Walked:
    """Return what an element of a node is made from, tensor by tensor; all of the node where `at` is None."""
    sizes, inputs = sizes_of_planes(passed), len(passed.input_shapes)
    first = _all(sizes[node + inputs]) if at is None else Area(*(range(place, place + 1) for place in at))
    seen = {node + inputs: Seen(sizes[node + inputs], first, first, at is None)}
    lost, gates = [], []
    for place in range(node, -1, -1):
        here, reads = seen.get(place + inputs), passed.graph.nodes[place].reads
        if here is None or reads == ():
            continue
        reading = _reading(passed, place, has_plane=here.size is not None)
        lost += [place] if reading is None else []
        counted = _without_gates(passed, place)
        gates += [place] if len(counted) < len(reads or ()) else []
        for tensor in {*counted}:
            seen[tensor] = _joined(seen.get(tensor), _through(reading, here, sizes[tensor]))
    return Walked(seen, tuple(reversed(lost)), tuple(reversed(gates)))


def _shapes(passed: Propagated, place: int) -> list[Shape | None]:
    """Return the shapes of what a node reads."""
    inputs = len(passed.input_shapes)
    return [
        passed.input_shapes[tensor] if tensor < inputs else passed.nodes[tensor - inputs].output_shape
        for tensor in passed.graph.nodes[place].reads or ()
    ]


def _without_gates(passed: Propagated, place: int) -> list[int]:
    """Return which tensors a node reads that are no gates: those scale whole channels, and widen no field."""
    reads, output = passed.graph.nodes[place].reads or (), passed.nodes[place].output_shape
    if not isinstance(passed.nodes[place].module, Mul) or output is None:
        return [*reads]
    pairs = zip(reads, _shapes(passed, place), strict=True)
    return [tensor for tensor, shape in pairs if (shape or ())[-2:] == output[-2:]] or [*reads]


def _reading(passed: Propagated, place: int, *, has_plane: bool) -> Plane | Literal["all"] | None:
    """Return what an element of a layer reads of its own inputs, or that it reads all; None where nobody knows."""
    module, output = passed.nodes[place].module, passed.nodes[place].output_shape
    read = _shapes(passed, place)
    shapes = [shape for shape in read if shape is not None]
    fits = all(one.node != place for one in passed.misfits)
    if passed.graph.nodes[place].reads is None or output is None or len(shapes) < len(read) or not fits:
        return None
    if module.is_global or not has_plane:
        return "all"
    found = module.plane([_UNIT for _ in shapes], shapes, output)
    return found if found is not None and len(found) == _AXES else None


def _through(reading: Plane | Literal["all"] | None, here: Seen, size: PlaneSize | None) -> Seen:
    """Return what is seen of one input of a layer, of whose output `here` is seen."""
    if reading is None or size is None or (here.size is not None and here.reach is None):
        return Seen(size, None, None)
    if reading == "all" or here.size is None:
        return Seen(size, _all(size), _all(size), is_whole=True)
    real = _read(reading, here.real, size, here.size, clip=True)
    return Seen(size, real if here.is_whole else _read(reading, here.reach, size, here.size), real, here.is_whole)


def _read(local: Plane, area: Area | None, size: PlaneSize, output: PlaneSize, *, clip: bool = False) -> Area | None:
    if area is None:
        return None
    axes = []
    for field, outputs, length, outputs_there in zip(local, area, size, output, strict=True):
        # One row or column that is broadcast is read by every output.
        is_broadcast = field == IMAGE and length == 1 < outputs_there
        found = read_by(field, outputs) if not is_broadcast or not outputs else range(1)
        axes.append(within(found, length) if clip else found)
    return Area.of(*axes)


def _all(size: PlaneSize | None) -> Area | None:
    return None if size is None else Area.of(range(size[0]), range(size[1]))


def _joined(one: Seen | None, other: Seen) -> Seen:
    if one is None:
        return other
    is_whole = one.is_whole or other.is_whole
    return Seen(other.size, _hold(one.reach, other.reach), _hold(one.real, other.real), is_whole)


def _hold(one: Area | None, other: Area | None) -> Area | None:
    if one is None or other is None:
        return None
    return Area(*(together(some, others) for some, others in zip(one, other, strict=True)))
