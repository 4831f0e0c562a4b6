"""How an error looks on stderr."""

from __future__ import annotations

import sys


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
