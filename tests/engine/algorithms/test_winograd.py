"""Winograd's transforms, worked out in exact fractions, and how a row of tiles is brought through."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from bounds import UNITS, units_of_error
from hypothesis import given
from hypothesis import strategies as st
from plans import every_candidate

from conv2d_cli.engine.algorithms.winograd.transforms import KERNEL_SIZE, TILE_COLUMNS, TILE_ROWS, transform
from conv2d_cli.engine.api import Execution, Parameters
from conv2d_cli.layer.forward import geometry_of
from conv2d_cli.layer.model import Conv2d

CHANNELS, FILTERS = 40, 33
fractions = st.fractions(-9, 9, max_denominator=20)


def product(matrix: tuple[tuple[Fraction, ...], ...], vector: list[Fraction]) -> list[Fraction]:
    return [sum((a * b for a, b in zip(row, vector, strict=True)), start=Fraction(0)) for row in matrix]


@given(st.data(), st.sampled_from([TILE_ROWS, TILE_COLUMNS]))
def test_the_transforms_are_a_correlation_exactly(data: st.DataObject, outputs: int) -> None:
    points = outputs + KERNEL_SIZE - 1
    values = data.draw(st.lists(fractions, min_size=points, max_size=points))
    taps = data.draw(st.lists(fractions, min_size=KERNEL_SIZE, max_size=KERNEL_SIZE))
    matrices = transform(outputs)
    multiplied = [a * b for a, b in zip(product(matrices.filter, taps), product(matrices.input, values), strict=True)]
    expected = [sum(values[start + tap] * taps[tap] for tap in range(KERNEL_SIZE)) for start in range(outputs)]
    assert product(matrices.output, multiplied) == expected


@pytest.mark.parametrize("outputs", [TILE_ROWS, TILE_COLUMNS])
def test_rows_of_the_input_s_transform_are_scaled_to_at_most_one(outputs: int) -> None:
    matrices = transform(outputs)
    for row in matrices.input:
        largest = max(map(abs, row))
        assert Fraction(1, 2) < largest <= 1


@pytest.mark.parametrize("padding_mode", ["zeros", "circular"])
@pytest.mark.parametrize("size", [(4, 2), (5, 3), (9, 10), (17, 31), (1, 30), (30, 1)])
def test_outputs_that_no_tile_divides(size: tuple[int, int], padding_mode: str) -> None:
    random = np.random.default_rng(sum(size))
    shapes = (2, CHANNELS, *size), (FILTERS, CHANNELS, 3, 3), (FILTERS,)
    x, weight, bias = (random.standard_normal(shape).astype(np.float32) for shape in shapes)
    layer = Conv2d(CHANNELS, FILTERS, 3, padding=1, padding_mode=padding_mode)  # type: ignore[arg-type]
    for plan in every_candidate(
        geometry_of(layer, x.shape), "winograd", padding_mode=padding_mode, accuracy="fast", unpacked_gemm=True
    ):
        out = Execution(plan)(x, Parameters(weight, bias))
        units = units_of_error(out, x, weight, bias, "fast", padding=(1, 1, 1, 1), padding_mode=padding_mode)
        assert units <= UNITS
