"""3x3 kernels by Winograd's minimal filtering: F(4,3) or F(2,3) down the rows, F(2,3) across the columns.

The matrices of F(m, r) are those of Cook and Toom: polynomials are multiplied by evaluating both at a = m + r - 1
points, multiplying the values and interpolating. With finite points p_0 .. p_{a-2} and infinity, and
N_i = prod_{l != i}(p_i - p_l):

    A^T[j][i] = p_i^j               evaluates the transposed product: y = A^T [(G g) * (B^T d)]
    G[i][k]   = p_i^k / N_i         evaluates the filter g
    B^T[i]    = coefficients of prod_{l != i}(x - p_l), the last row of prod_l (x - p_l)

and the row for infinity takes the highest coefficient alone. All are worked out in exact fractions. Each row of B^T is
scaled by a power of two to at most 1, and G by its inverse, which rounds nothing.
Points decide the error: {0, +-5/8, +-5/4, inf} for F(4,3) gave an rms of 7.8e-7 at 256 channels where the usual
{0, +-1, +-2, inf} gave 1.07e-6, and PyTorch's own 8.6e-7; the squares of both are exact in float32.
Sources: S. Winograd, "Arithmetic complexity of computations", 1980; A. Lavin and S. Gray, "Fast algorithms for
convolutional neural networks", arXiv:1509.09308.
"""

from __future__ import annotations

from fractions import Fraction
from functools import cache
from itertools import product
from math import prod
from typing import TYPE_CHECKING, Generic, NamedTuple, TypeVar

from conv2d_cli.engine import costs
from conv2d_cli.engine.panels import AT_ONCE, Panel, panel_of, with_and_without_panels
from conv2d_cli.engine.summation import WHOLE
from conv2d_cli.engine.task import Layout, best, even_part

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conv2d_cli.arithmetic.geometry import Geometry
    from conv2d_cli.arithmetic.window import Axis
    from conv2d_cli.engine.task import Task

KERNEL = 3
_LEAST_CHANNELS = 16
POINTS = {2: (Fraction(0), Fraction(1), Fraction(-1))} | {
    4: (Fraction(0), Fraction(5, 8), Fraction(-5, 8), Fraction(5, 4), Fraction(-5, 4))
}
# Blocks are fastest near 200 pixels: 64x64 channels run at 303 GFLOP/s with 208, 242 with 128 and 265 with 416.
_CROWDED_PIXELS = 256
_MOST_ROWS = 64
# Filters of one part, transformed in room that the next uses again: 512x512 on 14x14 take 8.9 ms so, 11.9 at once.
_PART_BYTES = 3 << 19
# Of the images that are brought through together.
_MOST_POINTS = 12 << 20
# Filters (one for each pair of channels) are transformed so many at a time, so that they stay in a core's cache, and by
# all workers if there are many: one takes 5 ns.
TRANSFORMED, SHARED_FILTERS = 8192, 32_768

# Rows of the matrices that transforms multiply are this much longer than they need be: rows a power of two apart would
# fall on the same lines of the cache, which made the transform of 64x64 filters three times slower.
PITCH = 16
# Products are fastest with a multiple of so many columns: 105 pixels ran at 174 GFLOP/s, 112 at 208.
_PIXELS = 16
# Of the products that transform, which have few rows and very many columns.
LONG_PANEL = Panel(64, 64, 2048)

Matrix = tuple[tuple[Fraction, ...], ...]


class Transform(NamedTuple):
    """The three matrices of F(m, 3), with a = m + 2 points: output (m, a), filter (a, 3) and input (a, a)."""

    output: Matrix
    filter: Matrix
    input: Matrix


class WinogradBlocks(NamedTuple):
    """Output rows of a tile, tile rows of a block, and in how many parts its channels and filters are brought through.

    The parts of a block may be shared by threads, which wait for one another between its points and its output.
    """

    tile_rows: int
    rows: int
    channel_parts: int
    filter_parts: int


Room = TypeVar("Room")


class PartRooms(NamedTuple, Generic[Room]):
    """What a worker holds for one part of a block.

    Input; gathered tiles, then products; points down the rows, then output; spare products; transformed filters.
    """

    band: Room
    gathered: Room
    down: Room
    spare: Room
    weights: Room


