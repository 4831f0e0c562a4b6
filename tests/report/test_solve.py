"""`solve` from Python: values of every kind, and what is none."""

from __future__ import annotations

from itertools import islice
from typing import Any

import numpy as np
import pytest

from conv2d_cli import LayerError, SolutionRow, solve
from conv2d_cli.report.solve import searched


def test_values_lists_and_ranges_are_the_same() -> None:
    expected = [*solve(input_size=9, kernel_size=range(1, 4), stride=1, padding=0, dilation=1)]
    assert [row.output_size for row in expected] == [9, 8, 7]
    for kernels in ((1, 2, 3), [3, 2, 1, 1], range(3, 0, -1), {1, 2, 3}, np.arange(1, 4), (one for one in (2, 1, 3))):
        assert [*solve(input_size=9, kernel_size=kernels, stride=1, padding=0, dilation=1)] == expected


def test_nothing_goes_together() -> None:
    assert [*solve(input_size=4, kernel_size=9, padding=0)] == []


def test_everything_open_begins_with_the_simplest() -> None:
    assert next(solve()) == SolutionRow(1, 1, 1, 0, 1, 1, 0)
    assert [row.input_size for row in islice(solve(), 3)] == [1, 2, 3]
    assert set(searched([])) == set(SolutionRow._fields) - {"unused"}


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        (0, "kernel_size=0: must be 1 or more"),
        (range(-3, 2), "kernel_size=-3: must be 1 or more"),
        ((), "kernel_size: has no value at all"),
        ("3", "kernel_size='3': neither a whole number nor several"),
        (2.5, "kernel_size=2.5: neither a whole number nor several"),
        ([1, None], "kernel_size=[1, None]: neither a whole number nor several"),
    ],
)
def test_what_is_no_number(value: Any, problem: str) -> None:
    with pytest.raises(LayerError) as caught:
        solve(kernel_size=value)
    assert caught.value.message == problem
    assert (caught.value.hint or "").startswith("kernel_size=")
