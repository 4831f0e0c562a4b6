"""What others do to a name while a store, or a file, is being written for it."""

from __future__ import annotations

import os
import shutil
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from conv2d_cli.errors import FileError
from conv2d_cli.tensors import store_replacement, temporaries
from conv2d_cli.tensors.opening import open_source
from conv2d_cli.tensors.sink import check_output, open_output

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.skipif(os.name == "nt", reason="links, and folders that change places")

OLD, NEW = np.zeros((1, 2, 3, 4), np.float32), np.ones((1, 2, 3, 4), np.float32)
MEANS = ["with the means of Linux", "without"]


def write(path: Path, array: Any = NEW, *, force: bool = True) -> None:
    with open_output(str(path), array.shape, array.dtype, force=force) as output:
        output.write(0, array)


def read(path: Path) -> Any:
    with open_source(str(path)) as source:
        return source.read()


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture
def store(tmp_path: Path) -> Path:
    path = tmp_path / "y.zarr"
    write(path, OLD)
    return path


@pytest.fixture(params=MEANS)
def means(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "without":
        monkeypatch.setattr(store_replacement, "_rename", lambda *_: False)


def meanwhile(monkeypatch: pytest.MonkeyPatch, change: Callable[[], object]) -> None:
    """Have something happen once, between the last look at the target and the exchange."""
    exchange, left = store_replacement._exchange, [change]

    def changed(one: Path, other: Path) -> None:
        if left:
            left.pop()()
        exchange(one, other)

    monkeypatch.setattr(store_replacement, "_exchange", changed)


FOREIGN = ("notes.txt", "c/notes.txt", "c/0/0/.hidden", ".git/config", "zarr.json.bak", "c/0/0/0/1.txt", "deep/er/x")


@pytest.mark.usefixtures("means")
@pytest.mark.parametrize("name", FOREIGN)
def test_a_file_that_somebody_puts_there_at_the_last_moment_stays(
    store: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    def put() -> None:
        (store / name).parent.mkdir(parents=True, exist_ok=True)
        (store / name).write_text("precious")

    meanwhile(monkeypatch, put)
    with pytest.raises(FileError, match="is no part of a Zarr store and would be lost"):
        write(store)
    assert (store / name).read_text() == "precious"
    assert names(store.parent) == ["y.zarr"]
    (store / name).unlink()
    assert np.array_equal(read(store), OLD)


@pytest.mark.usefixtures("means")
@pytest.mark.parametrize("kind", ["file", "folder", "link", "metadata gone"])
def test_what_is_no_store_any_more_stays(store: Path, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    def change() -> None:
        if kind == "metadata gone":
            (store / "zarr.json").unlink()
            return
        shutil.rmtree(store)
        if kind == "file":
            store.write_text("precious")
        elif kind == "folder":
            store.mkdir()
            (store / "thesis.txt").write_text("precious")
        else:
            (store.parent / "thesis.txt").write_text("precious")
            store.symlink_to(store.parent / "thesis.txt")

    meanwhile(monkeypatch, change)
    with pytest.raises(FileError, match=r"cannot write .*y\.zarr: it is a"):
        write(store)
    kept = {"file": store, "folder": store / "thesis.txt", "link": store, "metadata gone": None}[kind]
    assert kept is None or kept.read_text() == "precious"
    assert not [name for name in names(store.parent) if name.startswith(".")]


@pytest.mark.usefixtures("means")
def test_a_store_that_is_removed_meanwhile_is_written_all_the_same(
    store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    meanwhile(monkeypatch, lambda: shutil.rmtree(store))
    write(store)
    assert np.array_equal(read(store), NEW)
    assert names(store.parent) == ["y.zarr"]


@pytest.mark.parametrize("force", [True, False])
def test_a_store_that_appears_meanwhile_is_replaced_if_that_is_wished(tmp_path: Path, force: bool) -> None:
    path = tmp_path / "y.zarr"

    def race() -> None:
        with open_output(str(path), NEW.shape, NEW.dtype, force=force) as output:
            output.write(0, NEW)
            write(path, OLD, force=False)

    if force:
        race()
    else:
        with pytest.raises(FileError, match="already exists"):
            race()
    assert np.array_equal(read(path), NEW if force else OLD)
    assert names(tmp_path) == ["y.zarr"]


@pytest.mark.parametrize("name", ["y.zarr", "y.npy", "y.npz", "y.safetensors", "y.png"])
@pytest.mark.parametrize("force", [True, False])
def test_of_twenty_writers_all_win_or_one(tmp_path: Path, name: str, force: bool) -> None:
    path, start = tmp_path / name, threading.Barrier(20)
    faults: list[str] = []

    def one(number: int) -> None:
        array = np.full((1, 1, 5, 5), number, np.uint8)
        start.wait()
        try:
            write(path, array, force=force)
        except FileError as error:
            faults.append(error.message)

    threads = [threading.Thread(target=one, args=(number,)) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == ([] if force else [f"{path} already exists"] * 19)
    values = {*read(path).reshape(-1).tolist()}
    assert len(values) == 1
    assert values <= {*range(20)}
    assert names(tmp_path) == [name]


@pytest.mark.parametrize("name", FOREIGN)
def test_a_signal_just_after_the_exchange_removes_nothing_foreign(
    store: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr(temporaries, "_ended", threading.Event())
    exchange = store_replacement._exchange
    done: list[bool] = []

    def ended(one: Path, other: Path) -> None:
        if done:
            exchange(one, other)
            return
        (other / name).parent.mkdir(parents=True, exist_ok=True)
        (other / name).write_text("precious")
        exchange(one, other)
        done.append(True)
        raise KeyboardInterrupt

    monkeypatch.setattr(store_replacement, "_exchange", ended)
    with pytest.raises(KeyboardInterrupt):
        write(store)
    assert (store / name).read_text() == "precious"
    assert names(store.parent) == ["y.zarr"]


@pytest.mark.parametrize("kind", ["store", "file"])
@pytest.mark.parametrize("link", ["link", "link to a link", "dangling link"])
def test_links_are_written_through(tmp_path: Path, kind: str, link: str) -> None:
    name = "y.zarr" if kind == "store" else "y.npy"
    (tmp_path / "there").mkdir()
    target, path = tmp_path / "there" / name, tmp_path / name
    if link != "dangling link":
        write(target, OLD)
    path.symlink_to(target)
    if link == "link to a link":
        path = tmp_path / f"other-{name}"
        path.symlink_to(name)
    with pytest.raises(FileError, match="already exists"):
        check_output(str(path), force=False)
    check_output(str(path), force=True)
    write(path)
    assert path.is_symlink()
    assert np.array_equal(read(target), NEW)
    assert names(tmp_path / "there") == [name]


@pytest.mark.parametrize("name", ["y.zarr", "y.npy", "y.npz"])
@pytest.mark.parametrize("force", [True, False])
def test_a_link_to_itself_is_told(tmp_path: Path, name: str, force: bool) -> None:
    path = tmp_path / name
    path.symlink_to(path)
    with pytest.raises(FileError):
        check_output(str(path), force=force)
    with pytest.raises(FileError):
        write(path, force=force)
    assert names(tmp_path) == [name]


def test_a_second_name_of_a_file_keeps_the_old_content(tmp_path: Path) -> None:
    write(tmp_path / "y.npy", OLD)
    os.link(tmp_path / "y.npy", tmp_path / "other.npy")
    write(tmp_path / "y.npy")
    assert np.array_equal(read(tmp_path / "y.npy"), NEW)
    assert np.array_equal(read(tmp_path / "other.npy"), OLD)


@pytest.mark.parametrize("force", [True, False])
def test_a_file_is_no_store(tmp_path: Path, force: bool) -> None:
    path = tmp_path / "y.zarr"
    path.write_text("precious")
    with pytest.raises(FileError, match="it is a file" if force else "already exists"):
        check_output(str(path), force=force)
    with pytest.raises(FileError):
        write(path, force=force)
    assert path.read_text() == "precious"
    assert names(tmp_path) == ["y.zarr"]


def test_a_folder_that_is_a_mount_point_is_told_before_the_work(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Path, "is_mount", lambda _: True)
    with pytest.raises(FileError, match="another file system is mounted there"):
        check_output(str(store), force=True)


@pytest.mark.parametrize("name", ["y.zarr", "y.npy", "y.npz"])
@pytest.mark.parametrize("kind", ["gone", "a file"])
def test_a_folder_that_is_gone_meanwhile_is_told(tmp_path: Path, name: str, kind: str) -> None:
    folder = tmp_path / "out"
    folder.mkdir()

    def lose() -> None:
        with open_output(str(folder / name), NEW.shape, NEW.dtype, force=False) as output:
            output.write(0, NEW)
            shutil.rmtree(folder)
            if kind == "a file":
                folder.write_text("precious")

    with pytest.raises(FileError, match="cannot write"):
        lose()
    assert names(tmp_path) == ([] if kind == "gone" else ["out"])
