"""Many files at once: a folder, or a pattern such as `frames/*.npy`, and the outputs that keep their names."""

from __future__ import annotations

import glob
import re
from pathlib import Path

from conv2d_cli.errors import FileError, UsageError
from conv2d_cli.tensors.formats import FORMATS, STREAMED, SUFFIXES, format_of_suffix, is_store
from conv2d_cli.tensors.identification import known_folder
from conv2d_cli.tensors.location import is_stream


def is_many(typed: str) -> bool:
    """Whether a folder or a pattern is meant; a file that exists under that very name is one file."""
    if is_stream(typed):
        return False
    try:
        path = Path(typed)
        return (path.is_dir() and not is_store(path)) or (glob.has_magic(typed) and not path.exists())
    except (OSError, ValueError):
        return False


def matched(typed: str) -> tuple[Path, list[Path]]:
    """Return the folder that all files lie in, and the files in the order of their names.

    Of a folder those count whose suffix says a format that we know, of a pattern all.

    Raises:
        FileError: there is none.
    """
    root = Path(typed)
    if root.is_dir():
        listed = (path for path in root.iterdir() if path.name[0] != ".")
        found = [path for path in listed if is_store(path) or (path.is_file() and format_of_suffix(path))]
        what = f"cannot read {typed}: the folder holds no tensor file"
    else:
        pattern, root = root, _fixed_part(root)
        rest = str(Path(*map(_as_in_a_shell, pattern.parts[len(root.parts) :])))
        # Hidden files only where they are asked for, as in a shell.
        hidden = pattern.name[0] == "."
        found = [
            path for path in root.glob(rest) if (path.is_file() or is_store(path)) and (hidden or path.name[0] != ".")
        ]
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
    taken: dict[Path, Path] = {}
    for file in files:
        output = folder / file.relative_to(root)
        known = FORMATS.get(format_of_suffix(file) or "")
        # A picture would lose what is no byte.
        if known is None or known.library == "PIL" or (file.is_dir() and not known.is_store):
            output = output.with_name(f"{output.name}.{STREAMED}")
        if output in taken:
            raise UsageError(
                f"{taken[output]} and {file} would both be written to {output}", "convolve them one after the other"
            )
        taken[output] = file
    return list(taken)


def _as_in_a_shell(part: str) -> str:
    """Return a part of a pattern in which several stars are one, unless it is `**`: any number of folders.

    >>> _as_in_a_shell("a**.npy"), _as_in_a_shell("***"), _as_in_a_shell("**")
    ('a*.npy', '*', '**')
    """
    return part if part == "**" else re.sub(r"\*+", "*", part)


def _fixed_part(pattern: Path) -> Path:
    """Return the folders of a pattern before its first wildcard."""
    parts = []
    for part in pattern.parts[:-1]:
        if glob.has_magic(part):
            break
        parts.append(part)
    return Path(*parts)
