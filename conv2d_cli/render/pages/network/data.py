"""The facts of a network as the page's script reads them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conv2d_cli.render.escaping import printable
from conv2d_cli.report.keys import KEYS_OF_NETWORKS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from conv2d_cli.report.network_page import FlowRow, NetworkPageReport
    from conv2d_cli.report.stack import NodeReport

# What JavaScript's numbers hold exactly (Number.MAX_SAFE_INTEGER); a larger integer goes as a string to its BigInt.
_LARGEST_NUMBER = 2**53 - 1
# Of each node, in this order.
FIELDS = (
    *("name", "type", "reads", "first_call", "kernel_size", "input_shape", "output_shape", "parameters", "macs"),
    *("effective_macs", "output_bytes", "live_bytes", "receptive_field", "effective_stride", "mark"),
)
# Of the columns of the table; the rest are keys of `stack`.
_MEANINGS = {
    "live_bytes": "bytes of all activations that are there while the layer runs: its output, and what is read yet"
}
_COLUMNS = (
    *("index", "name", "type", "kernel_size", "output_shape", "parameters", "macs", "receptive_field", "output_bytes"),
    "live_bytes",
)


def data_of(report: NetworkPageReport) -> dict[str, Any]:
    """Return the data, which JSON can hold."""
    stack = report.stack
    return {
        "fields": FIELDS,
        "inputs": [[printable(one.name), _exact(one.shape)] for one in report.inputs],
        "nodes": [*_nodes(report)],
        "input_size": _exact(None if stack.input_shape is None else stack.input_shape[2:]),
        "peak_node": _peak(report),
        "missing": "not known" if _is_sized(report) else "not known without a size: conv2d stack -i SIZE",
        "meanings": {key: _meaning(key) for key in _COLUMNS},
    }


def _nodes(report: NetworkPageReport) -> Iterator[list[Any]]:
    marks = dict.fromkeys(report.stack.assumed, "assumed") | dict.fromkeys(report.stack.unknown, "unknown")
    for node, flow in zip(report.stack.nodes, report.flow, strict=True):
        yield [_exact(value) for value in _values(node, flow, marks.get(node.name))]


def _values(node: NodeReport, flow: FlowRow, mark: str | None) -> Sequence[Any]:
    known = node._asdict() | flow._asdict() | {"mark": mark}
    known |= {"name": printable(node.name), "type": printable(node.type)}
    return [known[field] for field in FIELDS]


def _peak(report: NetworkPageReport) -> int | None:
    """Return the first node at which most bytes are live."""
    live = [row.live_bytes for row in report.flow]
    known = [value for value in live if value is not None]
    return live.index(max(known)) if known else None


def _is_sized(report: NetworkPageReport) -> bool:
    """Return whether a size would not help: there is one, or it is not known how data flows."""
    return any(one.shape is not None for one in report.inputs) or any(row.reads is None for row in report.flow)


def _meaning(key: str) -> str:
    return _MEANINGS[key] if key in _MEANINGS else KEYS_OF_NETWORKS[key].description


def _exact(value: Any) -> Any:  # noqa: ANN401 - any fact
    """Return a fact whose integers JavaScript reads exactly.

    >>> _exact((2**53, 7))
    ['9007199254740992', 7]
    """
    if isinstance(value, tuple | list):
        return [_exact(one) for one in value]
    if isinstance(value, int) and abs(value) > _LARGEST_NUMBER:
        return str(value)
    return value
