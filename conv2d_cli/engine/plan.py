"""The plan of one convolution, decided on integers before a byte is allocated: which algorithm, blocks and memory."""

from __future__ import annotations

from importlib import import_module
from math import prod
from typing import TYPE_CHECKING, Literal, NamedTuple, get_args

from conv2d_cli.arithmetic.counts import macs
from conv2d_cli.dtypes import DTYPES
from conv2d_cli.engine.algorithms import ALGORITHMS
from conv2d_cli.engine.panels import AT_ONCE
from conv2d_cli.engine.summation import RUNS, WHOLE, WIDE, Summation, summation
from conv2d_cli.engine.task import SCRATCH_BYTES, Layout, Task, elapsed, even_part, shares_products, worth_sharing
from conv2d_cli.engine.tiles import TILE_SCRATCH_BYTES, Tiling, tile_bytes, tile_geometry, tiling_of
from conv2d_cli.errors import DataError, UsageError, did_you_mean, one_of

if TYPE_CHECKING:
    from conv2d_cli.arithmetic.geometry import Geometry

Accuracy = Literal["strict", "fast"]
ACCURACIES: tuple[Accuracy, ...] = get_args(Accuracy)
# Element types that are summed in themselves unless the values ask for more.
_ROUNDED = frozenset({"float32", "float64", "complex64", "complex128"})
# In layers of so few multiply-adds a wider type may cost less than looking at the values would, in nanoseconds.
_LITTLE_MACS, _LOOK = 1_000_000, 18_000.0
_ANY = Summation(WHOLE, "float32", 1)
# OpenBLAS shares out no product of so few multiply-adds (its SMP_THRESHOLD_MIN times GEMM_MULTITHREAD_THRESHOLD).
_UNSHARED_MACS = 1 << 18
# Where BLAS packs the operands of a thread that has not multiplied before: 0.53 MiB were seen.
PACKED_BYTES = 5 << 17


class Plan(NamedTuple):
    """How one convolution is worked out.

    `layout` depends on the layer, the image's size and the threads alone, so that batched or not the bits are the
    same. A large image is convolved in tiles, by a plan for each size of tile: `layout` is that of the first.
    `weight_bytes` includes one bias per output channel.
    """

    geometry: Geometry
    padding_mode: str
    dtype: str
    accuracy: str
    algorithm: str
    summation: Summation
    layout: Layout
    threads: int
    input_bytes: int
    weight_bytes: int
    output_bytes: int
    kind: str
    asked_algorithm: str | None
    tiling: Tiling | None = None
    small_unpacked: bool = False

    @property
    def asks_values(self) -> bool:
        """Whether the values of the operands decide how products are summed: not where that is exact or wide anyway."""
        return self.kind != WIDE and self.dtype in _ROUNDED

    @property
    def blas_threads(self) -> int | None:
        """Threads that each worker's BLAS has; None where its products are too small to be shared out anyway.

        They do not depend on the batch, since products differ in their last bits with their number.
        """
        if self.algorithm == "small" and prod(self.layout.panel) <= _UNSHARED_MACS:
            return None
        return self.threads if shares_products(self.layout, self.threads) else 1

    @property
    def workers(self) -> int:
        """Python threads that share the blocks of all images out, where that pays."""
        layout, batch = self.layout, self.geometry.batch
        if self.blas_threads != 1 or not batch or not worth_sharing(layout, self.threads, batch):
            return 1
        return min(self.threads, layout.jobs * batch)

    @property
    def images_at_once(self) -> int:
        """Images that all workers bring through together; whether alone or not, each has the same bits."""
        return even_part(max(1, self.geometry.batch), self.layout.images)

    @property
    def keeps_parameters(self) -> bool:
        """Whether parameters are transformed once for all images, since each is brought through by itself."""
        return self.images_at_once == 1 < self.geometry.batch

    @property
    def scratch_bytes(self) -> int:
        """The most that is allocated besides input, parameters and output."""
        layout, workers = self.layout, self.workers
        rooms = workers * (layout.worker_bytes + layout.passing_bytes) + self.images_at_once * layout.shared_bytes
        # BLAS multiplies no whole numbers.
        packed = 0 if ALGORITHMS[self.algorithm].wraps else (workers - 1) * PACKED_BYTES
        kept = layout.kept_bytes if self.tiling or self.keeps_parameters else 0
        return rooms + packed + kept + self.tile_bytes

    @property
    def tile_bytes(self) -> int:
        """Input and output of one tile; 0 where images are convolved whole."""
        return tile_bytes(self.geometry, self.tiling, DTYPES[self.dtype].bytes) if self.tiling else 0

    @property
    def peak_bytes(self) -> int:
        """Everything that is in memory at once."""
        return self.input_bytes + self.weight_bytes + self.scratch_bytes + self.output_bytes

    @property
    def threads_used(self) -> int:
        """Threads that carry it out: Python's, or those of BLAS."""
        return max(self.workers, self.blas_threads or 1)

    @property
    def blocks_in_words(self) -> str:
        """What one block is, as `rows=14 columns=56`."""
        fields: dict[str, object] = self.layout.blocks._asdict()
        return " ".join(f"{name}={value}" for name, value in fields.items())

    @property
    def reason(self) -> str:
        """Say why this algorithm, how it goes through the output and how it sums."""
        estimate = elapsed(self.layout, self.threads) / 1e6
        (rows, taps, columns), products = self.layout.panel, ""
        # Whole numbers that wrap are multiplied tap by tap.
        if self.layout.panel != AT_ONCE and not ALGORITHMS[self.algorithm].wraps:
            products = f", by products of up to {rows}x{taps} weights and {columns} columns"
        words = f"{self.layout.words}; {_sums(self)}{products}; about {estimate:.3g} ms"
        if self.tiling is None:
            return f"{words} an image by the cost model"
        return f"{words} a tile of {self.tiling.rows}x{self.tiling.columns} output pixels by the cost model"


