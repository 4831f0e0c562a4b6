"""Files of many tensors are opened once, whatever is asked of them: costs grow with their number, not its square."""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import zarr
from bombs import version_2, version_3
from hostile_files import place
from resident import growth

from conv2d_cli.jobs.info import tensors_of
from conv2d_cli.tensors import npz, safetensors, zarr_folders
from conv2d_cli.tensors import zarr as zarr_format

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from types import ModuleType

COUNT = 1000
NAMES = [f"model.layers.{number}.weight" for number in range(COUNT)]


def npz_file(folder: Path) -> Path:
    """Write an archive of many tensors."""
    named: dict[str, Any] = dict.fromkeys(NAMES, np.zeros((2, 3, 4), np.float32))
    np.savez(folder / "x.npz", **named)
    return folder / "x.npz"


def safetensors_file(folder: Path) -> Path:
    """Write a file of many tensors."""
    entries = {
        name: {"dtype": "F32", "shape": [2, 3, 4], "data_offsets": [96 * place, 96 * place + 96]}
        for place, name in enumerate(NAMES)
    }
    text = json.dumps(entries).encode()
    (folder / "x.safetensors").write_bytes(len(text).to_bytes(8, "little") + text + bytes(96 * COUNT))
    return folder / "x.safetensors"


def store(folder: Path, version: int) -> Path:
    """Write a group of many arrays, of which no two are alike."""
    zarr.create_group(folder / "x.zarr", zarr_format=version)  # type: ignore[arg-type]
    for number, name in enumerate(NAMES):
        shape = [2, 3, 4 + number]
        files = version_3(["bytes"], b"", shape=shape) if version == 3 else version_2(None, None, b"", shape=shape)
        place(folder / "x.zarr" / name, {file: content for file, content in files.items() if content})
    return folder / "x.zarr"


# How each is written, and what opens it.
KINDS: dict[str, tuple[Callable[[Path], Path], ModuleType, str]] = {
    "npz": (npz_file, npz, "ZipArchive"),
    "safetensors": (safetensors_file, safetensors, "_check"),
    "zarr 2": (partial(store, version=2), zarr_format, "arrays_in"),
    "zarr 3": (partial(store, version=3), zarr_format, "arrays_in"),
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_is_opened_once_for_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    make, module, function = KINDS[kind]
    path = make(tmp_path)
    calls, original = [], getattr(module, function)

    def counted(*arguments: Any) -> Any:
        calls.append(arguments)
        return original(*arguments)

    monkeypatch.setattr(module, function, counted)
    rows = list[Any]()
    assert growth(lambda: rows.extend(tensors_of(str(path), None))) < 32 << 20
    assert sorted(row.name for row in rows) == sorted(NAMES)
    assert {row.unreadable for row in rows} == {None}
    assert len(calls) == 1


def test_the_metadata_of_an_array_are_read_twice_at_most(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, calls, original = store(tmp_path, 3), [], zarr_folders._metadata

    def counted(file: Path) -> Any:
        calls.append(file)
        return original(file)

    monkeypatch.setattr(zarr_folders, "_metadata", counted)
    assert len(tensors_of(str(path), None)) == COUNT
    # Once to tell arrays from groups, in the folder of each, and in that of all.
    assert len(calls) == COUNT + 1
