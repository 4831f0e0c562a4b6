"""Under its final name a file is there whole, or not at all."""

from __future__ import annotations

import io
import os
import sys
import threading
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
import pytest

from conv2d_cli.errors import Conv2dError, FileError, UsageError
from conv2d_cli.tensors import placed, replacement, temporaries
from conv2d_cli.tensors.formats import SUFFIXES
from conv2d_cli.tensors.opening import open_source
from conv2d_cli.tensors.sink import check_output, check_output_dtype, open_output, write_tensors

ARRAY = np.arange(6, dtype=np.float32).reshape(2, 3)
posix = pytest.mark.skipif(os.name == "nt", reason="permissions, links and pipes of POSIX")


def write_tensor(typed: str, array: Any, *, force: bool, stdout: Any = None) -> None:
    with open_output(typed, array.shape, array.dtype, force=force, stdout=stdout) as output:
        output.write(0, array)


def fault(check: Any, *arguments: Any, **options: Any) -> Conv2dError:
    with pytest.raises(Conv2dError) as caught:
        check(*arguments, **options)
    return caught.value


@pytest.mark.parametrize("name", ["y.npy", "y.NPY", "y.npz", "y.safetensors", "a::b.npy"])
def test_what_is_written_is_read_again(tmp_path: Path, name: str) -> None:
    typed = str(tmp_path / name)
    check_output(typed, force=False)
    write_tensor(typed, ARRAY, force=False)
    with open_source(typed) as source:
        assert source.read().tolist() == ARRAY.tolist()
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_names_are_kept(tmp_path: Path) -> None:
    typed = str(tmp_path / "p.npz")
    write_tensors(typed, {"weight": ARRAY, "bias": ARRAY[0]}, force=False)
    with open_source(f"{typed}::bias") as source:
        assert source.read().tolist() == [0, 1, 2]
    write_tensor(typed, ARRAY, force=True)
    with open_source(f"{typed}::output") as source:
        assert source.shape == (2, 3)


def test_bfloat16_is_two_bytes_of_void_as_numpy_writes_it(tmp_path: Path) -> None:
    path = tmp_path / "y.npy"
    write_tensor(str(path), ARRAY.astype(ml_dtypes.bfloat16), force=False)
    stored = np.load(path)
    assert stored.dtype == np.dtype("V2")
    assert stored.view(ml_dtypes.bfloat16).astype(np.float32).tolist() == ARRAY.tolist()


def test_stdout_gets_npy() -> None:
    for typed in ("-", "npy:-"):
        check_output(typed, force=False)
        stream = io.BytesIO()
        write_tensor(typed, ARRAY, force=False, stdout=stream)
        assert np.load(io.BytesIO(stream.getvalue())).tolist() == ARRAY.tolist()
    assert fault(write_tensor, "-", ARRAY, force=False).lines() == [
        ("stdout is closed", "write to a file instead of -")
    ]
    assert fault(check_output, "npz:-", force=False).lines() == [("a .npz cannot be written to a pipe", "-o npy:-")]


def test_a_reader_that_goes_away_is_no_fault_of_a_file() -> None:
    class Gone(io.BytesIO):
        def write(self, _: object) -> int:
            raise BrokenPipeError

    with pytest.raises(BrokenPipeError):
        write_tensor("-", ARRAY, force=False, stdout=Gone())


def test_an_existing_file_is_kept_unless_forced(tmp_path: Path) -> None:
    path = tmp_path / "y.npy"
    path.write_bytes(b"precious")
    for attempt in (
        lambda: check_output(str(path), force=False),
        lambda: write_tensor(str(path), ARRAY, force=False),
    ):
        error = fault(attempt)
        assert isinstance(error, FileError)
        assert error.lines() == [(f"{path} already exists", "--force replaces it, another name keeps both")]
        assert path.read_bytes() == b"precious"
    check_output(str(path), force=True)
    write_tensor(str(path), ARRAY, force=True)
    assert np.load(path).tolist() == ARRAY.tolist()
    assert [entry.name for entry in tmp_path.iterdir()] == ["y.npy"]


