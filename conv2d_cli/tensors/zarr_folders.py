"""The folders of a Zarr group: its arrays, each of which is a store of its own, found without opening any."""

from __future__ import annotations

import json
import os
import stat
from typing import TYPE_CHECKING, Any

from conv2d_cli.limits import ZARR_GROUP_DEPTH, ZARR_GROUP_METADATA_BYTES
from conv2d_cli.tensors.formats import STORE_FILES

if TYPE_CHECKING:
    from pathlib import Path

_GROUP, _ARRAY = "group", "array"
_VERSION_3, _ARRAY_OF_2, _GROUP_OF_2 = STORE_FILES


def arrays_in(path: Path) -> dict[str | None, Path]:
    """Return the folder of every array of a group by its name; that of an array by itself has none."""
    if _kind(path) != _GROUP:
        return {None: path}
    found: dict[str | None, Path] = {}
    _collect(path, "", found, {path.resolve()})
    return found


def described(folder: Path) -> tuple[tuple[int, ...] | None, str | None]:
    """Return the shape and the element type that an array's metadata name; None for each that they do not."""
    return said_by(_metadata(folder / _VERSION_3) or _metadata(folder / _ARRAY_OF_2) or {})


def said_by(metadata: dict[str, Any]) -> tuple[tuple[int, ...] | None, str | None]:
    """Return the shape and the element type that metadata name; None for each that they do not."""
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


def _collect(folder: Path, prefix: str, found: dict[str | None, Path], seen: set[Path]) -> None:
    try:
        with os.scandir(folder) as entries:
            names = sorted(entry.name for entry in entries if entry.is_dir())
    except OSError:
        return
    for name in names:
        path = folder / name
        kind = _kind(path)
        if kind == _ARRAY:
            found[f"{prefix}{name}"] = path
        elif kind == _GROUP and (real := path.resolve()) not in seen and prefix.count("/") < ZARR_GROUP_DEPTH:
            # A link may lead back, or lead to one group in many ways.
            seen.add(real)
            _collect(path, f"{prefix}{name}/", found, seen)


def _kind(folder: Path) -> str | None:
    """Return whether a folder is an array or a group; what is broken counts as an array, to be told of."""
    metadata = _metadata(folder / _VERSION_3)
    if metadata is not None:
        return _GROUP if metadata.get("node_type") == _GROUP else _ARRAY
    if (folder / _ARRAY_OF_2).exists():
        return _ARRAY
    return _GROUP if (folder / _GROUP_OF_2).exists() else None


def _metadata(path: Path) -> dict[str, Any] | None:
    """Return what a file of metadata says: nothing where it cannot be read, None where there is none."""
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode) or status.st_size > ZARR_GROUP_METADATA_BYTES:
            return {}
        return parsed(path.read_bytes())
    except FileNotFoundError:
        return None
    except OSError:
        return {}


def parsed(content: bytes) -> dict[str, Any]:
    """Return what metadata say; nothing where they are broken."""
    try:
        said = json.loads(content)
    except (ValueError, RecursionError):
        return {}
    return said if isinstance(said, dict) else {}
