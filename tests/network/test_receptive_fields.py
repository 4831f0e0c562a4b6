"""Receptive fields of networks, against Araujo et al., https://distill.pub/2019/computing-receptive-fields."""

from __future__ import annotations

from typing import Any

import pytest

from conv2d_cli.network.network import Network
from conv2d_cli.network.notation import graph_of
from conv2d_cli.network.propagation import propagate
from conv2d_cli.report.network_analysis import analyze_network, node_reports, stack_report

INPUT = (1, 3, 224, 224)

# As TensorFlow's slim has it: no padding in the stem, and the classifier is convolutions.
ALEXNET_V2 = """
input = [1, 3, 224, 224]
layers = [
  { type = "Conv2d", out_channels = 64, kernel_size = 11, stride = 4 },
  { type = "MaxPool2d", kernel_size = 3, stride = 2 },
  { type = "Conv2d", out_channels = 192, kernel_size = 5, padding = "same" },
  { type = "MaxPool2d", kernel_size = 3, stride = 2 },
  { type = "Conv2d", repeat = 2, out_channels = 384, kernel_size = 3, padding = "same" },
  { type = "Conv2d", out_channels = 256, kernel_size = 3, padding = "same" },
  { name = "pool5", type = "MaxPool2d", kernel_size = 3, stride = 2 },
]
"""
VGG_16 = """
input = [1, 3, 224, 224]
layers = [
  { name = "stage1", block = "Stage", with = { width = 64 } },
  { name = "stage2", block = "Stage", with = { width = 128 } },
  { name = "stage3", block = "Longer", with = { width = 256 } },
  { name = "stage4", block = "Longer", repeat = 2, with = { width = 512 } },
]

[blocks.Stage]
arguments = ["width"]
layers = [
  { type = "Conv2d", repeat = 2, out_channels = "width", kernel_size = 3, padding = "same" },
  { type = "MaxPool2d", kernel_size = 2 },
]

[blocks.Longer]
arguments = ["width"]
layers = [
  { type = "Conv2d", out_channels = "width", kernel_size = 3, padding = "same" },
  { block = "Stage", with = { width = "width" } },
]
"""
# The paper's 483: slim has the stride in the last unit of a stage; torchvision in the first, behind fewer windows.
RESNET_V1_50 = """
input = [1, 3, 224, 224]
layers = [
  { type = "Conv2d", out_channels = 64, kernel_size = 7, stride = 2, padding = 3 },
  { type = "MaxPool2d", kernel_size = 3, stride = 2, padding = 1 },
  { name = "block1.first", block = "Projected", with = { width = 64 } },
  { name = "block1.unit", block = "Unit", with = { width = 64 } },
  { name = "block1.last", block = "Unit", with = { width = 64, stride = 2 } },
  { name = "block2.first", block = "Projected", with = { width = 128 } },
  { name = "block2.unit", block = "Unit", repeat = 2, with = { width = 128 } },
  { name = "block2.last", block = "Unit", with = { width = 128, stride = 2 } },
  { name = "block3.first", block = "Projected", with = { width = 256 } },
  { name = "block3.unit", block = "Unit", repeat = 4, with = { width = 256 } },
  { name = "block3.last", block = "Unit", with = { width = 256, stride = 2 } },
  { name = "block4.first", block = "Projected", with = { width = 512 } },
  { name = "block4.unit", block = "Unit", repeat = 2, with = { width = 512 } },
]

[blocks.Projected]
arguments = ["width"]
layers = [
  { block = "Body", with = { width = "width", stride = 1 } },
  { name = "shortcut", type = "Conv2d", from = "input", out_channels = "4 * width", kernel_size = 1 },
  { type = "Add", from = ["conv3", "shortcut"] },
]

[blocks.Unit]
arguments = ["width"]
defaults = { stride = 1 }
layers = [
  { block = "Body", with = { width = "width", stride = "stride" } },
  { name = "shortcut", type = "MaxPool2d", from = "input", kernel_size = 1, stride = "stride" },
  { type = "Add", from = ["conv3", "shortcut"] },
]

[blocks.Body]
arguments = ["width", "stride"]
layers = [
  { type = "Conv2d", out_channels = "width", kernel_size = 1 },
  { type = "Conv2d", out_channels = "width", kernel_size = 3, stride = "stride", padding = 1 },
  { name = "conv3", type = "Conv2d", out_channels = "4 * width", kernel_size = 1 },
]
"""


@pytest.mark.parametrize(
    ("source", "size", "stride"),
    [
        (ALEXNET_V2, 195, 32),
        ("alexnet", 195, 32),
        (VGG_16, 212, 32),
        ("vgg16", 212, 32),
        ("mobilenet_v1", 315, 32),
        (RESNET_V1_50, 483, 32),
        ("resnet50", 427, 32),
    ],
    ids=["slim's alexnet", "alexnet", "slim's vgg16", "vgg16", "mobilenet_v1", "slim's resnet50", "resnet50"],
)
def test_receptive_fields(source: str, size: int, stride: int) -> None:
    passed = Network.read(source).on(INPUT)
    report = stack_report(passed)
    assert not passed.misfits
    assert report.receptive_field == (size, size)
    assert report.effective_stride == (stride, stride)


