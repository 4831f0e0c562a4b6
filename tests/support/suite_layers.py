"""The suites of `conv2d bench` as layers to be measured; biases are left out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from timed_layers import Layer

from conv2d_cli.jobs.bench.suites import SUITES, suite

if TYPE_CHECKING:
    from conv2d_cli.jobs.bench.case import Case


def suite_layers(name: str) -> list[Layer]:
    """Return the layers of one suite."""
    return [_layer(case) for case in suite(name)]


def all_suites() -> list[Layer]:
    """Return the layers of all suites, each distinct one once, the suite before its name."""
    layers = [layer._replace(name=f"{name} {layer.name}") for name in SUITES for layer in suite_layers(name)]
    return list({layer._replace(name=""): layer for layer in reversed(layers)}.values())[::-1]


def _layer(case: Case) -> Layer:
    layer, (batch, channels, height, width) = case.layer, case.input_shape
    assert not isinstance(layer.padding, str)
    top, left = layer.padding[:2]
    assert layer.padding in {(top, left), (top, left, top, left)}
    return Layer(
        case.name,
        batch,
        channels,
        (height, width),
        layer.out_channels,
        layer.kernel_size,
        layer.stride,
        (top, left),
        layer.dilation,
        layer.groups,
    )
