"""A file that is no tensor: it appears whole under its name or not at all, and replaces none unless that is wanted."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from conv2d_cli.errors import FileError, UsageError
from conv2d_cli.tensors.replacement import about_file, already_there, replacement


def check_file(typed: str, *, force: bool) -> None:
    """Check, before any work, that a file can be written there.

    Raises:
        UsageError: that is no name of a file.
        FileError: it exists and `force` is not given, it is a folder, or the folder for it does not exist.
    """
    if not typed or "\0" in typed:
        raise UsageError("-o: that is no name of a file", "-o FILE")
    path = Path(typed)
    with about_file(typed):
        if is_special(typed):
            return
        if path.is_dir() or typed.endswith(os.sep):
            raise FileError(f"cannot write {typed}: it is a directory", "give a file's name")
        if os.path.lexists(path) and not force:
            raise already_there(typed)
        if not path.resolve().parent.is_dir():
            raise FileError(f"cannot write {typed}: there is no folder {path.parent}", "make the folder first")


def write_file(typed: str, content: bytes, *, force: bool) -> None:
    """Write a file.

    Raises:
        FileError: it cannot be written, or exists and `force` is not given.
    """
    path = Path(typed)
    with about_file(typed):
        if is_special(typed):
            path.write_bytes(content)
            return
        with replacement(path, typed, force=force, named=False) as file:
            file.write_bytes(content)


def is_special(typed: str) -> bool:
    """Whether there is a pipe or a device: it is written to, and never replaced."""
    try:
        mode = Path(typed).stat().st_mode
    except (OSError, ValueError):
        return False
    return not (stat.S_ISREG(mode) or stat.S_ISDIR(mode))
