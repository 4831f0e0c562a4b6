"""The plan of one convolution, decided on integers before a byte is allocated: which algorithm, blocks and memory."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, NamedTuple

from conv2d_cli.dtypes import DTYPES
from conv2d_cli.engine.algorithms import ALGORITHMS
from conv2d_cli.errors import DataError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from conv2d_cli.arithmetic.geometry import Geometry
    from conv2d_cli.arithmetic.window import Axis

ACCURACIES = ("strict", "fast")
# What a block's scratch may take: it should stay in the caches while the block is lowered and multiplied.
BLOCK_BYTES = 4 << 20
# Weights in the compute type: larger ones are converted a tile of output channels at a time.
WEIGHT_BYTES = 32 << 20
# Products that BLAS may add one after another where there is no wider type to sum in: n of them drift by up to
# n / 7.7 eps on constant data. A complex product adds two terms.
_CHUNK_TAPS = {"float64": 16, "complex128": 8}
# Below this many products the worst case of a float32 sum, K * 2^-24, is under two eps of float16.
_FLOAT32_TAPS = 1 << 15
# Below this many products sums of 16-bit integers are under 2^53, so exact in float64.
_EXACT_TAPS = 1 << 21
_NARROW_INTEGER_BYTES = 2


class Plan(NamedTuple):
    """How one convolution is worked out.

    A block is `block_rows` x `block_columns` output pixels of one image, in `block_channels` output channels of each
    group. It depends on the layer and the image's size alone, so that batched or not the bits are the same.
    One GEMM adds at most `chunk_taps` products; the sums of several are added pairwise.
    `weight_bytes` includes one bias per output channel; `scratch_bytes` is the most that is allocated besides input,
    parameters and output.
    """

    geometry: Geometry
    padding_mode: str
    dtype: str
    accuracy: str
    algorithm: str
    reason: str
    compute_dtype: str
    chunk_taps: int
    block_rows: int
    block_columns: int
    block_channels: int
    threads: int | None
    scratch_bytes: int
    input_bytes: int
    weight_bytes: int
    output_bytes: int

    @property
    def peak_bytes(self) -> int:
        """Everything that is in memory at once."""
        return self.input_bytes + self.weight_bytes + self.scratch_bytes + self.output_bytes


def plan_convolution(
    geometry: Geometry,
    *,
    padding_mode: str = "zeros",
    dtype: str = "float32",
    accuracy: str = "strict",
    algorithm: str | None = None,
    threads: int | None = None,
    block_bytes: int = BLOCK_BYTES,
    weight_bytes: int = WEIGHT_BYTES,
) -> Plan:
    """Decide how a convolution of `geometry` on elements of `dtype` is worked out.

    `algorithm` None takes the best one, `threads` None leaves BLAS its own number. Scratch is held near `block_bytes`
    for a block and `weight_bytes` for converted weights; a single output pixel may need more.

    Raises:
        UsageError: an option names nothing that exists.
        DataError: no algorithm computes `dtype`.
    """
    _check_options(accuracy, algorithm, threads)
    taps = geometry.taps_per_output
    algorithm, compute_dtype = _choose(algorithm, dtype, taps)
    # A wider type sums them all at once; float32 for the half types too, and whole numbers are exact in any order.
    chunk_taps = min(taps, _CHUNK_TAPS[dtype]) if dtype == compute_dtype in _CHUNK_TAPS else taps
    layout = _lay_out(geometry, padding_mode, dtype, compute_dtype, chunk_taps, block_bytes, weight_bytes)
    weights = prod(geometry.weight_shape) + geometry.out_channels
    return Plan(
        geometry=geometry,
        padding_mode=padding_mode,
        dtype=dtype,
        accuracy=accuracy,
        algorithm=algorithm,
        reason=_reason(geometry, algorithm, dtype, compute_dtype, chunk_taps, layout),
        compute_dtype=compute_dtype,
        chunk_taps=chunk_taps,
        block_rows=layout.rows,
        block_columns=layout.columns,
        block_channels=layout.channels,
        threads=threads,
        scratch_bytes=layout.scratch_bytes,
        input_bytes=prod(geometry.batched_input_shape) * DTYPES[dtype].bytes,
        weight_bytes=weights * DTYPES[dtype].bytes,
        output_bytes=prod(geometry.batched_output_shape) * DTYPES[dtype].bytes,
    )


def _check_options(accuracy: str, algorithm: str | None, threads: int | None) -> None:
    if accuracy not in ACCURACIES:
        raise UsageError(f"there is no accuracy {accuracy!r}", f"accuracy is one of: {', '.join(ACCURACIES)}")
    if algorithm is not None and algorithm not in ALGORITHMS:
        raise UsageError(f"there is no algorithm {algorithm!r}", f"algorithm is one of: {', '.join(ALGORITHMS)}")
    if threads is not None and threads < 1:
        raise UsageError(f"threads must be 1 or more, but got {threads}", "threads=1, or none for all processors")


def _choose(algorithm: str | None, dtype: str, taps: int) -> tuple[str, str]:
    """Return the algorithm and the type it sums in."""
    able = {name: kind.compute_dtypes[dtype] for name, kind in ALGORITHMS.items() if dtype in kind.compute_dtypes}
    if not able:
        raise DataError(
            f'"slow_conv2d_cpu" not implemented for {dtype!r}: no algorithm computes with it',
            "cast to float32, or to an integer of 8 to 64 bits",
        )
    if taps >= _EXACT_TAPS and DTYPES[dtype].kind in "iu" and DTYPES[dtype].bytes == _NARROW_INTEGER_BYTES:
        able.pop("im2col")
    if algorithm is None:
        algorithm = next(iter(able))
    elif algorithm not in able:
        raise UsageError(
            f"the algorithm {algorithm} does not compute {dtype} with {taps} products per output",
            f"algorithms for it: {', '.join(able)}",
        )
    compute_dtype = able[algorithm]
    return algorithm, "float64" if compute_dtype == "float32" and taps >= _FLOAT32_TAPS else compute_dtype


class _Layout(NamedTuple):
    """A block: its rows and columns of output pixels, its output channels of each group, and what it takes."""

    rows: int
    columns: int
    channels: int
    scratch_bytes: int


def _lay_out(
    geometry: Geometry,
    padding_mode: str,
    dtype: str,
    compute_dtype: str,
    chunk_taps: int,
    block_bytes: int,
    weight_bytes: int,
) -> _Layout:
    taps, itemsize = geometry.taps_per_output, DTYPES[compute_dtype].bytes
    channels = _even_part(geometry.out_channels // geometry.groups, weight_bytes // (itemsize * geometry.groups * taps))
    parts = -(-taps // chunk_taps)
    # One buffer for each depth of the pairwise sum, one more for the products of `direct` or for whole numbers.
    buffers = (parts - 1).bit_length() + 1 + (DTYPES[dtype].kind in "iu")
    pixel_bytes = itemsize * geometry.groups * (taps + buffers * channels)
    # Modes that are not zeros pick what they repeat in the input's own type first.
    gathered_bytes = geometry.in_channels * (itemsize + DTYPES[dtype].bytes * (padding_mode != "zeros"))

    def block_scratch(rows: int, columns: int) -> int:
        gathered = gathered_rows(geometry.height, rows) * span(geometry.width, columns)
        return rows * columns * pixel_bytes + gathered * gathered_bytes

    rows, columns = _block_pixels(block_scratch, geometry, block_bytes)
    weight_scratch = itemsize * channels * geometry.groups * (taps + 1)
    return _Layout(rows, columns, channels, block_scratch(rows, columns) + weight_scratch)


def span(axis: Axis, outputs: int) -> int:
    """Return the input elements from the first to the last that so many neighbouring outputs reach."""
    return (outputs - 1) * axis.stride + axis.effective_kernel


def rows_at_once(height: Axis) -> tuple[int, int, int]:
    """Return how rows are gathered: for how many kernel rows together, every how manieth, and outputs how far apart.

    Kernel rows that share input rows are served together, others one by one.
    """
    if height.dilation == 1 and height.stride < height.kernel:
        return height.kernel, 1, height.stride
    return 1, height.stride, 1


def gathered_rows(height: Axis, outputs: int) -> int:
    """Return the input rows that are gathered at a time for so many output rows."""
    taps, _, jump = rows_at_once(height)
    return (outputs - 1) * jump + taps


def _block_pixels(block_scratch: Callable[[int, int], int], geometry: Geometry, budget: int) -> tuple[int, int]:
    """Return the rows and columns of a block: whole rows if one fits the budget, else part of one.

    `block_scratch(rows, columns)` is linear in each.
    """
    rows, columns = geometry.height.output, geometry.width.output
    fixed = block_scratch(0, columns)
    whole = (budget - fixed) // (block_scratch(1, columns) - fixed)
    if whole >= 1:
        return _even_part(rows, whole), columns
    fixed = block_scratch(1, 0)
    return 1, _even_part(columns, (budget - fixed) // (block_scratch(1, 1) - fixed))


def _even_part(total: int, most: int) -> int:
    """Return the size of the parts when `total` is cut evenly into the fewest of at most `most`, or of 1."""
    parts = -(-total // max(1, most))
    return -(-total // parts)


def _reason(
    geometry: Geometry, algorithm: str, dtype: str, compute_dtype: str, chunk_taps: int, layout: _Layout
) -> str:
    taps, height, width = geometry.taps_per_output, geometry.height.output, geometry.width.output
    sums = {
        "direct": f"{taps} products per output are added one by one in {compute_dtype}, which wraps as {dtype} does",
        "im2col": f"{taps} products per output are added by BLAS in {compute_dtype}",
    }[algorithm]
    if chunk_taps < taps:
        sums += f", {chunk_taps} at a time and those sums pairwise"
    elif compute_dtype != dtype and algorithm == "im2col":
        sums += f", brought to {dtype} once at the end"
    return f"{sums}, in blocks of {layout.rows}x{layout.columns} of the {height}x{width} output pixels"