@cache
def transform(outputs: int) -> Transform:
    """Return the matrices of F(outputs, 3) as exact fractions."""
    points = POINTS[outputs]
    others = [[other for other in points if other is not point] for point in points]
    scales = [_power_of_two(_coefficients(rest)) for rest in others] + [_power_of_two(_coefficients(points))]
    rows = [(*_coefficients(rest), Fraction(0)) for rest in others] + [_coefficients(points)]
    evaluated = [
        tuple(point**power / prod((point - other for other in rest), start=Fraction(1)) for power in range(KERNEL))
        for point, rest in zip(points, others, strict=True)
    ]
    highest = (Fraction(0),) * (KERNEL - 1) + (Fraction(1),)
    return Transform(
        output=tuple((*(point**power for point in points), Fraction(power == outputs - 1)) for power in range(outputs)),
        filter=tuple(
            tuple(value * scale for value in row) for row, scale in zip([*evaluated, highest], scales, strict=True)
        ),
        input=tuple(tuple(value / scale for value in row) for row, scale in zip(rows, scales, strict=True)),
    )


def _coefficients(roots: tuple[Fraction, ...] | list[Fraction]) -> tuple[Fraction, ...]:
    """Return those of prod(x - root), lowest power first."""
    result = [Fraction(1)]
    for root in roots:
        shifted, scaled = [Fraction(0), *result], [*(-root * value for value in result), Fraction(0)]
        result = [high + low for high, low in zip(shifted, scaled, strict=True)]
    return tuple(result)


def _power_of_two(values: tuple[Fraction, ...]) -> Fraction:
    """Return the smallest power of two that is no less than the largest magnitude."""
    largest, power = max(map(abs, values)), Fraction(1)
    while power < largest:
        power *= 2
    while power / 2 >= largest:
        power /= 2
    return power


def tile_columns(width: Axis) -> int:
    """Return the pairs of columns that a row of tiles has, with one more that is thrown away."""
    return (width.output + 1) // 2 + 1


