"""Products in panels: what is cut, that nothing is lost by it, and every algorithm made to cut its products."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from algorithm_cases import KINDS, attempt, drawn_cases, expected_of
from bounds import UNITS, units_of_error
from hypothesis import given
from hypothesis import strategies as st

from conv2d_cli.engine import convolution, panels
from conv2d_cli.engine.algorithms import ALGORITHMS
from conv2d_cli.engine.convolution import conv2d
from conv2d_cli.engine.panels import Panel, panel_of, with_and_without_panels
from conv2d_cli.engine.plan import plan_convolution
from conv2d_cli.engine.products import multiply, multiply_panels
from conv2d_cli.engine.summation import RUNS, UNPACKED_MACS, WHOLE, WIDE, Summation, spare_products
from conv2d_cli.engine.task import Task
from conv2d_cli.layer.forward import geometry_of
from conv2d_cli.layer.model import Conv2d

if TYPE_CHECKING:
    from collections.abc import Iterator

    Array = np.ndarray[Any, Any]

sizes = st.integers(1, 40)
LAYOUTS = ("im2col", "pointwise", "shifted", "small", "winograd")


def task(taps: int, run: int, dtype: str = "float32", *, small_unpacked: bool = True) -> Task:
    geometry = geometry_of(Conv2d(taps, 1, 1), (1, taps, 1, 1))
    return Task(geometry, "zeros", dtype, "strict", Summation(WHOLE, dtype, run), 1, small_unpacked=small_unpacked)


@given(st.integers(1, 3000), st.integers(1, 6000), st.integers(1, 6000), st.integers(1, 6000), st.booleans())
def test_a_panel_is_not_packed_or_the_whole_product(
    rows: int, taps: int, columns: int, run: int, may_cut_sums: bool
) -> None:
    panel = panel_of(task(taps, run), rows, taps, columns, may_cut_sums=may_cut_sums)
    if panel != Panel(rows, min(taps, run), columns):
        assert panel.rows * panel.taps * panel.columns <= UNPACKED_MACS
        assert panel.rows >= min(rows, 8)
        assert panel.rows <= rows
        assert panel.taps <= min(taps, run) if may_cut_sums else panel.taps == min(taps, run)
        # No more than BLAS would add one after another.
        assert panel.taps <= 384


def test_what_is_cut_in_panels() -> None:
    assert panel_of(task(4608, 4608), 512, 4608, 49) == (48, 384, 49)
    assert panel_of(task(576, 576), 64, 576, 224) == (16, 192, 224)
    assert panel_of(task(576, 576), 64, 576, 3136) == (64, 576, 3136)
    assert panel_of(task(4608, 96), 512, 4608, 49) == (60, 96, 49)
    assert panel_of(task(64, 64), 64, 64, 196) == (64, 64, 196)
    assert panel_of(task(4608, 4608), 512, 4608, 49, may_cut_sums=False) == (512, 4608, 49)
    assert panel_of(task(4608, 4608), 512, 4608, 1) == (512, 4608, 1)
    assert panel_of(task(4608, 4608, "complex64"), 512, 4608, 49) == (512, 4608, 49)
    packing = task(4608, 4608, small_unpacked=False)
    assert panel_of(packing, 512, 4608, 49) == (512, 4608, 49)
    assert with_and_without_panels(packing) == [packing]


@given(sizes, sizes, sizes, sizes, st.integers(1, 40), sizes, st.sampled_from([WHOLE, RUNS, WIDE]), st.integers(1, 2))
def test_nothing_is_lost_in_panels(
    rows: int, taps: int, columns: int, down: int, run: int, across: int, kind: str, batch: int
) -> None:
    random, panel = np.random.default_rng(0), Panel(down, run, across)
    # Operands and product are parts of larger arrays, as they are in the engine.
    weight = random.integers(-9, 10, (2, rows, taps + 3)).astype(np.float32)[:batch, :, 2 : 2 + taps]
    values = random.integers(-9, 10, (2, taps, columns + 5)).astype(np.float32)[:batch, :, 1 : 1 + columns]
    room = np.full((2, rows, columns + 7), np.nan, np.float32)
    product = room[:batch, :, 4 : 4 + columns]
    spares = [np.empty((batch, rows, columns), np.float32) for _ in range(spare_products(kind, taps, run))]
    multiply(weight, values, kind, panel, product, spares)
    np.testing.assert_array_equal(product, weight @ values)
    assert np.isnan(room[:, :, :4]).all()
    assert np.isnan(room[:, :, 4 + columns :]).all()


def test_no_product_is_larger_than_its_panel(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[int, ...]] = []
    matmul = np.matmul

    def watched(left: Array, right: Array, out: Array) -> Array:
        seen.append((left.shape[-2], left.shape[-1], right.shape[-1], out.size))
        return matmul(left, right, out=out)

    monkeypatch.setattr("conv2d_cli.engine.products.np.matmul", watched)
    left, right, out = np.ones((50, 7), np.float32), np.ones((7, 100), np.float32), np.empty((50, 100), np.float32)
    multiply_panels(left, right, Panel(16, 7, 48), out)
    assert seen == [(16, 7, 48, 48 * 96), (16, 7, 4, 48 * 4), (2, 7, 48, 2 * 96), (2, 7, 4, 2 * 4)]


@pytest.fixture
def tiny_panels(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Panel]]:
    """Have every algorithm cut what it can; return the panels it makes."""
    made: list[Panel] = []

    def recorded(*arguments: Any, **options: Any) -> Panel:
        panel = panel_of(*arguments, **options)
        made.extend([panel] if panel.rows < arguments[1] or panel.columns < arguments[3] else [])
        return panel

    limits = {"UNPACKED_MACS": 48, "_LEAST_ROWS": 1, "_ROWS": 2, "_MOST_ROWS": 2, "_ROWS_STEP": 1}
    limits |= {"_TAPS_STEP": 1, "_MOST_COLUMNS": 100}
    for name, value in limits.items():
        monkeypatch.setattr(panels, name, value)
    for name in LAYOUTS:
        monkeypatch.setattr(f"conv2d_cli.engine.layouts.{name}.with_and_without_panels", lambda one: [one])
        monkeypatch.setattr(f"conv2d_cli.engine.layouts.{name}.panel_of", recorded)
    monkeypatch.setattr("conv2d_cli.engine.layouts.row_lowering.panel_of", recorded)
    monkeypatch.setattr("conv2d_cli.engine.winograd_blocks.LONG_PANEL", Panel(64, 64, 7))
    monkeypatch.setattr(convolution, "small_unpacked", lambda: True)
    convolution._plan.cache_clear()
    yield made
    convolution._plan.cache_clear()


@pytest.mark.parametrize("name", ["pointwise", "small", "im2col", "row_lowering", "shifted", "winograd"])
def test_every_algorithm_in_tiny_panels(name: str, tiny_panels: list[Panel]) -> None:
    assert name in ALGORITHMS
    taken = 0
    for kind in KINDS:
        for index, case in enumerate(drawn_cases(kind, 6)):
            dtype, threads = ("float32", "float64")[index % 2], (1, 2)[index // 2 % 2]
            operands = case.operands(dtype)
            out = attempt(name, *operands, accuracy="fast", threads=threads, **case.layer)
            if out is None:
                continue
            taken += 1
            if name == "winograd":
                assert units_of_error(out, *operands, "fast", **case.layer) <= UNITS, case
            else:
                np.testing.assert_array_equal(out, expected_of(case, dtype), str(case))
    assert taken >= 6
    assert tiny_panels


@pytest.mark.parametrize("accuracy", ["strict", "fast"])
@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize(
    ("channels", "filters", "kernel", "stride", "size", "algorithm"),
    [
        (150, 130, 3, 1, 15, None),
        (150, 130, 3, 1, 15, "im2col"),
        (150, 130, 3, 1, 15, "shifted"),
        (150, 130, 3, 1, 15, "row_lowering"),
        (150, 130, 3, 2, 33, "shifted"),
        (600, 300, 1, 1, 13, "pointwise"),
        (600, 300, 1, 2, 25, "pointwise"),
    ],
)
def test_large_products_keep_the_bound_in_panels(
    channels: int, filters: int, kernel: int, stride: int, size: int, algorithm: str | None, threads: int, accuracy: str
) -> None:
    layer = Conv2d(channels, filters, kernel, stride, kernel // 2)
    x_shape = (2, channels, size, size)
    options: dict[str, Any] = {"accuracy": accuracy, "algorithm": algorithm, "threads": threads}
    plan = plan_convolution(geometry_of(layer, x_shape), small_unpacked=True, **options)
    if algorithm is not None and threads == 1:
        assert plan.layout.panel.rows < filters
    random = np.random.default_rng(7)
    # Of one sign, and in balance: they are summed in other ways.
    for low in (0.0, -1.0):
        x = random.uniform(low, 1, x_shape).astype(np.float32)
        weight = random.uniform(low, 1, (filters, channels, kernel, kernel)).astype(np.float32)
        bias = random.uniform(-1, 1, filters).astype(np.float32)
        out = conv2d(x, weight, bias, stride=stride, padding=kernel // 2, **options)
        padding = (kernel // 2,) * 4
        assert units_of_error(out, x, weight, bias, accuracy, stride=(stride, stride), padding=padding) <= UNITS
        # Each image by itself has the same bits.
        for image, image_out in zip(x, out, strict=True):
            alone = conv2d(image, weight, bias, stride=stride, padding=kernel // 2, **options)
            assert alone.tobytes() == image_out.tobytes()
