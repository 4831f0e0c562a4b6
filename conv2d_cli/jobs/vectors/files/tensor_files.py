"""Formats of tensors that conv2d reads anyway, as files of test vectors."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, BinaryIO

from conv2d_cli.dtypes import DTYPES
from conv2d_cli.errors import DataError
from conv2d_cli.tensors.formats import FORMATS
from conv2d_cli.tensors.location import Location
from conv2d_cli.tensors.reading import Described, Reading
from conv2d_cli.tensors.recognition import open_tensor
from conv2d_cli.tensors.source import Source

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from conv2d_cli.jobs.vectors.files.base import About, Expected
    from conv2d_cli.numpy_dtypes import Array

RAW = "bin"
_LITTLE_ENDIAN = "<"
# Of four tensors in one file.
_LONGEST_HEADERS = 1 << 16


class TensorFiles:
    """A format of `tensors.formats`; those that hold several tensors hold a case."""

    def __init__(self, suffix: str) -> None:
        """Name the format by its suffix."""
        self.suffix = suffix
        self.holds_case = FORMATS[suffix].holds_several
        self.lacks = FORMATS[suffix].lacks

    def write(self, path: Path, tensors: Mapping[str, Array], about: About) -> None:
        """Write a tensor, or the tensors of a case, in little-endian order.

        Raises:
            MissingExtraError: it needs an extra that is not installed.
        """
        del about
        FORMATS[self.suffix].loaded().write(path, tensors)

    def most_bytes(self, expected: Mapping[str, Expected]) -> int:
        """Return the bytes that a file of such tensors can have at most."""
        elements = sum(math.prod(one.shape) * DTYPES[one.dtype].bytes for one in expected.values())
        return elements + _LONGEST_HEADERS

    def read(self, path: Path, stream: BinaryIO, expected: Mapping[str, Expected]) -> dict[str, Array]:
        """Return the tensors of a file.

        Raises:
            DataError: it holds others than expected.
            MissingExtraError: it needs an extra that is not installed.
        """
        return {place: self._tensor(path, stream, place, one) for place, one in expected.items()}

    def _tensor(self, path: Path, stream: BinaryIO, place: str, expected: Expected) -> Array:
        stream.seek(0)
        described = Described(expected.shape, expected.dtype, _LITTLE_ENDIAN) if self.suffix == RAW else None
        location = Location(str(path), path, place if self.holds_case else None, self.suffix)
        reading = Reading(expected.dtype, described=described)
        source = Source(str(path), open_tensor(location, stream, described=described), stream, reading)
        if source.shape != expected.shape or source.holds != expected.dtype:
            found = f"{'x'.join(map(str, source.shape))} {source.holds}"
            told = f"{'x'.join(map(str, expected.shape))} {expected.dtype}"
            raise DataError(f"it holds {found}, where the manifest says {told}", "write the folder anew")
        return source.read()
