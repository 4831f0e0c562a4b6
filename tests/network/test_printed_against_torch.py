"""Random Sequentials, printed by torch and run by it: the same shapes, parameters and multiply-adds."""

from __future__ import annotations

import random
from typing import Any

import pytest

from conv2d_cli.network.network import Network
from conv2d_cli.report.network_analysis import stack_report

torch = pytest.importorskip("torch")
# It tells of copies for even kernels and same padding.
pytestmark = pytest.mark.filterwarnings("ignore:Using padding=.same.")

SIZE = 20


def convolution(draw: random.Random, channels: int) -> tuple[Any, int]:
    groups = draw.choice([one for one in (1, 2, 4, channels) if channels % one == 0])
    wanted = groups * draw.randint(1, 6)
    kernel = (draw.randint(1, 5), draw.randint(1, 5))
    same = draw.random() < 0.2
    stride = 1 if same else draw.choice([1, 1, 2, (1, 2)])
    padding: Any = "same" if same else (draw.randint(0, 3), draw.randint(0, 3))
    mode = draw.choice(["zeros", "zeros", "reflect"])
    layer = torch.nn.Conv2d(
        channels, wanted, kernel, stride, padding, draw.choice([1, 1, 2]), groups, draw.random() < 0.5, mode
    )
    return layer, wanted


def plain_layer(draw: random.Random, channels: int) -> tuple[Any, int]:
    nn = torch.nn
    make: Any = draw.choice(
        [
            lambda: nn.BatchNorm2d(channels, affine=draw.random() < 0.8),
            lambda: nn.GroupNorm(1, channels),
            lambda: nn.ReLU(inplace=True),
            lambda: nn.LeakyReLU(0.1),
            nn.Hardswish,
            lambda: nn.PReLU(channels),
            lambda: nn.Softmax(dim=1),
            lambda: nn.Dropout(0.2),
            nn.Identity,
            lambda: nn.MaxPool2d(draw.choice([2, 3]), draw.choice([1, 2]), 1, ceil_mode=draw.random() < 0.5),
            lambda: nn.AvgPool2d(2, draw.choice([1, 2]), ceil_mode=draw.random() < 0.5),
            lambda: nn.ZeroPad2d((1, 0, 2, 1)),
            lambda: nn.ReflectionPad2d(1),
            lambda: nn.ConstantPad2d(1, 0.5),
            lambda: nn.Upsample(scale_factor=2),
            lambda: nn.Upsample(size=(20, 24), mode="bilinear"),
            lambda: nn.UpsamplingBilinear2d(scale_factor=2),
        ]
    )
    return make(), channels


def transposed(draw: random.Random, channels: int) -> tuple[Any, int]:
    wanted = draw.randint(1, 8)
    stride = draw.choice([1, 2])
    layer = torch.nn.ConvTranspose2d(
        channels, wanted, draw.choice([2, 3]), stride, draw.choice([0, 1]), draw.randint(0, stride - 1)
    )
    return layer, wanted


def mixed(draw: random.Random, channels: int) -> tuple[Any, int]:
    """Return what turns channels into pixels or back."""
    if channels % 4 == 0 and draw.random() < 0.5:
        return torch.nn.PixelShuffle(2), channels // 4
    layers = [torch.nn.AdaptiveAvgPool2d((16, 16)), torch.nn.PixelUnshuffle(2)]
    return torch.nn.Sequential(*layers), channels * 4


def random_model(seed: int) -> Any:
    """Return a Sequential, some of it nested, that ends in a Linear."""
    draw = random.Random(seed)
    channels, layers = 3, []
    for _ in range(draw.randint(4, 12)):
        make = draw.choice([convolution, convolution, convolution, plain_layer, plain_layer, transposed, mixed])
        layer, after = make(draw, channels)
        if after > 256:
            continue
        channels = after
        layers.append(torch.nn.Sequential(layer, torch.nn.ReLU()) if draw.random() < 0.25 else layer)
    layers += [torch.nn.AdaptiveAvgPool2d((3, None)), torch.nn.AdaptiveMaxPool2d(2), torch.nn.Flatten()]
    layers += [torch.nn.Linear(channels * 4, 10, bias=draw.random() < 0.5), torch.nn.Sequential()]
    return torch.nn.Sequential(*layers).eval()


def flops_of(model: Any, image: Any) -> int:
    from torch.utils.flop_counter import FlopCounterMode

    with FlopCounterMode(display=False) as counter:
        model(image)
    return int(counter.get_total_flops())


def fitting_models() -> list[Any]:
    """Return 30 models that torch can run on the image."""
    found: list[Any] = []
    seed = 0
    while len(found) < 30:
        seed += 1
        model = random_model(seed)
        try:
            model(torch.zeros(1, 3, SIZE, SIZE))
        except RuntimeError:
            continue
        found.append(model)
    return found


def sequences_and_volumes() -> list[tuple[Any, tuple[int, ...]]]:
    nn = torch.nn
    sequence = nn.Sequential(
        nn.Conv1d(3, 8, 5, padding="same", dilation=2),
        nn.BatchNorm1d(8),
        nn.Conv1d(8, 4, 3, 2, 1, groups=2, bias=False),
    )
    wrapped = nn.Conv1d(3, 8, 4, padding=2, padding_mode="circular")
    volume = nn.Sequential(nn.Conv3d(3, 4, (1, 3, 3), padding="valid"), nn.BatchNorm3d(4, affine=False), nn.GELU())
    features = nn.Sequential(nn.Linear(6, 5), nn.BatchNorm1d(5, bias=False), nn.Tanh(), nn.LayerNorm(5, bias=False))
    shapes = ((2, 3, 21), (2, 3, 21), (2, 3, 6, 7, 8), (4, 6))
    return [*zip((sequence, nn.Sequential(wrapped), volume, features), shapes, strict=True)]


def test_sequences_and_volumes() -> None:
    for model, shape in sequences_and_volumes():
        check(model.eval(), shape)


def test_random_sequentials() -> None:
    for model in fitting_models():
        check(model, (1, 3, SIZE, SIZE))


def check(model: Any, shape: tuple[int, ...]) -> None:
    image = torch.zeros(shape)
    shapes: dict[str, tuple[int, ...]] = {}
    for name, module in model.named_modules():
        if not isinstance(module, torch.nn.Sequential):
            module.register_forward_hook(
                lambda _module, _input, output, name=name, shapes=shapes: shapes.update({name: tuple(output.shape)})
            )
    flops = flops_of(model, image)
    network = Network.read(str(model))
    passed = network.on(shape)
    assert not passed.misfits, str(model)
    found = {node.name: one.output_shape for node, one in zip(network.graph.nodes, passed.nodes, strict=True)}
    report = stack_report(passed)
    assert found == shapes, str(model)
    assert report.parameters == sum(one.numel() for one in model.parameters()), str(model)
    assert report.flops == flops, str(model)
    assert (report.assumed, report.unknown) == ((), ())
