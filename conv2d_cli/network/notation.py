"""From what a TOML, JSON or YAML file holds to the graph that it stands for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import ValidationError

from conv2d_cli.network.expansion import Expansion, check_sizes
from conv2d_cli.network.faults import told
from conv2d_cli.network.file_format import INPUT, UNNAMED, Block, NetworkFile
from conv2d_cli.network.graph import Graph, Input
from conv2d_cli.network.modules.registry import MODULES
from conv2d_cli.network.plain_values import look_through

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from conv2d_cli.network.modules.base import Shape


def _keys_at(place: tuple[str | int, ...]) -> Iterable[str]:
    """Return the keys that may stand where one stands that may not."""
    return NetworkFile.model_fields if len(place) == 1 else Block.model_fields


_KNOWN: Mapping[str, Callable[[tuple[str | int, ...]], Iterable[str]]] = {
    "no_layer": lambda _: MODULES,
    "extra_forbidden": _keys_at,
}


def graph_of(content: object, name: str) -> Graph:
    """Return the graph of what a file holds, read as plain data.

    Args:
        content: tables, lists, text and numbers.
        name: what the network is called where the file does not say.

    Raises:
        DataError: it is no network; the message says where in the file.

    >>> graph = graph_of({"layers": [{"type": "Conv2d", "out_channels": 8, "kernel_size": 3}, "ReLU"]}, "small")
    >>> [node.name for node in graph.nodes], [node.reads for node in graph.nodes]
    (['0', '1'], [(0,), (1,)])
    """
    look_through(content)
    try:
        file = NetworkFile.model_validate(content)
    except ValidationError as error:
        raise told(error, known=_KNOWN) from None
    check_sizes(file)
    given: Mapping[str, Shape | None] = file.input or {UNNAMED: None}
    sizes = {one or INPUT: shape for one, shape in given.items()}
    inputs = tuple(Input(one, shape) for one, shape in sizes.items())
    expansion = Expansion(file.blocks, [*sizes])
    expansion.expand_all(file.layers)
    return Graph(file.name or name, inputs, tuple(expansion.nodes))
