"""Where a tensor is, as people type it: `x.npy`, `weights.npz::conv1`, `s3://bucket/x.zarr`, `-` for a stream.

`npy:-` forces a format. A URL that begins with `file://` is a path.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from conv2d_cli.errors import UsageError
from conv2d_cli.tensors.formats import FORMATS, STORE, format_of_suffix, is_store
from conv2d_cli.tensors.urls import local_of, remote_of

_SEPARATOR = "::"
_LONGEST_PATH = 4096


class Location(NamedTuple):
    """A file, the name of a tensor in it, and the format when that is known by itself.

    Without a path it is a stream, or, with a `url`, a store that is not of this machine.
    """

    typed: str
    path: Path | None
    name: str | None = None
    format: str | None = None
    url: str | None = None

    @property
    def is_stream(self) -> bool:
        """Whether it is stdin or stdout."""
        return self.path is None and self.url is None


def is_stream(typed: str) -> bool:
    """Whether stdin or stdout is meant."""
    return typed == "-" or _forced_format(typed) is not None


def input_location(typed: str) -> Location:
    """Return where to read: a path that exists is taken as it is, else the last `::` parts file and name.

    Of a URL it is the first.

    Raises:
        UsageError: it is a URL, and none of a store.
    """
    if is_stream(typed):
        return Location(typed, None, format=_forced_format(typed))
    remote = remote_of(typed)
    if remote is not None:
        return Location(typed, None, remote[1], STORE, remote[0])
    given, typed = typed, local_of(typed)
    if _SEPARATOR not in typed or _exists(typed):
        return Location(given, Path(typed))
    path, _, name = typed.rpartition(_SEPARATOR)
    # The name of a tensor may hold the separator too, where what stands before an earlier one is a file.
    while len(typed) < _LONGEST_PATH and not _exists(path) and _SEPARATOR in path:
        path, _, part = path.rpartition(_SEPARATOR)
        name = f"{part}{_SEPARATOR}{name}"
    if not _exists(path):
        path, _, name = typed.rpartition(_SEPARATOR)
    return Location(given, Path(path), name)


def output_location(typed: str) -> Location:
    """Return where to write: a file under the very name typed, a store behind a URL, or stdout.

    Raises:
        UsageError: it is a URL, and none of a store.
    """
    if is_stream(typed):
        return Location(typed, None, format=_forced_format(typed))
    remote = remote_of(typed)
    if remote is None:
        return Location(typed, Path(local_of(typed)))
    if remote[1] is not None:
        raise UsageError(f"{typed}: an output is a store, and no array in one", f"-o {remote[0]}")
    return Location(typed, None, None, STORE, remote[0])


def format_meant(typed: str) -> str | None:
    """Return the format that a location says by itself, None where only the first bytes of a file do."""
    location = input_location(typed)
    if location.path is None:
        return location.format
    return STORE if is_store(location.path) else format_of_suffix(location.path)


def _forced_format(typed: str) -> str | None:
    name, separator, rest = typed.partition(":")
    return name if separator and rest == "-" and name in FORMATS else None


def _exists(typed: str) -> bool:
    try:
        return Path(typed).exists()
    except (OSError, ValueError):
        return False
