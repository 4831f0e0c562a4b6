"""The text that `print(model)` gives in PyTorch."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conv2d_cli.errors import DataError

if TYPE_CHECKING:
    from conv2d_cli.network.graph import Graph
    from conv2d_cli.network.readers.base import Content

# Where a model begins: behind no more than what a session shows before it.
_START = 65_536


class PrintedReader:
    """What PyTorch prints of a model: its modules and, by known blocks and networks, how data flows through them."""

    notation = "print(model)"

    def recognises(self, content: Content) -> bool:
        """Whether a line near the beginning is one of a printed model, or of what is taken for one."""
        from conv2d_cli.network.readers.pasted import mistaken_for_model
        from conv2d_cli.network.readers.printed_text import holds_model

        text = content.data[:_START].decode("utf-8-sig", "replace")
        return holds_model(text) or mistaken_for_model(text) is not None

    def read(self, content: Content, *, assume: bool) -> Graph:
        """Return the graph of a printed model.

        Raises:
            DataError: it is none, or a known module has wrong arguments; the message says in which line.
        """
        from conv2d_cli.network.readers.printed_flow import graph_of
        from conv2d_cli.network.readers.printed_text import MOST_CHARACTERS, tree_of

        if len(content.data) > MOST_CHARACTERS:
            raise DataError(f"{content.name} has {len(content.data)} bytes, the most is {MOST_CHARACTERS}")
        try:
            text = content.text
        except UnicodeDecodeError as error:
            line = content.data.count(b"\n", 0, error.start) + 1
            raise DataError(f"{content.name}: line {line} is no UTF-8") from None
        try:
            return graph_of(tree_of(text), assume=assume)
        except DataError as error:
            raise DataError(f"{content.name}: {error.message}", error.hint) from None
