"""The plan of one convolution, decided before a byte is allocated: which algorithm, blocks, threads and memory."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeVar

from conv2d_cli.engine.exact.planning import doubtful_bytes, held_bytes
from conv2d_cli.engine.planning.blocking import ceil_div
from conv2d_cli.engine.planning.candidate import Parallelism, parallelism
from conv2d_cli.engine.planning.tiling import tile_bytes

if TYPE_CHECKING:
    from conv2d_cli.arithmetic.geometry import Geometry
    from conv2d_cli.engine.planning.candidate import Candidate
    from conv2d_cli.engine.planning.problem import Problem
    from conv2d_cli.engine.planning.tiling import Tiling

Blocks = TypeVar("Blocks", bound=tuple[object, ...])

# Where BLAS packs the operands of a thread that has not multiplied before: 0.53 MiB were seen.
_PACKED_BYTES = 5 << 17


class Plan(NamedTuple, Generic[Blocks]):
    """How one convolution is worked out.

    `geometry` and `padding_mode` are those of the whole input; `problem` is that of one of its images or, where they
    are too large to be convolved whole, of the first tile. So an image has the same bits alone and in a batch. Where
    the candidate spreads what is not finite, an image (or tile) whose output is not finite is done again by
    `fallback`. `named` is the algorithm that was asked for.
    """

    geometry: Geometry
    padding_mode: str
    problem: Problem
    candidate: Candidate[Blocks]
    fallback: Candidate[Any] | None = None
    tiling: Tiling | None = None
    named: str | None = None

    @property
    def engine(self) -> str:
        """Who carries it out: this engine."""
        return "numpy"

    @property
    def library_bytes(self) -> int:
        """What is loaded for it beside what every run loads: nothing."""
        return 0

    @property
    def algorithm(self) -> str:
        """The algorithm's name."""
        return self.candidate.algorithm

    @property
    def blocks_in_words(self) -> str:
        """Say what one block is: `rows=14 columns=56`."""
        return self.candidate.blocks_in_words

    @property
    def blocks(self) -> Blocks:
        """What that algorithm works by."""
        return self.candidate.blocks

    @property
    def dtype(self) -> str:
        """The element type of input, parameters and output."""
        return self.problem.dtype

    @property
    def images(self) -> int:
        """Problems that are carried out together: the images of a batch, or one tile."""
        return 1 if self.tiling or self.problem.is_exact else self.geometry.batch

    @property
    def parallelism(self) -> Parallelism:
        """How threads share the work."""
        return parallelism(self.candidate.work, self.problem.threads, max(1, self.images), self.problem.costs)

    @property
    def nanoseconds(self) -> float:
        """What the whole convolution takes by the cost model."""
        problems = self.geometry.batch
        if self.tiling is not None:
            height, width = self.geometry.height.output, self.geometry.width.output
            problems *= ceil_div(height, self.tiling.rows) * ceil_div(width, self.tiling.columns)
        return self.parallelism.nanoseconds * problems / max(1, self.images)

    @property
    def workers(self) -> int:
        """Python threads that share the work items."""
        return self.parallelism.workers

    @property
    def blas_threads(self) -> int:
        """Threads that BLAS has for each product."""
        return self.parallelism.blas_threads

    @property
    def threads_used(self) -> int:
        """Threads that carry it out: Python's, or those of BLAS."""
        return max(self.parallelism[:2])

    @property
    def fallback_plan(self) -> Plan[Any] | None:
        """How one image or tile is done again whose output is not finite; first sums see to that by themselves."""
        if self.fallback is None or self.problem.is_exact:
            return None
        again = self._replace(candidate=self.fallback, fallback=None)
        return again if self.tiling else again.for_images(1)

    def for_images(self, count: int) -> Plan[Blocks]:
        """Return the plan of a number of images: the batch changes nothing else."""
        return self._replace(geometry=self.geometry._replace(batch=count))

    @property
    def input_bytes(self) -> int:
        """Bytes of the whole input."""
        return prod(self.geometry.batched_input_shape) * self.problem.input_itemsize

    @property
    def weight_bytes(self) -> int:
        """Bytes of the weight, and of one bias per output channel."""
        return (prod(self.geometry.weight_shape) + self.geometry.out_channels) * self.problem.input_itemsize

    @property
    def output_bytes(self) -> int:
        """Bytes of the whole output."""
        return prod(self.geometry.batched_output_shape) * self.problem.input_itemsize

    @property
    def tile_bytes(self) -> int:
        """Input and output of one tile; 0 where images are convolved whole."""
        return tile_bytes(self.geometry, self.tiling, self.problem.input_itemsize) if self.tiling else 0

    @property
    def scratch_bytes(self) -> int:
        """The most that is allocated besides input, parameters and output, where the output is finite."""
        workers = self.workers
        packed = (workers - 1) * _PACKED_BYTES if self.problem.uses_blas else 0
        return self.candidate.memory.total(workers) + packed + held_bytes(self.problem) + self.tile_bytes

    @property
    def fallback_bytes(self) -> int:
        """The same where it is not: for the fallback; 0 without one.

        The workspace of the algorithm is free again when it runs, but its operands are kept.
        """
        if self.problem.is_exact:
            again = self.fallback.memory.total(self.workers) if self.fallback else 0
            return self.scratch_bytes + doubtful_bytes(self.problem) + again
        plan = self.fallback_plan
        return plan.scratch_bytes + self.candidate.memory.shared_bytes if plan else 0

    @property
    def peak_bytes(self) -> int:
        """Everything that is in memory at once."""
        return self.input_bytes + self.weight_bytes + max(self.scratch_bytes, self.fallback_bytes) + self.output_bytes
