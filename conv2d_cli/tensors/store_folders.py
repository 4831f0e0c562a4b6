"""What lies in the folder of a store: a store may take its place if there is nothing else in it."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from conv2d_cli.errors import FileError
from conv2d_cli.tensors.formats import STORE_FILES, holds_store

if TYPE_CHECKING:
    from collections.abc import Collection

# Metadata of either version, and chunks, named by their indices.
_METADATA = frozenset({"zarr.json", ".zarray", ".zgroup", ".zattrs", ".zmetadata"})
_CHUNK = re.compile(r"[0-9]+(?:\.[0-9]+)*|c(?:\.[0-9]+)*", re.ASCII)


def may_be_replaced(folder: Path) -> bool:
    """Whether a store may take a folder's place: that of what is wholly a store, or of nothing."""
    if folder.is_symlink() or not folder.is_dir():
        return False
    return next(folder.iterdir(), None) is None or (holds_store(folder) and foreign_in(folder) is None)


def no_place_for_store(typed: str, folder: Path) -> FileError:
    """Return the fault of a place that is not wholly a store."""
    if not folder.is_dir():
        return FileError(f"cannot write {typed}: it is a file, not the folder of a Zarr store", "give another name")
    foreign = foreign_in(folder) if holds_store(folder) else None
    if foreign is None:
        return FileError(f"cannot write {typed}: it is a directory", "give a file's name")
    inside = foreign.relative_to(folder)
    return FileError(
        f"cannot write {typed}: it also holds {inside}, which is no part of a Zarr store and would be lost",
        "give another name, or move that file elsewhere",
    )


def foreign_in(folder: Path) -> Path | None:
    """Return a file in the folder of a store that is no part of a store; None where there is none.

    Raises:
        OSError: a part of it cannot be looked at.
    """
    for place, folders, files in os.walk(folder, onerror=_refuse):
        in_chunks = Path(place).name == "c" or _CHUNK.fullmatch(Path(place).name) is not None
        for name in files:
            path = Path(place, name)
            if name not in _METADATA and (_CHUNK.fullmatch(name) is None or path.is_symlink()):
                return path
        for name in folders:
            path = Path(place, name)
            is_part = in_chunks or name == "c" or _CHUNK.fullmatch(name) is not None or holds_store(path)
            if path.is_symlink() or not is_part:
                return path
    return None


def foreign_name(names: Collection[str]) -> str | None:
    """Return a name, of those of all objects in a place, that is no part of a store; None where all are.

    >>> foreign_name(["zarr.json", "c/0/1", "w/.zarray", "w/0.0"]), foreign_name(["zarr.json", "c/0", "notes.txt"])
    (None, 'notes.txt')
    >>> foreign_name(["c/0/1"]), foreign_name(["c/0/thesis.txt"])
    (None, 'c/0/thesis.txt')
    """
    stores = {name.rpartition("/")[0] for name in names if name.rpartition("/")[2] in STORE_FILES}
    if all(name.startswith("c/") for name in names):
        # What a run that was killed has left: chunks without metadata.
        stores.add("")
    if "" not in stores:
        return min(names, default=None)
    for name in names:
        *folders, last = name.split("/")
        # Whatever lies in the folder of chunks, and what stands for a folder, is named by indices too.
        depth = max(count for count in range(len(folders) + 1) if "/".join(folders[:count]) in stores)
        chunked = all(_CHUNK.fullmatch(folder) for folder in folders[depth:])
        if not chunked or not (last in _METADATA or not last or _CHUNK.fullmatch(last)):
            return name
    return None


def _refuse(error: OSError) -> None:
    raise error
