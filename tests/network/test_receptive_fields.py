"""Receptive fields of networks, against Araujo et al., https://distill.pub/2019/computing-receptive-fields."""

from __future__ import annotations

import pytest

from conv2d_cli.network.network import Network
from conv2d_cli.report.network_analysis import node_reports, stack_report

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
