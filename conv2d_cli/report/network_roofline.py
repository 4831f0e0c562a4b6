"""The least times of a network's nodes on a machine, and their sum: each reads and writes memory by itself."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING

from conv2d_cli.arithmetic.roofline import LeastTime, one_after_the_other, seconds_at_least
from conv2d_cli.dtypes import DTYPES
from conv2d_cli.report.network_parts import group_of
from conv2d_cli.report.roofline import RooflineReport, on_machine, report_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from conv2d_cli.arithmetic.roofline import Roofline
    from conv2d_cli.network.modules.base import Shape
    from conv2d_cli.network.propagation import Passed, Propagated
    from conv2d_cli.report.roofline import OnMachine
    from conv2d_cli.report.stack import NodeReport

_UNKNOWN = RooflineReport(None, None)


def network_on_machine(
    passed: Propagated, nodes: Sequence[NodeReport], roofline: Roofline, dtype: str, depth: int | None = None
) -> OnMachine:
    """Return the least times of the nodes of a network, summed up to a depth of their names where one is given.

    A node reads its inputs and parameters once and writes its output. One that neither multiplies nor works on elements
    takes no time: what it returns may be a view. With nodes that are not known, the total is that of the others.
    """
    times = [*_times(passed, roofline, DTYPES[dtype].bytes)]
    groups: dict[str | int, list[int]] = {}
    for node in nodes:
        groups.setdefault(node.index if depth is None else group_of(node.name, depth), []).append(node.index)
    found = {members[0]: _sum(times[index] for index in members) for members in groups.values()}
    return on_machine(_sum(times), roofline, found)


def _sum(times: Iterable[LeastTime | None]) -> RooflineReport:
    """Return the sum of what is known; unknown where nothing is."""
    known = [time for time in times if time is not None]
    return report_of(one_after_the_other(known)) if known else _UNKNOWN


def _times(passed: Propagated, roofline: Roofline, element: int) -> Iterable[LeastTime | None]:
    shapes = [*passed.input_shapes, *(one.output_shape for one in passed.nodes)]
    for node, found in zip(passed.graph.nodes, passed.nodes, strict=True):
        moved = _moved(found, [shapes[tensor] for tensor in {*(node.reads or ())}])
        if found.work is None or moved is None:
            yield None
        else:
            yield seconds_at_least(found.work.macs, moved * element, *roofline)


def _moved(found: Passed, read: Sequence[Shape | None]) -> int | None:
    """Return the elements that a node moves; None where they are not known."""
    if found.work is not None and not found.work.macs and found.work.elementwise == 0:
        return 0
    shapes = [shape for shape in (found.output_shape, *read) if shape is not None]
    if found.parameters is None or len(shapes) <= len(read):
        return None
    return sum(found.parameters) + sum(map(prod, shapes))
