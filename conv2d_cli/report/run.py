"""What `conv2d run` answers with: the summary of an output, or the plan of a run."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from conv2d_cli.showing import shows_itself

if TYPE_CHECKING:
    Number = int | float | list[float] | None


@shows_itself
class RunReport(NamedTuple):
    """The summary of one run; `min` and `max` are None for complex outputs and for empty ones.

    `mean` is [real, imaginary] for complex outputs; `gflops` counts two operations a multiply-add, as `shape` does.
    `algorithm` is None where the engine chooses it itself; what is said of an accumulator where there was none.
    """

    output_shape: tuple[int, ...]
    dtype: str
    min: Number
    max: Number
    mean: Number
    first_values: tuple[object, ...]
    algorithm: str | None
    engine: str
    threads: int
    seconds: float
    gflops: float | None
    accumulator_bits_worst: int | None
    accumulator_bits: int | None
    overflow: int | None


@shows_itself
class ManyReport(NamedTuple):
    """What became of many files; `gflops` counts the time of the convolutions alone, `seconds` all of it."""

    files: int
    written: int
    skipped: int
    failed: int
    seconds: float
    gflops: float | None


@shows_itself
class PlanReport(NamedTuple):
    """What a run would do; sizes in bytes. `peak_bytes` is an estimate of the process's peak resident memory.

    `algorithm` and `blocks` are None where the engine chooses them itself.
    `tiles` is the output of one tile, as `rows=100 columns=200`; None where images are convolved whole.
    `accumulator_bits_worst` is None where nothing is accumulated in integers.
    """

    input_shape: tuple[int, ...]
    weight_shape: tuple[int, ...]
    bias_shape: tuple[int, ...] | None
    output_shape: tuple[int, ...]
    dtype: str
    parameters_from: str
    engine: str
    algorithm: str | None
    reason: str
    costs: str
    accuracy: str
    blocks: str | None
    tiles: str | None
    threads: int
    macs: int
    input_bytes: int
    parameter_bytes: int
    output_bytes: int
    scratch_bytes: int
    fallback_bytes: int
    peak_bytes: int
    memory_limit_bytes: int | None
    accumulator_bits_worst: int | None
