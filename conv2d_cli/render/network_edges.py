"""What is drawn of a network: a box for each input and node, and an arrow for each tensor that is read."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from conv2d_cli.render.escaping import printable
from conv2d_cli.render.layer_text import times

if TYPE_CHECKING:
    from collections.abc import Sequence

    from conv2d_cli.report.stack import NodeReport, StackReport


class Box(NamedTuple):
    """A box with some lines; `is_input` of those that come from outside."""

    identity: str
    lines: tuple[str, ...]
    is_input: bool = False


class Arrow(NamedTuple):
    """From one box to another."""

    start: str
    end: str


class Drawing(NamedTuple):
    """All of it, in order."""

    boxes: tuple[Box, ...]
    arrows: tuple[Arrow, ...]


def drawing_of(report: StackReport) -> Drawing:
    """Return the boxes and arrows of a network; a node whose inputs are not known has no arrow to it."""
    inputs = _inputs(report.nodes)
    shape = () if report.input_shape is None or len(inputs) > 1 else (times(report.input_shape),)
    boxes = [Box(f"i{place}", (printable(name), *shape), is_input=True) for place, name in enumerate(inputs)]
    arrows: list[Arrow] = []
    # A name that stands twice is that of the node before.
    known = {name: f"i{place}" for place, name in enumerate(inputs)}
    for place, node in enumerate(report.nodes):
        identity = f"n{place}"
        boxes.append(Box(identity, _lines(node)))
        arrows += [Arrow(known[name], identity) for name in node.inputs or () if name in known]
        known[node.name] = identity
    return Drawing(tuple(boxes), tuple(arrows))


def _inputs(nodes: Sequence[NodeReport]) -> list[str]:
    """Return the names that are read and no node has."""
    names = {node.name for node in nodes}
    return list(dict.fromkeys(name for node in nodes for name in node.inputs or () if name not in names))


def _lines(node: NodeReport) -> tuple[str, ...]:
    kind = node.type if node.kernel_size is None else f"{node.type} {times(node.kernel_size)}"
    shape = () if node.output_shape is None else (times(node.output_shape),)
    return (printable(node.name), printable(kind), *shape)
