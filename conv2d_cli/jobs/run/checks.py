"""The files of a job and their outputs, which must take the place of nothing that is read."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from conv2d_cli.errors import Conv2dError, FileError, MemoryLimitError, UsageError, hint_of
from conv2d_cli.jobs.headers import is_typed
from conv2d_cli.tensors.formats import is_store
from conv2d_cli.tensors.location import input_location, is_stream
from conv2d_cli.tensors.matching import matched, outputs_for
from conv2d_cli.tensors.urls import is_url

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from conv2d_cli.jobs.run.request import Request

    # A file by its folder's place on the disk, whatever that is called, and its name there.
    Place = tuple[object, str]


class Item(NamedTuple):
    """One file and its output."""

    source: Path
    output: Path


def files_of(request: Request) -> tuple[Path, list[Path]]:
    """Return the folder that all files of a request lie in, and the files.

    Raises:
        FileError: there is none, or the folder cannot be read.
    """
    try:
        return matched(request.input)
    except FileError:
        raise
    except OSError as error:
        raise FileError(f"cannot read {request.input}: {error.strerror}", "give a folder that can be read") from error


def items_of(request: Request) -> tuple[Path, list[Item]]:
    """Return the folder for the outputs, and each file with its own.

    Raises:
        FileError: there is no file.
        UsageError: no folder is given, two outputs would be one, or one would take the place of what is read.
    """
    root, files = files_of(request)
    if request.output is None or is_stream(request.output):
        raise UsageError("many files need a folder for their outputs", "-o FOLDER")
    if is_url(request.output):
        raise UsageError("many files are written to a folder of this machine", "-o FOLDER")
    if request.save_parameters is not None:
        raise UsageError("--save-parameters is for one file", "convolve one of them with it, and the others after")
    folder = Path(request.output)
    items = [Item(*pair) for pair in zip(files, outputs_for(root, files, folder), strict=True)]
    _check_apart(root, items, [*_parameter_files(request)])
    return folder, items


def make_folders(folder: Path, items: Sequence[Item], *, allowed: bool) -> set[Path]:
    """Make the folders for all outputs and return them; outputs that exist must be `allowed`.

    Raises:
        FileError: a folder cannot be made, or outputs exist.
    """
    parents = {folder, *(item.output.parent for item in items)}
    try:
        for parent in sorted(parents):
            parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FileError(
            f"cannot make the folder {folder}: {error.strerror}", "give a folder that can be written"
        ) from error
    existing = [] if allowed else [item.output for item in items if os.path.lexists(item.output)]
    if existing:
        more = f" and {len(existing) - 1} more exist" if len(existing) > 1 else " exists"
        raise FileError(
            f"{existing[0]}{more} already", "--resume keeps those that are complete, --force replaces all of them"
        )
    return parents


def fault_of(path: Path, error: Conv2dError | OSError | MemoryError) -> Conv2dError:
    """Return what is to be told of a file that could not be convolved."""
    if isinstance(error, Conv2dError):
        return error
    if isinstance(error, MemoryError):
        hint = "convolve it by itself; --plan shows what it takes"
        return MemoryLimitError(f"{path}: the machine has not enough memory for it", hint)
    what_helps = hint_of(error, "leave the files alone while the job runs")
    return FileError(f"cannot convolve {path}: {error.strerror or error}", what_helps)


def check_kind(path: Path, verb: str) -> None:
    """Check that a path is no pipe or device, which would let all others wait.

    Raises:
        FileError: it is one.
    """
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError):
        # Whoever opens it says why.
        return
    if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
        raise FileError(
            f"cannot {verb} {path}: it is a pipe or a device", "convolve it by itself, or remove it from the folder"
        )


def _parameter_files(request: Request) -> Iterable[tuple[str, Path]]:
    for option, typed in (("--weight", request.weight), ("--bias", request.bias)):
        path = None if typed is None or is_typed(typed) else input_location(typed).path
        if path is not None:
            yield option, path


def _check_apart(root: Path, items: Sequence[Item], parameters: Sequence[tuple[str, Path]]) -> None:
    """Refuse outputs that would take the place of what is read, or of a part of it, by whatever spelling or link."""
    places = _Places()
    inputs = {places.of(item.source) for item in items} | {*places.down_to(root)}
    held = {place: (option, path) for option, path in parameters for place in places.down_to(path)}
    same: dict[object, tuple[str, Path]] = {
        one: (option, path) for option, path in parameters if (one := _identity(path)) is not None
    }
    written: dict[Place, Path] = {}
    for item in items:
        place = places.of(item.output)
        other = written.setdefault(place, item.output)
        if other != item.output:
            raise UsageError(f"{other} and {item.output} are one file, by a link", "give another folder for outputs")
        if place in inputs:
            raise UsageError(f"{item.output} is one of the files that are read", "give another folder for the outputs")
        taken = held.get(place) or (same and same.get(_identity(item.output)))
        if taken:
            option, path = taken
            raise UsageError(
                f"the output {item.output} would take the place of {option} {path}", "give another folder for outputs"
            )
    stores = {places.of(item.source) for item in items} | {places.of(path) for _, path in parameters if is_store(path)}
    for parent in {item.output.parent for item in items}:
        if not stores.isdisjoint(places.down_to(parent)):
            raise UsageError(f"{parent} lies in a store that is read", "give another folder for the outputs")


def _identity(path: Path) -> tuple[int, int] | None:
    """Return what tells a file that exists from all others; None where there is none."""
    try:
        status = path.stat()
    except (OSError, ValueError):
        return None
    return status.st_dev, status.st_ino


class _Places:
    """Where paths lead, links followed; each folder is looked at once."""

    def __init__(self) -> None:
        self._folders: dict[Path, object] = {}

    def of(self, path: Path) -> Place:
        """Return the place of a file, whether it is there or not."""
        # Of a name that is too long `Path.is_symlink` raises; that is told when the file is opened.
        if os.path.islink(path):  # noqa: PTH114
            path = path.resolve()
        folder = path.parent
        if folder not in self._folders:
            self._folders[folder] = _identity(folder) or folder.resolve()
        return self._folders[folder], path.name

    def down_to(self, path: Path) -> list[Place]:
        """Return the places of a path and of every folder that it lies in."""
        real = path.resolve()
        return [self.of(one) for one in (real, *real.parents)]
