"""What `conv2d draw --receptive-field` is asked for: a network or a layer, one of its nodes, and an element of that."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from conv2d_cli.cli.layer_words import OPTIONS
from conv2d_cli.cli.stack_request import graph_of, no_such_layer
from conv2d_cli.errors import UsageError, cut
from conv2d_cli.layer.text import looks_like_expression

if TYPE_CHECKING:
    from conv2d_cli.cli.layer_words import LayerWords
    from conv2d_cli.network.graph import Graph
    from conv2d_cli.network.propagation import Propagated

_EXAMPLE = "resnet18"


def _is_layer(words: LayerWords) -> bool:
    return len(words.operands) > 1 or looks_like_expression(words.operands[0])


def check_operands(words: LayerWords) -> None:
    """Check that there is a network, or a layer, and that no option of a layer stands beside a network.

    Raises:
        UsageError: there is none, or one does.
    """
    if not words.given or not words.operands[0]:
        raise UsageError(
            "the network is missing: a name of conv2d stack --list, a file, - for stdin, or a layer",
            words.typed.line({}, _EXAMPLE),
        )
    if not _is_layer(words) and words.options:
        field = next(iter(words.options))
        option = words.typed.option(OPTIONS[field])
        without = words.typed.line(dict.fromkeys(option.positions if option else ()))
        raise UsageError(f"{words.spelled(field)} is of a layer, and {cut(words.operands[0])} is a network", without)


def network_of(words: LayerWords) -> Graph:
    """Return the network that is named, or one of the layer that is described.

    Raises:
        FileError, DataError: it cannot be read, or is none.
        UsageError, LayerError: the layer is wrong.
    """
    if not _is_layer(words):
        return graph_of(words.operands[0], assume=True)
    from conv2d_cli.network import notation

    layer = words.layer()
    # A file has lists.
    arguments = {
        name: [*value] if isinstance(value, tuple) else value
        for name, value in layer.model_dump().items()
        if value is not None
    }
    return notation.graph_of({"layers": [{"name": "conv", "type": "Conv2d", **arguments}]}, str(layer))


def node_of(passed: Propagated, name: str | None, words: LayerWords) -> int:
    """Return the place of the node that was asked for, else of the last with rows and columns.

    Raises:
        UsageError: there is no such node, nothing calls it, or nothing is known without a size.
        MisfitError: a layer on the way to it does not fit its input.
    """
    from conv2d_cli.report.field_analysis import check_way, last_plane

    names = [node.name for node in passed.graph.nodes]
    if not passed.misfits and all(one.output_shape is None for one in passed.nodes):
        if None in passed.input_shapes:
            line = words.typed.line({}, "-i", "224")
            raise UsageError("-i is missing: what an element sees depends on the input", line)
        raise UsageError(f"{cut(words.operands[0])} does not say what its layers read, so that nothing is seen")
    if name is not None and name not in names:
        listed = f"conv2d stack {shlex.join(words.operands[:1])} --format csv"
        raise no_such_layer(name, names, f"--node {names[-1]}" if _is_layer(words) else listed)
    last = last_plane(passed)
    if name is None and last is None and not passed.misfits:
        raise UsageError("no layer of the network has rows and columns", f"--node {shlex.quote(names[-1])}")
    place = names.index(name) if name is not None else len(names) - 1 if last is None else last
    check_way(passed, place)
    if passed.nodes[place].output_shape is None:
        is_called = passed.graph.nodes[place].reads != ()
        why = "its output is not known" if is_called else "nothing calls it when the network is used"
        raise UsageError(f"--node {cut(names[place])}: {why}", "leave --node out")
    return place


def element_of(passed: Propagated, node: int, at: tuple[int, int] | None) -> tuple[int, int] | None:
    """Return the element that was asked for, else the one in the middle; None of a node without rows and columns.

    Raises:
        UsageError: there is no such element.
    """
    from conv2d_cli.report.field_analysis import plane_of

    size = plane_of(passed, node)
    name = passed.graph.nodes[node].name
    if size is None or 0 in size:
        if at is not None:
            raise UsageError(f"--at {at[0]},{at[1]}: {cut(name)} has no rows and columns", "leave --at out")
        return None
    if at is None:
        return size[0] // 2, size[1] // 2
    if not all(0 <= place < length for place, length in zip(at, size, strict=True)):
        raise UsageError(
            f"--at {at[0]},{at[1]}: {cut(name)} makes {size[0]}x{size[1]}, and rows and columns count from 0",
            f"--at {size[0] - 1},{size[1] - 1}, the last element",
        )
    return at