def plan_convolution(
    geometry: Geometry,
    *,
    padding_mode: str = "zeros",
    dtype: str = "float32",
    accuracy: str = "strict",
    algorithm: str | None = None,
    threads: int = 1,
    kind: str | None = None,
    scratch_bytes: int = SCRATCH_BYTES,
    tiled: bool = True,
    small_unpacked: bool = False,
) -> Plan:
    """Decide how a convolution of `geometry` on elements of `dtype` is worked out.

    `algorithm` None takes the one that the cost model finds fastest. `kind` is the summation that the values ask for
    (None: that of values in general). Scratch stays under `scratch_bytes`, but for a single pixel that needs more.
    `tiled` False convolves an image of any size whole. `small_unpacked` says what `blas.small_unpacked` does.

    Raises:
        UsageError: an option names nothing that exists, or an algorithm that does not take this convolution.
        DataError: no algorithm computes `dtype`.
    """
    _check_options(accuracy, algorithm, threads)
    # Of one image: batched or not, the same blocks give the same bits.
    one, mode = geometry._replace(batch=1), padding_mode
    tiling = tiling_of(one, DTYPES[dtype].bytes) if tiled and dtype in DTYPES else None
    if tiling is not None:
        one, mode, scratch_bytes = tile_geometry(one, *tiling), "zeros", min(scratch_bytes, TILE_SCRATCH_BYTES)
    task = Task(one, mode, dtype, accuracy, _ANY, threads, scratch_bytes, small_unpacked)
    kinds = [kind] if kind else _kinds(task, algorithm)
    laid_out = [
        (name, one, *found)
        for one in kinds
        for name in (ALGORITHMS if algorithm is None else [algorithm])
        if (found := _lay_out(name, task, one)) is not None
    ]
    if not laid_out:
        raise _nothing_fits(task, algorithm, kinds[0])

    def cost(option: tuple[str, str, Summation, Layout]) -> float:
        return elapsed(option[3], threads) + (_LOOK if option[1] != WIDE and len(kinds) > 1 else 0)

    best, kind, summed, layout = min(laid_out, key=cost)
    weights = prod(geometry.weight_shape) + geometry.out_channels
    return Plan(
        geometry=geometry,
        padding_mode=padding_mode,
        dtype=dtype,
        accuracy=accuracy,
        algorithm=best,
        summation=summed,
        layout=layout,
        threads=threads,
        input_bytes=prod(geometry.batched_input_shape) * DTYPES[dtype].bytes,
        weight_bytes=weights * DTYPES[dtype].bytes,
        output_bytes=prod(geometry.batched_output_shape) * DTYPES[dtype].bytes,
        kind=kind,
        asked_algorithm=algorithm,
        tiling=tiling,
        small_unpacked=small_unpacked,
    )


