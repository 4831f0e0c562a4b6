"""What `conv2d compare` answers with: whether two tensors are the same, where they differ, and why."""

from __future__ import annotations

from typing import Any, NamedTuple

from conv2d_cli.showing import shows_itself

# The verdicts, and those that are a yes.
SAME, ROUNDING, EXPLAINED, UNEXPLAINED = VERDICTS = ("same", "rounding", "explained", "unexplained")
AGREEING = frozenset({SAME, ROUNDING})


@shows_itself
class CompareReport(NamedTuple):
    """How two tensors differ; of unequal shapes there are no differences of elements: those are None.

    Indices are by the axes of the files. Complex values are [real, imaginary]. `ulp_histogram[0]` counts elements of
    equal value, `ulp_histogram[n]` those that are 2^(n - 1) to 2^n - 1 steps of `dtype` apart.
    """

    verdict: str
    explanation: str | None
    explanations: tuple[str, ...]
    how: tuple[str, ...]
    where: tuple[str, ...]
    shape_expected: tuple[int, ...]
    shape_actual: tuple[int, ...]
    dtype_expected: str
    dtype_actual: str
    dtype: str
    elements: int
    differing: int | None
    beyond: int | None
    signed_zeros: int | None
    max_abs: float | int | None
    max_rel: float | None
    max_ulp: int | None
    nan_expected: int | None
    nan_actual: int | None
    axes: tuple[str, ...]
    first_index: tuple[int, ...] | None
    first_expected: Any
    first_actual: Any
    worst_index: tuple[int, ...] | None
    worst_expected: Any
    worst_actual: Any
    bound: float | None
    rtol: float
    atol: float
    ulp: int
    error_units: float | None
    expected_error_units: float | None
    error_limit: float | None
    ulp_histogram: tuple[int, ...] | None

    @property
    def types_differ(self) -> bool:
        """Whether values have digits that `dtype` has not."""
        return self.dtype_expected != self.dtype_actual
