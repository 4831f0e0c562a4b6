"""Many files at once: a folder, or a pattern such as `frames/*.npy`, and the outputs that keep their names."""

from __future__ import annotations

import glob
import os
import re
import unicodedata
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING

from conv2d_cli.errors import FileError, UsageError
from conv2d_cli.tensors.formats import FORMATS, STREAMED, SUFFIXES, format_of_suffix, is_store
from conv2d_cli.tensors.identification import known_folder
from conv2d_cli.tensors.location import is_stream
from conv2d_cli.tensors.urls import is_url

if TYPE_CHECKING:
    from collections.abc import Iterable

# What is unfinished, and the resume journal.
_OURS = ".conv2d-"
_UPWARDS, _ANY_FOLDERS = "..", "**"


def is_many(typed: str) -> bool:
    """Whether a folder or a pattern is meant; a file that exists under that very name is one file."""
    if is_stream(typed) or is_url(typed) or not typed:
        return False
    path = Path(typed)
    # Of a name that is too long, or no name at all, pathlib's own raise.
    is_folder, exists = os.path.isdir(path), os.path.exists(path)  # noqa: PTH110, PTH112
    return (is_folder and not is_store(path)) or (glob.has_magic(typed) and not exists)


def matched(typed: str) -> tuple[Path, list[Path]]:
    """Return the folder that all files lie in, and the files in the order of their names.

    Of a folder those count whose suffix says a format that we know, of a pattern all.

    Raises:
        FileError: there is none.
        UsageError: a pattern goes upwards after its first wildcard: its files lie in no one folder.
    """
    root = Path(typed)
    # As above: a pattern may be longer than a name.
    if os.path.isdir(root):  # noqa: PTH112
        listed = (path for path in root.iterdir() if path.name[0] != ".")
        found = [path for path in listed if is_store(path) or (path.is_file() and format_of_suffix(path))]
        what = f"cannot read {typed}: the folder holds no tensor file"
    else:
        pattern, root = root, _fixed_part(root)
        parts = [_as_in_a_shell(part) for part in pattern.parts[len(root.parts) :]]
        if parts[-1] == _ANY_FOLDERS:
            # Before Python 3.13 it would find folders alone.
            parts.append("*")
        if _UPWARDS in parts:
            raise UsageError(f"{typed}: .. stands behind a wildcard", "give .. first: '../frames/*.npy'")
        found = _without_parts_of_stores(
            path
            for path in root.glob(str(Path(*parts)))
            if not _is_hidden(path.relative_to(root), parts) and (is_store(path) or path.is_file())
        )
        what = f"no file matches {typed}"
    if not found:
        known = known_folder(typed, root) if root.is_dir() else None
        if known is not None:
            raise known
        raise FileError(what, f"known suffixes: {SUFFIXES}")
    return root, sorted(found)


def outputs_for(root: Path, files: list[Path], folder: Path) -> list[Path]:
    """Return where the output of each file goes: under its own name, with `.npy` added where it would not be kept so.

    Raises:
        UsageError: two of them would be one.
    """
    outputs: list[Path] = []
    taken: dict[str, Path] = {}
    name_of = _as_without_case if _ignores_case(folder) else str
    for file in files:
        output = folder / file.relative_to(root)
        known = FORMATS.get(format_of_suffix(file) or "")
        # A picture would lose what is no byte.
        if known is None or known.library == "PIL" or (file.is_dir() and not known.is_store):
            output = output.with_name(f"{output.name}.{STREAMED}")
        other = taken.setdefault(name_of(output), file)
        if other is not file:
            raise UsageError(
                f"{other} and {file} would both be written to {output}", "convolve them one after the other"
            )
        outputs.append(output)
    return outputs


def _ignores_case(folder: Path) -> bool:
    """Whether names that differ in case alone are one there, as on macOS and Windows: its own name is, or one above."""
    for place in (folder.absolute(), *folder.absolute().parents):
        other = place.with_name(place.name.swapcase()) if place.name else place
        if other != place and os.path.exists(place):  # noqa: PTH110 - of a name that is too long it says no
            return os.path.exists(other) and place.samefile(other)  # noqa: PTH110
    return False


def _as_without_case(path: Path) -> str:
    """Return what two paths share that are one where case does not count, nor how an accent is spelled."""
    return unicodedata.normalize("NFC", str(path)).casefold()


def _is_hidden(path: Path, parts: list[str]) -> bool:
    """Whether a name on the way begins with a dot, and no part of the pattern asks for such a name, as in a shell.

    What we write besides outputs nobody asks for.
    """
    asking = [part for part in parts if part[0] == "."]
    return any(
        name.startswith(_OURS) or (name[0] == "." and not any(fnmatchcase(name, part) for part in asking))
        for name in path.parts
    )


def _without_parts_of_stores(paths: Iterable[Path]) -> list[Path]:
    """Return paths, without those that `**` finds inside of others: metadata and chunks are no tensors."""
    found = list(paths)
    stores = {path for path in found if path.is_dir()}
    return [path for path in found if stores.isdisjoint(path.parents)]


def _as_in_a_shell(part: str) -> str:
    """Return a part of a pattern in which several stars are one, unless it is `**`: any number of folders.

    >>> _as_in_a_shell("a**.npy"), _as_in_a_shell("***"), _as_in_a_shell("**")
    ('a*.npy', '*', '**')
    """
    return part if part == _ANY_FOLDERS else re.sub(r"\*+", "*", part)


def _fixed_part(pattern: Path) -> Path:
    """Return the folders of a pattern before its first wildcard."""
    parts = []
    for part in pattern.parts[:-1]:
        if glob.has_magic(part):
            break
        parts.append(part)
    return Path(*parts)
