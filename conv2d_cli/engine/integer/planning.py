"""The plan of a convolution of integers: the type in which sums are exact, and what widening takes of memory."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any, NamedTuple

from conv2d_cli.dtypes import DTYPES
from conv2d_cli.engine.planning.planner import words_of
from conv2d_cli.engine.planning.tiling import tile_geometry

if TYPE_CHECKING:
    from collections.abc import Callable

    from conv2d_cli.arithmetic.geometry import Geometry
    from conv2d_cli.engine.integer.specification import IntegerArithmetic
    from conv2d_cli.engine.planning.plan import Plan
    from conv2d_cli.engine.planning.tiling import Tiling

# Every whole number of up to this many bits is a value of the float type.
_FLOAT_BITS = {"float32": 24, "float64": 53}
# Images that are widened together, and sums that are brought to the output's type at a time.
WIDE_BYTES, BLOCK_ELEMENTS = 16 << 20, 1 << 16
# What a block is made of on the way: sums with a bias, what is requantised, whether it overflows.
_BLOCK_COPIES = 8


def summing_dtype(arithmetic: IntegerArithmetic, taps: int) -> str:
    """Return the type that products are summed in: float32 or float64 where that is exact, else int64.

    All partial sums of products lie in the range S of `arithmetic.sums(taps)`, whatever their order and whether or not
    a multiply and its add are fused. If no |S| exceeds 2^24 (2^53) each is a value of float32 (float64), so that no
    addition rounds. Then the factors are values of it too: none is larger than its product with the largest of the
    other. The bias is added after that, in float64 or int64. In int64 sums are known modulo 2^64.

    Source: N. Higham, "Accuracy and Stability of Numerical Algorithms", 2002, section 2.1.

    >>> from conv2d_cli.engine.integer.specification import IntegerArithmetic
    >>> int8 = IntegerArithmetic("int8", "int8", "int32")
    >>> summing_dtype(int8, 1024), summing_dtype(int8, 1025)
    ('float32', 'float64')
    """
    largest = arithmetic.sums(taps).magnitude
    return next((name for name, bits in _FLOAT_BITS.items() if largest <= 1 << bits), "int64")


class IntegerPlan(NamedTuple):
    """How a convolution of integers is worked out.

    `wide` is the plan for operands that are widened to its element type, less their zero points. `estimate` plans the
    same in float64 where sums may pass 64 bits: it tells by how many multiples of 2^64.
    """

    wide: Plan[Any]
    arithmetic: IntegerArithmetic
    estimate: Plan[Any] | None = None

    @property
    def geometry(self) -> Geometry:
        """The whole convolution."""
        return self.wide.geometry

    @property
    def padding_mode(self) -> str:
        """What padding holds."""
        return self.wide.padding_mode

    @property
    def tiling(self) -> Tiling | None:
        """The tiles of an image; None where it is convolved whole."""
        return self.wide.tiling

    @property
    def engine(self) -> str:
        """Who carries it out."""
        return self.wide.engine

    @property
    def library_bytes(self) -> int:
        """What is loaded for it beside what every run loads."""
        return self.wide.library_bytes

    @property
    def algorithm(self) -> str:
        """The algorithm's name."""
        return self.wide.algorithm

    @property
    def blocks_in_words(self) -> str:
        """Say what one block is."""
        return self.wide.blocks_in_words

    @property
    def dtype(self) -> str:
        """The element type of the output."""
        return self.arithmetic.output_dtype

    @property
    def threads_used(self) -> int:
        """Threads that carry it out."""
        return self.wide.threads_used

    @property
    def accumulator_bits_worst(self) -> int:
        """Bits of a signed accumulator that holds every sum of products that the types and zero points allow."""
        return self.arithmetic.sums(self.geometry.taps_per_output).signed_bits

    def for_images(self, count: int) -> IntegerPlan:
        """Return the plan of a number of images: the batch changes nothing else."""
        estimate = self.estimate and self.estimate.for_images(count)
        return self._replace(wide=self.wide.for_images(count), estimate=estimate)

    @property
    def images_together(self) -> int:
        """Images that are widened at a time."""
        one = self.wide.for_images(1)
        return max(1, min(self.geometry.batch, WIDE_BYTES // max(1, one.input_bytes + one.output_bytes)))

    @property
    def input_bytes(self) -> int:
        """Bytes of the whole input."""
        return prod(self.geometry.batched_input_shape) * DTYPES[self.arithmetic.input_dtype].bytes

    @property
    def weight_bytes(self) -> int:
        """Bytes of the weight, and of one bias in the accumulator's type for each output channel."""
        bias_bytes = self.geometry.out_channels * DTYPES[self.arithmetic.accumulator].bytes
        return prod(self.geometry.weight_shape) * DTYPES[self.arithmetic.weight_dtype].bytes + bias_bytes

    @property
    def output_bytes(self) -> int:
        """Bytes of the whole output."""
        return prod(self.geometry.batched_output_shape) * DTYPES[self.dtype].bytes

    @property
    def tile_bytes(self) -> int:
        """Widened input, sums and output of one tile; 0 where images are convolved whole."""
        if self.tiling is None:
            return 0
        tile = tile_geometry(self.geometry, *self.tiling)
        return self.wide.tile_bytes + prod(tile.batched_output_shape) * DTYPES[self.dtype].bytes

    @property
    def scratch_bytes(self) -> int:
        """The most that is allocated besides input, parameters and output, where no sum passes 64 bits."""
        return self._widened_bytes + self.wide.scratch_bytes + self.tile_bytes - self.wide.tile_bytes

    @property
    def fallback_bytes(self) -> int:
        """The same where sums may pass 64 bits: operands and sums of the estimate, and multiples, stand beside them."""
        if self.estimate is None:
            return 0
        together = self.estimate.for_images(self.images_together)
        images = 2 * together.tile_bytes if self.tiling else together.input_bytes + 2 * together.output_bytes
        return self.scratch_bytes + together.scratch_bytes + together.weight_bytes + images

    @property
    def _widened_bytes(self) -> int:
        """Bytes of the widened weight and of what is made on the way from the input to the sums, and to the output."""
        wide, together = self.wide, self.wide.for_images(self.images_together)
        # What is gathered for a tile is widened first.
        images = wide.tile_bytes if wide.tiling else together.input_bytes + together.output_bytes
        return wide.weight_bytes + images + _BLOCK_COPIES * BLOCK_ELEMENTS * DTYPES["float64"].bytes

    @property
    def words(self) -> str:
        """Say why this algorithm, how it sums, and why that is exact."""
        sums = self.arithmetic.sums(self.geometry.taps_per_output)
        exact = "modulo 2^64" if self.wide.dtype == "int64" else "exactly"
        needed = f"sums from {sums.least} to {sums.greatest} are made {exact} in {self.wide.dtype}"
        return f"{words_of(self.wide)}; {needed}, then brought to {self.dtype}"


def plan_integers(arithmetic: IntegerArithmetic, taps: int, plan_in: Callable[[str], Plan[Any]]) -> IntegerPlan:
    """Return how integers are convolved; `plan_in` plans the layer in an element type.

    Raises:
        UsageError: an algorithm was asked for that does not take this convolution.
    """
    dtype = summing_dtype(arithmetic, taps)
    return IntegerPlan(plan_in(dtype), arithmetic, plan_in("float64") if dtype == "int64" else None)
