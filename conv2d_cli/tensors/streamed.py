"""Images written one after another to a stream that cannot go back: a pipe, or a member of an archive."""

from __future__ import annotations

from typing import IO, TYPE_CHECKING, Any

import numpy as np

from conv2d_cli.tensors.npy import write_elements, write_header

if TYPE_CHECKING:
    Array = np.ndarray[Any, Any]


class StreamedOutput:
    """A `.npy` in a stream: images come in their order, and one that comes in tiles is held until it is whole."""

    remarks = ()

    def __init__(self, stream: IO[bytes], shape: tuple[int, ...], dtype: np.dtype[Any]) -> None:
        """Write the header of a tensor of images, or of one image, of three axes each."""
        self._stream, self._shape, self._dtype = stream, shape[-3:], dtype
        self._tiled: Array | None = None
        self._missing = 0
        write_header(stream, shape, dtype)

    def write(self, first: int, images: Array) -> None:  # noqa: ARG002 - they come in order
        """Write whole images."""
        write_elements(self._stream, np.ascontiguousarray(images))
        self._stream.flush()

    def write_tile(self, number: int, top: int, left: int, tile: Array) -> None:
        """Keep a rectangle (channels, rows, columns), and write the image when it is the last."""
        self.write_part(number, (0, top, left), tile)

    def write_part(self, number: int, starts: tuple[int, ...], part: Array) -> None:
        """Keep a box that begins at these places of the three axes, and write the image when it is the last."""
        if self._tiled is None:
            self._tiled = np.empty(self._shape, self._dtype)
            self._missing = self._tiled.size
        box = tuple(slice(start, start + size) for start, size in zip(starts, part.shape, strict=True))
        self._tiled[box] = part
        self._missing -= part.size
        if not self._missing:
            self.write(number, self._tiled[np.newaxis])
            self._tiled = None
