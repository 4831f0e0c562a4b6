"""The readers in the order in which they are asked whether they know a content: one line each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conv2d_cli.errors import DataError
from conv2d_cli.network.readers.onnx import OnnxReader
from conv2d_cli.network.readers.plain_data import JsonReader, TomlReader
from conv2d_cli.network.readers.printed import PrintedReader
from conv2d_cli.network.readers.state_dict import StateDictReader
from conv2d_cli.network.readers.yaml import YamlReader

if TYPE_CHECKING:
    from conv2d_cli.network.graph import Graph
    from conv2d_cli.network.readers.base import Content, Reader

READERS: tuple[Reader, ...] = (
    OnnxReader(),
    StateDictReader(),
    JsonReader(),
    TomlReader(),
    PrintedReader(),
    YamlReader(),
)


def read_graph(content: Content, *, assume: bool = True) -> Graph:
    """Return the graph of a content, by the first reader that knows its notation.

    Raises:
        DataError: none does, or it is no valid network.
    """
    for reader in READERS:
        if reader.recognises(content):
            return reader.read(content, assume=assume)
    notations = ", ".join(reader.notation for reader in READERS)
    raise DataError(f"{content.name} is no network in a notation that is read here", f"one of {notations}")
