"""`--force` replaces what it says and nothing else."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import numpy as np
import pytest
import zarr
from forked import conv2d

if TYPE_CHECKING:
    from pathlib import Path

FOREIGN = ("notes.txt", "c/notes.txt", "c/0/.hidden", "deep/zarr.json.bak", "c/0/9/data.csv", ".git/config", "1x")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with an input, and a store of the output of a run."""
    np.save(tmp_path / "x.npy", np.ones((1, 3, 8, 8), np.float32))
    assert conv2d("run", "x.npy", "3", "8", "3", "-q", "-o", "y.zarr", folder=tmp_path).code == 0
    return tmp_path


@pytest.mark.parametrize("foreign", FOREIGN)
def test_a_folder_that_holds_anything_else_is_not_replaced(folder: Path, foreign: str) -> None:
    path = folder / "y.zarr" / foreign
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("precious")
    before = sorted(str(one) for one in (folder / "y.zarr").rglob("*"))
    done = conv2d("run", "x.npy", "3", "8", "3", "-q", "--force", "-o", "y.zarr", folder=folder)
    assert done.code == 4
    assert "is no part of a Zarr store and would be lost" in done.err
    assert sorted(str(one) for one in (folder / "y.zarr").rglob("*")) == before


@pytest.mark.skipif(os.name == "nt", reason="links of POSIX")
def test_nor_is_one_that_links_elsewhere(folder: Path) -> None:
    (folder / "y.zarr" / "c" / "0" / "7").symlink_to(folder / "x.npy")
    done = conv2d("run", "x.npy", "3", "8", "3", "-q", "--force", "-o", "y.zarr", folder=folder)
    assert done.code == 4


@pytest.mark.parametrize("version", [2, 3])
@pytest.mark.parametrize("separator", [".", "/"])
def test_every_store_is_replaced(folder: Path, version: int, separator: str) -> None:
    path = folder / "old.zarr"
    group = zarr.create_group(path, zarr_format=version)  # type: ignore[arg-type]
    array = group.create_array(
        "deep/a",
        shape=(4, 4),
        chunks=(2, 2),
        dtype="f4",
        chunk_key_encoding={"name": "v2" if version == 2 else "default", "separator": separator},
    )
    array[...] = np.ones((4, 4))
    zarr.create_array(path, name="scalar", shape=(), dtype="f4", zarr_format=version)[...] = 1  # type: ignore[arg-type]
    assert conv2d("run", "x.npy", "3", "8", "3", "-q", "--force", "-o", "old.zarr", folder=folder).code == 0
    assert conv2d("info", "old.zarr", "--get", "shape", folder=folder).out == "1 8 6 6\n"


@pytest.mark.skipif(os.name == "nt", reason="links of POSIX")
@pytest.mark.parametrize("spelling", ["y.npz", "./y.npz", "sub/../y.npz", "link.npz", "hard.npz"])
def test_the_output_and_what_is_kept_are_two_files(folder: Path, spelling: str) -> None:
    (folder / "sub").mkdir()
    (folder / "y.npz").write_bytes(b"old")
    (folder / "link.npz").symlink_to("y.npz")
    os.link(folder / "y.npz", folder / "hard.npz")
    done = conv2d(
        *("run", "x.npy", "3", "8", "3", "-q", "--force", "-o", "y.npz", "--save-parameters", spelling), folder=folder
    )
    assert (done.code, "-o and --save-parameters both name" in done.err) == (2, True)
    assert (folder / "y.npz").read_bytes() == b"old"
