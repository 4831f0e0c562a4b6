"""A network as users of Python hold it: read from a file or a text, and analyzed on an input."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Self

from conv2d_cli.errors import FileError, cut
from conv2d_cli.network.propagation import Propagated, propagate
from conv2d_cli.network.readers.base import Content
from conv2d_cli.network.readers.registry import read_graph
from conv2d_cli.network.readers.state_dict import HEADER_STARTS, header_length
from conv2d_cli.network.shipped import SHIPPED, shipped_text
from conv2d_cli.network.sizes import input_shapes

if TYPE_CHECKING:
    from collections.abc import Mapping
    from os import PathLike

    from conv2d_cli.network.graph import Graph
    from conv2d_cli.network.sizes import Size


class Network:
    """A network that has been read.

    >>> network = Network.read("resnet50")
    >>> passed = network.on((1, 3, 224, 224))
    >>> passed.nodes[-1].output_shape
    (1, 1000)
    """

    def __init__(self, graph: Graph) -> None:
        """Hold a graph."""
        self.graph = graph

    def __repr__(self) -> str:
        """Return its name and how many layers it has.

        >>> Network.read("alexnet")
        <Network alexnet: 22 layers>
        """
        return f"<Network {cut(self.graph.name)}: {len(self.graph.nodes)} layers>"

    @classmethod
    def read(cls, source: str | PathLike[str], *, assume: bool = True) -> Self:
        """Return a network that comes with the package, by its name, or that of a file, or of a text of some lines.

        Raises:
            FileError: the file cannot be read.
            DataError: it is no valid network.
        """
        if isinstance(source, str) and "\n" in source:
            return cls(read_graph(Content(source.encode(), "network"), assume=assume))
        return cls.read_named(source, assume=assume)

    @classmethod
    def read_named(cls, source: str | PathLike[str], *, assume: bool = True) -> Self:
        """Return a network that comes with the package, by its name, or that of a file; `./resnet50` is a file.

        Raises:
            FileError: the file cannot be read.
            DataError: it is no valid network.
        """
        words = str(source)
        if isinstance(source, str) and words in SHIPPED:
            return cls(read_graph(Content(shipped_text(words).encode(), words), assume=assume))
        if not words:
            raise FileError("no network: a name of those that come along, or a file, was expected", "resnet50")
        path = Path(source)
        try:
            data = _read(path)
        except (OSError, ValueError) as error:
            raise FileError(f"{words}: {getattr(error, 'strerror', None) or error}") from None
        return cls(read_graph(Content(data, path.stem, words), assume=assume))

    def on(self, size: Size | Mapping[str, Size] | None = None) -> Propagated:
        """Return what comes out of each node, on an input of a size, on several by name, or on those of the file."""
        return propagate(self.graph, input_shapes(self.graph, size))


def _read(path: Path) -> bytes:
    """Return what a file holds; of a file of weights its header, which says all that is asked."""
    with path.open("rb") as stream:
        start = stream.read(HEADER_STARTS)
        length = header_length(start, path.stat().st_size)
        return start + stream.read(-1 if length is None else length)
