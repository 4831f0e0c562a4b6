"""What `conv2d bench` answers with: the machine, a row for each engine on each layer, a mean for each class.

With `--calibrate` it is a table of costs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from conv2d_cli.report.shape import SCHEMA_VERSION
from conv2d_cli.showing import shows_itself

if TYPE_CHECKING:
    from collections.abc import Sequence


_THREE_DIGITS = 100


@shows_itself
class BenchMachine(NamedTuple):
    """What was measured on. `blas_architecture` names the kernels that the BLAS has chosen for the processor."""

    processor: str
    processors: int
    conv2d_version: str
    python_version: str
    numpy_version: str
    blas: str | None
    blas_architecture: str | None


@shows_itself
class BenchRow(NamedTuple):
    """One engine on one layer; figures are None where `note` says why there are none.

    `median_ms` is of one call, `spread_percent` the distance between the quartiles in percent of it, and `gflops`
    counts the operations of the direct convolution whatever the algorithm. `peak_gflops` is that of NumPy's matrix
    product on the same number of threads, measured beside. `ratio` is the median over the rounds of the seconds of
    the fastest peer over these: above 1 where this is the faster. `error_units` is the largest error against
    float64 in units of `eps * (sum|x||w| + |b|)`. `carried_out_by` is the engine that made the output, of `conv2d` the
    one that was chosen; where that is not NumPy's, `algorithm` is None.
    """

    layer: str
    layer_class: str
    in_channels: int
    out_channels: int
    kernel_size: tuple[int, int]
    stride: tuple[int, int]
    padding: str | tuple[int, ...]
    dilation: tuple[int, int]
    groups: int
    bias: bool
    padding_mode: str
    dtype: str
    input_shape: tuple[int, ...]
    macs: int
    threads: int
    engine: str
    engine_version: str | None
    accuracy: str | None
    algorithm: str | None
    carried_out_by: str | None
    prepared: bool
    rounds: int
    median_ms: float | None
    spread_percent: float | None
    gflops: float | None
    peak_gflops: float | None
    percent_of_peak: float | None
    ratio: float | None
    error_units: float | None
    note: str | None


@shows_itself
class BenchClass(NamedTuple):
    """The geometric mean of the ratios of this engine in one class of layers."""

    layer_class: str
    threads: int
    accuracy: str
    layers: int
    ratio: float


@shows_itself
class CostsReport(NamedTuple):
    """The rates of one machine, in nanoseconds unless the name says bytes, and the file that keeps them."""

    machine: str
    date: str
    gemm_flop: float
    small_gemm_flop: float
    gemm_pack: float
    gemm_product: float
    gemm_call: float
    gemv_call: float
    gemv: float
    add: float
    copy: float
    copy_run: float
    copy_step: float
    transpose: float
    fft: float
    filter_value: float
    call: float
    start: float
    setup: float
    dispatch: float
    wait: float
    blas_dispatch: float
    own_cache_bytes: int
    shared_cache_bytes: int
    uncached: float
    tlb_miss: float
    costs_file: str


ROW_KEYS = (*BenchRow._fields, *BenchMachine._fields)


def record_of_row(row: BenchRow, machine: BenchMachine) -> dict[str, Any]:
    """Return a row that stands for itself: with its machine."""
    return {"schema_version": SCHEMA_VERSION, **row._asdict(), **machine._asdict()}


def record_of_bench(
    machine: BenchMachine, rows: Sequence[BenchRow], classes: Sequence[BenchClass] | None
) -> dict[str, Any]:
    """Return everything as one record; `classes` only where a suite was measured."""
    record = {"schema_version": SCHEMA_VERSION, **machine._asdict(), "rows": [row._asdict() for row in rows]}
    return record if classes is None else record | {"classes": [one._asdict() for one in classes]}


def record_of_classes(classes: Sequence[BenchClass]) -> dict[str, Any]:
    """Return the means as a record of their own, which follows the rows."""
    return {"schema_version": SCHEMA_VERSION, "classes": [one._asdict() for one in classes]}


def for_people(row: BenchRow) -> dict[str, Any]:
    """Return what a table has room for, under short titles and in three digits."""
    figures = {
        "ms": row.median_ms,
        "+-%": row.spread_percent,
        "GFLOP/s": row.gflops,
        "% peak": row.percent_of_peak,
        "ratio": row.ratio,
        "error": row.error_units,
    }
    return {
        "threads": row.threads,
        "engine": name_of(row, row.engine),
        "algorithm": row.algorithm,
    } | {title: None if figure is None else _short(figure) for title, figure in figures.items()}


def name_of(row: BenchRow, otherwise: str) -> str:
    """Return our engine with its accuracy, and who carries it out where NumPy does not; of others what is given."""
    if row.accuracy is None:
        return otherwise
    by = "" if row.carried_out_by in {None, "numpy"} else f" by {row.carried_out_by}"
    return f"{row.engine} {row.accuracy}{by}"


def _short(figure: float) -> float:
    rounded = float(f"{figure:.3g}")
    return int(rounded) if abs(rounded) >= _THREE_DIGITS and rounded.is_integer() else rounded
