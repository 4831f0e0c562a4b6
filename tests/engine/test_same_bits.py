"""An image has the same bits alone, in a batch, prepared and in tiles; a NaN changes no other image or tile."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from conv2d_cli import Conv2d, conv2d, prepare
from conv2d_cli.backends.functional import _execution_of
from conv2d_cli.engine.api import ACCURACIES, ALGORITHMS, Execution, Parameters, gathered_tile, plan, tiles_of
from conv2d_cli.engine.executor import tile_execution
from conv2d_cli.engine.planning import tiling as tilings
from conv2d_cli.errors import UsageError
from conv2d_cli.layer.forward import geometry_of

if TYPE_CHECKING:
    from collections.abc import Iterator

Array = np.ndarray[Any, Any]
# Of every class, so that each algorithm takes some: `Conv2d`'s arguments, and the image.
LAYERS: tuple[tuple[dict[str, Any], tuple[int, int]], ...] = (
    ({"in_channels": 20, "out_channels": 24, "kernel_size": 3, "padding": 1}, (40, 30)),
    ({"in_channels": 24, "out_channels": 9, "kernel_size": 1}, (33, 41)),
    ({"in_channels": 6, "out_channels": 6, "kernel_size": 5, "padding": 2, "groups": 6}, (37, 31)),
    ({"in_channels": 2, "out_channels": 3, "kernel_size": 9, "padding": 4}, (50, 43)),
    ({"in_channels": 8, "out_channels": 6, "kernel_size": 3, "stride": 2, "dilation": 2, "groups": 2}, (39, 44)),
    ({"in_channels": 4, "out_channels": 5, "kernel_size": 3, "padding": 1, "padding_mode": "reflect"}, (9, 8)),
)


@pytest.fixture
def _small_tiles(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Cut images of some thousand elements into tiles."""
    monkeypatch.setattr(tilings, "_WHOLE_BYTES", 10_000)
    monkeypatch.setattr(tilings, "_TILE_BYTES", 60_000)
    for cached in (_execution_of, tile_execution):
        cached.cache_clear()
    yield
    for cached in (_execution_of, tile_execution):
        cached.cache_clear()


def operands(index: int, *, special: bool) -> tuple[Conv2d, Array, Array, Array]:
    """Return a layer, three images, its weight and its bias; `special` puts a NaN in one image."""
    arguments, size = LAYERS[index]
    layer, random = Conv2d(**arguments), np.random.default_rng(index)
    shape = (layer.out_channels, layer.in_channels // layer.groups, *layer.kernel_size)
    x, weight, bias = (
        random.standard_normal(one).astype(np.float32)
        for one in ((3, layer.in_channels, *size), shape, (layer.out_channels,))
    )
    if special:
        x[1, 0, 2, 2] = np.nan
    return layer, x, weight, bias


def by_hand(execution: Execution, x: Array, parameters: Parameters) -> Array:
    """Return what a stream of tiles makes: each gathered, convolved and put in its place."""
    whole = execution.plan
    assert whole.tiling is not None
    out = np.empty(whole.geometry.batched_output_shape, x.dtype)
    for image, image_out in zip(x, out, strict=True):
        for tile in tiles_of(whole.geometry, whole.tiling):
            one = tile_execution(whole, tile.rows, tile.columns)
            place = slice(tile.top, tile.top + tile.rows), slice(tile.left, tile.left + tile.columns)
            image_out[:, *place] = one(gathered_tile(whole, image, tile), parameters)[0]
    return out


def check(name: str | None, accuracy: Any, threads: int, *, special: bool, tiled: bool) -> int:
    """Check that every way gives the same bytes; return on how many layers."""
    seen = 0
    for index in range(len(LAYERS)):
        layer, x, weight, bias = operands(index, special=special)
        options: dict[str, Any] = {"accuracy": accuracy, "threads": threads, "algorithm": name}
        try:
            planned = plan(geometry_of(layer, x.shape), padding_mode=layer.padding_mode, dtype="float32", **options)
        except UsageError:
            continue
        assert bool(planned.tiling) == tiled
        parameters, execution = Parameters(weight, bias), Execution(planned)
        together = execution(x, parameters)
        expected, what = together.tobytes(), (planned.algorithm, planned.blocks, layer)
        assert execution(x, parameters).tobytes() == expected, what
        one = Execution(planned.for_images(1))
        ways = {
            "one by one": np.concatenate([one(image[None], parameters) for image in x]),
            "the last two": np.concatenate([together[:1], Execution(planned.for_images(2))(x[1:], parameters)]),
            "prepared": prepare(layer, weight, bias, **options)(x),
            "unbatched": np.stack([prepare(layer, weight, bias, **options)(image) for image in x]),
            "in another order of axes": execution(np.asfortranarray(x), parameters),
            "in another byte order": execution(x.astype(">f4"), Parameters(weight.astype(">f4"), bias.astype(">f4"))),
        }
        if tiled:
            ways["tile by tile"] = by_hand(execution, x, parameters)
        for way, out in ways.items():
            assert out.tobytes() == expected, (way, *what)
        if special:
            # The other images are as they would be without it, and so are other tiles.
            finite = execution(operands(index, special=False)[1], parameters)
            np.testing.assert_array_equal(finite[[0, 2]], together[[0, 2]])
            assert np.isnan(together[1, :, :4, :4]).any()
            if tiled and planned.tiling and planned.tiling.rows + 20 < together.shape[2]:
                np.testing.assert_array_equal(finite[1, :, -4:], together[1, :, -4:])
        seen += 1
    return seen


@pytest.mark.parametrize("special", [False, True])
@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("accuracy", ACCURACIES)
@pytest.mark.parametrize("name", [None, *ALGORITHMS])
def test_whole_images(name: str | None, accuracy: str, threads: int, special: bool) -> None:
    seen = check(name, accuracy, threads, special=special, tiled=False)
    assert seen or (name in {"winograd", "fft"} and accuracy != "fast")


@pytest.mark.usefixtures("_small_tiles")
@pytest.mark.parametrize("special", [False, True])
@pytest.mark.parametrize("accuracy", ACCURACIES)
@pytest.mark.parametrize("name", [None, "im2col", "row_lowering", "winograd"])
def test_images_in_tiles(name: str | None, accuracy: str, special: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(__name__ + ".LAYERS", LAYERS[:-1])
    seen = check(name, accuracy, 1, special=special, tiled=True)
    assert seen or (name == "winograd" and accuracy != "fast")


def test_the_same_product_by_dot_and_in_a_batch() -> None:
    # One image without groups is multiplied by `np.dot`, several by `np.matmul`.
    random = np.random.default_rng(0)
    for filters, channels, kernel, size in ((8, 3, 3, 32), (16, 16, 3, 8), (1, 4, 3, 9), (5, 1, 1, 7), (33, 40, 3, 6)):
        x = random.standard_normal((4, channels, size, size)).astype(np.float32)
        weight = random.standard_normal((filters, channels, kernel, kernel)).astype(np.float32)
        together = conv2d(x, weight, padding=kernel // 2, algorithm="small", threads=1)
        for image, out in zip(x, together, strict=True):
            alone = conv2d(image, weight, padding=kernel // 2, algorithm="small", threads=1)
            assert alone.tobytes() == out.tobytes()
