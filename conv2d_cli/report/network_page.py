"""What the page of a network shows: its report, and of each node what it reads, shares and leaves live."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from conv2d_cli.dtypes import DEFAULT_DTYPE, DTYPES
from conv2d_cli.report.network_memory import live_bytes_of

if TYPE_CHECKING:
    from conv2d_cli.report.network_analysis import Analysis
    from conv2d_cli.report.stack import StackReport


class InputRow(NamedTuple):
    """An input of a network; its shape is None where no size is given."""

    name: str
    shape: tuple[int, ...] | None


class FlowRow(NamedTuple):
    """How data flows through one node of the report.

    `reads` are the tensors that go in: the network's inputs are the first, then the nodes' outputs; None where the flow
    is not known. `first_call` is the node that the same module was called at first: its parameters count there.
    `live_bytes` are those of all tensors that are there while the node runs.
    """

    reads: tuple[int, ...] | None
    first_call: int | None
    live_bytes: int | None


class NetworkPageReport(NamedTuple):
    """A network as its page shows it; `flow` has a row for each of the report's nodes."""

    stack: StackReport
    dtype: str
    notes: tuple[str, ...]
    inputs: tuple[InputRow, ...]
    flow: tuple[FlowRow, ...]


def page_report(analysis: Analysis, dtype: str = DEFAULT_DTYPE) -> NetworkPageReport:
    """Return what the page of a network shows.

    Args:
        analysis: the network on its inputs.
        dtype: the element type that its bytes were counted in.

    >>> from conv2d_cli import Network
    >>> from conv2d_cli.report.network_analysis import analyze_network
    >>> report = page_report(analyze_network(Network.read("alexnet").graph, [(1, 3, 224, 224)]))
    >>> max(row.live_bytes for row in report.flow) == report.stack.peak_activation_bytes
    True
    """
    passed = analysis.passed
    graph = passed.graph
    live = live_bytes_of(passed, DTYPES[dtype].bytes) or (None,) * len(graph.nodes)
    return NetworkPageReport(
        stack=analysis.report,
        dtype=dtype,
        notes=analysis.notes,
        inputs=tuple(InputRow(one.name, shape) for one, shape in zip(graph.inputs, passed.input_shapes, strict=True)),
        flow=tuple(FlowRow(node.reads, node.shares, held) for node, held in zip(graph.nodes, live, strict=True)),
    )
