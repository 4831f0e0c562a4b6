"""The graph of a network: its inputs, and modules in an order in which each reads only what stands before it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from conv2d_cli.errors import ShapeError, shown

if TYPE_CHECKING:
    from conv2d_cli.network.modules.base import Module, Shape


class Input(NamedTuple):
    """An input of a network; its shape is None until a user gives it. `sizes` are those that a file has fixed."""

    name: str
    shape: Shape | None = None
    sizes: tuple[int | None, ...] | None = None


def fitting(one: Input, shape: Shape) -> Shape:
    """Return the shape that an input is given, which is one that its file allows.

    Raises:
        ShapeError: the file has fixed other sizes.

    >>> fitting(Input("x", None, (None, 3, 224, 224)), (8, 3, 224, 224))
    (8, 3, 224, 224)
    """
    sizes = one.sizes
    if sizes is None or (len(sizes) == len(shape) and all(a in {None, b} for a, b in zip(sizes, shape, strict=True))):
        return shape
    fixed = "x".join("?" if size is None else str(size) for size in sizes)
    near = [given if size is None else size for size, given in zip(sizes, (*shape, *(1 for _ in sizes)), strict=False)]
    message = f"the input {shown(one.name)} is {fixed} in the file, not {'x'.join(map(str, shape))}"
    raise ShapeError(message, f"input_shape={'x'.join(map(str, near))}")


class Node(NamedTuple):
    """One call of a module.

    `reads` are the tensors that go in: the network's inputs are the first, then the nodes' outputs in their order. It
    is None where the flow is not known, and empty where nothing calls the module when the network is used, as heads
    for training. `shares` is the node that the same module was called at first.

    `is_module` is False where the network calls a function of torch instead: the same figures, but counters that hook
    modules do not see it. None: it is not known what of torch stands there.
    """

    name: str
    module: Module
    reads: tuple[int, ...] | None
    shares: int | None = None
    is_module: bool | None = True


class Graph(NamedTuple):
    """A network. `assumed` names the nodes whose flow a known block or network supplied, `unknown` what stayed unknown.

    `unlisted` counts parameters that no node has: those of unknown modules that a reader could see.
    """

    name: str
    inputs: tuple[Input, ...]
    nodes: tuple[Node, ...]
    assumed: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
