"""The network format in TOML and JSON."""

from __future__ import annotations

import json
import re
import tomllib
from typing import TYPE_CHECKING, Any

from conv2d_cli.errors import DataError, shown
from conv2d_cli.network.notation import graph_of

if TYPE_CHECKING:
    from conv2d_cli.network.graph import Graph
    from conv2d_cli.network.readers.base import Content

# `layers = [`, `[blocks.Residual]`, or a comment before one of them; `model = Net()` is Python.
_TOML_LINE = re.compile(
    rb"\A(?:\s|#[^\n]*\n)*"
    rb"(?:[A-Za-z_][\w.-]*\s*=(?!\s*[A-Za-z_][\w.]*\()|\[{1,2}[\w. \"'-]+\]{1,2}\s*(?:#|\n|\Z))"
)

# More digits than any size has, and more than Python reads.
_MOST_DIGITS, _LONG_NUMBER, _NEWLINE = 40, re.compile(rb"[0-9][0-9_]{4000,}"), b"\n"
_LONGEST_REASON = 300
# Where a printed model is looked for.
_START = 65_536


class TomlReader:
    """TOML, by the standard library."""

    notation = "TOML"

    def recognises(self, content: Content) -> bool:
        """Whether it begins with a key or a table, and not with a line of Python before a printed model."""
        return _TOML_LINE.match(content.data) is not None and not _shows_model(content.data)

    def read(self, content: Content, *, assume: bool) -> Graph:  # noqa: ARG002 - nothing is left to assume
        """Return the graph of a file.

        Raises:
            DataError: it is no TOML, or no network.
        """
        try:
            data: object = tomllib.loads(content.text)
        except (ValueError, RecursionError) as error:
            raise DataError(f"{content.name} is no TOML: {_reason(error, content)}") from None
        return graph_of(data, content.name)


class JsonReader:
    """JSON, by the standard library."""

    notation = "JSON"

    def recognises(self, content: Content) -> bool:
        """Whether it begins with an object."""
        return content.start.startswith(b"{")

    def read(self, content: Content, *, assume: bool) -> Graph:  # noqa: ARG002 - nothing is left to assume
        """Return the graph of a file.

        Raises:
            DataError: it is no JSON, or no network.
        """

        def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
            found = dict(pairs)
            if len(found) < len(pairs):
                names = [name for name, _ in pairs]
                twice = next(name for name in names if names.count(name) > 1)
                raise DataError(f"{content.name}: the key {shown(twice)} stands twice in one object")
            return found

        try:
            data: object = json.loads(content.text, object_pairs_hook=once, parse_int=_whole)
        except DataError:
            raise
        except (ValueError, RecursionError) as error:
            raise DataError(f"{content.name} is no JSON: {_reason(error, content)}") from None
        return graph_of(data, content.name)


def _shows_model(data: bytes) -> bool:
    """Whether a model is printed behind what may be a key of TOML or an assignment; comments may show one."""
    from conv2d_cli.network.readers.pasted import lines_of, plain
    from conv2d_cli.network.readers.printed_text import begins_model

    lines = lines_of(plain(data[:_START].decode("utf-8", "replace")))
    return begins_model([line for line in lines if not line.lstrip().startswith("#")])


def _whole(digits: str) -> int:
    """Return a whole number; of one that is too large for any size, the first digits are too large as well."""
    return int(digits[:_MOST_DIGITS])


def _reason(error: Exception, content: Content) -> str:
    if isinstance(error, RecursionError):
        return "nested too deeply"
    long = None if isinstance(error, UnicodeDecodeError) else _LONG_NUMBER.search(content.data)
    if long is not None:
        # Python refuses to read it, and does not say where it is.
        return f"a number of thousands of digits (at line {content.data.count(_NEWLINE, 0, long.start()) + 1})"
    return str(error)[:_LONGEST_REASON]
