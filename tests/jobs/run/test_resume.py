"""What `--resume` takes as done: the very content, in every format, whatever sizes and times say."""

from __future__ import annotations

import os
import shutil
import sys
from typing import TYPE_CHECKING, Any

import pytest
from many_files import WRITERS, contents, go, keeping_times, make, values_of

from conv2d_cli.jobs.run import background
from conv2d_cli.jobs.run.journal import JOURNAL
from conv2d_cli.tensors import source

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import numpy as np

POSIX = pytest.mark.skipif(os.name == "nt", reason="pipes and links of POSIX")


@pytest.fixture(params=["whole", "in chunks", "by threads"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have files read in each way, which changes nothing."""
    if request.param == "in chunks":
        monkeypatch.setattr("conv2d_cli.jobs.run.file.is_one_chunk", lambda _: False)
    elif request.param == "by threads":
        monkeypatch.setattr(background, "_SLOW", 0.0)


def fresh(folder: Path) -> dict[str, bytes]:
    """Return the outputs of a job that begins anew on the inputs as they are."""
    go(folder, output=str(folder / "anew"))
    return contents(folder / "anew")


@pytest.mark.usefixtures("way")
@pytest.mark.parametrize("suffix", WRITERS)
def test_another_content_of_the_same_size_and_time_is_done_again(tmp_path: Path, suffix: str) -> None:
    make(tmp_path, suffix)
    assert go(tmp_path)[:3] == (3, 0, 0)
    changed = tmp_path / f"in/1.{suffix}"
    keeping_times(changed, lambda: WRITERS[suffix](changed, values_of(9)))
    assert go(tmp_path, resume=True)[:3] == (1, 2, 0)
    assert contents(tmp_path / "out") == fresh(tmp_path)
    assert go(tmp_path, resume=True)[:3] == (0, 3, 0)


@pytest.mark.parametrize("suffix", WRITERS)
def test_another_time_is_nothing_to_do(tmp_path: Path, suffix: str) -> None:
    make(tmp_path / "one", suffix)
    go(tmp_path / "one")
    shutil.copytree(tmp_path / "one", tmp_path / "two", copy_function=shutil.copy)
    shutil.rmtree(tmp_path / "one")
    assert go(tmp_path / "two", resume=True)[:3] == (0, 3, 0)


def _bit(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[-3] ^= 1
    path.write_bytes(content)


@pytest.mark.usefixtures("way")
@pytest.mark.parametrize("suffix", ["npy", "npz", "bin", "safetensors"])
def test_an_output_of_which_a_bit_was_changed_is_made_again(tmp_path: Path, suffix: str) -> None:
    make(tmp_path, suffix)
    go(tmp_path)
    right, changed = contents(tmp_path / "out"), tmp_path / f"out/1.{suffix}"
    keeping_times(changed, lambda: _bit(changed))
    assert go(tmp_path, resume=True)[:3] == (1, 2, 0)
    assert contents(tmp_path / "out") == right


def _without(path: Path) -> None:
    path.unlink()


def _longer(path: Path) -> None:
    with path.open("ab") as stream:
        stream.write(b"\0")


def _linked(path: Path) -> None:
    path.rename(path.with_name("elsewhere"))
    path.symlink_to("elsewhere")


@pytest.mark.parametrize(
    ("change", "again"),
    [
        (lambda path: _bit(path / "c/0/0/0"), 1),
        (lambda path: _bit(path / "zarr.json"), 1),
        (lambda path: _without(path / "c/0/0/0"), 1),
        (lambda path: _without(path / "zarr.json"), 1),
        (lambda path: _longer(path / "c/0/0/0"), 1),
        (lambda path: (path / "c/0/0/1").write_bytes(b"more"), 1),
        (lambda path: (path / "c/0/0/0").rename(path / "c/0/0/1"), 1),
        (shutil.rmtree, 1),
        (lambda _: None, 0),
        pytest.param(lambda path: _linked(path / "c/0"), 1, marks=POSIX),
    ],
    ids=["chunk", "metadata", "no chunk", "no metadata", "longer", "more", "renamed", "gone", "nothing", "link"],
)
def test_a_store_of_which_anything_was_changed_is_made_again(
    tmp_path: Path, change: Callable[[Path], object], again: int
) -> None:
    make(tmp_path, "zarr")
    go(tmp_path)
    change(tmp_path / "out/1.zarr")
    ended = go(tmp_path, resume=True)
    # What a stranger has put among the chunks is not taken away, but told.
    assert (ended.written + len(ended.told), ended.skipped) == (again, 3 - again)
    if not ended.told:
        assert contents(tmp_path / "out") == fresh(tmp_path)


def _pipe(path: Path) -> None:
    os.mkfifo(path)


@pytest.mark.parametrize(
    ("become", "code"),
    [
        (lambda path: path.mkdir(), 4),
        (lambda path: path.write_bytes(b""), 0),
        (lambda path: shutil.copy(path.with_name("0.npy"), path), 0),
        pytest.param(_pipe, 4, marks=POSIX),
        pytest.param(lambda path: path.symlink_to("/dev/zero"), 4, marks=POSIX),
        pytest.param(lambda path: path.symlink_to("/dev/full"), 4, marks=POSIX),
        pytest.param(lambda path: path.symlink_to("nowhere"), 0, marks=POSIX),
    ],
    ids=["folder", "empty", "another's", "pipe", "endless", "full", "dangling"],
)
@pytest.mark.parametrize("how", ["resume", "force"])
def test_an_output_that_became_something_else(
    tmp_path: Path, become: Callable[[Path], object], code: int, how: str
) -> None:
    make(tmp_path, "npy")
    go(tmp_path)
    right, path = contents(tmp_path / "out"), tmp_path / "out/1.npy"
    path.unlink()
    become(path)
    ended = go(tmp_path, resume=how == "resume", force=how == "force")
    assert (ended.code, [*ended.told]) == (code, ["1.npy"] if code else [])
    assert all("cannot write" in error.message for error in ended.told.values())
    assert {name: right[name] for name in ("0.npy", "2.npy")}.items() <= contents(tmp_path / "out").items()
    if not code:
        assert contents(tmp_path / "out")["1.npy"] == right["1.npy"]


@pytest.mark.usefixtures("way")
@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("suffix", ["npy", "bin", "safetensors"])
def test_a_file_that_changes_while_it_is_read_is_not_taken_as_done(
    tmp_path: Path, suffix: str, when: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(tmp_path, suffix)
    changed, read = tmp_path / f"in/1.{suffix}", source.Source.read_images
    reads = [0]

    def read_images(self: source.Source, *place: int) -> np.ndarray[Any, Any]:
        def change() -> None:
            if self.typed.endswith(changed.name) and self.is_placed:
                reads[0] += 1
                with changed.open("r+b") as stream:
                    stream.seek(-90, os.SEEK_END)
                    stream.write(bytes([reads[0]]) * 8)

        if when == "before":
            keeping_times(changed, change)
        images = read(self, *place)
        if when == "after":
            keeping_times(changed, change)
        return images

    monkeypatch.setattr(source.Source, "read_images", read_images)
    assert go(tmp_path).written == 3
    monkeypatch.undo()
    wrong = contents(tmp_path / "out") != fresh(tmp_path)
    again = go(tmp_path, resume=True)
    assert again.written == wrong == (when == "after")
    assert contents(tmp_path / "out") == contents(tmp_path / "anew")


@pytest.mark.skipif(sys.platform != "linux", reason="what is left is known there")
def test_records_of_two_jobs_in_one_folder_are_all_kept(tmp_path: Path) -> None:
    make(tmp_path, "npy")
    go(tmp_path)
    right = contents(tmp_path / "out")
    go(tmp_path, resume=True, seed=1)
    assert go(tmp_path, resume=True, seed=1).skipped == 3
    for name, content in right.items():
        (tmp_path / "out" / name).write_bytes(content)
    assert go(tmp_path, resume=True).skipped == 3, "what the first job made is known for what it is"
    assert go(tmp_path, resume=True, seed=1).written == 3


def test_outputs_in_subfolders_and_folders_by_another_name(tmp_path: Path) -> None:
    make(tmp_path / "in/deep", "npy")
    (tmp_path / "in/deep/in").rename(tmp_path / "in/deeper")
    pattern = str(tmp_path / "in/**/*.npy")
    assert go(tmp_path, input=pattern).written == 3
    (tmp_path / "out").rename(tmp_path / "other")
    assert go(tmp_path, input=pattern, output=str(tmp_path / "other"), resume=True).skipped == 3
    assert (tmp_path / "other" / JOURNAL).exists()
