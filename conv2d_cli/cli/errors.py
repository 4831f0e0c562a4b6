"""How an error looks on stderr, and the one that is none of the user's."""

from __future__ import annotations


class ReaderGoneError(Exception):
    """The reader of a pipe went away; Typer would end the process with 1 on the system's own error."""
