"""How an error looks on stderr, and the one that is none of the user's."""

from __future__ import annotations

import sys


class ReaderGoneError(Exception):
    """The reader of a pipe went away; Typer would end the process with 1 on the system's own error."""


def print_error(message: str, hint: str | None) -> None:
    """Write what is wrong and what would work to stderr, if anybody is there to read it."""
    if sys.stderr is None:
        return
    text = f"error: {message}\n" + (f"hint: {hint}\n" if hint else "")
    try:
        sys.stderr.write(text)
        sys.stderr.flush()
    except OSError:
        # Nobody is left to tell; the exit code still does.
        return
