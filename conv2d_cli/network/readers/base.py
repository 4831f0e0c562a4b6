"""What a reader is: it recognises its notation by content, and makes a graph of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from conv2d_cli.network.graph import Graph


class Content(NamedTuple):
    """What is read: its bytes, and a name to call the network by; `path` is None for stdin and for typed text."""

    data: bytes
    name: str
    path: str | None = None

    @property
    def start(self) -> bytes:
        """Its first bytes, without blanks in front."""
        return self.data[:4096].lstrip()

    @property
    def text(self) -> str:
        """All of it as text.

        Raises:
            UnicodeDecodeError: it is no UTF-8.
        """
        return self.data.decode("utf-8-sig")


class Reader(Protocol):
    """One notation."""

    @property
    def notation(self) -> str:
        """What users call it: `TOML`."""

    def recognises(self, content: Content) -> bool:
        """Whether the content is meant as this notation, right or wrong."""

    def read(self, content: Content, *, assume: bool) -> Graph:
        """Return the graph; without `assume`, what is not written is not supplied by known blocks and networks.

        Raises:
            DataError: it is no valid network; the message says where.
            MissingExtraError: an optional dependency is needed.
        """
