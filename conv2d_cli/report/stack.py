"""What `conv2d stack` answers with: the totals of a network, the facts of each node, and what changed between two."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from conv2d_cli.report.record import record_of
from conv2d_cli.showing import shows_itself

if TYPE_CHECKING:
    from conv2d_cli.report.roofline import OnMachine


@shows_itself
class StackReport(NamedTuple):
    """The totals of a network, then its nodes; what is not known is None.

    With `unknown` nodes a total is the least that it can be. Sizes in bytes are of float32 unless a dtype is given.
    """

    name: str
    input_shape: tuple[int, ...] | None
    output_shape: tuple[int, ...] | None
    layers: int
    parameters: int | None
    trainable_parameters: int | None
    weight_parameters: int | None
    bias_parameters: int | None
    macs: int | None
    effective_macs: int | None
    bias_adds: int | None
    flops: int | None
    elementwise_operations: int | None
    parameter_bytes: int | None
    activation_bytes: int | None
    two_buffer_bytes: int | None
    peak_activation_bytes: int | None
    peak_node: str | None
    training_bytes: int | None
    receptive_field: tuple[int, ...] | None
    effective_stride: tuple[int | str, ...] | None
    min_input: int | None
    largest_batch: int | None
    assumed: tuple[str, ...]
    unknown: tuple[str, ...]
    tools: tuple[ToolCount, ...]
    nodes: tuple[NodeReport, ...]


class ToolCount(NamedTuple):
    """What another counter prints for the network, under the name that it has there.

    `formula` says in a few words what it counts; `value` is None where that is not known, and `reason` says why.
    """

    tool: str
    version: str
    name: str
    value: int | None
    formula: str
    reason: str | None

    def __str__(self) -> str:
        """Return `tool=value`, as `--get tools` prints it.

        >>> str(ToolCount("thop", "0.1", "macs", 4, "macs", None))
        'thop=4'
        """
        return f"{self.tool}={'' if self.value is None else self.value}"


class NodeReport(NamedTuple):
    """The facts of one node; what is not known is None."""

    index: int  # type: ignore[assignment] # the key of the contract, whatever tuples have
    name: str
    type: str
    inputs: tuple[str, ...] | None
    input_shape: tuple[int, ...] | None
    output_shape: tuple[int, ...] | None
    kernel_size: tuple[int, ...] | None
    parameters: int | None
    macs: int | None
    effective_macs: int | None
    bias_adds: int | None
    flops: int | None
    output_bytes: int | None
    receptive_field: tuple[int, ...] | None
    effective_stride: tuple[int | str, ...] | None
    receptive_field_start: tuple[int, ...] | None


class ChangeRow(NamedTuple):
    """A key that differs between two networks: of the node `name` of both, of a total where it is None."""

    name: str | None
    key: str
    before: Any
    after: Any
    change: int | float | None
    percent: float | None


# What `--get` knows.
TOTALS: tuple[str, ...] = StackReport._fields[:-1]
# Sums over the layers: with an unknown one they are at least.
SUMS = (
    *("parameters", "trainable_parameters", "weight_parameters", "bias_parameters", "parameter_bytes", "macs"),
    *("effective_macs", "bias_adds", "flops", "elementwise_operations"),
)


def stack_record(report: StackReport, times: OnMachine | None = None) -> dict[str, Any]:
    """Return a report as JSON carries it: the totals, and an object for each counter and each node.

    Least times stand behind the totals, and behind the facts of each node.
    """
    nodes = [node._asdict() | _time_of(node, times) for node in report.nodes]
    totals = {key: value for key, value in record_of(report).items() if key != "nodes"}
    more = {} if times is None else times.report._asdict()
    return {**totals, "tools": [one._asdict() for one in report.tools], **more, "nodes": nodes}


def records_of_nodes(report: StackReport, times: OnMachine | None = None) -> list[dict[str, Any]]:
    """Return a record for each node, with its least time behind its facts."""
    return [record_of(node) | _time_of(node, times) for node in report.nodes]


def _time_of(node: NodeReport, times: OnMachine | None) -> dict[str, Any]:
    return {} if times is None else times.nodes[node.index]._asdict()