def _lay_out(name: str, task: Task, kind: str) -> tuple[Summation, Layout] | None:
    """Return how an algorithm would sum and go through a task; None where it does not take it."""
    algorithm = ALGORITHMS[name]
    if task.dtype not in algorithm.dtypes:
        return None
    if algorithm.mixes_pixels and (task.accuracy == "strict" or kind == WIDE):
        return None
    taps = task.geometry.taps_per_output
    if algorithm.wraps:
        # Unsigned arithmetic wraps modulo 2^bits, and two's complement makes it the signed result too.
        summed: Summation | None = Summation(WHOLE, f"uint{8 * DTYPES[task.dtype].bytes}", taps)
    else:
        summed = summation(task.dtype, taps, kind)
    if summed is None:
        return None
    layout = import_module(algorithm.layout).lay_out(task._replace(summation=summed))
    return None if layout is None else (summed, layout)


def _nothing_fits(task: Task, algorithm: str | None, kind: str) -> DataError | UsageError:
    if algorithm is None or not any(task.dtype in other.dtypes for other in ALGORITHMS.values()):
        return DataError(
            f'"slow_conv2d_cpu" not implemented for {task.dtype!r}: no algorithm computes with it',
            "cast to float32, or to an integer of 8 to 64 bits",
        )
    able = [name for name in ALGORITHMS if _lay_out(name, task, kind) is not None]
    hint, why = f"algorithm={one_of(able)}", ""
    if ALGORITHMS[algorithm].mixes_pixels and task.accuracy == "strict":
        why = ", whose bound it cannot keep"
        if _lay_out(algorithm, task._replace(accuracy="fast"), kind) is not None:
            hint = "accuracy=fast"
    return UsageError(
        f"the algorithm {algorithm} does not compute this layer in {task.dtype} with accuracy {task.accuracy}{why}",
        hint,
    )


def _kinds(task: Task, algorithm: str | None) -> list[str]:
    """Return the summations to choose from: that of most values, which must be looked at, and a wider type."""
    little = algorithm is None and task.dtype in {"float32", "complex64"} and macs(task.geometry) <= _LITTLE_MACS
    general = RUNS if task.dtype in {"complex64", "complex128"} else WHOLE
    return [general, WIDE] if little else [general]


def _check_options(accuracy: str, algorithm: str | None, threads: int) -> None:
    if accuracy not in ACCURACIES:
        raise UsageError(f"there is no accuracy {accuracy!r}", did_you_mean(accuracy, ACCURACIES, "accuracy="))
    if algorithm is not None and algorithm not in ALGORITHMS:
        raise UsageError(f"there is no algorithm {algorithm!r}", did_you_mean(algorithm, ALGORITHMS, "algorithm="))
    if threads < 1:
        raise UsageError(f"threads must be 1 or more, but got {threads}", "threads=1")


def _sums(plan: Plan) -> str:
    taps, (kind, compute_dtype, run_taps) = plan.geometry.taps_per_output, plan.summation
    words = f"{taps} products per output are added in {compute_dtype}"
    if ALGORITHMS[plan.algorithm].wraps:
        return f"{words}, which wraps as {plan.dtype} does"
    if run_taps < taps:
        words += f", {run_taps} at a time and those sums " + ("pairwise" if kind == WIDE else "one to the next")
    if compute_dtype != plan.dtype:
        words += f", brought to {plan.dtype} once at the end"
    return words
