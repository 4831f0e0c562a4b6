from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

from conv2d_cli import Conv2d, conv2d, prepare
from conv2d_cli.engine.algorithms.registry import kernel_of
from conv2d_cli.errors import DataError, ShapeError

Array = np.ndarray[Any, Any]


def operands(seed: int, batch: int = 2) -> tuple[Array, Array, Array]:
    random = np.random.default_rng(seed)
    x, weight, bias = (
        random.standard_normal(shape).astype("f4") for shape in ((batch, 64, 30, 28), (48, 64, 3, 3), (48,))
    )
    return x, weight, bias


@pytest.mark.parametrize("accuracy", ["strict", "fast"])
@pytest.mark.parametrize("threads", [1, 2])
def test_a_prepared_layer_gives_the_bits_of_conv2d(accuracy: Any, threads: int) -> None:
    x, weight, bias = operands(1)
    layer = Conv2d(64, 48, 3, padding=1)
    convolve = prepare(layer, weight, bias, accuracy=accuracy, threads=threads)
    for part in (x, x[:1], x[0], x[:, :, :20]):
        expected = conv2d(part, weight, bias, padding=1, accuracy=accuracy, threads=threads)
        assert convolve(part).tobytes() == expected.tobytes()
        assert convolve(part).shape == expected.shape


def test_weights_are_transformed_once_for_each_way_of_cutting(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[str] = []
    kernel = type(kernel_of("winograd"))
    transform = kernel.prepare

    def counted(own: Any, plan: Any, *arrays: Any) -> object:
        made.append(plan.algorithm)
        return transform(own, plan, *arrays)

    monkeypatch.setattr(kernel, "prepare", counted)
    x, weight, _ = operands(2, batch=3)
    layer = Conv2d(64, 48, 3, bias=False)
    convolve = prepare(layer, weight, accuracy="fast", threads=1, algorithm="winograd")
    for part in (x, x[0], x[:2], x):
        convolve(part)
    assert made == ["winograd"]


def test_images_of_a_batch_with_a_nan_have_the_bits_they_have_alone() -> None:
    x, weight, bias = operands(3, batch=4)
    x[1] = 10.0 ** np.random.default_rng(0).uniform(-6, 6, x[1].shape)
    x[2, 0, 0, 0] = np.inf
    for accuracy in ("strict", "fast"):
        together = conv2d(x, weight, bias, padding=1, accuracy=accuracy)
        apart = [conv2d(image, weight, bias, padding=1, accuracy=accuracy) for image in x]
        assert together.tobytes() == np.stack(apart).tobytes()
        assert prepare(Conv2d(64, 48, 3, padding=1), weight, bias, accuracy=accuracy)(x).tobytes() == together.tobytes()


def test_parameters_and_inputs_that_do_not_fit_are_refused() -> None:
    x, weight, bias = operands(4)
    layer = Conv2d(64, 48, 3)
    with pytest.raises(DataError, match="the layer needs a weight of size"):
        prepare(layer, weight[:, :8], bias)
    with pytest.raises(ShapeError, match="expected bias"):
        prepare(layer, weight, bias[:3])
    with pytest.raises(DataError, match="bias type"):
        prepare(layer, weight, bias.astype("f8"))
    with pytest.raises(ShapeError, match="to have 64 channels"):
        prepare(layer, weight, bias)(x[:, :5])
    with pytest.raises(DataError, match="should be the same"):
        prepare(layer, weight, bias)(x.astype("f8"))


def test_threads_share_a_prepared_layer() -> None:
    random = np.random.default_rng(7)
    x, weight = (random.standard_normal(shape).astype("f4") for shape in ((1, 200, 14, 13), (205, 200, 3, 3)))
    expected = conv2d(x, weight, padding=1, accuracy="fast", threads=2)
    for _ in range(5):
        # All come before the weights are transformed.
        convolve = prepare(Conv2d(200, 205, 3, padding=1, bias=False), weight, accuracy="fast", threads=2)
        with ThreadPoolExecutor(4) as pool:
            for out in pool.map(convolve, [x] * 8):
                assert out.tobytes() == expected.tobytes()


def test_parameters_that_change_afterwards_are_not_seen() -> None:
    x, weight, bias = operands(5)
    convolve = prepare(Conv2d(64, 48, 3), weight, bias)
    expected = convolve(x)
    weight[...], bias[...] = 0, 0
    np.testing.assert_array_equal(convolve(x), expected)
