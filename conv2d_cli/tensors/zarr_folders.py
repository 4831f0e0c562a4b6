"""The folders of a Zarr group: its arrays, each of which is a store of its own, found without opening any."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from conv2d_cli.tensors.formats import STORE_FILES

if TYPE_CHECKING:
    from pathlib import Path

_LONGEST_METADATA = 1 << 22
_GROUP, _ARRAY = "group", "array"
_VERSION_3, _ARRAY_OF_2, _GROUP_OF_2 = STORE_FILES
# Deeper groups are no work of people, and a link may lead back.
_DEEPEST = 32


def arrays_in(path: Path) -> dict[str, Path] | None:
    """Return the folder of every array of a group by its name; None where the folder is no group."""
    if _kind(path) != _GROUP:
        return None
    found: dict[str, Path] = {}
    _collect(path, "", found, {path.resolve()})
    return found


def described(folder: Path) -> tuple[tuple[int, ...] | None, str | None]:
    """Return the shape and the element type that an array's metadata name; None for each that they do not."""
    metadata = _metadata(folder / _VERSION_3) or _metadata(folder / _ARRAY_OF_2)
    shape, dtype = metadata.get("shape"), metadata.get("data_type", metadata.get("dtype"))
    if not isinstance(shape, list) or not all(type(size) is int and size >= 0 for size in shape):
        shape = None
    return None if shape is None else tuple(shape), _word(dtype)


def _word(dtype: object) -> str | None:
    if isinstance(dtype, str):
        return dtype
    if isinstance(dtype, dict) and isinstance(dtype.get("name"), str):
        return str(dtype["name"])
    if isinstance(dtype, list) and all(isinstance(field, list) and field for field in dtype):
        return f"records of {', '.join(str(field[0]) for field in dtype)}"
    return None


def _collect(folder: Path, prefix: str, found: dict[str, Path], seen: set[Path]) -> None:
    try:
        below = sorted(path for path in folder.iterdir() if path.is_dir())
    except OSError:
        return
    for path in below:
        kind, real = _kind(path), path.resolve()
        if kind is None or real in seen:
            continue
        seen.add(real)
        name = f"{prefix}{path.name}"
        if kind == _ARRAY:
            found[name] = path
        elif name.count("/") < _DEEPEST:
            _collect(path, f"{name}/", found, seen)


def _kind(folder: Path) -> str | None:
    """Return whether a folder is an array or a group; what is broken counts as an array, to be told of."""
    if (folder / _VERSION_3).exists():
        return _GROUP if _metadata(folder / _VERSION_3).get("node_type") == _GROUP else _ARRAY
    if (folder / _ARRAY_OF_2).exists():
        return _ARRAY
    return _GROUP if (folder / _GROUP_OF_2).exists() else None


def _metadata(path: Path) -> dict[str, Any]:
    """Return what a file of metadata says; nothing where it cannot be read."""
    try:
        if not path.is_file() or path.stat().st_size > _LONGEST_METADATA:
            return {}
        content = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return {}
    return content if isinstance(content, dict) else {}
