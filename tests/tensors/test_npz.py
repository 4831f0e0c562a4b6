"""`.npz`: members by name, checked by header, by size and by checksum."""

from __future__ import annotations

import io
import tempfile
import warnings
import zipfile
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, BinaryIO, cast

import numpy as np
import pytest
from npy_bytes import npy_bytes

from conv2d_cli.errors import DataError
from conv2d_cli.tensors.formats import OpenFile
from conv2d_cli.tensors.names import chosen
from conv2d_cli.tensors.npz import NpzFile, write
from conv2d_cli.tensors.opening import open_source

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


_files = ExitStack()


@pytest.fixture(autouse=True)
def _closed() -> Iterator[None]:
    with _files:
        yield


def archive(*members: tuple[str, bytes], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    stream = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a duplicate name
        with zipfile.ZipFile(stream, "w", compression) as target:
            for name, content in members:
                target.writestr(name, content)
    return stream.getvalue()


def opened(content: bytes, name: str | None = None) -> Any:
    stream = _files.enter_context(tempfile.TemporaryFile())  # noqa: SIM115 - `_files` closes it
    stream.write(content)
    stream.seek(0)
    file = NpzFile(OpenFile(cast("BinaryIO", stream), None, len(content)))
    return file.tensor(str(chosen(file.names, name)))


@pytest.mark.parametrize("compressed", [False, True])
def test_a_member_is_read_by_name_and_the_only_one_without(compressed: bool) -> None:
    stream = io.BytesIO()
    save = np.savez_compressed if compressed else np.savez
    save(stream, a=np.asfortranarray(np.arange(6.0).reshape(2, 3)), b=np.ones(2, ">i2"))
    tensor = opened(stream.getvalue(), "a")
    assert (tensor.shape, tensor.dtype, tensor.fortran_order) == ((2, 3), np.dtype("f8"), True)
    assert tensor.read().tolist() == [[0, 1, 2], [3, 4, 5]]
    other = opened(stream.getvalue(), "b")
    assert (other.dtype.str, other.fortran_order, other.read().tolist()) == (">i2", False, [1, 1])
    assert opened(archive(("x.npy", npy_bytes()))).shape == (2, 3)
    assert opened(archive(("x.npy", npy_bytes()), ("notes.txt", b"not a tensor"))).shape == (2, 3)


@pytest.mark.parametrize(
    ("content", "name", "message", "hint"),
    [
        (
            archive(("a.npy", npy_bytes()), ("b.npy", npy_bytes())),
            None,
            "it holds 2 tensors: a, b",
            "choose one: FILE::a",
        ),
        (archive(("a.npy", npy_bytes())), "c", "it holds no tensor named 'c'", "it holds: a"),
        (archive(("a.txt", b"x")), None, "it holds no tensor", "give a file that holds one"),
        (
            archive(("a.npy", npy_bytes()), ("a.npy", npy_bytes()), ("b.npy", npy_bytes())),
            "a",
            "it holds more than one tensor named 'a'",
            "it holds: a, a, b",
        ),
        (
            archive(*((f"{number}.npy", b"") for number in range(21))),
            None,
            f"it holds 21 tensors: {', '.join(map(str, range(20)))}, ...",
            "choose one: FILE::0",
        ),
        (
            archive(*((f"{number}.npy", b"") for number in range(20))),
            "x",
            "it holds no tensor named 'x'",
            f"it holds: {', '.join(map(str, range(20)))}",
        ),
    ],
)
def test_a_choice_that_cannot_be_made_lists_the_names(
    content: bytes, name: str | None, message: str, hint: str
) -> None:
    with pytest.raises(DataError) as caught:
        opened(content, name)
    assert caught.value.lines() == [(message, hint)]


def test_a_member_that_promises_more_than_it_holds_is_refused_by_its_header() -> None:
    with pytest.raises(DataError, match="promises 4398046511104 bytes of elements, but 0 follow"):
        opened(archive(("a.npy", npy_bytes((2**40,), elements=b""))))
    with pytest.raises(DataError, match="4 bytes follow the 24 bytes"):
        opened(archive(("a.npy", npy_bytes(elements=bytes(28)))))


def test_a_wrong_checksum_is_told() -> None:
    elements = bytes(99_999) + b"\x07"
    content = archive(("a.npy", npy_bytes((100_000,), "|u1", elements)), compression=zipfile.ZIP_STORED)
    tensor = opened(content.replace(elements, bytes(99_999) + b"\x08"))
    with pytest.raises(DataError, match=r"it is no sound .npz archive: the checksum of a.npy is another"):
        tensor.read()


def damaged(old: bytes, new: bytes) -> bytes:
    content = archive(("a.npy", npy_bytes()), compression=zipfile.ZIP_STORED)
    assert old in content
    return content.replace(old, new)


@pytest.mark.parametrize(
    "content",
    [
        b"PK\x03\x04",
        archive(("a.npy", npy_bytes()))[:-10],
        damaged(b"PK\x03\x04", b"PK\x03\x05"),
        # An unknown compression, and an encrypted member.
        damaged(b"PK\x01\x02\x14\x03\x14\x00\x00\x00\x00\x00", b"PK\x01\x02\x14\x03\x14\x00\x00\x00\x63\x00"),
        damaged(b"PK\x01\x02\x14\x03\x14\x00\x00\x00", b"PK\x01\x02\x14\x03\x14\x00\x01\x00"),
    ],
)
def test_a_broken_archive_is_told(content: bytes) -> None:
    with pytest.raises(DataError) as caught:
        opened(content).read()
    assert caught.value.message.startswith("it is no sound .npz archive: ")
    assert caught.value.hint == "write it anew with numpy.savez"


def test_what_is_written_is_read_by_numpy(tmp_path: Path) -> None:
    path = tmp_path / "out"
    # numpy.savez has an argument called file; in NumPy 1.26 its allow_pickle would become a tensor.
    write(path, {"weight": np.arange(4.0).reshape(2, 2), "bias": np.ones(2, np.float16), "file": np.empty((0, 3))})
    with np.load(path) as read:
        assert sorted(read) == ["bias", "file", "weight"]
        assert read["file"].shape == (0, 3)
        assert read["weight"].tolist() == [[0, 1], [2, 3]]
        assert read["bias"].dtype == np.float16


@pytest.mark.parametrize("dimensions", [3, 4])
def test_a_part_is_read_only_when_the_checksum_of_all_is_right(tmp_path: Path, dimensions: int) -> None:
    values = np.random.default_rng(0).standard_normal((4, 3, 50, 60)[-dimensions:])
    np.savez(tmp_path / "x.npz", x=values)
    content = bytearray((tmp_path / "x.npz").read_bytes())
    content[-2000] ^= 1
    (tmp_path / "x.npz").write_bytes(content)
    with open_source(str(tmp_path / "x.npz")) as source:
        assert source.is_read_in_parts
        with pytest.raises(DataError, match="the checksum of"):
            source.read_images(0, 1)
        with pytest.raises(DataError, match="the checksum of"):
            source.image(0)


def test_tensors_of_one_name_are_told_as_that() -> None:
    content = archive(("a.npy", npy_bytes()), ("a.npy", npy_bytes()))
    for name in (None, "a", "b"):
        with pytest.raises(DataError, match="2 tensors, all named 'a'"):
            opened(content, name)
