"""The figures of an output are NumPy's."""

from __future__ import annotations

from typing import Any

import ml_dtypes
import numpy as np
import pytest

from conv2d_cli.jobs.run.summary import RunningSummary, Summary


def summary_of(output: Any) -> Summary:
    running = RunningSummary()
    running.add(output)
    return running.result()


@pytest.mark.parametrize("dtype", ["float32", "float64", "float16", "int8", "uint8", "int64", "uint64"])
@pytest.mark.parametrize("count", [1, 7, (1 << 18) + 3])
def test_least_greatest_and_mean(dtype: str, count: int) -> None:
    values = np.random.default_rng(0).uniform(0, 100, (1, 1, 1, count)).astype(dtype)
    summary = summary_of(values)
    assert (summary.min, summary.max) == (values.min().item(), values.max().item())
    assert summary.mean == pytest.approx(values.astype(np.float64).mean(), rel=1e-12)
    assert summary.first_values == tuple(values.reshape(-1)[:8].tolist())
    assert isinstance(summary.mean, float)
    assert type(summary.min) is type(values.reshape(-1)[0].item())


def test_bfloat16_is_ordered_and_printed_as_float32() -> None:
    summary = summary_of(np.array([1.5, -2.0, 0.25]).astype(ml_dtypes.bfloat16))
    assert summary == (-2.0, 1.5, -0.25 / 3, (1.5, -2.0, 0.25))


def test_complex_outputs_have_a_mean_and_no_order() -> None:
    summary = summary_of(np.array([1 + 2j, 3 - 4j], np.complex64))
    assert summary == (None, None, [2.0, -1.0], (1 + 2j, 3 - 4j))


def test_an_empty_output_has_no_figures() -> None:
    assert summary_of(np.empty((0, 3, 2, 2))) == (None, None, None, ())


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([1, np.nan, 2], ("nan", "nan", "nan")),
        ([1, np.inf], ("1.0", "inf", "inf")),
        ([np.inf, -np.inf], ("-inf", "inf", "nan")),
        ([3e38, 3e38], (str(float(np.float32(3e38))), str(float(np.float32(3e38))), str(float(np.float32(3e38))))),
    ],
)
def test_values_that_are_not_finite_follow_ieee(values: Any, expected: tuple[str, str, str]) -> None:
    summary = summary_of(np.array(values, np.float32))
    assert (str(summary.min), str(summary.max), str(summary.mean)) == expected
