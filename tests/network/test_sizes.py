"""What a size means depends on where the windows of a network go along."""

from __future__ import annotations

import pytest

from conv2d_cli.errors import ShapeError
from conv2d_cli.network.network import Network
from conv2d_cli.network.sizes import input_shapes

IMAGE = "Conv2d(3, 8, kernel_size=(3, 3), stride=(1, 1))\n"
SEQUENCE = "Conv1d(3, 8, kernel_size=(3,), stride=(1,))\n"
VOLUME = "Conv3d(3, 8, kernel_size=(3, 3, 3), stride=(1, 1, 1))\n"
FEATURES = "Linear(in_features=784, out_features=10, bias=True)\n"


@pytest.mark.parametrize(
    ("text", "size", "shape"),
    [
        (IMAGE, "224", (1, 3, 224, 224)),
        (IMAGE, "224x160", (1, 3, 224, 160)),
        (IMAGE, "3x8x8", (3, 8, 8)),
        (SEQUENCE, "16000", (1, 3, 16000)),
        (SEQUENCE, "3x16000", (3, 16000)),
        (SEQUENCE, "2x3x16000", (2, 3, 16000)),
        (VOLUME, "16", (1, 3, 16, 16, 16)),
        (VOLUME, "3x8x9x10", (3, 8, 9, 10)),
        (FEATURES, "32x784", (32, 784)),
        (FEATURES, (784,), (784,)),
    ],
)
def test_a_size_is_what_the_windows_go_along(text: str, size: str | tuple[int, ...], shape: tuple[int, ...]) -> None:
    network = Network.read(text)
    assert input_shapes(network.graph, size) == (shape,)
    assert not network.on(size).misfits


def test_one_number_is_no_batch_of_features() -> None:
    with pytest.raises(ShapeError, match="how many rows") as caught:
        Network.read(FEATURES).on("784")
    assert caught.value.hint == "input_shape=1x784"
