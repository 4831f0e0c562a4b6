"""Hints of `conv2d stack`, followed as they are printed, for a network as TOML and as the text of print(model)."""

from __future__ import annotations

import re
from ast import literal_eval
from typing import TYPE_CHECKING, Any

import pytest
from forked import conv2d

if TYPE_CHECKING:
    from collections.abc import Callable

Layer = dict[str, Any]
STEM: Layer = {"name": "stem", "type": "Conv2d", "in_channels": 3, "out_channels": 4, "kernel_size": 3, "padding": 1}
SIZE = "1x3x32x32"
# What does not fit 4 channels of 32x32.
WRONG: tuple[Layer, ...] = (
    {"type": "Conv2d", "in_channels": 5, "out_channels": 4, "kernel_size": 3},
    {"type": "Conv2d", "in_channels": 4, "out_channels": 4, "kernel_size": 40},
    {"type": "Conv2d", "in_channels": 4, "out_channels": 4, "kernel_size": 3, "padding": 40, "padding_mode": "reflect"},
    {"type": "ConvTranspose2d", "in_channels": 2, "out_channels": 4, "kernel_size": 2, "groups": 2},
    {"type": "ConvTranspose2d", "in_channels": 4, "out_channels": 4, "kernel_size": 3, "padding": 20},
    {"type": "MaxPool2d", "kernel_size": [2, 50]},
    {"type": "AvgPool2d", "kernel_size": 33},
    {"type": "BatchNorm2d", "num_features": 3},
    {"type": "GroupNorm", "num_groups": 3, "num_channels": 3},
    {"type": "LayerNorm", "normalized_shape": [4, 16, 16]},
    {"type": "PReLU", "num_parameters": 3},
    {"type": "Linear", "in_features": 99, "out_features": 2},
    {"type": "Flatten", "start_dim": 5, "end_dim": 6},
    {"type": "PixelShuffle", "upscale_factor": 3},
    {"type": "PixelUnshuffle", "downscale_factor": 5},
    {"type": "Upsample", "scale_factor": 0.01},
    {"type": "ReflectionPad2d", "padding": 32},
)


def as_toml(layers: list[Layer]) -> str:
    entries = ("{ " + ", ".join(f"{name} = {_toml(value)}" for name, value in layer.items()) + " }" for layer in layers)
    return "layers = [\n  " + ",\n  ".join(entries) + ",\n]\n"


def _toml(value: object) -> str:
    return f'"{value}"' if isinstance(value, str) else str(value)


def as_printed(layers: list[Layer]) -> str:
    lines = (
        f"  ({layer['name']}): {layer['type']}("
        + ", ".join(f"{name}={value}" for name, value in layer.items() if name not in {"name", "type"})
        + ")"
        for layer in layers
    )
    return "\n".join(("Sequential(", *lines, ")"))


NOTATIONS: dict[str, Callable[[list[Layer]], str]] = {"TOML": as_toml, "print(model)": as_printed}


def stack(notation: str, layers: list[Layer], size: str = SIZE) -> Any:
    text = NOTATIONS[notation](layers)
    return conv2d("stack", "-", "-i", size, "--get", "output_shape", stdin=text.encode())


def followed(notation: str, layers: list[Layer], message: str) -> int:
    """Run what the hint says, each alternative by itself; return how many there are."""
    (hint,) = re.findall(r"^hint: (.*)$", message, re.MULTILINE)[:1]
    own = re.findall(
        r"(\w+)=(\[[^\]]*\]|\([^)]*\)|'[^']*'|-?[0-9]+)", hint.partition("wrong: ")[2].partition(", or ")[0]
    )
    sizes = re.findall(r"-i ([0-9x]+)", hint)
    if own:
        values = {name: literal_eval(value) for name, value in own}
        values = {name: list(value) if isinstance(value, tuple) else value for name, value in values.items()}
        mended = [layer | values if layer["name"] == "wrong" else layer for layer in layers]
        assert stack(notation, mended).code == 0, (hint, mended)
    for size in sizes:
        assert stack(notation, layers, size).code == 0, hint
    return len(own) + len(sizes)


@pytest.mark.parametrize("notation", NOTATIONS)
@pytest.mark.parametrize("wrong", WRONG, ids=lambda layer: f"{layer['type']}")
def test_a_layer_that_does_not_fit_behind_another(wrong: Layer, notation: str) -> None:
    layers = [STEM, wrong | {"name": "wrong"}]
    done = stack(notation, layers)
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith(f"error: wrong ({wrong['type']}) on 1x4x32x32: ")
    assert followed(notation, layers, done.err)


@pytest.mark.parametrize("notation", NOTATIONS)
def test_features_behind_a_flatten_take_a_value_or_the_size_that_they_were_made_for(notation: str) -> None:
    head = {"name": "wrong", "type": "Linear", "in_features": 4 * 8 * 8, "out_features": 2}
    layers = [STEM, {"name": "flat", "type": "Flatten"}, head]
    done = stack(notation, layers)
    assert (done.code, "-i 1x3x8x8" in done.err, "in_features=4096" in done.err) == (2, True, True)
    assert followed(notation, layers, done.err) == len(("value", "size"))


@pytest.mark.parametrize("notation", NOTATIONS)
def test_an_image_without_a_batch_is_given_one(notation: str) -> None:
    layers = [STEM, {"name": "wrong", "type": "BatchNorm2d", "num_features": 4}]
    done = stack(notation, layers, "3x32x32")
    assert (done.code, "-i 1x3x32x32" in done.err) == (2, True)
    assert followed(notation, layers, done.err)


def unet(join: Layer) -> list[Layer]:
    pool = {"name": "pool", "type": "MaxPool2d", "kernel_size": 4}
    up = {"name": "up", "type": "Upsample", "scale_factor": 4}
    return [STEM, pool, up, join | {"name": "wrong", "from": ["up", "stem"]}]


@pytest.mark.parametrize("kind", ["Add", "Concat"])
def test_rows_that_were_lost_on_the_way_down_ask_for_a_size_that_divides(kind: str) -> None:
    layers = unet({"type": kind})
    done = stack("TOML", layers, "1x3x30x30")
    assert (done.code, "-i 1x3x4x4" in done.err) == (2, True)
    assert followed("TOML", layers, done.err)


def test_tensors_side_by_side_take_the_axis_along_which_they_differ() -> None:
    half = {"name": "half", "type": "MaxPool2d", "kernel_size": [1, 2]}
    layers = [STEM, half, {"name": "wrong", "type": "Concat", "axis": 1, "from": ["half", "stem"]}]
    done = stack("TOML", layers)
    assert (done.code, "wrong: axis=3" in done.err) == (2, True)
    assert followed("TOML", layers, done.err)


def test_a_size_for_one_of_several_inputs_has_its_name() -> None:
    text = (
        'input = { image = [1, 3, 3, 3], token = [1, 4] }\nlayers = [\n  { name = "wrong", type = "Conv2d", '
        'from = "image", in_channels = 3, out_channels = 4, kernel_size = 5 },\n  { type = "Linear", from = "token", '
        "out_features = 3 },\n]\n"
    )
    done = conv2d("stack", "-", stdin=text.encode())
    assert (done.code, "-i image=1x3x5x5" in done.err) == (2, True)
    assert conv2d("stack", "-", "-i", "image=1x3x5x5", stdin=text.encode()).code == 0
