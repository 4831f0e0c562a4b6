"""The plan of a convolution by an engine that is not ours: on integers, with what it takes of memory."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, NamedTuple

from conv2d_cli.backends.base import CPU
from conv2d_cli.dtypes import DTYPES
from conv2d_cli.engine.api import threads_for, tile_bytes, tile_geometry, tiling_of

if TYPE_CHECKING:
    from conv2d_cli.arithmetic.geometry import Geometry
    from conv2d_cli.arithmetic.window import Axis
    from conv2d_cli.backends.base import Wanted
    from conv2d_cli.engine.api import Tiling

# OpenMP ends the process where a system starts no more threads; processors have fewer than this.
_MOST_THREADS = 1024


class EnginePlan(NamedTuple):
    """How another engine carries a convolution out.

    `geometry` and `padding_mode` are those of the whole input. `pads_itself` says that the engine's convolution makes
    the padding; where it does not, it is made beside the input first. `threads` None leaves the engine its own number,
    which is `threads_used`. `engine_bytes` is what the engine may allocate for an image, or a tile, on the way, of the
    CPU's memory whatever the `device`. `may_transform` says that an algorithm may be chosen which works in a transform
    domain.
    """

    engine: str
    geometry: Geometry
    padding_mode: str
    dtype: str
    threads: int | None
    threads_used: int
    is_prepared: bool
    pads_itself: bool
    engine_bytes: int
    library_bytes: int
    tiling: Tiling | None = None
    algorithm: None = None
    fallback_bytes: int = 0
    blocks_in_words: None = None
    device: str = CPU
    may_transform: bool = False

    @property
    def inner(self) -> Geometry:
        """What the engine convolves: a tile, or the images with their padding where it is made beside them."""
        if self.tiling is not None:
            return tile_geometry(self.geometry, *self.tiling)
        if self.pads_itself:
            return self.geometry
        height, width = (axis._replace(size=axis.padded, before=0, after=0) for axis in self._axes)
        return self.geometry._replace(height=height, width=width)

    def for_images(self, count: int) -> EnginePlan:
        """Return the plan of a number of images: the batch changes nothing else."""
        return self._replace(geometry=self.geometry._replace(batch=count))

    def for_tile(self, rows: int, columns: int) -> EnginePlan:
        """Return how a tile of that many output rows and columns is convolved, whose padding is made."""
        geometry = tile_geometry(self.geometry, rows, columns)
        return self._replace(geometry=geometry, padding_mode="zeros", pads_itself=True, tiling=None)

    @property
    def sides(self) -> tuple[int, int, int, int]:
        """The padding: top, left, bottom, right."""
        height, width = self._axes
        return height.before, width.before, height.after, width.after

    @property
    def _axes(self) -> tuple[Axis, Axis]:
        return self.geometry.height, self.geometry.width

    @property
    def input_bytes(self) -> int:
        """Bytes of the whole input."""
        return prod(self.geometry.batched_input_shape) * DTYPES[self.dtype].bytes

    @property
    def weight_bytes(self) -> int:
        """Bytes of the weight, and of one bias per output channel."""
        return (prod(self.geometry.weight_shape) + self.geometry.out_channels) * DTYPES[self.dtype].bytes

    @property
    def output_bytes(self) -> int:
        """Bytes of the whole output."""
        return prod(self.geometry.batched_output_shape) * DTYPES[self.dtype].bytes

    @property
    def tile_bytes(self) -> int:
        """Input and output of one tile; 0 where images are convolved whole."""
        return tile_bytes(self.geometry, self.tiling, DTYPES[self.dtype].bytes) if self.tiling else 0

    @property
    def scratch_bytes(self) -> int:
        """The most that is allocated besides input, parameters and output."""
        # For a device it is made in the buffers that are copied from.
        is_made_here = not self.pads_itself and self.tiling is None and self.device == CPU
        padded = prod(self.inner.batched_input_shape) if is_made_here else 0
        return self.engine_bytes + padded * DTYPES[self.dtype].bytes + self.tile_bytes


def threads_used(asked: int | None) -> int:
    """Return how many threads an engine is given: those asked for as far as they may be, else as many as BLAS has."""
    return min(threads_for(asked), _MOST_THREADS)


def tiles_for(wanted: Wanted) -> Tiling | None:
    """Return the tiles of one image of what is wanted: those that our own engine has, so that they are the same."""
    geometry = wanted.geometry
    image = geometry._replace(batch=1, height=geometry.height.simplest, width=geometry.width.simplest)
    return tiling_of(image, DTYPES[wanted.dtype].bytes)
