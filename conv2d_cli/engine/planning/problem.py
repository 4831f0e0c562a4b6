"""A convolution problem: what a plan is worked out from."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, NamedTuple

from conv2d_cli.dtypes import DTYPES

if TYPE_CHECKING:
    from conv2d_cli.arithmetic.geometry import Geometry
    from conv2d_cli.engine.planning.cost_model import Costs
    from conv2d_cli.engine.planning.gemm_tile import GemmTile

# What one block of work takes, so that it stays in the cache that cores share from one step to the next.
BLOCK_BYTES = 3 << 20
# Workspace of all threads together; what NumPy, BLAS and malloc take beside it is left to 64 MiB.
WORKSPACE_BYTES = 40 << 20
# With fewer output pixels for each thread an image is not cut for them.
_PARALLEL_PIXELS = 380


class Problem(NamedTuple):
    """The convolution of one image, and what it may use.

    `geometry` has batch 1: an image has the same plan, and the same bits, alone and in a batch. `unpacked_gemm` says
    that BLAS multiplies small matrices without packing them, as OpenBLAS does on AVX-512. `flush_subnormals` has exact
    arithmetic take subnormal numbers, of operands and results, as zeros.
    """

    geometry: Geometry
    padding_mode: str
    dtype: str
    accuracy: str
    threads: int
    workspace_bytes: int
    unpacked_gemm: bool
    costs: Costs
    flush_subnormals: bool = False

    @property
    def is_exact(self) -> bool:
        """Whether sums are made in float64 and rounded once, which those of whole numbers need not be."""
        return self.accuracy == "exact" and DTYPES[self.dtype].kind in "fc"

    @property
    def accumulator(self) -> str:
        """The type that products are summed in.

        Half types are summed in float32, exact sums in float64; whole numbers in the narrowest float type that holds
        every partial sum, else in unsigned integers, which wrap modulo 2^bits as the signed result does.
        """
        kind, size = DTYPES[self.dtype].kind, DTYPES[self.dtype].bytes
        if self.is_exact:
            return "float64"
        if kind not in "iu":
            return "float32" if self.dtype in {"float16", "bfloat16"} else self.dtype
        largest = 1 << (8 * size if kind == "u" else 8 * size - 1)
        # One more `largest` is the bias. Float types hold whole numbers of 24 and 53 bits.
        bits = (self.geometry.taps_per_output * largest * largest + largest - 1).bit_length()
        return "float32" if bits <= 24 else "float64" if bits <= 53 else f"uint{8 * size}"  # noqa: PLR2004

    @property
    def itemsize(self) -> int:
        """Bytes of an element of the type that products are summed in."""
        return DTYPES[self.accumulator].bytes

    @property
    def input_itemsize(self) -> int:
        """Bytes of an element of input and output."""
        return DTYPES[self.dtype].bytes

    @property
    def uses_blas(self) -> bool:
        """Whether products are BLAS's: it multiplies no whole numbers."""
        return not self.accumulator.startswith("uint")

    @property
    def group_channels(self) -> tuple[int, int]:
        """Input and output channels of one group."""
        return self.geometry.in_channels // self.geometry.groups, self.geometry.out_channels // self.geometry.groups

    @property
    def pixels(self) -> int:
        """Output pixels of the image."""
        return self.geometry.height.output * self.geometry.width.output

    @property
    def block_bytes(self) -> int:
        """What one block of work may take: no less than the weight, which is read again for each block."""
        return max(BLOCK_BYTES, self.itemsize * prod(self.geometry.weight_shape))

    @property
    def image_workers(self) -> int:
        """Threads that one image is cut for: where it has few pixels, BLAS parallelises the filters."""
        return self.threads if self.pixels >= self.threads * _PARALLEL_PIXELS else 1

    @property
    def stores_directly(self) -> bool:
        """Whether products can be written where the output stands: it has the type that they are summed in."""
        return self.dtype == self.accumulator

    @property
    def run(self) -> int:
        """Elements that follow one another in an output image: of a row, or of the only column."""
        height, width = self.geometry.height.output, self.geometry.width.output
        return width if width > 1 else height

    def gemm_time(self, tile: GemmTile | None, rows: int, depth: int, columns: int) -> float:
        """Return the nanoseconds of a product of (rows, depth) and (depth, columns)."""
        return self.costs.gemm(tile, rows, depth, columns, self.itemsize)

    def copy_time(self, elements: int, run: int, step: int = 1) -> float:
        """Return the nanoseconds of copying elements in runs of a length, every `step`-th."""
        return self.costs.copies(elements, run, step, self.itemsize)

    def element_time(self, elements: int, rate: float) -> float:
        """Return the nanoseconds of what takes a rate for each element of four bytes."""
        return self.itemsize / 4 * elements * rate

    @property
    def padding_itemsize(self) -> int:
        """Temporary bytes of each element that a strip gathers: padding that is not zeros picks what it repeats."""
        return 0 if self.padding_mode == "zeros" else self.input_itemsize

    @property
    def wrapped_itemsize(self) -> int:
        """Temporary bytes of each sum of whole numbers that is brought to the output's type: through int64 it wraps."""
        return DTYPES["int64"].bytes if DTYPES[self.dtype].kind in "iu" and self.uses_blas else 0