@pytest.mark.parametrize("name", ["y", "y.txt", "y.npy.gz", ".npy"])
def test_a_name_that_says_no_format_is_the_command_lines_fault(tmp_path: Path, name: str) -> None:
    typed = str(tmp_path / name)
    error = fault(check_output, typed, force=True)
    assert isinstance(error, UsageError)
    assert error.lines() == [
        (f"the name {typed} says no format that can be written", f"-o FILE.npy; known: {SUFFIXES}")
    ]


def test_places_that_cannot_be_written_are_found_before_the_work(tmp_path: Path) -> None:
    folder = tmp_path / "folder.npy"
    folder.mkdir()
    assert fault(check_output, str(folder), force=True).lines() == [
        (f"cannot write {folder}: it is a directory", "give a file's name")
    ]
    typed = str(tmp_path / "none" / "y.npy")
    error = fault(check_output, typed, force=False)
    assert isinstance(error, FileError)
    assert error.lines() == [(f"cannot write {typed}: there is no folder {tmp_path / 'none'}", "make the folder first")]
    assert isinstance(fault(check_output, str(tmp_path / "nul\0.npy"), force=False), FileError)


@pytest.mark.parametrize(("name", "dtype", "fits"), [
    ("y.npy", "complex128", True),
    ("y.npz", "complex128", True),
    ("y.safetensors", "complex64", True),
    ("y.safetensors", "complex128", False),
    ("-", "complex128", True),
])  # fmt: skip
def test_a_format_that_lacks_a_type_is_told_early(name: str, dtype: str, fits: bool) -> None:
    if fits:
        check_output_dtype(name, dtype)
    else:
        error = fault(check_output_dtype, name, dtype)
        assert isinstance(error, UsageError)
        assert error.lines() == [("y.safetensors cannot hold complex128", "write a .npy file")]


