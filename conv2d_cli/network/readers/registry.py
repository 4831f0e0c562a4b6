"""The readers in the order in which they are asked whether they know a content: one line each."""

from __future__ import annotations

from codecs import BOM_UTF16_BE, BOM_UTF16_LE
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
    content = _in_utf8(content)
    for reader in READERS:
        if reader.recognises(content):
            return reader.read(content, assume=assume)
    notations = ", ".join(reader.notation for reader in READERS)
    raise DataError(f"{content.name} is no network in a notation that is read here", f"one of {notations}")


def _in_utf8(content: Content) -> Content:
    """Return text of UTF-16, which begins with its mark, as the same in UTF-8: shells of Windows write it to files."""
    if not content.data.startswith((BOM_UTF16_LE, BOM_UTF16_BE)):
        return content
    try:
        text = content.data.decode("utf-16")
    except UnicodeDecodeError:
        return content
    # The length of a header may look like the mark.
    return content if "\0" in text else content._replace(data=text.encode("utf-8", "replace"))
