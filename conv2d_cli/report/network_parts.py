"""Parts of a network: nodes under one name summed up, and nodes of some kinds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conv2d_cli.errors import UsageError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from conv2d_cli.report.stack import NodeReport

# The type of several nodes under one name.
GROUP = "Block"


def grouped(nodes: Sequence[NodeReport], depth: int) -> tuple[NodeReport, ...]:
    """Return nodes summed up by the first parts of their names, in the order of their first nodes.

    A group reads what its nodes read of others; its output is that of its last node.
    """
    groups: dict[str, list[NodeReport]] = {}
    for node in nodes:
        groups.setdefault(group_of(node.name, depth), []).append(node)
    names = {node.name: name for name, members in groups.items() for node in members}
    return tuple(_group(name, members, names) for name, members in groups.items())


def group_of(name: str, depth: int) -> str:
    """Return the name of the group of a node: the first parts of its own.

    Names of modules have dots; those of nodes in ONNX files have slashes, often one in front too.

    >>> group_of("layer1.0.conv1", 1), group_of("/layer1/layer1.0/conv1/Conv", 2)
    ('layer1', '/layer1/layer1.0')
    """
    separator = "/" if "/" in name else "."
    front = separator if name.startswith(separator) else ""
    return front + separator.join(name.removeprefix(front).split(separator)[:depth])


def _group(name: str, members: Sequence[NodeReport], names: dict[str, str]) -> NodeReport:
    first, last = members[0], members[-1]
    if first is last:
        return first._replace(name=name, inputs=first.inputs and tuple(names.get(one, one) for one in first.inputs))
    read = dict.fromkeys(names.get(one, one) for member in members for one in member.inputs or ())
    return first._replace(
        name=name,
        type=GROUP,
        inputs=None if any(member.inputs is None for member in members) else tuple(one for one in read if one != name),
        output_shape=last.output_shape,
        kernel_size=None,
        parameters=_sum(member.parameters for member in members),
        macs=_sum(member.macs for member in members),
        effective_macs=_sum(member.effective_macs for member in members),
        bias_adds=_sum(member.bias_adds for member in members),
        flops=_sum(member.flops for member in members),
        output_bytes=last.output_bytes,
        receptive_field=last.receptive_field,
        effective_stride=last.effective_stride,
        receptive_field_start=last.receptive_field_start,
    )


def _sum(values: Iterable[int | None]) -> int | None:
    """Return the sum of what is known; None where nothing is."""
    known = [value for value in values if value is not None]
    return sum(known) if known else None


def only(nodes: Sequence[NodeReport], words: Sequence[str]) -> tuple[NodeReport, ...]:
    """Return the nodes whose type has one of these words in it: `conv`, `linear`, `MaxPool2d`.

    Raises:
        UsageError: no node has such a type.
    """
    kinds = dict.fromkeys(node.type for node in nodes)
    for word in words:
        if not any(word.lower() in kind.lower() for kind in kinds):
            raise UsageError(f"--only {word}: no layer of that kind", did_you_mean(word, kinds, "--only "))
    return tuple(node for node in nodes if any(word.lower() in node.type.lower() for word in words))
