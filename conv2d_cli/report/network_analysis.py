"""`analyze_network`: a network and the shapes of its inputs, to its totals, the facts of each node, and notes."""

from __future__ import annotations

from itertools import chain
from math import prod
from typing import TYPE_CHECKING, Any, NamedTuple

from conv2d_cli.arithmetic.counts import flops
from conv2d_cli.arithmetic.solve import largest_count
from conv2d_cli.dtypes import DEFAULT_DTYPE, DTYPES
from conv2d_cli.network.misfits import MisfitError
from conv2d_cli.network.modules.base import Parameters, Work
from conv2d_cli.network.modules.pooling import Windowed
from conv2d_cli.network.propagation import propagate
from conv2d_cli.network.smallest_input import smallest_side
from conv2d_cli.report.network_fields import few, last_field, notes_on_fields
from conv2d_cli.report.network_memory import memory_of
from conv2d_cli.report.stack import NodeReport, StackReport
from conv2d_cli.report.tool_counts import tool_counts

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from conv2d_cli.arithmetic.receptive_field import Field
    from conv2d_cli.network.graph import Graph
    from conv2d_cli.network.modules.base import Plane, Shape
    from conv2d_cli.network.propagation import Passed, Propagated


class Analysis(NamedTuple):
    """The facts of a network, what has to be said of them, and the shapes that went through it."""

    report: StackReport
    notes: tuple[str, ...]
    passed: Propagated


def analyze_network(
    graph: Graph, input_shapes: Sequence[Shape | None], dtype: str = DEFAULT_DTYPE, budget: int | None = None
) -> Analysis:
    """Return the facts of a network on inputs of these shapes; what depends on one that is None stays unknown.

    Args:
        graph: the network.
        input_shapes: a shape for each of its inputs.
        dtype: the element type that bytes are counted in.
        budget: the bytes that parameters and the activations of a batch must fit.

    Raises:
        MisfitError: layers do not fit one another, or an input.
    """
    passed = propagate(graph, input_shapes)
    if passed.misfits:
        raise MisfitError(passed)
    side = smallest_side(graph, passed.input_shapes)
    report = stack_report(passed, dtype, min_input=side)
    if budget is not None:
        peak = _peak_of_one_image(passed, dtype)
        report = report._replace(largest_batch=_largest_batch(budget, report.parameter_bytes, peak))
    notes = (*_notes_on_rounding(report.assumed[len(graph.assumed) :]), *notes_on_fields(passed))
    return Analysis(report, notes, passed)


def _rounded_down(passed: Propagated) -> list[str]:
    """Return the poolings of a printed model whose output would be larger with `ceil_mode`, which torch prints not."""
    inputs = len(passed.input_shapes)
    shapes = [*passed.input_shapes, *(one.output_shape for one in passed.nodes)]
    return [
        node.name
        for node, found in zip(passed.graph.nodes, shapes[inputs:], strict=True)
        if found is not None and isinstance(node.module, Windowed) and node.module.ceil_mode is None
        for read in map(shapes.__getitem__, node.reads or ())
        if read is not None and node.module.is_rounded_down(read)
    ]


def _notes_on_rounding(names: Sequence[str]) -> Iterator[str]:
    """Yield what is said of the poolings that were assumed to round down."""
    if names:
        taken = few([*names])
        yield f"a printed model does not say ceil_mode, which makes a difference here: False is taken for {taken}"


def _peak_of_one_image(passed: Propagated, dtype: str) -> int | None:
    """Return the peak at N = 1."""
    batched = len(("N", "C", "H", "W"))
    single = tuple(
        (1, *shape[1:]) if shape is not None and len(shape) == batched else shape for shape in passed.input_shapes
    )
    if single != passed.input_shapes:
        passed = propagate(passed.graph, single)
    return memory_of(passed, DTYPES[dtype].bytes).peak


def node_reports(passed: Propagated, dtype: str = DEFAULT_DTYPE) -> tuple[NodeReport, ...]:
    """Return the facts of each node, in order."""
    graph, element = passed.graph, DTYPES[dtype].bytes
    names = [*(one.name for one in graph.inputs), *(node.name for node in graph.nodes)]
    shapes = [*passed.input_shapes, *(one.output_shape for one in passed.nodes)]
    size = _plane_size(passed)
    # Equal modules on equal shapes share what came of them.
    facts: dict[tuple[int, ...], dict[str, Any]] = {}
    reports = []
    for index, (node, found) in enumerate(zip(graph.nodes, passed.nodes, strict=True)):
        key = found.identity
        if key not in facts:
            facts[key] = _facts_of(found, element)
        plane = found.plane
        reports.append(
            NodeReport(
                index=index,
                name=node.name,
                inputs=None if node.reads is None else tuple([names[tensor] for tensor in node.reads]),
                input_shape=None if not node.reads else shapes[node.reads[0]],
                receptive_field=size if found.whole else _sizes(plane),
                effective_stride=_strides(plane),
                receptive_field_start=_starts(plane),
                **facts[key],
            )
        )
    return tuple(reports)


