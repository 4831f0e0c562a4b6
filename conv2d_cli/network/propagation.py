"""What comes out of each node of a network, given the shapes of its inputs; what does not fit is told."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from conv2d_cli.arithmetic.receptive_field import IMAGE
from conv2d_cli.errors import Conv2dError, ShapeError
from conv2d_cli.network.modules.base import Parameters, Plane, Work, of_a_tensor
from conv2d_cli.network.modules.elementwise import Mul

if TYPE_CHECKING:
    from collections.abc import Sequence

    from conv2d_cli.network.graph import Graph
    from conv2d_cli.network.modules.base import Module, Shape


# The place of the channels, from the last axis on, and the axes of images without and with a batch.
_CHANNELS, _IMAGE_RANKS = 3, frozenset({3, 4})


class Misfit(NamedTuple):
    """A node that its input does not fit: its place, what came in, and the error, whose hint is a value that would."""

    node: int
    shapes: tuple[Shape, ...]
    error: ShapeError


class Passed(NamedTuple):
    """What came of one node: the module with what its inputs decided, its output, its work and receptive fields.

    What is not known is None. `whole` says that an output is made from all of the image, behind a global pooling.
    """

    module: Module
    output_shape: Shape | None = None
    parameters: Parameters | None = None
    work: Work | None = None
    plane: Plane | None = None
    whole: bool = False

    @property
    def identity(self) -> tuple[int, int, int]:
        """The same for what was worked out once, wherever it stands: a module on inputs of the same shapes."""
        return id(self.module), id(self.output_shape), id(self.work)


class Propagated(NamedTuple):
    """A network on inputs of known shapes, node by node, and the nodes that do not fit."""

    graph: Graph
    input_shapes: tuple[Shape | None, ...]
    nodes: tuple[Passed, ...]
    misfits: tuple[Misfit, ...]


class _Tensor(NamedTuple):
    """A tensor on its way: its shape, and what an element is made from."""

    shape: Shape | None
    plane: Plane | None
    whole: bool = False


_UNKNOWN = _Tensor(None, None)


def propagate(graph: Graph, input_shapes: Sequence[Shape | None]) -> Propagated:
    """Return what comes out of every node.

    A node that does not fit is noted, and what would come out of it if it did goes on, so that faults that do not
    follow from it are found too.
    """
    graph = _as_in_file(graph, input_shapes)
    tensors = [_Tensor(shape, _plane_of_input(shape)) for shape in input_shapes]
    passed, misfits = [], []
    # Blocks are repeated: a module is worked out once for the same shapes, its receptive fields wherever it stands.
    seen: dict[tuple[int, tuple[Shape, ...]], Passed | ShapeError] = {}
    for place, node in enumerate(graph.nodes):
        read = _UNREAD if node.reads is None else [tensors[tensor] for tensor in node.reads]
        shapes = tuple(tensor.shape for tensor in read if tensor.shape is not None)
        if node.reads == () and node.module.inputs != 0:
            # Nothing calls it when the network is used.
            found: Passed | ShapeError = Passed(node.module, None, node.module.parameters, Work())
        elif node.reads is None or len(shapes) < len(read):
            found = Passed(node.module, None, node.module.parameters)
        else:
            key = (id(node.module), shapes)
            known = seen.get(key)
            found = seen[key] = known if known is not None else _passed(node.module, shapes)
            if isinstance(found, Passed) and found.output_shape is not None:
                plane, whole = _plane(found, shapes, read)
                found = Passed(found.module, found.output_shape, found.parameters, found.work, plane, whole)
        if isinstance(found, ShapeError):
            misfits.append(Misfit(place, shapes, found))
            found = Passed(node.module, node.module.likely_shape(shapes), node.module.parameters)
        passed.append(found)
        tensors.append(_Tensor(found.output_shape, found.plane, found.whole))
    return Propagated(graph, tuple(input_shapes), tuple(passed), tuple(misfits))


def _as_in_file(graph: Graph, input_shapes: Sequence[Shape | None]) -> Graph:
    """Return the graph with what its layers leave to their inputs decided by the file's own, where these differ.

    A layer without `in_channels` has those of the input that the file says, and one without `in_features` those of an
    input with a batch where the file says one: another input does not fit them.
    """
    pairs = [*zip((one.shape for one in graph.inputs), input_shapes, strict=True)]
    wanted = [_like_file(given, of) for of, given in pairs]
    if wanted == [*input_shapes]:
        return graph
    passed = propagate(graph, wanted)
    pairs_of_nodes = zip(graph.nodes, passed.nodes, strict=True)
    return graph._replace(nodes=tuple(node._replace(module=found.module) for node, found in pairs_of_nodes))


def _like_file(shape: Shape | None, file_shape: Shape | None) -> Shape | None:
    """Return the shape of an image with the channels that a file says, and with a batch where that has one."""
    if shape is None or file_shape is None or not {len(shape), len(file_shape)} <= _IMAGE_RANKS:
        return shape
    batch = (shape if len(shape) == len(file_shape) else file_shape)[:-_CHANNELS]
    return (*batch, file_shape[-_CHANNELS], *shape[1 - _CHANNELS :])


_UNREAD: list[_Tensor] = [_UNKNOWN]


def _plane_of_input(shape: Shape | None) -> Plane | None:
    return None if shape is None or len(shape) < len(("C", "H", "W")) else Plane(*(IMAGE for _ in _axes_of(shape)))


def _axes_of(shape: Shape) -> Shape:
    """Return the sizes that windows go along: those behind N and C, but of three axes two, which may be (C, H, W)."""
    return shape[min(2, len(shape) - 2) :]


def _passed(module: Module, shapes: tuple[Shape, ...]) -> Passed | ShapeError:
    """Return what comes of a module but its receptive fields, which depend on what stands before it."""
    if module.inputs not in {None, len(shapes)}:
        return ShapeError(f"{module.kind} takes {module.inputs} inputs, not {len(shapes)}")
    try:
        module = module.resolved(shapes)
        output: Shape | None = module.output_shape(shapes)
        work = None if output is None else module.work(shapes, of_a_tensor(output, module.kind))
    except ShapeError as error:
        return error
    except Conv2dError as error:
        return ShapeError(error.message, error.hint)
    return Passed(module, output, module.parameters, work)


def _plane(found: Passed, shapes: Sequence[Shape], read: Sequence[_Tensor]) -> tuple[Plane | None, bool]:
    """Return the receptive fields of an output, and whether it is made from the whole image."""
    module, output = found.module, found.output_shape or ()
    if isinstance(module, Mul):
        # A gate scales channels by what it saw of the whole plane; by convention it widens no field.
        full = [place for place, shape in enumerate(shapes) if shape[-2:] == output[-2:]] or range(len(shapes))
        read, shapes = [read[place] for place in full], tuple(shapes[place] for place in full)
    if any(tensor.whole for tensor in read):
        return None, len(output) >= len(("C", "H", "W"))
    planes = [tensor.plane for tensor in read if tensor.plane is not None]
    if len(planes) < len(read):
        return None, False
    if module.is_global:
        return None, True
    return module.plane(planes, shapes, output), False
