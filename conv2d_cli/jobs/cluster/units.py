"""What one task is of a run on one store: some images, or tiles of one that lie in one file of the output.

A task is a number: what stands behind it follows from the plan, so that a million of them need no list.
"""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, NamedTuple

from conv2d_cli.engine.api import Tile, Tiling

if TYPE_CHECKING:
    from collections.abc import Iterator

_SHARD_BYTES = 64 << 20
# Tasks that one process has at least, where there are images enough: the last ones then end at about the same time.
_TASKS_OF_A_PROCESS = 8


class Images(NamedTuple):
    """Whole images, from one on."""

    first: int
    number: int


class Tiles(NamedTuple):
    """A rectangle of the output of one image, and its tiles."""

    image: int
    whole: Tile
    tiles: tuple[Tile, ...]


class Units(NamedTuple):
    """How a run is cut: `together` images at a time or, where there is a tiling, `down` times `across` tiles."""

    batch: int
    height: int
    width: int
    tiling: Tiling | None = None
    together: int = 1
    down: int = 1
    across: int = 1

    @property
    def shard(self) -> tuple[int, int] | None:
        """Rows and columns of the output that one file holds where that is of several tiles; None without a file so."""
        if self.tiling is None or self.down * self.across == 1:
            return None
        return self.down * self.tiling.rows, self.across * self.tiling.columns

    @property
    def tasks(self) -> int:
        """The number of units.

        >>> from conv2d_cli.engine.api import Tiling
        >>> Units(2, 100, 90, Tiling(30, 50)).tasks, Units(10, 8, 8, together=4).tasks
        (16, 3)
        """
        if self.tiling is None:
            return -(-self.batch // self.together)
        rows, columns = self._counts
        return self.batch * rows * columns

    def unit(self, number: int) -> Images | Tiles:
        """Return what stands behind a number.

        >>> from conv2d_cli.engine.api import Tiling
        >>> Units(2, 100, 90, Tiling(30, 50)).unit(15).whole
        Tile(top=90, left=50, rows=10, columns=40)
        """
        if self.tiling is None:
            first = number * self.together
            return Images(first, min(self.together, self.batch - first))
        rows, columns = self._counts
        image, place = divmod(number, rows * columns)
        row, column = divmod(place, columns)
        top, left = row * self.down * self.tiling.rows, column * self.across * self.tiling.columns
        whole = Tile(
            top,
            left,
            min(self.down * self.tiling.rows, self.height - top),
            min(self.across * self.tiling.columns, self.width - left),
        )
        return Tiles(image, whole, tuple(self._tiles(whole, self.tiling)))

    def first_image(self, number: int) -> int:
        """Return the image that a unit is of, or begins with."""
        if self.tiling is None:
            return number * self.together
        rows, columns = self._counts
        return number // (rows * columns)

    @property
    def _counts(self) -> tuple[int, int]:
        """The numbers of units below and beside each other in an image."""
        assert self.tiling is not None  # noqa: S101 - the callers have looked
        rows, columns = self.down * self.tiling.rows, self.across * self.tiling.columns
        return -(-self.height // rows), -(-self.width // columns)

    @staticmethod
    def _tiles(whole: Tile, tiling: Tiling) -> Iterator[Tile]:
        bottom, right = whole.top + whole.rows, whole.left + whole.columns
        for top, left in product(range(whole.top, bottom, tiling.rows), range(whole.left, right, tiling.columns)):
            yield Tile(top, left, min(tiling.rows, bottom - top), min(tiling.columns, right - left))


def tiles_of_a_shard(
    tiling: Tiling, wanted: tuple[int, int], image: tuple[int, int], pixel_bytes: int
) -> tuple[int, int]:
    """Return how many tiles, down and across, a shard of the output has that is about of the `wanted` size.

    `image` is the size of an output image, `pixel_bytes` what a pixel of it takes in all channels: a shard is written
    whole, and has some 64 MiB at most.

    >>> tiles_of_a_shard(Tiling(100, 100), (330, 250), (1000, 1000), 4)
    (3, 2)
    >>> tiles_of_a_shard(Tiling(100, 100), (5000, 5000), (1000, 250), 64 << 10)
    (1, 1)
    """
    down, across = (
        max(1, min(round(size / side), -(-whole // side)))
        for size, side, whole in zip(wanted, tiling, image, strict=True)
    )
    while down * across > 1 and down * tiling.rows * across * tiling.columns * pixel_bytes > _SHARD_BYTES:
        down, across = (down // 2, across) if down >= across else (down, across // 2)
    return down, across


def images_of_a_task(batch: int, most: int, processes: int) -> int:
    """Return the number of images of a task, `most` at most, so that all processes have some.

    >>> images_of_a_task(1000, 64, 2), images_of_a_task(10, 64, 2), images_of_a_task(0, 1, 2)
    (63, 1, 1)
    """
    return max(1, min(most, -(-batch // (_TASKS_OF_A_PROCESS * processes))))