def _facts_of(found: Passed, element: int) -> dict[str, Any]:
    """Return what a module does, wherever it stands."""
    work, parameters = found.work, found.parameters
    return {
        "type": found.module.kind,
        "output_shape": found.output_shape,
        "kernel_size": found.module.window,
        "parameters": None if parameters is None else sum(parameters),
        "macs": work and work.macs,
        "effective_macs": work and work.effective_macs,
        "bias_adds": work and work.bias_adds,
        "flops": work and flops(work.macs),
        "output_bytes": None if found.output_shape is None else prod(found.output_shape) * element,
    }


def stack_report(passed: Propagated, dtype: str = DEFAULT_DTYPE, *, min_input: int | None = None) -> StackReport:
    """Return the totals and the nodes."""
    graph, element = passed.graph, DTYPES[dtype].bytes
    own, work = _learned(passed), _work(passed)
    output = _output(passed)
    memory, field = memory_of(passed, element), last_field(passed, output)
    parameters = own and sum(own)
    parameter_bytes = None if parameters is None else parameters * element
    known = memory.activations is not None and parameter_bytes is not None
    return StackReport(
        name=graph.name,
        input_shape=passed.input_shapes[0] if len(passed.input_shapes) == 1 else None,
        output_shape=None if output is None else passed.nodes[output].output_shape,
        layers=len(graph.nodes),
        parameters=parameters,
        trainable_parameters=parameters,
        weight_parameters=own and own.weights,
        bias_parameters=own and own.biases,
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
        training_bytes=2 * (parameter_bytes or 0) + (memory.activations or 0) if known else None,
        receptive_field=_plane_size(passed) if field.whole else _sizes(field.plane),
        effective_stride=_strides(field.plane),
        min_input=min_input,
        largest_batch=None,
        assumed=(*graph.assumed, *_rounded_down(passed)),
        unknown=graph.unknown,
        tools=tool_counts(passed),
        nodes=node_reports(passed, dtype),
    )


def _learned(passed: Propagated) -> Parameters | None:
    """Return what is learned, that of shared modules once; None where an input decides it that is not known."""
    nodes = zip(passed.graph.nodes, passed.nodes, strict=True)
    own = [found.parameters for node, found in nodes if node.shares is None]
    known = [one for one in own if one is not None]
    if len(known) < len(own) and not passed.graph.unknown:
        return None
    return Parameters(*map(sum, zip(*known, strict=True))) if known else Parameters()


def _work(passed: Propagated) -> Work | None:
    """Return what all calls take; None where an input decides it that is not known."""
    works = [one.work for one in passed.nodes if one.work is not None]
    if not works or (len(works) < len(passed.nodes) and not passed.graph.unknown):
        return None
    elementwise = [one.elementwise for one in works if one.elementwise is not None]
    counted = (sum(one[place] or 0 for one in works) for place in range(len(Work._fields)))
    return Work(*counted)._replace(elementwise=sum(elementwise) if len(elementwise) == len(works) else None)


def _largest_batch(budget: int, parameter_bytes: int | None, peak: int | None) -> int | None:
    return None if not peak or parameter_bytes is None else largest_count(budget, parameter_bytes, peak)


def _output(passed: Propagated) -> int | None:
    """Return the last node that nobody reads, of those that are called."""
    nodes, inputs = passed.graph.nodes, len(passed.graph.inputs)
    read = set(chain.from_iterable(node.reads or () for node in nodes))
    for place in reversed(range(len(nodes))):
        is_called = nodes[place].reads != () or nodes[place].module.inputs == 0
        if is_called and place + inputs not in read:
            return place
    return None


def _plane_size(passed: Propagated) -> tuple[int, ...] | None:
    """Return the sizes of the input along as many axes as the last plane has."""
    shape = passed.input_shapes[0] if passed.input_shapes else None
    axes = next((len(node.plane) for node in reversed(passed.nodes) if node.plane is not None), len(("H", "W")))
    return None if shape is None or len(shape) < len(("C", "H", "W")) else shape[-axes:]


def _sizes(plane: Plane | None) -> tuple[int, ...] | None:
    return None if plane is None else tuple([field.size for field in plane])


def _strides(plane: Plane | None) -> tuple[int | str, ...] | None:
    return None if plane is None else tuple([_stride(field) for field in plane])


def _starts(plane: Plane | None) -> tuple[int, ...] | None:
    """Return where the fields of the first output begin; None where it is made from nothing."""
    starts = [None] if plane is None else [field.start for field in plane]
    known = [start for start in starts if start is not None]
    return tuple(known) if len(known) == len(starts) else None


def _stride(field: Field) -> int | str:
    # A fraction is made only where it must be: that takes longer than all else.
    whole, part = divmod(field.advance, len(field.spans))
    return str(field.stride) if part else whole
