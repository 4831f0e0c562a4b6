"""The plan of small images: how many are taken at once, and whether their padded rows lie flat."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, NamedTuple

from conv2d_cli.engine.algorithms.base import COMPLEX, FLOATS, INTEGERS, BlockPlanner
from conv2d_cli.engine.planning.blocking import span
from conv2d_cli.engine.planning.candidate import Memory, Products, Work
from conv2d_cli.engine.planning.gemm_tile import GemmTile, gemm_tile

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conv2d_cli.engine.planning.problem import Problem

# What a thread keeps from call to call, and the largest product that BLAS keeps on one thread.
RESIDENT_BYTES, _UNTHREADED_MACS = 2 << 20, 1 << 18


class SmallBlocks(NamedTuple):
    """Images that are taken at once; where `pitch` is given, padded rows lie flat, that many elements apart.

    Then columns between the outputs of two rows are computed too, and left out at the end.
    """

    images: int
    pitch: int | None
    tile: GemmTile | None


class ImageSizes(NamedTuple):
    """Elements of one image: its padded planes, its columns and its sums; pixels of one product.

    Rows of a padded plane are `pitch` apart. The last may reach `overhang` elements beyond.
    """

    padded_rows: int
    pitch: int
    overhang: int
    padded: int
    pixels: int
    lowered: int
    sums: int


def image_sizes(problem: Problem, pitch: int | None) -> ImageSizes:
    """Return the sizes of one image whose padded rows lie flat, or not."""
    geometry = problem.geometry
    height, width = geometry.height, geometry.width
    rows = span(height.output, height.stride, height.effective_kernel)
    columns = span(width.output, width.stride, width.effective_kernel)
    row = columns if pitch is None else pitch
    pixels = problem.pixels if pitch is None else (height.output - 1) * row + width.output
    return ImageSizes(
        rows,
        row,
        columns - row,
        geometry.in_channels * rows * row,
        pixels,
        geometry.groups * geometry.taps_per_output * pixels,
        geometry.out_channels * pixels,
    )


def is_short(problem: Problem, blocks: SmallBlocks) -> bool:
    """Whether BLAS keeps every product on one thread, and sums need no conversion: then a call needs no preparation."""
    (_, filters), taps = problem.group_channels, problem.geometry.taps_per_output
    pixels = image_sizes(problem, blocks.pitch).pixels
    # OpenBLAS keeps products of fewer multiply-adds on one thread, but not those with a vector.
    tiny = min(filters, taps, pixels) > 1 and filters * taps * pixels <= _UNTHREADED_MACS
    return tiny and problem.stores_directly


class SmallPlanner(BlockPlanner):
    """Images whose columns fit what a thread keeps."""

    dtypes = FLOATS | COMPLEX | INTEGERS

    def takes(self, problem: Problem) -> bool:
        """Whether an image and its weight are small, and the products are BLAS's."""
        geometry = problem.geometry
        weights = problem.itemsize * geometry.out_channels * geometry.taps_per_output
        return problem.uses_blas and weights <= RESIDENT_BYTES

    def blockings(self, problem: Problem) -> Iterator[SmallBlocks]:
        """Yield rows that lie flat, where a stride allows it, and rows that do not."""
        _, filters = problem.group_channels
        for pitch, tiled in product(_pitches(problem), (False, True)[: 1 + problem.unpacked_gemm]):
            sizes = image_sizes(problem, pitch)
            image_bytes = _image_bytes(problem, sizes)
            if image_bytes > RESIDENT_BYTES:
                continue
            taps = problem.geometry.taps_per_output
            tile = gemm_tile(problem, filters, taps, sizes.pixels, cut_sums=False) if tiled else None
            if tile or not tiled:
                yield SmallBlocks(RESIDENT_BYTES // image_bytes, pitch, tile)

    def memory(self, problem: Problem, blocks: SmallBlocks) -> Memory:
        """Return the bytes of one image, and of the converted weight."""
        sizes, geometry = image_sizes(problem, blocks.pitch), problem.geometry
        temporary = blocks.images * (problem.wrapped_itemsize * sizes.sums + problem.padding_itemsize * sizes.padded)
        converted = 0 if problem.stores_directly else geometry.out_channels * (geometry.taps_per_output + 1)
        return Memory(0, temporary, problem.itemsize * converted + blocks.images * _image_bytes(problem, sizes))

    def work(self, problem: Problem, blocks: SmallBlocks) -> Work:
        """Return the time of padding, lowering and the product; of Python's part, the calls."""
        geometry, costs, (_, filters) = problem.geometry, problem.costs, problem.group_channels
        sizes, flat = image_sizes(problem, blocks.pitch), blocks.pitch is not None
        product = problem.gemm_time(blocks.tile, filters, geometry.taps_per_output, sizes.pixels)
        copies = problem.copy_time(sizes.padded, sizes.pitch)
        copies += problem.copy_time(sizes.lowered, sizes.pixels if flat else problem.run, geometry.width.stride)
        if flat or not problem.stores_directly:
            copies += problem.copy_time(sizes.sums, sizes.pitch)
        products = None if blocks.tile else Products(geometry.groups, product)
        start = 0.0 if is_short(problem, blocks) else costs.start
        return Work(start, 1, copies + geometry.groups * product + 6 * costs.call, 6, products)

    def words(self, _problem: Problem, blocks: SmallBlocks) -> str:
        """Say how images are lowered."""
        flat = "" if blocks.pitch is None else ", rows lying flat,"
        return f"windows are copied to columns{flat} for up to {blocks.images} whole images at a time"


def _pitches(problem: Problem) -> list[int | None]:
    """Return the ways in which padded rows may lie: between two of them, zeros serve as padding of both."""
    height, width = problem.geometry.height, problem.geometry.width
    if height.stride != 1 or width.stride != 1 or width.kernel == 1:
        return [None]
    padded = width.size + width.before + width.after
    shared = min(width.before, width.after) if problem.padding_mode == "zeros" else 0
    return [None, padded - shared]


def _image_bytes(problem: Problem, sizes: ImageSizes) -> int:
    return problem.itemsize * (sizes.padded + sizes.overhang + sizes.lowered + sizes.sums)


PLANNER = SmallPlanner()
