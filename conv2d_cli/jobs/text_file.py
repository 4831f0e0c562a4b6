"""A text to a file, which is there whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path

from conv2d_cli.errors import Conv2dError, FileError, UsageError, hint_of
from conv2d_cli.tensors.replacement import already_there, replacement


def write_text(typed: str, text: str, *, force: bool) -> None:
    """Write a text in UTF-8; a pipe or a device is written to, and never replaced.

    Raises:
        UsageError: that is no name of a file.
        FileError: it cannot be written, or exists and `force` is not given.
    """
    if not typed or "\0" in typed:
        raise UsageError("-o: that is no name of a file", "-o FILE")
    path = Path(typed)
    try:
        if path.is_dir() or typed.endswith(os.sep):
            raise FileError(f"cannot write {typed}: it is a directory", "give a file's name")
        if path.exists() and not path.is_file():
            path.write_text(text, "utf-8")
            return
        if os.path.lexists(path) and not force:
            raise already_there(typed)
        if not path.resolve().parent.is_dir():
            raise FileError(f"cannot write {typed}: there is no folder {path.parent}", "make the folder first")
        with replacement(path, typed, force=force) as file:
            file.write_text(text, "utf-8")
    except (Conv2dError, BrokenPipeError):
        raise
    except (OSError, ValueError, RuntimeError) as error:
        reason = (error.strerror if isinstance(error, OSError) else None) or error
        hint = hint_of(error, "choose a place with room that can be written")
        raise FileError(f"cannot write {typed}: {reason}", hint) from error
