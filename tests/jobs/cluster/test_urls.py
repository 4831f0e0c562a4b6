"""Stores behind URLs on a cluster: the same bytes, metadata last, an object a task, and no credential anywhere."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from typing import TYPE_CHECKING

import numpy as np
import pytest
from object_store import ACCESS, SECRET, ObjectStore, serving
from terminal import PROGRAM, conv2d

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytest.importorskip("distributed")
zarr = pytest.importorskip("zarr")
LAYER = ("--weight", "w.npy", "--padding", "2", "--padding-mode", "circular", "--threads", "1", "--no-progress")


@pytest.fixture(scope="module")
def store() -> Iterator[ObjectStore]:
    with serving() as started:
        yield started


@pytest.fixture
def folder(tmp_path: Path, store: ObjectStore) -> Path:
    rng = np.random.default_rng(0)
    array = zarr.create_array(tmp_path / "x.zarr", shape=(2, 3, 2000, 1100), chunks=(1, 3, 600, 600), dtype="float32")
    array[:] = rng.standard_normal(array.shape, np.float32)
    np.save(tmp_path / "w.npy", rng.standard_normal((8, 3, 5, 5)).astype("float32"))
    assert conv2d("run", "x.zarr", *LAYER, "-o", "here.zarr", folder=tmp_path).code == 0
    store.upload(tmp_path / "x.zarr", "x.zarr")
    for path in ("y.zarr", "y.zarr.partial"):
        store.files(path).remove_each(store.files(path).names())
    return tmp_path


def run(store: ObjectStore, folder: Path, *more: str) -> tuple[int, str]:
    words = ("run", store.url("x.zarr"), *LAYER, "-o", store.url("y.zarr"), "--workers", "2", *more)
    done = conv2d(*words, stdin=None, folder=folder, **store.environment)
    assert SECRET not in done.err
    assert ACCESS not in done.err
    return done.code, done.err


def is_same(store: ObjectStore, folder: Path) -> bool:
    files, here = store.files("y.zarr"), folder / "here.zarr"
    names = {path.relative_to(here).as_posix() for path in here.rglob("*") if path.is_file()}
    return {*files.names()} == names and all(
        files.read(name, 0, 1 << 30) == (here / name).read_bytes() for name in names
    )


def test_the_bytes_are_those_of_a_run_here_and_the_metadata_come_last(store: ObjectStore, folder: Path) -> None:
    begun = len(store.asked)
    code, err = run(store, folder)
    assert code == 0, err
    assert is_same(store, folder)
    written = [path for method, path in store.asked[begun:] if method in {"PUT", "POST"} and "y.zarr" in path]
    assert written[-1].endswith("y.zarr/zarr.json")


def test_a_client_that_is_killed_is_gone_on_with(store: ObjectStore, folder: Path) -> None:
    words = ("run", store.url("x.zarr"), *LAYER, "-o", store.url("y.zarr"), "--workers", "2", "--resume")
    process = subprocess.Popen(
        [*PROGRAM, *words], cwd=folder, env=os.environ | store.environment, stderr=subprocess.DEVNULL
    )
    until = time.monotonic() + 60
    while len(store.files("y.zarr.partial").names()) < 3 and time.monotonic() < until:
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert "zarr.json" not in store.files("y.zarr").names()
    for name in store.files("y.zarr.partial").names():
        assert SECRET.encode() not in store.files("y.zarr.partial").read(name, 0, 1 << 20)
    code, err = run(store, folder, "--resume")
    assert code == 0, err
    assert "done already" in err
    assert is_same(store, folder)
    assert store.files("y.zarr.partial").names() == []


def test_what_is_refused_to_workers_is_told_once(store: ObjectStore, folder: Path) -> None:
    def answer(method: str, path: str) -> object:
        return 403 if method == "PUT" and "y.zarr" in path else None

    with store.answering(answer):
        code, err = run(store, folder)
    assert code == 4
    assert err.count("error:") == 1
    assert "access was refused" in err
    assert store.files("y.zarr").names() == []