@pytest.fixture(params=["with a name of its own", "without a name"])
def temporary(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Outputs are made without a name where the system can, which not every one does."""
    if request.param == "with a name of its own":
        monkeypatch.setattr(replacement, "_unnamed_file", lambda _: None)


@pytest.mark.usefixtures("temporary")
@pytest.mark.parametrize("end", [KeyboardInterrupt, OSError(28, "No space left on device"), MemoryError])
def test_nothing_is_left_of_a_write_that_failed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, end: BaseException | type[BaseException]
) -> None:
    path = tmp_path / "y.npy"
    path.write_bytes(b"precious")

    def fail(stream: Any, array: Any, _: int) -> None:
        stream.write(array.tobytes()[:5])
        raise end

    monkeypatch.setattr(placed, "write_at", fail)
    with pytest.raises(BaseException) as caught:  # noqa: PT011 - whatever the write ended with
        write_tensor(str(path), ARRAY, force=True)
    if isinstance(end, OSError):
        assert isinstance(caught.value, FileError)
        assert caught.value.lines() == [
            (f"cannot write {path}: No space left on device", "choose a place with room that can be written")
        ]
    else:
        assert isinstance(caught.value, (KeyboardInterrupt, MemoryError))
    assert path.read_bytes() == b"precious"
    assert list(tmp_path.iterdir()) == [path]


@posix
@pytest.mark.usefixtures("temporary")
@pytest.mark.parametrize("name", ["y.npy", "y.npz", "y.safetensors"])
def test_the_mode_is_that_of_the_old_file_or_of_the_umask(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    old = os.umask(0o027)
    try:
        write_tensor(str(path), ARRAY, force=False)
    finally:
        os.umask(old)
    assert path.stat().st_mode & 0o777 == 0o640
    path.chmod(0o604)
    write_tensor(str(path), ARRAY, force=True)
    assert path.stat().st_mode & 0o777 == 0o604


@posix
def test_a_link_is_written_through(tmp_path: Path) -> None:
    (tmp_path / "store").mkdir()
    target, link = tmp_path / "store" / "real.npy", tmp_path / "y.npy"
    link.symlink_to(target)
    assert isinstance(fault(check_output, str(link), force=False), FileError)
    check_output(str(link), force=True)
    write_tensor(str(link), ARRAY, force=True)
    assert link.is_symlink()
    assert np.load(target).tolist() == ARRAY.tolist()
    link.unlink()
    link.symlink_to(link)
    assert isinstance(fault(write_tensor, str(link), ARRAY, force=True), FileError)


@posix
def test_pipes_and_devices_are_written_to_and_never_replaced(tmp_path: Path) -> None:
    check_output(os.devnull, force=False)
    check_output_dtype(os.devnull, "float32")
    write_tensor(os.devnull, ARRAY, force=False)
    assert Path(os.devnull).is_char_device()
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    received: list[bytes] = []
    reader = threading.Thread(target=lambda: received.append(pipe.read_bytes()))
    reader.start()
    write_tensor(str(pipe), ARRAY, force=False)
    reader.join()
    assert np.load(io.BytesIO(received[0])).tolist() == ARRAY.tolist()
    assert pipe.is_fifo()


def test_of_two_writers_one_wins_and_the_other_destroys_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "y.npy"
    synchronize = replacement.synchronize

    def slow(file: Path) -> None:
        path.write_bytes(b"the other was first")
        synchronize(file)

    monkeypatch.setattr(replacement, "synchronize", slow)
    error = fault(write_tensor, str(path), ARRAY, force=False)
    assert isinstance(error, FileError)
    assert error.message == f"{path} already exists"
    assert path.read_bytes() == b"the other was first"
    assert list(tmp_path.iterdir()) == [path]


@posix
def test_without_links_a_free_name_is_still_taken_and_a_taken_one_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(Path, "hardlink_to", refuse)
    path = tmp_path / "y.npy"
    write_tensor(str(path), ARRAY, force=False)
    assert np.load(path).tolist() == ARRAY.tolist()
    content = path.read_bytes()
    assert isinstance(fault(write_tensor, str(path), ARRAY + 1, force=False), FileError)
    assert path.read_bytes() == content
    assert list(tmp_path.iterdir()) == [path]


@posix
def test_file_and_folder_are_synchronized(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[str] = []
    fsync = os.fsync

    def record(descriptor: int) -> None:
        calls.append("folder" if os.path.isdir(f"/dev/fd/{descriptor}") else "file")  # noqa: PTH112
        fsync(descriptor)

    if sys.platform == "linux":
        monkeypatch.setattr(os, "fsync", record)
        write_tensor(str(tmp_path / "y.npy"), ARRAY, force=False)
        assert calls == ["file", "folder"]
    monkeypatch.setattr(os, "fsync", lambda _: (_ for _ in ()).throw(OSError(22, "Invalid argument")))
    error = fault(write_tensor, str(tmp_path / "z.npy"), ARRAY, force=False)
    assert error.message == f"cannot write {tmp_path / 'z.npy'}: Invalid argument"
    assert not (tmp_path / "z.npy").exists()


@pytest.mark.usefixtures("temporary")
def test_an_existing_file_is_replaced_or_kept(tmp_path: Path) -> None:
    path = tmp_path / "y.npy"
    write_tensor(str(path), ARRAY, force=False)
    assert isinstance(fault(write_tensor, str(path), ARRAY + 1, force=False), FileError)
    assert np.load(path).tolist() == ARRAY.tolist()
    write_tensor(str(path), ARRAY + 1, force=True)
    assert np.load(path).tolist() == (ARRAY + 1).tolist()
    assert list(tmp_path.iterdir()) == [path]


def test_leftovers_are_removed_and_no_more_are_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replacement, "_unnamed_file", lambda _: None)
    monkeypatch.setattr(temporaries, "_ended", threading.Event())

    def end_in_the_middle() -> None:
        with open_output(str(tmp_path / "y.npy"), (1, 2, 3), ARRAY.dtype, force=False):
            assert len(list(tmp_path.iterdir())) == 1
            temporaries.remove_leftovers()

    assert isinstance(fault(end_in_the_middle), FileError)
    assert not list(tmp_path.iterdir())
    assert "the program ends" in fault(write_tensor, str(tmp_path / "z.npy"), ARRAY, force=False).message
