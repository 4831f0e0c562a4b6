"""What a tensor file says of itself, without reading its elements."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from conv2d_cli.errors import DataError, ShapeError
from conv2d_cli.layer.rules import cut
from conv2d_cli.tensors.source import open_stored

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO


def shape_of_file(typed: str, stdin: BinaryIO | None) -> tuple[int, ...]:
    """Return the shape in a tensor file's header.

    Raises:
        FileError: it cannot be read.
        DataError: it is no tensor file.
    """
    with open_stored(typed, stdin=stdin) as (stored, _):
        return stored.shape


@contextmanager
def faults_in(typed: str | None) -> Iterator[None]:
    """Say of a tensor that does not fit the layer where it came from: it is the file that is at fault."""
    try:
        yield
    except (DataError, ShapeError) as error:
        raise DataError(f"{cut(typed or '')}: {error.message}", error.hint) from error
