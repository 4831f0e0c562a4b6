"""Files that others cut, write anew or remove while they are read: told, never a crash, never elements of two files."""

from __future__ import annotations

import os
import shutil
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
import zarr
from PIL import Image

from conv2d_cli.errors import Conv2dError, DataError
from conv2d_cli.tensors import safetensors
from conv2d_cli.tensors.opening import open_source
from conv2d_cli.tensors.reading import Described, Reading
from conv2d_cli.tensors.sink import write_tensors

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from conv2d_cli.tensors.source import Source

VALUES = np.arange(4 * 3 * 64 * 64, dtype=np.uint8).reshape(4, 3, 64, 64)
# Parts of these are read from where they lie.
PLACED = ("x.npy", "stored.npz", "x.safetensors", "x.bin", "x.zarr")
NAMES = (*PLACED, "deflated.npz", "x.png", "x.jpg", "x.tif")
HOW = Reading(described=Described((4, 3, 64, 64), "uint8", "<", 0, "input"))


def opened(path: Path) -> AbstractContextManager[Source]:
    """Open a file of any format."""
    return open_source(str(path), HOW if path.suffix == ".bin" else Reading())


def made(path: Path, values: np.ndarray = VALUES) -> Path:
    """Write a file of its name's format."""
    if path.name == "deflated.npz":
        np.savez_compressed(path, x=values)
    elif path.suffix == ".bin":
        values.tofile(path)
    elif path.suffix == ".zarr":
        zarr.create_array(path, data=values, chunks=(1, 3, 64, 64), compressors=None)
    elif path.suffix in {".png", ".jpg", ".tif"}:
        Image.fromarray(np.ascontiguousarray(values[0].transpose(1, 2, 0))).save(path)
    else:
        write_tensors(str(path), {"x": values}, force=False)
    return path


def cut(path: Path, share: float) -> None:
    """Cut a file, or the files of a store."""
    for file in [path] if path.is_file() else [file for file in path.rglob("*") if file.is_file()]:
        os.truncate(file, int(file.stat().st_size * share))


def removed(path: Path) -> None:
    """Remove a file or a store."""
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink()


def overwritten(path: Path) -> None:
    """Write zeros over the very bytes of a file."""
    for file in [path] if path.is_file() else [file for file in path.rglob("*") if file.is_file()]:
        with file.open("r+b") as stream:
            stream.write(bytes(file.stat().st_size))


def replaced(path: Path) -> None:
    """Give the name to another file, as programs do that write with care."""
    other = made(path.with_name(f"new-{path.name}"), 255 - VALUES)
    path.rename(path.with_name(f"old-{path.name}"))
    other.rename(path)


PARTS: dict[str, Callable[[Source], object]] = {
    "all": lambda source: source.read(),
    "images": lambda source: source.read_images(3, 1),
    "rows": lambda source: source.image(3)[..., slice(60, 64), slice(10, 64)],
}


@pytest.mark.parametrize("name", PLACED)
@pytest.mark.parametrize("share", [0, 0.01, 0.5, 0.99])
@pytest.mark.parametrize("part", PARTS)
def test_one_that_is_cut_is_told(tmp_path: Path, name: str, share: float, part: str) -> None:
    path = made(tmp_path / name)
    with opened(path) as source:
        cut(path, share)
        with pytest.raises(DataError) as caught:
            PARTS[part](source)
    assert caught.value.message.startswith(str(path))
    assert caught.value.hint


@pytest.mark.parametrize("name", [name for name in NAMES if name not in PLACED])
@pytest.mark.parametrize("share", [0, 0.01, 0.5, 0.99])
def test_one_that_is_cut_is_told_where_it_was_not_read_already(tmp_path: Path, name: str, share: float) -> None:
    path = made(tmp_path / name)
    with opened(path) as source:
        right = source.read()
    with opened(path) as source:
        cut(path, share)
        with suppress(DataError):
            np.testing.assert_array_equal(source.read(), right)
    with pytest.raises(DataError), opened(path) as source:
        source.read()


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("change", [removed, replaced])
def test_one_that_is_removed_or_replaced_is_read_on(tmp_path: Path, name: str, change: Callable[[Path], None]) -> None:
    path = made(tmp_path / name)
    with opened(path) as source:
        right = source.read()
    with opened(path) as source:
        time.sleep(0.01)
        change(path)
        if name == "x.zarr" and change is removed:
            with pytest.raises(DataError, match="came or went"):
                source.read()
        else:
            np.testing.assert_array_equal(source.read(), right)


@pytest.mark.parametrize("name", NAMES)
def test_one_that_is_overwritten_is_read_or_told(tmp_path: Path, name: str) -> None:
    path = made(tmp_path / name)
    with opened(path) as source:
        overwritten(path)
        with suppress(DataError):
            assert source.read().shape == source.shape


def test_the_library_never_maps_a_file_of_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The process would end where somebody cuts it, and with it every other file of the job."""
    path, mapped = made(tmp_path / "x.safetensors"), list[int]()

    class Library:
        SafetensorError = ValueError

        @staticmethod
        def safe_open(name: str, framework: str) -> None:
            assert framework == "np"
            mapped.append(Path(name).stat().st_ino)

    monkeypatch.setattr(safetensors, "_library", lambda: Library)
    with open_source(str(path)) as source:
        np.testing.assert_array_equal(source.read(), VALUES)
    assert len(mapped) == 1
    assert path.stat().st_ino not in mapped


def test_without_files_in_memory_the_header_is_checked_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = made(tmp_path / "x.safetensors")
    monkeypatch.delattr(os, "memfd_create", raising=False)
    with open_source(str(path)) as source:
        np.testing.assert_array_equal(source.read(), VALUES)
    content = path.read_bytes()
    path.write_bytes(content[:-1])
    with pytest.raises(Conv2dError, match=r"no sound \.safetensors"), open_source(str(path)):
        pass
