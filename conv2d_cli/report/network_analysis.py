"""`analyze_network`: a network and the shapes of its inputs, to its totals and the facts of each node."""

from __future__ import annotations

from itertools import chain
from math import prod
from typing import TYPE_CHECKING, NamedTuple

from conv2d_cli.arithmetic.counts import flops
from conv2d_cli.arithmetic.liveness import peak_of
from conv2d_cli.dtypes import DEFAULT_DTYPE, DTYPES
from conv2d_cli.report.stack import NodeReport, StackReport

if TYPE_CHECKING:
    from collections.abc import Sequence
    from fractions import Fraction

    from conv2d_cli.network.modules.base import Plane, Work
    from conv2d_cli.network.propagation import Propagated


def node_reports(passed: Propagated, dtype: str = DEFAULT_DTYPE) -> list[NodeReport]:
    """Return the facts of each node, in order."""
    graph, element = passed.graph, DTYPES[dtype].bytes
    names = [*(one.name for one in graph.inputs), *(node.name for node in graph.nodes)]
    shapes = [*passed.input_shapes, *(one.output_shape for one in passed.nodes)]
    size = _plane_size(passed)
    reports = []
    for index, (node, found) in enumerate(zip(graph.nodes, passed.nodes, strict=True)):
        first = None if not node.reads else shapes[node.reads[0]]
        work, parameters = found.work, found.parameters
        reports.append(
            NodeReport(
                index=index,
                name=node.name,
                type=found.module.kind,
                inputs=None if node.reads is None else tuple(names[tensor] for tensor in node.reads),
                input_shape=first,
                output_shape=found.output_shape,
                kernel_size=found.module.window,
                parameters=None if parameters is None else sum(parameters),
                macs=work and work.macs,
                effective_macs=work and work.effective_macs,
                bias_adds=work and work.bias_adds,
                flops=work and flops(work.macs),
                output_bytes=None if found.output_shape is None else prod(found.output_shape) * element,
                receptive_field=size if found.whole else found.plane and _sizes(found.plane),
                effective_stride=found.plane and _strides(found.plane),
                receptive_field_start=found.plane and (found.plane.height.start, found.plane.width.start),
            )
        )
    return reports


def stack_report(
    passed: Propagated, dtype: str = DEFAULT_DTYPE, *, min_input: int | None = None, budget: int | None = None
) -> StackReport:
    """Return the totals; `budget` are the bytes that a batch must fit."""
    graph, element = passed.graph, DTYPES[dtype].bytes
    own = [
        found.parameters
        for node, found in zip(graph.nodes, passed.nodes, strict=True)
        if node.shares is None and found.parameters is not None
    ]
    weights, biases = (sum(one[part] for one in own) for part in (0, 1))
    works = [one.work for one in passed.nodes]
    work = _summed([one for one in works if one is not None]) if any(works) else None
    memory = _memory_of(passed, element)
    fields = _last_plane(passed)
    parameter_bytes = (weights + biases) * element
    unread = _outputs(passed)
    return StackReport(
        name=graph.name,
        input_shape=passed.input_shapes[0] if len(passed.input_shapes) == 1 else None,
        output_shape=passed.nodes[unread[-1]].output_shape if unread else None,
        layers=len(graph.nodes),
        parameters=weights + biases,
        trainable_parameters=weights + biases,
        weight_parameters=weights,
        bias_parameters=biases,
        macs=work and work.macs,
        effective_macs=work and work.effective_macs,
        bias_adds=work and work.bias_adds,
        flops=work and flops(work.macs),
        elementwise_operations=work and work.elementwise,
        parameter_bytes=parameter_bytes,
        activation_bytes=memory.activations,
        two_buffer_bytes=memory.two_buffers,
        peak_activation_bytes=memory.peak,
        peak_node=memory.peak_node,
        training_bytes=None if memory.activations is None else 2 * parameter_bytes + memory.activations,
        receptive_field=fields and _sizes(fields),
        effective_stride=fields and _strides(fields),
        min_input=min_input,
        largest_batch=_largest_batch(budget, parameter_bytes, memory.peak),
        assumed=graph.assumed,
        unknown=graph.unknown,
        tools=(),
    )


def _summed(works: Sequence[Work]) -> Work:
    return type(works[0])(*map(sum, zip(*works, strict=True)))


def _largest_batch(budget: int | None, parameter_bytes: int, peak: int | None) -> int | None:
    return None if budget is None or not peak else max(0, (budget - parameter_bytes) // peak)


def _outputs(passed: Propagated) -> list[int]:
    """Return the nodes that nobody reads."""
    inputs = len(passed.graph.inputs)
    read = set(chain.from_iterable(node.reads or () for node in passed.graph.nodes))
    return [place for place in range(len(passed.graph.nodes)) if place + inputs not in read]


class _Memory(NamedTuple):
    """The bytes of activations; None where a shape is not known.

    `two_buffers` is the most that one node reads and writes: what two buffers that take turns hold.
    """

    activations: int | None = None
    two_buffers: int | None = None
    peak: int | None = None
    peak_node: str | None = None


def _memory_of(passed: Propagated, element: int) -> _Memory:
    graph, inputs = passed.graph, len(passed.graph.inputs)
    shapes = [*passed.input_shapes, *(one.output_shape for one in passed.nodes)]
    # What nothing calls has no output.
    uncalled = {place for place, node in enumerate(graph.nodes, inputs) if node.reads == ()}
    known = all(shape is not None or place in uncalled for place, shape in enumerate(shapes))
    if not known or any(node.reads is None for node in graph.nodes) or not graph.nodes:
        return _Memory()
    sizes = [0 if shape is None else prod(shape) * element for shape in shapes]
    readers: list[list[int]] = [[] for _ in sizes]
    for step, node in enumerate(graph.nodes, inputs):
        for tensor in node.reads or ():
            readers[tensor].append(step)
    peak = peak_of(sizes, readers, inputs)
    held = (
        sizes[step] + sum(sizes[tensor] for tensor in {*(node.reads or ())})
        for step, node in enumerate(graph.nodes, inputs)
    )
    return _Memory(sum(sizes[inputs:]), max(held), peak.bytes, graph.nodes[max(0, peak.step - inputs)].name)


def _last_plane(passed: Propagated) -> Plane | None:
    """Return the fields of the last node that has any: behind global pooling, Flatten and Linear there are none.

    None where they were lost before: behind attention, or a module that is not known.
    """
    for node, found in zip(reversed(passed.graph.nodes), reversed(passed.nodes), strict=True):
        if found.plane is not None:
            return found.plane
        shape = found.output_shape
        lost = shape is None or (len(shape) >= len(("N", "C", "H", "W")) and not found.whole)
        if node.reads != () and lost:
            return None
    return None


def _plane_size(passed: Propagated) -> tuple[int, int] | None:
    shape = passed.input_shapes[0] if passed.input_shapes else None
    return None if shape is None or len(shape) < len(("C", "H", "W")) else (shape[-2], shape[-1])


def _sizes(plane: Plane) -> tuple[int, int]:
    return plane.height.size, plane.width.size


def _strides(plane: Plane) -> tuple[int | str, int | str]:
    return _stride(plane.height.stride), _stride(plane.width.stride)


def _stride(stride: Fraction) -> int | str:
    return int(stride) if stride.denominator == 1 else str(stride)
