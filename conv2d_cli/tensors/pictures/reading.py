"""Opening a picture by what it begins with, whatever its name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conv2d_cli.errors import DataError
from conv2d_cli.tensors.pictures.by_pillow import PillowTensor
from conv2d_cli.tensors.pictures.limits import BROKEN
from conv2d_cli.tensors.pictures.png import MAGIC as PNG
from conv2d_cli.tensors.pictures.tiff import TiffTensor

if TYPE_CHECKING:
    from conv2d_cli.tensors.formats import OpenFile

_JPEG = b"\xff\xd8\xff"
_TIFF = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")


def open_tensor(file: OpenFile, name: str | None) -> PillowTensor | TiffTensor:
    """Return a picture (channels, H, W) of the depth that it has: `dtype`, and `holds`, our name of it.

    `file.as_stored` leaves its pixels as they lie, `file.max_pixels` is the most that it may have.

    Raises:
        MissingExtraError: the extra `image` is not installed.
        DataError: it is none, of a kind that is not read, a bomb, or a name was asked for.
    """
    if name is not None:
        raise DataError(f"a picture has no tensor named {name!r}", "leave ::NAME out")
    start = file.stream.read(len(PNG))
    file.stream.seek(0)
    if start.startswith(_TIFF):
        return TiffTensor(file)
    if start.startswith((PNG, _JPEG)):
        return PillowTensor(file, is_png=start == PNG)
    raise DataError("it is no picture of a kind that is known", BROKEN)
