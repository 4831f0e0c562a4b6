"""What other counters print for torchvision's networks, and for drawn ones, beside what they do print."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

import pytest
from counters import COUNTERS, printed
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torchvision_models import models

from conv2d_cli import Network
from conv2d_cli.network.shipped import SHIPPED
from conv2d_cli.network.tools.registry import TOOLS

if TYPE_CHECKING:
    from collections.abc import Callable

torch = pytest.importorskip("torch")

pytestmark = pytest.mark.long

# All but `mobilenet_v1`, which torchvision has not.
NAMES = tuple(name for name in SHIPPED if name != "mobilenet_v1")
SIZES = ((1, 3, 224, 224), (2, 3, 96, 160))


def model_of(name: str) -> Any:
    arguments: dict[str, Any] = {"aux_logits": False, "init_weights": False} if name == "googlenet" else {}
    return getattr(models(), name)(weights=None, **arguments).eval()


def figures(text: str, size: tuple[int, ...]) -> dict[str, int | None]:
    return {one.tool: one.value for one in Network.read(text).analyze(size).tools}


def test_every_counter_is_compared() -> None:
    assert [*COUNTERS] == [one.tool for one in TOOLS]


@pytest.mark.parametrize("tool", COUNTERS)
def test_the_version_is_the_one_that_is_told(tool: str) -> None:
    from importlib.metadata import PackageNotFoundError, version

    package = tool.partition("/")[0].partition(".")[0]
    told = next(one.version for one in TOOLS if one.tool == tool)
    try:
        installed = version(package)
    except PackageNotFoundError:
        pytest.skip(f"{package} is not installed")
    assert installed.startswith(told) or installed.replace("-", ".post") == told


@pytest.mark.parametrize("tool", COUNTERS)
@pytest.mark.parametrize("name", NAMES)
def test_shipped_networks(name: str, tool: str) -> None:
    model = model_of(name)
    for size in SIZES:
        assert figures(name, size)[tool] == printed(tool, model, torch.zeros(size)), size


# What keeps an image of 6 channels one, with what decides a tool's rule drawn.
LAYERS: dict[str, Callable[[st.DataObject], Any]] = {
    "Conv2d": lambda data: torch.nn.Conv2d(
        6,
        6,
        data.draw(st.sampled_from([1, 3])),
        stride=data.draw(st.sampled_from([1, 2])),
        padding=1,
        groups=data.draw(st.sampled_from([1, 2, 6])),
        bias=data.draw(st.booleans()),
    ),
    "padding": lambda data: torch.nn.Conv2d(
        6, 6, 3, padding="same", padding_mode=data.draw(st.sampled_from(["zeros", "circular"]))
    ),
    "ConvTranspose2d": lambda data: torch.nn.ConvTranspose2d(
        6, 6, 3, stride=2, groups=data.draw(st.sampled_from([1, 3])), bias=data.draw(st.booleans())
    ),
    "BatchNorm2d": lambda data: torch.nn.BatchNorm2d(
        6, affine=data.draw(st.booleans()), track_running_stats=data.draw(st.booleans())
    ),
    "GroupNorm": lambda data: torch.nn.GroupNorm(2, 6, affine=data.draw(st.booleans())),
    "activation": lambda data: getattr(
        torch.nn,
        data.draw(
            st.sampled_from(
                [
                    *("ReLU", "ReLU6", "LeakyReLU", "ELU", "SELU", "CELU", "GELU", "SiLU", "Mish", "Sigmoid", "Tanh"),
                    *("Softplus", "Softsign", "Softmax2d", "Hardswish", "Hardsigmoid", "Hardtanh", "LogSigmoid"),
                    *("Hardshrink", "Softshrink", "Tanhshrink", "RReLU", "PReLU", "Identity", "Dropout"),
                ]
            )
        ),
    )(),
    "pooling": lambda data: getattr(torch.nn, data.draw(st.sampled_from(["MaxPool2d", "AvgPool2d"])))(2, 1, 1),
    "adaptive": lambda data: getattr(torch.nn, data.draw(st.sampled_from(["AdaptiveAvgPool2d", "AdaptiveMaxPool2d"])))(
        data.draw(st.sampled_from([1, 3, (5, 4)]))
    ),
    "Upsample": lambda data: torch.nn.Upsample(
        scale_factor=data.draw(st.sampled_from([2, (2, 3), 1.5, (1.5, 2.5)])),
        mode=data.draw(st.sampled_from(["nearest", "nearest-exact", "bilinear", "bicubic"])),
    ),
    "padded": lambda _: torch.nn.ZeroPad2d(1),
}
LINEAR: dict[str, Callable[[st.DataObject], Any]] = {
    "Linear": lambda data: torch.nn.Linear(6, 6, bias=data.draw(st.booleans())),
    "LayerNorm": lambda data: torch.nn.LayerNorm(6, elementwise_affine=data.draw(st.booleans())),
    "GELU": lambda _: torch.nn.GELU(),
}


@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_drawn_networks_of_images(data: st.DataObject) -> None:
    # Torch measures no variance of one value: several images have more.
    kinds = data.draw(st.lists(st.sampled_from([*LAYERS]), min_size=1, max_size=5))
    compare([LAYERS[kind](data) for kind in kinds], (data.draw(st.integers(2, 4)), 6, 7, 9))


@settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_drawn_networks_of_features(data: st.DataObject) -> None:
    kinds = data.draw(st.lists(st.sampled_from([*LINEAR]), min_size=1, max_size=4))
    compare([LINEAR[kind](data) for kind in kinds], (2, *data.draw(st.sampled_from([(), (3,), (3, 4)])), 6))


@pytest.mark.parametrize("tool", COUNTERS)
@pytest.mark.parametrize(
    ("layer", "size"),
    [(torch.nn.Conv2d(6, 4, 3, padding=1), (6, 7, 9)), (torch.nn.ConvTranspose2d(6, 4, 3), (6, 7, 9))],
)
def test_images_without_a_batch(tool: str, layer: Any, size: tuple[int, ...]) -> None:
    """Several read the channels as a batch; what is told is what they print."""
    model = torch.nn.Sequential(layer).eval()
    assert figures(f"{model}\n", size)[tool] == printed(tool, model, torch.zeros(size))


def compare(layers: list[Any], size: tuple[int, ...]) -> None:
    """Compare a drawn network in all tools: it has figures in all but one, where a size is enlarged by a half."""
    model = torch.nn.Sequential(*layers).eval()
    found = figures(f"{model}\n", size)
    compared = 0
    for tool in COUNTERS:
        with contextlib.suppress(pytest.skip.Exception):
            if tool == "ptflops/pytorch" and "scale_factor=1.5" in str(model) and found[tool] is None:
                # It may count a fraction of an element.
                continue
            assert found[tool] == printed(tool, model, torch.zeros(size)), (tool, str(model))
            compared += 1
    assert compared
