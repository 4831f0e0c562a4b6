"""GEMM tiles: what is cut, that nothing is lost by it, and every algorithm made to cut its products."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from algorithm_cases import KINDS, drawn_cases, expected_of
from bounds import UNITS, units_of_error
from hypothesis import given
from hypothesis import strategies as st
from plans import every_candidate, square

from conv2d_cli.engine.api import ACCURACIES, Execution, Parameters
from conv2d_cli.engine.blocks.gemm import multiply, multiply_tiles
from conv2d_cli.engine.planning import gemm_tile as tiles
from conv2d_cli.engine.planning.gemm_tile import UNPACKED_MACS, GemmTile, gemm_tile, partial_sums
from conv2d_cli.engine.planning.planner import plan_convolution
from conv2d_cli.layer.forward import geometry_of
from conv2d_cli.layer.model import Conv2d

if TYPE_CHECKING:
    from conv2d_cli.engine.planning.problem import Problem

    Array = np.ndarray[Any, Any]

sizes = st.integers(1, 40)
TILED = ("pointwise", "small", "im2col", "row_lowering", "shifted", "winograd")


def problem_of(dtype: str = "float32", *, unpacked_gemm: bool = True) -> Problem:
    return plan_convolution(square(), dtype=dtype, algorithm="im2col", unpacked_gemm=unpacked_gemm).problem


@given(st.integers(1, 3000), st.integers(1, 6000), st.integers(1, 6000), st.booleans())
def test_a_tile_is_not_packed(rows: int, depth: int, columns: int, cut_sums: bool) -> None:
    tile = gemm_tile(problem_of(), rows, depth, columns, cut_sums=cut_sums)
    if tile is not None:
        assert tile.rows * tile.depth * tile.columns <= UNPACKED_MACS
        assert 1 <= tile.rows <= rows
        assert tile.depth <= depth if cut_sums else tile.depth == depth
        assert tile.columns == columns


def test_what_is_cut() -> None:
    problem = problem_of()
    assert gemm_tile(problem, 512, 4608, 49) == (16, 1152, 49)
    assert gemm_tile(problem, 64, 576, 224) == (20, 192, 224)
    for rows, depth, columns in ((64, 64, 196), (1, 10**7, 49), (512, 4608, 1), (512, 4608, 3136)):
        assert gemm_tile(problem, rows, depth, columns) is None
    assert gemm_tile(problem, 512, 46_080, 49, cut_sums=False) is None
    # Complex numbers are always packed, and by other kernels everything is.
    assert gemm_tile(problem_of("complex64"), 512, 4608, 49) is None
    assert gemm_tile(problem_of(unpacked_gemm=False), 512, 4608, 49) is None


def test_where_partial_sums_need_a_buffer() -> None:
    assert [partial_sums(problem_of(), tile, 96) for tile in (None, GemmTile(4, 96, 9), GemmTile(4, 95, 9))] == [
        0,
        0,
        1,
    ]
    # Whole numbers that wrap are multiplied tap by tap.
    assert partial_sums(problem_of("int32"), None, 9)


@given(sizes, sizes, sizes, st.none() | st.builds(GemmTile, sizes, sizes, sizes), st.integers(1, 2), st.booleans())
def test_nothing_is_lost_in_tiles(
    rows: int, depth: int, columns: int, tile: GemmTile | None, batch: int, whole: bool
) -> None:
    random, dtype = np.random.default_rng(0), np.uint32 if whole else np.float32
    # Operands and product are parts of larger arrays, as they are in the engine.
    weight = random.integers(0, 10, (2, rows, depth + 3)).astype(dtype)[:batch, :, 2 : 2 + depth]
    values = random.integers(0, 10, (2, depth, columns + 5)).astype(dtype)[:batch, :, 1 : 1 + columns]
    around = np.full((2, rows, columns + 7), 99_999, dtype)
    product = around[:batch, :, 4 : 4 + columns]
    multiply(weight, values, product, tile, np.empty(product.size, dtype))
    np.testing.assert_array_equal(product, weight @ values)
    assert (around[:, :, :4] == 99_999).all()
    assert (around[:, :, 4 + columns :] == 99_999).all()


def test_no_product_is_larger_than_its_tile(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[int, ...]] = []
    matmul = np.matmul

    def watched(left: Array, right: Array, out: Array) -> Array:
        seen.append((left.shape[-2], left.shape[-1], right.shape[-1], out.size))
        return matmul(left, right, out=out)

    monkeypatch.setattr("conv2d_cli.engine.blocks.gemm.np.matmul", watched)
    left, right, out = np.ones((50, 7), np.float32), np.ones((7, 100), np.float32), np.empty((50, 100), np.float32)
    multiply_tiles(left, right, GemmTile(16, 7, 48), out)
    assert seen == [(16, 7, 48, 48 * 96), (16, 7, 4, 48 * 4), (2, 7, 48, 2 * 96), (2, 7, 4, 2 * 4)]


@pytest.fixture
def _tiny_tiles(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have every algorithm cut what it can."""
    limits = {"UNPACKED_MACS": 48, "_LEAST_ROWS": 1, "_MOST_ROWS": 2}
    for name, value in limits.items():
        monkeypatch.setattr(tiles, name, value)
    for module in ("planning", "kernel"):
        monkeypatch.setattr(f"conv2d_cli.engine.algorithms.winograd.{module}.LONG_TILE", GemmTile(64, 64, 7))


