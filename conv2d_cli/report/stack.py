"""What `conv2d stack` answers with: the totals of a network, the facts of each node, and what changed between two."""

from __future__ import annotations

from typing import Any, NamedTuple

from conv2d_cli.report.record import record_of
from conv2d_cli.showing import shows_itself


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
    tools: tuple[dict[str, Any], ...]
    nodes: tuple[NodeReport, ...]


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
    change: int | None
    percent: float | None


# What `--get` knows.
TOTALS: tuple[str, ...] = StackReport._fields[:-1]


def stack_record(report: StackReport) -> dict[str, Any]:
    """Return a report as JSON carries it: the totals, and an object for each node."""
    return {**record_of(report), "nodes": [node._asdict() for node in report.nodes]}
