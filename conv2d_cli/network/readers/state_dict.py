"""A `.safetensors` file of weights: what can be known of each tensor without the network's graph, header alone.

How they are connected it does not say: every one is a node of unknown flow.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, cast

from conv2d_cli.errors import DataError, FileError
from conv2d_cli.limits import SAFETENSORS_HEADER_BYTES
from conv2d_cli.network.graph import Graph, Input, Node
from conv2d_cli.network.modules.base import Module, Parameters, Shape

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conv2d_cli.network.readers.base import Content

# What ends the names of a module's tensors, and which of them are learned.
_WEIGHT, _BIAS = "weight", "bias"
_NOT_LEARNED = ("running_mean", "running_var", "num_batches_tracked")
# A header's length, and the brace that it begins with.
_LENGTH_BYTES, _BRACE = 8, b"{"
HEADER_STARTS = _LENGTH_BYTES + len(_BRACE)


class Weights(Module, frozen=True):
    """The tensors of one module. What it is they do not say: its weight has `sizes`, those of a kernel behind two."""

    type: str
    sizes: Shape
    counted: Parameters

    @property
    def window(self) -> tuple[int, ...] | None:
        """The last axes of a weight."""
        return (self.sizes[2:] or None) if self.type.endswith(_WEIGHT) else None

    @property
    def parameters(self) -> Parameters | None:
        """All that it has learned."""
        return self.counted


class StateDictReader:
    """A `.safetensors` state dict."""

    notation = "safetensors"

    def recognises(self, content: Content) -> bool:
        """Whether it begins with the length of a header in JSON, which fits into the file."""
        begins = header_length(content.data, len(content.data)) is not None
        return begins or (content.path or "").lower().endswith(".safetensors")

    def read(self, content: Content, *, assume: bool) -> Graph:  # noqa: ARG002 - nothing is assumed
        """Return its modules, each of unknown flow.

        Raises:
            DataError: it is no sound file.
            MissingExtraError: the extra `safetensors` is not installed.
        """
        from conv2d_cli.tensors.formats import OpenFile
        from conv2d_cli.tensors.safetensors import SafetensorsFile

        try:
            with _opened(content) as stream:
                file = SafetensorsFile(OpenFile(stream, None, os.fstat(stream.fileno()).st_size))
        except DataError as error:
            raise DataError(f"{content.name}: {error.message}", error.hint) from error
        except OSError as error:
            raise FileError(f"{content.path}: {error.strerror or error}") from error
        shapes = {name: tuple(file.tensor(name).shape) for name in file.names}
        nodes = _nodes(shapes)
        if not nodes:
            raise DataError(f"{content.name}: it holds no weights")
        return Graph(content.name, (Input("input"),), nodes, unknown=tuple(node.name for node in nodes))


def header_length(start: bytes, size: int) -> int | None:
    """Return how long the header is that a file of `size` bytes begins with; None where it begins with none.

    >>> header_length(bytes([2, 0, 0, 0, 0, 0, 0, 0]) + b"{}", 10), header_length(b'{"layers": [', 100)
    (2, None)
    """
    length = int.from_bytes(start[:_LENGTH_BYTES], "little")
    begins = start[_LENGTH_BYTES : _LENGTH_BYTES + 1] == _BRACE
    return length if begins and 0 < length <= min(size - _LENGTH_BYTES, SAFETENSORS_HEADER_BYTES) else None


@contextmanager
def _opened(content: Content) -> Iterator[BinaryIO]:
    """Open the file itself, whose size is checked too; what came through a pipe is kept for that long."""
    if content.path is not None:
        with Path(content.path).open("rb") as stream:
            yield stream
        return
    from tempfile import TemporaryFile

    with TemporaryFile() as kept:
        kept.write(content.data)
        kept.flush()
        yield cast("BinaryIO", kept)


def _nodes(shapes: dict[str, Shape]) -> tuple[Node, ...]:
    """Return a node for each module, named as its tensors are, in the order of the file."""
    modules: dict[str, dict[str, Shape]] = {}
    single = set()
    for name, shape in shapes.items():
        prefix, _, last = name.rpartition(".")
        if last in {_WEIGHT, _BIAS}:
            modules.setdefault(prefix or name, {})[last] = shape
        elif last not in _NOT_LEARNED:
            single.add(name)
            modules.setdefault(name, {})[_WEIGHT] = shape
    return tuple(Node(name, _weights(tensors, is_single=name in single), None) for name, tensors in modules.items())


def _weights(tensors: dict[str, Shape], *, is_single: bool) -> Weights:
    shape = tensors.get(_WEIGHT, tensors.get(_BIAS, ()))
    kind = "tensor" if is_single else _WEIGHT if _WEIGHT in tensors else _BIAS
    counted = Parameters(prod(shape) if _WEIGHT in tensors else 0, prod(tensors[_BIAS]) if _BIAS in tensors else 0)
    return Weights(type=f"{len(shape)}-D {kind}", sizes=shape, counted=counted)