@pytest.mark.usefixtures("_tiny_tiles")
@pytest.mark.parametrize("name", TILED)
def test_every_algorithm_in_tiny_tiles(name: str) -> None:
    taken = 0
    for kind in KINDS:
        for index, case in enumerate(drawn_cases(kind, 12 if name == "pointwise" else 4)):
            dtype, threads = ("float32", "float64")[index % 2], (1, 2)[index // 2 % 2]
            x, weight, bias = case.operands(dtype)
            layer = Conv2d(
                x.shape[1], len(weight), weight.shape[2:], case.stride, case.padding, case.dilation, case.groups,
                padding_mode=case.padding_mode,  # type: ignore[arg-type]
            )  # fmt: skip
            options: dict[str, Any] = {"padding_mode": case.padding_mode, "dtype": dtype, "accuracy": "fast"}
            geometry = geometry_of(layer, x.shape)
            for plan in every_candidate(geometry, name, threads=threads, unpacked_gemm=True, **options):
                if plan.blocks.tile is None:
                    continue
                taken += 1
                out = Execution(plan)(x, Parameters(weight, bias))
                if name == "winograd":
                    assert units_of_error(out, x, weight, bias, "fast", **case.layer) <= UNITS, case
                else:
                    np.testing.assert_array_equal(out, expected_of(case, dtype), str((plan.blocks, case)))
    assert taken >= 4


@pytest.mark.parametrize("accuracy", ACCURACIES)
@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize(
    ("channels", "filters", "kernel", "stride", "size", "algorithm"),
    [
        (150, 130, 3, 1, 15, "im2col"),
        (150, 130, 3, 1, 15, "shifted"),
        (150, 130, 3, 1, 15, "row_lowering"),
        (150, 130, 3, 2, 33, "shifted"),
        (600, 300, 1, 1, 13, "pointwise"),
    ],
)
def test_large_products_keep_the_bound_in_tiles(
    channels: int, filters: int, kernel: int, stride: int, size: int, algorithm: str, threads: int, accuracy: str
) -> None:
    geometry = geometry_of(Conv2d(channels, filters, kernel, stride, kernel // 2), (2, channels, size, size))
    random, padding = np.random.default_rng(7), (kernel // 2,) * 4
    x = random.standard_normal((2, channels, size, size)).astype(np.float32)
    weight = random.standard_normal((filters, channels, kernel, kernel)).astype(np.float32)
    tiled = [
        plan
        for plan in every_candidate(geometry, algorithm, accuracy=accuracy, threads=threads, unpacked_gemm=True)
        if plan.blocks.tile is not None
    ]
    assert tiled
    for plan in tiled:
        out = Execution(plan)(x, Parameters(weight, None))
        assert units_of_error(out, x, weight, None, accuracy, stride=(stride, stride), padding=padding) <= UNITS
        # Each image by itself has the same bits.
        for image, image_out in zip(x, out, strict=True):
            alone = Execution(plan.for_images(1))(image[None], Parameters(weight, None))
            assert alone.tobytes() == image_out.tobytes()
