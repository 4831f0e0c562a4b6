"""A store, its weight and the output of a run without Dask; and a scheduler."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from cluster_runs import LAYER
from dask_processes import processes
from terminal import conv2d

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from dask_processes import Processes


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store of twelve tiles, its weight, and the output of a run here."""
    zarr = pytest.importorskip("zarr")
    folder = tmp_path_factory.mktemp("made")
    rng = np.random.default_rng(0)
    array = zarr.create_array(folder / "x.zarr", shape=(2, 3, 2600, 1500), chunks=(1, 3, 600, 600), dtype="float32")
    array[:] = rng.standard_normal(array.shape, np.float32)
    np.save(folder / "w.npy", rng.standard_normal((8, 3, 5, 5)).astype("float32"))
    assert conv2d("run", "x.zarr", *LAYER, "-o", "here.zarr", folder=folder).code == 0
    return folder


@pytest.fixture
def folder(made: Path, tmp_path: Path) -> Path:
    """A folder of its own with all of that."""
    for name in ("x.zarr", "w.npy", "here.zarr"):
        (tmp_path / name).symlink_to(made / name)
    return tmp_path


@pytest.fixture
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Processes]:
    with processes(tmp_path_factory.mktemp("cluster")) as started:
        yield started
