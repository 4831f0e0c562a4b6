"""Whether a store is whole while it is read: a chunk that is gone is no fault to Zarr, but zeros."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from conv2d_cli.errors import FileError
from conv2d_cli.tensors.formats import is_store
from conv2d_cli.tensors.location import input_location

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class Unchanged:
    """The stores among some tensors, as they are now; of all else there is nothing to be watched."""

    def __init__(self, *typed: str | None) -> None:
        """Look at them before anything of them is read."""
        paths = [input_location(one).path for one in typed if one is not None]
        self._looks = {path: _look(path) for path in paths if path is not None and is_store(path)}

    def check(self) -> None:
        """Check that they are what they were.

        Raises:
            FileError: one was removed, replaced, or lost a file.
        """
        for path, look in self._looks.items():
            if _look(path) != look:
                raise FileError(
                    f"cannot read {path}: it was removed or replaced while it was read", "leave it alone meanwhile"
                )


def _look(store: Path) -> tuple[int, int, int] | None:
    """Return what tells a store from another, the number of its files, and a number that all their names make."""
    try:
        names = [hash(name) for name in _names(store)]
        return store.stat().st_ino, len(names), sum(names)
    except OSError:
        return None


def _names(store: Path) -> Iterator[str]:
    for folder, _, files in os.walk(store):
        yield from (os.path.join(folder, name) for name in files)  # noqa: PTH118 - a path of a million takes long
