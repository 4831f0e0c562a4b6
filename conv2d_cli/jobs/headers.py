"""What a tensor file says of itself, without reading its elements."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conv2d_cli.tensors.source import open_stored

if TYPE_CHECKING:
    from typing import BinaryIO


def shape_of_file(typed: str, stdin: BinaryIO | None) -> tuple[int, ...]:
    """Return the shape in a tensor file's header.

    Raises:
        FileError: it cannot be read.
        DataError: it is no tensor file.
    """
    with open_stored(typed, stdin=stdin) as stored:
        return stored.shape
