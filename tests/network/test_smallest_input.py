"""The smallest input is the first square that works, found without asking the code that looks for it."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest

from conv2d_cli.errors import ShapeError
from conv2d_cli.network.network import Network
from conv2d_cli.network.notation import graph_of
from conv2d_cli.network.propagation import propagate
from conv2d_cli.network.shipped import SHIPPED
from conv2d_cli.network.smallest_input import smallest_side

NETWORKS, LARGEST = 20, 70


def layer(random: Random) -> dict[str, Any]:
    kernel = random.randint(1, 5)
    kinds: tuple[dict[str, Any], ...] = (
        {"type": "Conv2d", "out_channels": 2, "kernel_size": kernel, "stride": random.randint(1, 3)},
        {"type": "Conv2d", "out_channels": 2, "kernel_size": 3, "padding": 1, "dilation": random.randint(1, 3)},
        {"type": "MaxPool2d", "kernel_size": kernel, "ceil_mode": random.random() < 0.5},
        {"type": "ReflectionPad2d", "padding": random.randint(1, 4)},
        {"type": "PixelUnshuffle", "downscale_factor": random.randint(1, 3)},
        {"type": "Upsample", "scale_factor": 2},
    )
    return random.choice(kinds)


def network(random: Random) -> dict[str, Any]:
    layers: list[Any] = [layer(random) for _ in range(random.randint(1, 6))]
    ending = random.random()
    if ending < 0.3:
        features = random.choice((2, 8, 18, 32, 50, 72))
        layers += ["Flatten", {"type": "Linear", "in_features": features, "out_features": 3}]
    elif ending < 0.5:
        # Sizes that divide: 16, 32, 48 ...
        layers = [
            {"type": "Conv2d", "out_channels": 4, "kernel_size": 3, "padding": 1, "name": "skip"},
            {"type": "MaxPool2d", "kernel_size": 4},
            *layers[:1],
            {"type": "Upsample", "scale_factor": 4},
            {"type": "Concat", "from": ["previous", "skip"]},
        ]
    return {"layers": layers}


def by_trying(content: dict[str, Any], channels: int) -> int | None:
    graph = graph_of(content, "tried")
    sides = (side for side in range(1, LARGEST + 1) if not propagate(graph, [(1, channels, side, side)]).misfits)
    return next(sides, None)


def test_it_is_the_first_of_all_that_work() -> None:
    random = Random(22)
    found = []
    for _ in range(NETWORKS * 4):
        content = network(random)
        side = smallest_side(graph_of(content, "asked"), [(1, 2, 9, 9)], most=LARGEST)
        assert side == by_trying(content, 2), content
        found.append(side)
    assert len({*found}) > 8
    assert None in found


def test_a_network_that_halves_four_times_takes_multiples_of_16() -> None:
    down = [
        entry
        for depth in range(4)
        for entry in (
            {"type": "Conv2d", "out_channels": 4, "kernel_size": 3, "padding": 1, "name": f"down{depth}"},
            {"type": "MaxPool2d", "kernel_size": 2},
        )
    ]
    up = [
        entry
        for depth in reversed(range(4))
        for entry in (
            {"type": "ConvTranspose2d", "out_channels": 4, "kernel_size": 2, "stride": 2},
            {"type": "Concat", "from": ["previous", f"down{depth}"]},
        )
    ]
    graph = graph_of({"layers": [*down, *up]}, "unet")
    assert smallest_side(graph, [(1, 3, 100, 100)]) == 16
    works = [side for side in range(1, 70) if not propagate(graph, [(1, 3, side, side)]).misfits]
    assert works == [16, 32, 48, 64]


@pytest.mark.parametrize("name", SHIPPED)
def test_of_the_shipped_networks_no_smaller_square_works(name: str) -> None:
    network = Network.read(name)
    channels = (network.graph.inputs[0].shape or ())[1]
    side = smallest_side(network.graph, [(1, channels, 224, 224)])
    assert side is not None
    failing = [size for size in range(1, side + 1) if network.on((1, channels, size, size)).misfits]
    assert failing == [*range(1, side)]


@pytest.mark.parametrize(
    ("content", "shapes"),
    [
        ({"layers": [{"type": "Linear", "out_features": 3}]}, [(1, 8)]),
        ({"layers": [{"type": "Conv2d", "out_channels": 3, "kernel_size": 3}]}, [None]),
        (
            {
                "input": {"a": [1, 3, 8, 8], "b": [1, 3, 8, 8]},
                "layers": [{"type": "Conv2d", "out_channels": 3, "kernel_size": 3, "from": "a"}],
            },
            [(1, 3, 8, 8), (1, 3, 8, 8)],
        ),
    ],
)
def test_there_is_none_without_one_image(content: dict[str, Any], shapes: list[Any]) -> None:
    assert smallest_side(graph_of(content, "n"), shapes) is None


def test_work_is_bounded() -> None:
    layers = ["Flatten", {"type": "Linear", "in_features": 10**9, "out_features": 1}]
    graph = graph_of({"layers": [{"type": "Conv2d", "out_channels": 1, "kernel_size": 1}, *layers]}, "n")
    assert smallest_side(graph, [(1, 1, 5, 5)], work=30) is None


def test_modules_raise_nothing_but_shape_errors_on_the_way() -> None:
    # A reflection of one row has nothing to mirror.
    graph = graph_of(
        {"layers": [{"type": "ReflectionPad2d", "padding": 3}, {"type": "AvgPool2d", "kernel_size": 2}]}, "n"
    )
    assert smallest_side(graph, [(1, 1, 5, 5)]) == 4
    with pytest.raises(ShapeError):
        graph.nodes[0].module.output_shape([(1, 1, 3, 3)])
