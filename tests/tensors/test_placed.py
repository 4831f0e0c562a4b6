"""Parts of tensors read and written where they lie."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from conv2d_cli.errors import DataError
from conv2d_cli.tensors.opening import open_source
from conv2d_cli.tensors.placed import PartlyRead, placed_output, read_at, read_box
from conv2d_cli.tensors.reading import Described, Reading
from conv2d_cli.tensors.sink import open_output, write_tensors

if TYPE_CHECKING:
    from pathlib import Path

Array = np.ndarray[Any, Any]
IMAGES = np.arange(2 * 3 * 5 * 7, dtype=np.float32).reshape(2, 3, 5, 7)


@pytest.fixture
def lying(tmp_path: Path) -> Path:
    path = tmp_path / "raw"
    path.write_bytes(b"12345678" + IMAGES.tobytes())
    return path


class Lying(PartlyRead):
    """The second of the images in a file."""

    shape = (3, 5, 7)

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def read(self, top: int, bottom: int, left: int, right: int) -> Any:
        box = (slice(None), slice(top, bottom), slice(left, right))
        return read_box(self._stream, 8 + IMAGES[0].nbytes, self.shape, box, IMAGES.dtype)


@pytest.mark.parametrize(
    ("rows", "columns"),
    [
        (slice(0, 5), slice(0, 7)),
        (slice(1, 3), slice(0, 7)),
        (slice(2, 5), slice(3, 4)),
        (np.array([4, 0, 0]), slice(0, 7)),
        (slice(0, 2), np.array([6, 5, 6])),
        (np.array([[1], [0]]), np.array([2, 1])),
    ],
)
def test_parts_of_an_image_are_those_of_an_array(lying: Path, rows: Any, columns: Any) -> None:
    with lying.open("rb") as stream:
        image = Lying(stream)
        np.testing.assert_array_equal(image[..., rows, columns], IMAGES[1][..., rows, columns])


def test_a_file_that_shrinks_meanwhile_is_told(lying: Path) -> None:
    with lying.open("rb") as stream:
        os.truncate(lying, 40)
        with pytest.raises(DataError, match="became shorter"):
            read_at(stream, np.empty(100, np.uint8), 0)


@pytest.mark.parametrize("name", ["y.npy", "y.bin", "y.safetensors", "y.npz"])
@pytest.mark.parametrize("dtype", ["float32", "int8", "complex64"])
def test_tiles_in_any_order_make_the_file(tmp_path: Path, name: str, dtype: str) -> None:
    images, typed = IMAGES.astype(dtype), str(tmp_path / name)
    with open_output(typed, images.shape, images.dtype, force=False) as output:
        for number, image in enumerate(images):
            for top, left in ((3, 0), (0, 4), (0, 0), (3, 4)):
                part = image[:, top : top + 3 - top // 3, left : left + 4]
                output.write_tile(number, top, left, np.ascontiguousarray(part))
    described = Described(images.shape, dtype) if name == "y.bin" else None
    with open_source(typed, Reading(described=described)) as source:
        np.testing.assert_array_equal(source.read(), images)
        np.testing.assert_array_equal(source.read_images(1, 1)[0], images[1])


def test_the_same_bytes_as_at_once(tmp_path: Path) -> None:
    for name in ("a.npy", "a.safetensors"):
        at_once, in_parts = tmp_path / name, tmp_path / f"b{name}"
        write_tensors(str(at_once), {"output": IMAGES}, force=False)
        with open_output(str(in_parts), IMAGES.shape, IMAGES.dtype, force=False) as output:
            output.write(1, IMAGES[1:])
            output.write(0, IMAGES[:1])
        with open_source(str(at_once)) as one, open_source(str(in_parts)) as other:
            np.testing.assert_array_equal(one.read(), other.read())
    assert (tmp_path / "a.npy").read_bytes() == (tmp_path / "ba.npy").read_bytes()


def test_room_is_taken_before_anything_is_written(tmp_path: Path) -> None:
    path = tmp_path / "y"
    path.touch()
    with placed_output(path, (1, 1, 100, 100), np.dtype(np.float64), lambda *_: None):
        assert path.stat().st_size == 80_000


@pytest.mark.parametrize("name", ["x.npz", "x.safetensors", "x.npy"])
def test_every_format_says_where_its_elements_lie(tmp_path: Path, name: str) -> None:
    typed = str(tmp_path / name)
    write_tensors(typed, {"output": IMAGES}, force=False)
    with open_source(typed) as source:
        assert source.is_read_in_parts
        rows, columns = slice(1, 4), slice(2, 6)
        np.testing.assert_array_equal(source.image(1)[..., rows, columns], IMAGES[1][..., rows, columns])


def test_a_deflated_member_is_read_image_by_image(tmp_path: Path) -> None:
    np.savez_compressed(tmp_path / "x.npz", x=IMAGES)
    with open_source(str(tmp_path / "x.npz")) as source:
        assert source.is_read_in_parts
        assert not source.is_placed
        for number, image in enumerate(IMAGES):
            np.testing.assert_array_equal(source.read_images(number, 1)[0], image)


def test_fortran_order_is_read_whole(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.asfortranarray(IMAGES))
    with open_source(str(tmp_path / "x.npy")) as source:
        assert not source.is_read_in_parts
        np.testing.assert_array_equal(source.read_images(1, 1)[0], IMAGES[1])
