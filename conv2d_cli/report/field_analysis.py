"""What an element of a network's node sees of the input, and of every layer on the way: its report, and notes."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from conv2d_cli.errors import ShapeError, cut
from conv2d_cli.network.misfits import MisfitError
from conv2d_cli.network.seen import seen_from, sizes_of_planes
from conv2d_cli.report.draw_field import FieldReport, FieldRow
from conv2d_cli.report.network_analysis import node_reports
from conv2d_cli.report.network_fields import few

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from conv2d_cli.arithmetic.elements import Elements
    from conv2d_cli.network.modules.base import Module
    from conv2d_cli.network.propagation import Propagated
    from conv2d_cli.network.seen import Area, Seen, Walked
    from conv2d_cli.report.stack import NodeReport

_OF_INPUT = "input"
_OF_IMAGE = (1, 1)
# Of a network that reads none, or of which it is not known.
_NO_IMAGE = FieldRow(None, _OF_INPUT, _OF_INPUT, (), None, None, None, None, None, None, None, None)
# What stands in padding that is no zeros, and the names that it has in torch's modules and in ONNX.
_READ_IN_PADDING = {
    "reflect": "elements mirrored from beside the border",
    "replicate": "the elements at the border again",
    "circular": "elements from the opposite border",
}
_MODES = {
    **{mode: mode for mode in _READ_IN_PADDING},
    "ReflectionPad": "reflect",
    "ReplicationPad": "replicate",
    "CircularPad": "circular",
    "edge": "replicate",
    "wrap": "circular",
}


class FieldAnalysis(NamedTuple):
    """The facts, and what has to be said of them."""

    report: FieldReport
    notes: tuple[str, ...]


def plane_of(passed: Propagated, node: int) -> tuple[int, int] | None:
    """Return the rows and columns of a node's output; None where it has none."""
    return sizes_of_planes(passed)[node + len(passed.input_shapes)]


def last_plane(passed: Propagated) -> int | None:
    """Return the last node whose receptive field is known, else the last with rows and columns; None without any."""
    sizes = sizes_of_planes(passed)[len(passed.input_shapes) :]
    known = [place for place, one in enumerate(passed.nodes) if one.plane is not None and sizes[place] is not None]
    return max(known or (place for place, size in enumerate(sizes) if size is not None), default=None)


def check_way(passed: Propagated, node: int) -> None:
    """Check that all layers on the way to a node fit their inputs; whether those behind it do does not matter.

    Raises:
        MisfitError: one does not.
    """
    # Without its shape a node has no element, and all of it is looked at.
    way = seen_from(passed, node, None).seen if passed.misfits else {}
    misfits = tuple(one for one in passed.misfits if one.node + len(passed.input_shapes) in way)
    if misfits:
        raise MisfitError(passed._replace(misfits=misfits))


def field_report(passed: Propagated, node: int, at: tuple[int, int] | None) -> FieldAnalysis:
    """Return what one element of a node is made from, on the way from the input.

    Args:
        passed: the network on an input.
        node: the place of the node in the graph.
        at: the row and the column of the element; None for a node without any.

    Raises:
        MisfitError: a layer on the way does not fit its input.
        ShapeError: the output of the node has no such element.

    >>> from conv2d_cli import Network
    >>> passed = Network.read("resnet18").on((1, 3, 224, 224))
    >>> field_report(passed, node=0, at=(0, 3)).report.columns
    (3, 9)
    """
    check_way(passed, node)
    _check_element(passed, node, at)
    walked, reports = seen_from(passed, node, at), node_reports(passed)
    rows = tuple(_row(passed, reports, tensor, seen) for tensor, seen in sorted(walked.seen.items()))
    image, own = next((row for row in rows if row.index is None), _NO_IMAGE), reports[node]
    report = FieldReport(
        name=passed.graph.name,
        node=own.name,
        type=own.type,
        at=at,
        input_shape=image.output_shape,
        output_shape=own.output_shape,
        rows=image.rows,
        columns=image.columns,
        padded_rows=image.padded_rows,
        padded_columns=image.padded_columns,
        receptive_field=own.receptive_field,
        effective_stride=own.effective_stride,
        nodes=rows,
    )
    return FieldAnalysis(report, tuple(_notes(passed, walked)))


def _check_element(passed: Propagated, node: int, at: tuple[int, int] | None) -> None:
    size = plane_of(passed, node)
    if at is None or (size and all(0 <= place < length for place, length in zip(at, size, strict=True))):
        return
    has = "no rows and columns" if size is None else f"{size[0]}x{size[1]}"
    raise ShapeError(f"at {at}: the output of {cut(passed.graph.nodes[node].name)} has {has}")


def _row(passed: Propagated, reports: Sequence[NodeReport], tensor: int, seen: Seen) -> FieldRow:
    """Return what is seen of a tensor: of an input of the network, or of what a node makes."""
    inputs = len(passed.input_shapes)
    ends = (seen.size, *_ends(seen.real), *_ends(seen.reach))
    if tensor < inputs:
        field = (None, None) if seen.size is None else (_OF_IMAGE, _OF_IMAGE)
        return FieldRow(
            None, passed.graph.inputs[tensor].name, _OF_INPUT, (), passed.input_shapes[tensor], *ends, *field
        )
    node = reports[tensor - inputs]
    of_node = (node.index, node.name, node.type, node.inputs, node.output_shape)
    return FieldRow(*of_node, *ends, node.receptive_field, node.effective_stride)


def _ends(area: Area | None) -> tuple[tuple[int, ...] | None, tuple[int, ...] | None]:
    return (None, None) if area is None else (_first_and_last(area.rows), _first_and_last(area.columns))


def _first_and_last(elements: Elements) -> tuple[int, ...]:
    return (elements[0], elements[-1]) if elements else ()


def _notes(passed: Propagated, walked: Walked) -> Iterator[str]:
    """Yield what the rows and columns leave out, or why there are none."""
    names = [node.name for node in passed.graph.nodes]
    if walked.lost:
        yield f"it is not known what {few([names[place] for place in walked.lost])} reads, and so nothing before it"
    if walked.gates:
        yield f"gates are left out, which scale whole channels: {few([names[place] for place in walked.gates])}"
    modes = [_mode_of(node.module) for node in passed.graph.nodes]
    for mode, from_where in _READ_IN_PADDING.items():
        reads = [place for place, found in enumerate(modes) if found == mode and _reads_padding(passed, walked, place)]
        if reads:
            yield f"{mode} padding of {few([names[place] for place in reads])} holds {from_where}, not counted here"


def _mode_of(module: Module) -> str | None:
    """Return what a layer's padding repeats, as torch's convolutions name it; None of zeros."""
    said = getattr(getattr(module, "layer", module), "padding_mode", None) or getattr(module, "mode", None)
    return _MODES.get(str(said), _MODES.get(module.kind[: -len("2d")]))


def _reads_padding(passed: Propagated, walked: Walked, place: int) -> bool:
    """Whether a node is on the way, and an input of it is seen beyond its border."""
    if place + len(passed.input_shapes) not in walked.seen:
        return False
    reads = [walked.seen[tensor] for tensor in passed.graph.nodes[place].reads or () if tensor in walked.seen]
    return any(seen.reach != seen.real for seen in reads)