def padded(pixels: int) -> int:
    """Return the columns of a block of so many, those that are thrown away included."""
    return -(-pixels // _PIXELS) * _PIXELS


def lay_out(task: Task) -> Layout | None:
    """Return the fastest tiling; None unless the kernel is 3x3, dense and undilated, with stride 1.

    With few channels a single large value outweighs the sums that it does not belong to, and the bound is not kept.
    """
    geometry = task.geometry
    if geometry.in_channels < _LEAST_CHANNELS:
        return None
    for axis in (geometry.height, geometry.width):
        if (axis.kernel, axis.stride, axis.dilation) != (KERNEL, 1, 1):
            return None
    # Filters of one sign make coherent sums, which the transformed products would add whole.
    if geometry.groups > 1 or task.summation.kind != WHOLE or task.summation.run_taps < geometry.taps_per_output:
        return None
    return best(_tilings(task), task.threads)


def _tilings(task: Task) -> Iterator[Layout | None]:
    geometry = task.geometry
    least = min(geometry.in_channels, geometry.out_channels) // _LEAST_CHANNELS
    for tile_rows in POINTS:
        for one, rows in product(with_and_without_panels(task), _even_rows(task, tile_rows)):
            yield _tiled(one, tile_rows, rows)
        # As many parts as there are threads, and so many that the filters of each stay near.
        filter_bytes = 4 * (tile_rows + 2) * geometry.in_channels * task.itemsize
        fitting = max(1, _PART_BYTES // (filter_bytes * _LEAST_CHANNELS)) * _LEAST_CHANNELS
        near = -(-geometry.out_channels // (fitting * task.threads)) * task.threads
        for parts in sorted({task.threads, near}):
            if 1 < parts <= least:
                yield _tiled(task, tile_rows, _tiles(task, tile_rows), parts)


def _tiles(task: Task, tile_rows: int) -> int:
    return -(-task.geometry.height.output // tile_rows)


def _even_rows(task: Task, tile_rows: int) -> list[int]:
    """Return the tile rows of a block for each way to cut them evenly."""
    tiles = _tiles(task, tile_rows)
    # More than a few thousand pixels are never best, and a tall image has very many ways.
    return sorted({even_part(tiles, rows) for rows in range(1, min(tiles, _MOST_ROWS) + 1)})


def part_rooms(geometry: Geometry, layout: Layout) -> PartRooms[int]:
    """Return the elements that each worker needs for one part of a block."""
    return _part_rooms(geometry, layout.blocks, layout.panel)


def _part_rooms(geometry: Geometry, blocks: WinogradBlocks, panel: Panel) -> PartRooms[int]:
    channels, filters, across = geometry.in_channels, geometry.out_channels, tile_columns(geometry.width)
    points, pixels = blocks.tile_rows + 2, padded(blocks.rows * across)
    read, made = -(-channels // blocks.channel_parts), -(-filters // blocks.filter_parts)
    return PartRooms(
        read * (blocks.rows * blocks.tile_rows + 2) * 2 * across,
        points * (max(2 * read, 4 * made) * pixels + PITCH),
        points * (2 * max(read, made) * pixels + PITCH),
        4 * points * made * pixels * (panel.taps < channels),
        4 * points * (made * channels + PITCH) * (blocks.filter_parts > 1),
    )


def _tiled(task: Task, tile_rows: int, rows: int, parts: int = 1) -> Layout | None:
    geometry, itemsize = task.geometry, task.itemsize
    channels, filters = geometry.in_channels, geometry.out_channels
    points, across = tile_rows + 2, tile_columns(geometry.width)
    tiles, pixels = _tiles(task, tile_rows), padded(rows * across)
    made, blocks = -(-filters // parts), WinogradBlocks(tile_rows, rows, min(parts, task.threads), parts)
    panel = panel_of(task, made, channels, pixels)
    weight_bytes = 4 * points * (channels * filters + parts * PITCH) * itemsize
    band_elements = channels * (rows * tile_rows + 2) * 2 * across
    point_bytes = points * (4 * channels * pixels + PITCH) * itemsize
    worker_bytes = sum(_part_rooms(geometry, blocks, panel)) * itemsize
    jobs, width = -(-tiles // rows), itemsize / 4
    profit = 0.0
    if parts == 1 and not task.small_unpacked:
        profit = costs.shared_gemm(4 * points, filters, channels, pixels, itemsize)
    # Where BLAS shares the products out, one thread does the rest.
    workers = 1 if jobs < task.threads and profit else task.threads
    room = task.scratch_bytes - weight_bytes - workers * worker_bytes
    images = room // (point_bytes * (workers if parts == 1 else 1))
    if images < 1:
        return None
    # What no longer fits a core's cache between the stages is slower in all of them.
    crowded = 1 + max(0, pixels - _CROWDED_PIXELS) / (6 * _CROWDED_PIXELS)
    products = 4 * points * parts * costs.product(panel, made, channels, pixels, itemsize)
    long = LONG_PANEL if task.small_unpacked else AT_ONCE
    products += costs.product(long, points, points, 2 * channels * pixels, itemsize)
    products += costs.product(long, 2 * tile_rows, 4 * points, filters * pixels, itemsize)
    copies = width * costs.COSTS.add * 4 * points * pixels * channels
    copies += costs.copy(2 * points * channels * pixels, across, 2, itemsize)
    copies += costs.copy(band_elements, geometry.width.size, 1, itemsize)
    copies += costs.copy(2 * tile_rows * filters * pixels, across, 2, itemsize)
    calls = jobs * 10 * (parts + blocks.channel_parts)
    again = (jobs - 1) * max(0, weight_bytes - costs.COSTS.own_cache_bytes) * costs.COSTS.far_weight
    transformed = width * (costs.COSTS.filter + costs.COSTS.filter_point * 4 * points) * channels * filters
    transformed += parts * max(0, weight_bytes // parts - _PART_BYTES) * costs.COSTS.far_filter
    shared = channels * filters > SHARED_FILTERS
    sharing = f", filters in {parts} parts" if parts > 1 else ""
    layout = Layout(
        blocks,
        jobs * parts,
        costs.COSTS.setup + transformed + again + jobs * crowded * (products + copies) + calls * costs.COSTS.call,
        worker_bytes + point_bytes,
        weight_bytes,
        f"Winograd F({tile_rows},3)xF(2,3), {rows} of {tiles} tile rows at a time{sharing}",
        needs_finite=True,
        products=transformed + jobs * crowded * products if profit else 0.0,
        serial=0.0 if shared or parts > 1 else transformed,
        handovers=1 + (shared or parts > 1),
        calls=calls,
        panel=panel,
    )
    if parts == 1:
        return layout
    return layout._replace(
        worker_bytes=worker_bytes,
        shared_bytes=point_bytes,
        kept_bytes=weight_bytes,
        images=min(images, max(1, _MOST_POINTS // point_bytes)),
    )
