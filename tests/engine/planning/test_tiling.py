"""Large images in tiles: the same numbers as whole, in every padding mode, and bits that depend on the image alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from conv2d_cli.arithmetic.geometry import Geometry
from conv2d_cli.arithmetic.window import Axis
from conv2d_cli.backends.api import conv2d, prepare
from conv2d_cli.backends.functional import _execution_of
from conv2d_cli.engine.api import words_of
from conv2d_cli.engine.executor import tile_execution
from conv2d_cli.engine.planning import tiling as tilings
from conv2d_cli.engine.planning.planner import plan_convolution
from conv2d_cli.engine.planning.tiling import tile_bytes, tile_geometry, tiles_of, tiling_of
from conv2d_cli.layer.model import Conv2d

if TYPE_CHECKING:
    from collections.abc import Iterator

Array = np.ndarray[Any, Any]

MODES = ("zeros", "reflect", "replicate", "circular")
LAYERS: dict[str, dict[str, Any]] = {
    "plain": {"kernel": (3, 3)},
    "padded unevenly": {"kernel": (3, 4), "padding": (2, 1, 0, 3)},
    "strided": {"kernel": (5, 3), "stride": (2, 3), "padding": (2, 2, 2, 2)},
    "stride beyond the kernel": {"kernel": (1, 2), "stride": (3, 4), "padding": (1, 1, 1, 1)},
    "dilated": {"kernel": (3, 3), "dilation": (3, 2), "padding": (3, 2, 3, 2)},
    "grouped": {"kernel": (3, 3), "groups": 2, "padding": (1, 1, 1, 1)},
    "1x1": {"kernel": (1, 1)},
}


@pytest.fixture
def _small_tiles(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(tilings, "_WHOLE_BYTES", 1000)
    monkeypatch.setattr(tilings, "_TILE_BYTES", 4000)
    for cached in (_execution_of, tile_execution):
        cached.cache_clear()
    yield
    for cached in (_execution_of, tile_execution):
        cached.cache_clear()


def operands(kernel: tuple[int, int], groups: int = 1, dtype: str = "float32", seed: int = 0) -> list[Array]:
    random = np.random.default_rng(seed)
    shapes = ((2, 4, 19, 23), (6, 4 // groups, *kernel), (6,))
    return [random.integers(-4, 5, shape).astype(dtype) for shape in shapes]


@pytest.mark.usefixtures("_small_tiles")
@pytest.mark.parametrize("accuracy", ["strict", "fast"])
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", LAYERS)
def test_tiles_make_the_same_numbers_as_the_whole(
    name: str, mode: Any, accuracy: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    layer = {"stride": 1, "padding": 0, "dilation": 1, "groups": 1} | LAYERS[name]
    kernel = layer.pop("kernel")
    x, weight, bias = operands(kernel, layer["groups"])
    parts = conv2d(x, weight, bias, **layer, padding_mode=mode, accuracy=accuracy)
    monkeypatch.setattr(tilings, "_WHOLE_BYTES", 1 << 30)
    _execution_of.cache_clear()
    np.testing.assert_array_equal(parts, conv2d(x, weight, bias, **layer, padding_mode=mode, accuracy=accuracy))


@pytest.mark.usefixtures("_small_tiles")
@pytest.mark.parametrize("dtype", ["int8", "uint16", "int64", "float16", "float64", "complex64"])
def test_every_type_in_tiles(dtype: str, monkeypatch: pytest.MonkeyPatch) -> None:
    x, weight, bias = (np.abs(one) for one in operands((3, 3), dtype=dtype))
    x, weight, bias = (one.astype(dtype) for one in (x, weight, bias))
    parts = conv2d(x, weight, bias, 1, 1)
    monkeypatch.setattr(tilings, "_WHOLE_BYTES", 1 << 30)
    _execution_of.cache_clear()
    np.testing.assert_array_equal(parts, conv2d(x, weight, bias, 1, 1))


@pytest.mark.usefixtures("_small_tiles")
def test_a_large_image_has_the_same_bits_alone_in_a_batch_prepared_and_however_it_lies() -> None:
    random = np.random.default_rng(3)
    x, weight = (random.standard_normal(shape).astype("f4") for shape in ((3, 4, 40, 30), (5, 4, 3, 3)))
    together = conv2d(x, weight, None, 1, 1)
    assert together.flags.c_contiguous
    for number in range(3):
        np.testing.assert_array_equal(together[number], conv2d(x[number], weight, None, 1, 1))
    layer = prepare(Conv2d(4, 5, 3, padding=1, bias=False), weight)
    np.testing.assert_array_equal(layer(x), together)
    turned = np.asfortranarray(x)
    np.testing.assert_array_equal(conv2d(turned, weight, None, 1, 1), together)


@pytest.mark.usefixtures("_small_tiles")
def test_one_tile_with_an_infinity_leaves_the_others_as_they_were() -> None:
    random = np.random.default_rng(4)
    x, weight = (random.standard_normal(shape).astype("f4") for shape in ((1, 4, 60, 30), (5, 4, 3, 3)))
    before = conv2d(x, weight, None, 1, 1, accuracy="fast")
    x[0, 0, 0, 0] = np.inf
    after = conv2d(x, weight, None, 1, 1, accuracy="fast")
    assert not np.isfinite(after[0, :, :2, :2]).any()
    np.testing.assert_array_equal(after[0, :, 30:], before[0, :, 30:])


def axes(size: int) -> st.SearchStrategy[Axis]:
    numbers = st.integers(1, 4)
    return st.builds(Axis, st.integers(12, size), numbers, numbers, numbers, st.integers(0, 3), st.integers(0, 3))


@given(axes(20_000), axes(20_000), st.integers(1, 600), st.integers(1, 600), st.sampled_from([1, 4, 16]))
def test_tiles_cover_the_output_once_and_are_as_small_as_planned(
    height: Axis, width: Axis, in_channels: int, out_channels: int, itemsize: int
) -> None:
    geometry = Geometry(1, in_channels, out_channels, 1, height, width)
    tiling = tiling_of(geometry, itemsize)
    if tiling is None:
        elements = in_channels * height.size * width.size + out_channels * height.output * width.output
        assert elements * itemsize <= tilings._WHOLE_BYTES
        return
    assert tile_bytes(geometry, tiling, itemsize) <= tilings._TILE_BYTES or tiling == (1, 1)
    covered = list(tiles_of(geometry, tiling)) if tiling.rows * tiling.columns > 100_000 else []
    assert not covered or sum(tile.rows * tile.columns for tile in covered) == height.output * width.output
    part = tile_geometry(geometry, *tiling)
    assert (part.height.output, part.width.output) == tiling
    assert part.height.size <= height.padded
    assert part.width.size <= width.padded


def test_a_plan_of_a_large_image_says_its_tiles() -> None:
    geometry = Geometry(1, 64, 64, 1, Axis(2048, 3, 1, 1, 1, 1), Axis(2048, 3, 1, 1, 1, 1))
    plan = plan_convolution(geometry)
    assert plan.tiling is not None
    assert f"a tile of {plan.tiling.rows}x{plan.tiling.columns} output pixels" in words_of(plan)
    assert plan.tile_bytes <= 24 << 20
    assert plan.scratch_bytes <= 56 << 20
    assert plan_convolution(geometry, tiled=False).tiling is None
