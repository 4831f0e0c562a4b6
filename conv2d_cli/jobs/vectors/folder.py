"""The folder that test vectors are written to: it appears whole, and takes the place of test vectors alone."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from conv2d_cli.errors import Conv2dError, DataError, FileError, UsageError
from conv2d_cli.jobs.vectors.files.base import opened_plain
from conv2d_cli.jobs.vectors.manifest import MANIFEST, read_manifest
from conv2d_cli.limits import MANIFEST_BYTES
from conv2d_cli.tensors.location import is_stream
from conv2d_cli.tensors.replacement import already_there
from conv2d_cli.tensors.store_replacement import Kind, store_replacement

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from conv2d_cli.jobs.vectors.manifest import Case, Manifest


def manifest_in(folder: Path) -> Manifest:
    """Return the manifest of a folder, of which the bytes are bounded.

    Raises:
        FileError: it cannot be read.
        DataError: it is none.
    """
    path = folder / MANIFEST
    with opened_plain(path) as stream:
        return read_manifest(stream.read(MANIFEST_BYTES + 1), path)


def files_of(manifest: Manifest) -> set[str]:
    """Return the names of all files that a manifest speaks of."""
    return {name for case in manifest.cases for name in files_of_case(case)}


def files_of_case(case: Case) -> set[str]:
    """Return the names of the files of a case."""
    return {one.file for one in (case.input, case.weight, case.bias, case.output) if one is not None}


def check_folder(typed: str, *, force: bool) -> None:
    """Check, before any work, that a folder can be written there.

    Raises:
        UsageError: the name is that of a stream.
        FileError: it exists and `force` is not given, it is no folder of test vectors, or it lies in no folder.
    """
    if is_stream(typed):
        raise UsageError(f"-o {typed}: test vectors are a folder of files", "-o golden")
    path = Path(typed)
    try:
        if os.path.lexists(path):
            if not force:
                raise already_there(typed)
            if not _may_be_replaced(path.resolve()):
                raise _no_place(typed, path)
        elif not path.resolve().parent.is_dir():
            raise FileError(f"cannot write {typed}: there is no folder {path.parent}", "make the folder first")
    except Conv2dError:
        raise
    except (OSError, ValueError) as error:
        reason = (error.strerror if isinstance(error, OSError) else None) or error
        raise FileError(f"cannot write {typed}: {reason}", "give another name") from error


def new_folder(typed: str, size: int, *, force: bool) -> AbstractContextManager[Path]:
    """Return a context with a new folder, which takes the name when all went well and is gone otherwise."""
    return store_replacement(Path(typed), typed, size, force=force, kind=Kind(_may_be_replaced, _no_place))


def _may_be_replaced(folder: Path) -> bool:
    """Whether nothing would be lost: the folder is empty, or holds test vectors alone."""
    if folder.is_symlink() or not folder.is_dir():
        return False
    return next(folder.iterdir(), None) is None or _foreign_in(folder) is None


def _foreign_in(folder: Path) -> str | None:
    """Return the name of what is no part of test vectors; that of the manifest where it cannot be read."""
    try:
        known = files_of(manifest_in(folder)) | {MANIFEST}
    except (DataError, FileError):
        return MANIFEST
    foreign = (path.name for path in folder.iterdir() if path.name not in known or not path.is_file())
    return next(foreign, None)


def _no_place(typed: str, folder: Path) -> FileError:
    if not folder.is_dir():
        return FileError(f"cannot write {typed}: it is a file, and test vectors are a folder", "give another name")
    foreign = _foreign_in(folder)
    if foreign in {None, MANIFEST}:
        return FileError(f"cannot write {typed}: it is a folder, and not one of test vectors", "give another name")
    return FileError(
        f"cannot write {typed}: it also holds {foreign}, which is no part of test vectors and would be lost",
        "give another name, or move that file elsewhere",
    )
