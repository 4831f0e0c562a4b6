"""What changed between two networks: totals first, then nodes by their names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conv2d_cli.report.changes import change_of
from conv2d_cli.report.stack import TOTALS, ChangeRow, NodeReport

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from conv2d_cli.report.stack import StackReport

# What a node is called and where it stands is how it was found.
_OF_NODES = tuple(key for key in NodeReport._fields if key not in {"index", "name"})
_OF_TOTALS = tuple(key for key in TOTALS if key not in {"name", "tools"})
_NOTHING: Mapping[str, Any] = dict.fromkeys(_OF_NODES)


def changes(before: StackReport, after: StackReport) -> list[ChangeRow]:
    """Return a row for each key that differs; a node that only one has has no values in the other."""
    rows = [*_changed(None, _OF_TOTALS, before._asdict(), after._asdict())]
    counted, recounted = _by_tool(before), _by_tool(after)
    rows += _changed(None, [*counted], counted, recounted)
    old, new = _by_name(before.nodes), _by_name(after.nodes)
    for name in _in_order(list(old), list(new)):
        rows += _changed(name, _OF_NODES, old.get(name, _NOTHING), new.get(name, _NOTHING))
    return rows


def _by_tool(report: StackReport) -> dict[str, int | None]:
    return {f"tools.{one.tool}": one.value for one in report.tools}


def _by_name(nodes: Sequence[NodeReport]) -> dict[str, Mapping[str, Any]]:
    return {node.name: node._asdict() for node in nodes}


def _in_order(old: list[str], new: list[str]) -> Iterator[str]:
    """Yield the names of both: those of the first network, each new one before the next that both have."""
    known, place = {*old}, 0
    news = {*new}
    for name in old:
        if name in news:
            while place < len(new) and new[place] != name and new[place] not in known:
                yield new[place]
                place += 1
            if place < len(new) and new[place] == name:
                place += 1
        yield name
    yield from (name for name in new[place:] if name not in known)


def _changed(
    name: str | None, keys: Sequence[str], before: Mapping[str, Any], after: Mapping[str, Any]
) -> Iterator[ChangeRow]:
    for key in keys:
        old, new = before[key], after[key]
        if old == new:
            continue
        yield ChangeRow(name, key, old, new, *change_of(old, new))