def test_a_window_of_adaptive_pooling_widens_the_field() -> None:
    """At 224 each window of AlexNet's adaptive pooling is one element; at 448 it is two or more."""
    at_448 = node_reports(Network.read("alexnet").on((1, 3, 448, 448)))
    fields = {node.name: node.receptive_field for node in at_448}
    assert fields["features.12"] == (195, 195)
    # 13 rows make 6 windows that overlap and are not alike.
    assert fields["avgpool"] is None


def test_behind_global_pooling_the_field_is_the_image() -> None:
    fields = {node.name: node.receptive_field for node in node_reports(Network.read("resnet50").on((1, 3, 256, 192)))}
    assert fields["layer4.2.relu3"] == (427, 427)
    assert fields["avgpool"] == (256, 192)


def test_gates_widen_no_field() -> None:
    nodes = {node.name: node for node in node_reports(Network.read("efficientnet_b0").on(INPUT))}
    block = "features.1.0.block"
    assert nodes[f"{block}.1.mul"].receptive_field == nodes[f"{block}.0.2"].receptive_field == (7, 7)
    assert nodes[f"{block}.1.fc1"].receptive_field == (224, 224)


def fields_of(shape: tuple[int, ...], *layers: Any) -> dict[str, tuple[Any, Any, Any]]:
    passed = propagate(graph_of({"layers": [*layers]}, "drawn"), [shape])
    assert not passed.misfits
    return {
        node.name: (node.receptive_field, node.effective_stride, node.receptive_field_start)
        for node in node_reports(passed)
    }


def convolution(axes: int, **arguments: Any) -> dict[str, Any]:
    return {"type": f"Conv{axes}d", "out_channels": 4, **arguments}


def test_a_sequence_has_the_one_axis_and_a_volume_three() -> None:
    wide = convolution(1, name="wide", kernel_size=5, stride=2, padding=2)
    sequence = fields_of(
        (1, 4, 64), wide, "ReLU", {"type": "BatchNorm1d"}, convolution(1, name="far", kernel_size=3, dilation=4)
    )
    assert sequence["wide"] == ((5,), (2,), (-2,))
    assert sequence["2"] == ((5,), (2,), (-2,))
    assert sequence["far"] == ((5 + 8 * 2,), (2,), (-2,))
    volume = fields_of(
        (1, 4, 16, 32, 32),
        convolution(3, name="a", kernel_size=[1, 3, 5], stride=[1, 2, 2], padding=[0, 1, 2]),
        convolution(3, name="b", kernel_size=3, padding=1),
    )
    assert volume["a"] == ((1, 3, 5), (1, 2, 2), (0, -1, -2))
    assert volume["b"] == ((3, 7, 9), (1, 2, 2), (-1, -3, -4))
    # Without a batch four axes are (C, D, H, W).
    assert fields_of((4, 16, 32, 32), convolution(3, name="a", kernel_size=3))["a"] == ((3,) * 3, (1,) * 3, (0,) * 3)


def test_a_residual_of_sequences_joins_what_nothing_went_along() -> None:
    sequence = fields_of(
        (1, 4, 64),
        convolution(1, name="conv", kernel_size=3, padding=1),
        {"name": "sum", "type": "Add", "from": ["conv", "input"]},
    )
    assert sequence["sum"] == ((3,), (1,), (-1,))


def test_what_windows_of_other_axes_make_of_a_plane_is_not_known_and_said() -> None:
    layers = [
        convolution(2, name="flat", kernel_size=3, in_channels=4),
        convolution(3, name="deep", kernel_size=3, in_channels=1),
    ]
    analysis = analyze_network(graph_of({"layers": layers}, "drawn"), [(1, 4, 16, 32)])
    assert analysis.report.receptive_field is None
    assert analysis.notes == ("receptive fields end at deep, whose outputs are not all made alike",)


def test_rows_side_by_side_are_not_made_alike() -> None:
    conv = convolution(2, name="conv", kernel_size=3, padding=1)
    both = {"name": "both", "type": "Concat", "from": ["conv", "input"]}
    assert fields_of((1, 4, 16, 16), conv, both)["both"] == ((3, 3), (1, 1), (-1, -1))
    analysis = analyze_network(graph_of({"layers": [conv, both | {"axis": 2}]}, "drawn"), [(1, 4, 16, 16)])
    assert analysis.report.receptive_field is None
    assert analysis.notes == ("receptive fields end at both, whose outputs are not all made alike",)


def test_an_output_that_is_made_from_nothing_has_no_start() -> None:
    gaps = {"type": "ConvTranspose2d", "name": "up", "out_channels": 4, "kernel_size": 1, "stride": 2, "padding": 1}
    assert fields_of((1, 4, 8, 8), gaps)["up"] == ((1, 1), ("1/2", "1/2"), None)
