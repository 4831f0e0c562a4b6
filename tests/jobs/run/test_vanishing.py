"""Files that disappear, or become something else, while a job runs: told as theirs, and the others are done."""

from __future__ import annotations

import errno
import os
import shutil
import time
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from forked import conv2d
from many_files import MACHINE, READING, Ended, go, make

from conv2d_cli.errors import Conv2dError, DataError, FileError
from conv2d_cli.jobs.run import background, file, pipeline
from conv2d_cli.jobs.run.many_files import plan_many, run_many
from conv2d_cli.jobs.run.one_file import run_one
from conv2d_cli.jobs.run.pipeline import Listener
from conv2d_cli.jobs.run.request import Request
from conv2d_cli.layer.model import layer_from
from conv2d_cli.tensors import source, zarr, zarr_output
from conv2d_cli.tensors.stores import LocalFiles

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = pytest.mark.skipif(os.name == "nt", reason="what is open cannot be removed there")
LAYER = layer_from({"in_channels": 3, "out_channels": 2, "kernel_size": 3})


WAYS = ("at once", "by threads", "in chunks")


@pytest.fixture(params=WAYS)
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have files read and written in each way."""
    if request.param == "by threads":
        monkeypatch.setattr(background, "_SLOW", 0.0)
    elif request.param == "in chunks":
        monkeypatch.setattr(file, "is_one_chunk", lambda _: False)


def go_while(folder: Path, change: Callable[[], None], *, after: int = 0, **changed: Any) -> Ended:
    """Convolve all files of `folder/in`, and change something after some of them."""
    told: dict[str, Conv2dError] = {}
    left = [after]

    def advance(_: int) -> None:
        left[0] -= 1
        if left[0] == 0:
            change()

    def failed(path: Path, error: Conv2dError) -> None:
        told[path.name] = error

    tell = Listener(failed, advance, lambda _: None if after else change())
    request = Request(str(folder / "in"), LAYER, {}, output=str(folder / "out"), threads=1, input_reading=READING)
    report, code = run_many(request._replace(**changed), MACHINE, resume=False, tell=tell)
    return Ended(report.written, report.skipped, code, told)


def _cut(path: Path) -> None:
    os.truncate(path, 100)


def _as(make_it: Callable[[Path], object]) -> Callable[[Path], None]:
    """Return what removes a file, or a store, and puts something else there."""

    def change(path: Path) -> None:
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()
        make_it(path)

    return change


CHANGES: dict[str, tuple[Callable[[Path], None], int]] = {
    "gone": (_as(lambda _: None), 4),
    "folder": (_as(lambda path: path.mkdir()), 4),
    "pipe": (_as(os.mkfifo), 4),
    "endless": (_as(lambda path: path.symlink_to("/dev/zero")), 4),
    "terminal": (_as(lambda path: path.symlink_to("/dev/tty")), 4),
    "dangling": (_as(lambda path: path.symlink_to("nowhere")), 4),
    "loop": (_as(lambda path: path.symlink_to(path.name)), 4),
    "text": (_as(lambda path: path.write_text("no tensor\n" * 30)), 3),
    "empty": (_as(lambda path: path.write_bytes(b"")), 3),
}


@pytest.mark.parametrize(
    ("suffix", "way"),
    [("npy", way) for way in WAYS] + [(suffix, WAYS[0]) for suffix in ("npz", "bin", "safetensors", "zarr", "png")],
    indirect=["way"],
)
@pytest.mark.parametrize("what", CHANGES)
@pytest.mark.usefixtures("way")
def test_an_input_that_becomes_something_else_is_passed_over(tmp_path: Path, suffix: str, what: str) -> None:
    change, code = CHANGES[what]
    make(tmp_path, suffix)
    path = tmp_path / f"in/1.{suffix}"
    ended = go_while(tmp_path, lambda: change(path))
    assert (ended.written, [*ended.told]) == (2, [path.name])
    # A folder of that name is taken for a broken store, and so is a file.
    assert ended.code in {code, 3 if suffix == "zarr" else code}
    assert path.name in ended.told[path.name].message
    assert "stdout" not in ended.told[path.name].message


@pytest.mark.usefixtures("way")
@pytest.mark.parametrize("suffix", ["npy", "npz", "safetensors"])
def test_an_input_that_is_cut_is_passed_over(tmp_path: Path, suffix: str) -> None:
    make(tmp_path, suffix)
    ended = go_while(tmp_path, lambda: _cut(tmp_path / f"in/1.{suffix}"))
    assert (ended.written, ended.code, [*ended.told]) == (2, 3, [f"1.{suffix}"])


@pytest.mark.parametrize(
    ("suffix", "way"),
    [("npy", way) for way in WAYS] + [(suffix, WAYS[0]) for suffix in ("npz", "zarr")],
    indirect=["way"],
)
@pytest.mark.usefixtures("way")
@pytest.mark.parametrize("what", ["folder", "pipe", "endless"])
def test_an_output_that_becomes_something_else_is_passed_over(tmp_path: Path, suffix: str, what: str) -> None:
    make(tmp_path, suffix)
    path = tmp_path / f"out/1.{suffix}"

    def change() -> None:
        CHANGES[what][0](path)
        if what == "folder":
            (path / "foreign").write_text("keep me")

    path.parent.mkdir()
    path.touch()
    ended = go_while(tmp_path, change, force=True)
    assert (ended.written, ended.code, [*ended.told]) == (2, 4, [path.name])
    assert "cannot write" in ended.told[path.name].message or "already exists" in ended.told[path.name].message
    if what == "folder":
        assert (path / "foreign").read_text() == "keep me"
    assert not [*tmp_path.rglob("*.tmp")]


@pytest.mark.usefixtures("way")
@pytest.mark.parametrize("suffix", ["npy"])
@pytest.mark.parametrize("after", [0, 3])
@pytest.mark.parametrize("becomes", ["gone", "file"])
def test_a_folder_for_outputs_that_disappears(tmp_path: Path, suffix: str, after: int, becomes: str) -> None:
    make(tmp_path, suffix)

    def change() -> None:
        shutil.rmtree(tmp_path / "out")
        if becomes == "file":
            (tmp_path / "out").write_text("a file now")

    ended = go_while(tmp_path, change, after=after)
    assert ended.code == 4
    assert ended.told
    assert all("cannot write" in error.message and "stdout" not in error.message for error in ended.told.values())


def test_a_folder_of_inputs_that_disappears(tmp_path: Path) -> None:
    make(tmp_path, "npy")
    ended = go_while(tmp_path, lambda: shutil.rmtree(tmp_path / "in"))
    assert (ended.written, ended.code, len(ended.told)) == (0, 4, 3)


FAULTS = {
    "io": (OSError(errno.EIO, "Input/output error"), 4),
    "pipe": (BrokenPipeError(errno.EPIPE, "Broken pipe"), 4),
    "stale": (OSError(errno.ESTALE, "Stale file handle"), 4),
    "full": (OSError(errno.ENOSPC, "No space left on device"), 4),
    "memory": (MemoryError(), 5),
    "ours": (FileError("cannot read it"), 4),
}


@pytest.mark.parametrize(
    ("fault", "way"),
    [("io", way) for way in WAYS] + [(fault, WAYS[1]) for fault in FAULTS if fault != "io"],
    indirect=["way"],
)
@pytest.mark.parametrize("where", ["source", "output", "digest"])
@pytest.mark.usefixtures("way")
def test_a_fault_of_one_file_never_ends_the_job(
    tmp_path: Path, fault: str, where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(tmp_path, "npy", 6)
    error, code = FAULTS[fault]
    owner: Any
    owner, name = {
        "source": (source.Source, "read_images"),
        "output": (file, "open_output"),
        "digest": (pipeline, "digest_of_file"),
    }[where]
    right, calls = getattr(owner, name), [0]

    def fails_once(*arguments: Any, **named: Any) -> Any:
        calls[0] += 1
        if calls[0] == 3:
            raise error
        return right(*arguments, **named)

    monkeypatch.setattr(owner, name, fails_once)
    ended = go(tmp_path)
    assert (ended.written, ended.code, len(ended.told)) == (5, code, 1)
    assert not [*tmp_path.rglob("*.tmp")]
    monkeypatch.undo()
    assert go(tmp_path, resume=True)[:3] == (1, 5, 0)


@pytest.mark.parametrize("part", [".", "c", "c/0/0/0"])
@pytest.mark.parametrize(("by", "many"), [("input", False), ("input", True), ("weight", False)])
def test_a_store_that_is_removed_while_it_is_read_is_a_fault(
    tmp_path: Path, part: str, many: bool, by: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(tmp_path, "zarr", 1)
    library = pytest.importorskip("zarr")
    library.create_array(tmp_path / "w.zarr", data=np.ones((2, 3, 3, 3), "f4"), chunks=(2, 3, 3, 3))
    removed = tmp_path / ("in/0.zarr" if by == "input" else "w.zarr")
    target = removed / (f"{part}/0" if by == "weight" and part == "c/0/0/0" else part)
    right = zarr.ZarrTensor.part

    def reads(self: zarr.ZarrTensor, key: tuple[Any, ...]) -> Any:
        if (len(self.shape) == 4) == (by == "weight"):
            # Times on the disk are as coarse as the system's clock.
            time.sleep(0.02)
            if target.is_dir():
                shutil.rmtree(target)
            else:
                target.unlink()
        return right(self, key)

    monkeypatch.setattr(zarr.ZarrTensor, "part", reads)
    if many:
        ended = go(tmp_path)
        assert (ended.written, [*ended.told]) == (0, ["0.zarr"])
        assert ended.code in {3, 4}
        assert not [*(tmp_path / "out").glob("*.zarr")]
        return
    parameters: dict[str, Any] = {
        "weight": str(tmp_path / "w.zarr"),
        "output": str(tmp_path / "y.npy"),
        "input_reading": READING,
    }
    one = Request(str(tmp_path / "in/0.zarr"), None, {})._replace(**parameters)
    with pytest.raises((FileError, DataError)):
        run_one(one, MACHINE, summarize=False, announce=lambda _: None)
    assert not (tmp_path / "y.npy").exists()


@pytest.mark.parametrize("part", [".", "zarr.json", "c", "c/0/0/0"])
@pytest.mark.parametrize("force", [False, True])
def test_a_store_that_is_removed_while_it_is_written_is_a_fault(
    tmp_path: Path, part: str, force: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(tmp_path, "zarr")
    write = zarr_output.ZarrOutput.write

    def writes(self: zarr_output.ZarrOutput, first: int, images: Any) -> None:
        write(self, first, images)
        if len([*(tmp_path / "out").glob("*.zarr")]) == 1:
            assert isinstance(self.chunks.files, LocalFiles)
            target = self.chunks.files.path / part
            if target.is_dir():
                shutil.rmtree(target)
            else:
                target.unlink()

    monkeypatch.setattr(zarr_output.ZarrOutput, "write", writes)
    ended = go(tmp_path, force=force)
    # The second and, since there is one still, the third.
    assert (ended.written, ended.code, len(ended.told)) == (1, 4, 2)
    assert sorted(path.name for path in (tmp_path / "out").glob("*.zarr")) == ["0.zarr"]


def test_a_chunk_in_parts_is_not_begun_anew_when_it_was_removed(tmp_path: Path) -> None:
    library = pytest.importorskip("zarr")
    (tmp_path / "y").mkdir()
    output = zarr_output.ZarrOutput(library, LocalFiles(tmp_path / "y"), (1, 8, 8), np.dtype("f4"))
    output.write_tile(0, 0, 0, np.ones((1, 4, 8), "f4"))
    (tmp_path / "y/c/0/0/0").unlink()
    with pytest.raises(FileNotFoundError):
        output.write_tile(0, 4, 0, np.ones((1, 4, 8), "f4"))


@pytest.mark.parametrize("other", [(3, 9, 8), (1, 3, 8, 8), (3, 4, 4)])
def test_a_large_file_that_becomes_another_between_its_header_and_its_values(
    tmp_path: Path, other: tuple[int, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    make(tmp_path, "npy", 2)
    monkeypatch.setattr(file, "is_one_chunk", lambda _: False)
    opened_again = file._opened_again

    def changes(decided: file.FileRun) -> Any:
        if decided.request.input.endswith("1.npy"):
            np.save(tmp_path / "in/1.npy", np.zeros(other, np.uint8))
        return opened_again(decided)

    monkeypatch.setattr(file, "_opened_again", changes)
    ended = go(tmp_path)
    assert (ended.written, ended.code) == (1, 3)
    assert "it became another tensor" in ended.told["1.npy"].message


@pytest.mark.parametrize("what", CHANGES)
def test_plans_tell_of_files_that_became_something_else(tmp_path: Path, what: str) -> None:
    change, code = CHANGES[what]
    make(tmp_path, "npy")
    request = Request(str(tmp_path / "in"), LAYER, {}, threads=1, input_reading=READING)
    plans = plan_many(request, MACHINE)
    assert not isinstance(next(plans)[1], Conv2dError)
    change(tmp_path / "in/1.npy")
    _, told = next(plans)
    assert isinstance(told, Conv2dError)
    assert told.exit_code == code
    assert not isinstance(next(plans)[1], Conv2dError)


def test_the_words_of_a_real_process(tmp_path: Path) -> None:
    make(tmp_path, "npy")
    (tmp_path / "in/1.npy").unlink()
    (tmp_path / "in/1.npy").write_bytes(b"")
    done = conv2d("run", "in", "3", "2", "3", "-o", "out", "--dtype", "float32", "-q", folder=tmp_path)
    assert done.code == 3
    assert done.err.splitlines()[0].startswith("error: in/1.npy: ")
    assert done.err.splitlines()[-1] == "error: 1 of 3 files failed"
