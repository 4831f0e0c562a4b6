"""The networks that come with the package: their totals, their names, and what follows when one layer is widened."""

from __future__ import annotations

import re
import tomllib
from importlib.resources import files
from typing import TYPE_CHECKING

import pytest

from conv2d_cli.network import shipped
from conv2d_cli.network.network import Network
from conv2d_cli.network.shipped import SHIPPED, shipped_text
from conv2d_cli.report.network_analysis import node_reports, stack_report

if TYPE_CHECKING:
    from conv2d_cli.report.stack import NodeReport, StackReport

INPUT = (1, 3, 224, 224)
PARAMETERS = {
    "alexnet": 61_100_840,
    "vgg16": 138_357_544,
    "resnet18": 11_689_512,
    "resnet50": 25_557_032,
    "mobilenet_v1": 4_231_976,
    "mobilenet_v2": 3_504_872,
    "squeezenet1_1": 1_235_496,
    "googlenet": 6_624_904,
    "efficientnet_b0": 5_288_548,
    "convnext_tiny": 28_589_128,
}
MACS = {
    "alexnet": 714_188_480,
    "vgg16": 15_470_264_320,
    "resnet18": 1_814_073_344,
    "resnet50": 4_089_184_256,
    "mobilenet_v1": 568_740_352,
    "mobilenet_v2": 300_774_272,
    "squeezenet1_1": 349_151_936,
    "googlenet": 1_498_376_192,
    "efficientnet_b0": 385_814_752,
    "convnext_tiny": 4_455_531_264,
}


def report_of(source: str) -> StackReport:
    return stack_report(Network.read(source).on(INPUT))


def nodes_of(source: str) -> dict[str, NodeReport]:
    return {node.name: node for node in node_reports(Network.read(source).on(INPUT))}


@pytest.mark.parametrize("name", SHIPPED)
def test_totals(name: str) -> None:
    passed = Network.read(name).on()
    report = stack_report(passed)
    assert not passed.misfits
    assert report.name == name
    assert report.input_shape == INPUT
    assert report.output_shape == (1, 1000)
    assert report.parameters == PARAMETERS[name]
    assert report.macs == MACS[name]


def test_every_file_is_listed_and_holds_no_total() -> None:
    assert {*SHIPPED} == {*PARAMETERS} == {*MACS}
    # Those that are installed, which in a check of a built package are the wheel's.
    assert {f"{name}.toml" for name in SHIPPED} == {
        file.name for file in files(shipped).iterdir() if file.name.endswith(".toml")
    }
    for name in SHIPPED:
        numbers = {int(number.replace("_", "")) for number in re.findall(r"\d[\d_]*", shipped_text(name))}
        assert not numbers & {PARAMETERS[name], MACS[name]}
        assert max(numbers) <= 4096, "no layer here is wider"
        assert {*tomllib.loads(shipped_text(name))} == {"input", "layers", "blocks"}


def widened(name: str, old: str, new: str) -> str:
    text = shipped_text(name)
    assert text.count(old) == 1, text
    return text.replace(old, new)


def test_a_wider_first_layer_of_alexnet() -> None:
    text = widened("alexnet", "out_channels = 64, kernel_size = 11", "out_channels = 80, kernel_size = 11")
    report = report_of(text)
    more = 80 - 64
    # Its own filters with their biases, and the filters of the next that read it.
    assert (report.parameters or 0) - PARAMETERS["alexnet"] == more * (3 * 11 * 11 + 1) + more * 192 * 5 * 5
    assert (report.macs or 0) - MACS["alexnet"] == more * 3 * 11 * 11 * 55 * 55 + more * 192 * 5 * 5 * 27 * 27


def test_a_wider_last_block_of_mobilenet_v2() -> None:
    report = report_of(
        widened(
            "mobilenet_v2",
            'block = "InvertedResidual", with = { inputs = 160, outputs = 320 }',
            'block = "InvertedResidual", with = { inputs = 160, outputs = 400 }',
        )
    )
    more = 400 - 320
    # The projection with its BatchNorm's scale and shift, and what the last convolution reads.
    assert (report.parameters or 0) - PARAMETERS["mobilenet_v2"] == more * (960 + 2) + more * 1280
    assert (report.macs or 0) - MACS["mobilenet_v2"] == (more * 960 + more * 1280) * 7 * 7


def test_a_wider_branch_of_googlenet() -> None:
    report = report_of(widened("googlenet", "with = { one = 384, reduce3 = 192,", "with = { one = 500, reduce3 = 192,"))
    more = 500 - 384
    assert (report.parameters or 0) - PARAMETERS["googlenet"] == more * (832 + 2) + more * 1000
    assert (report.macs or 0) - MACS["googlenet"] == more * 832 * 7 * 7 + more * 1000


def test_a_deeper_stage_of_convnext() -> None:
    report = report_of(widened("convnext_tiny", "repeat = 9", "repeat = 27"))
    width, blocks, plane = 384, 27 - 9, 14 * 14
    products = 49 * width + 2 * 4 * width * width
    # Biases of the three layers, LayerNorm's scale and shift, and the layer scale.
    assert (report.parameters or 0) - PARAMETERS["convnext_tiny"] == blocks * (products + (1 + 4 + 1 + 2 + 1) * width)
    assert (report.macs or 0) - MACS["convnext_tiny"] == blocks * products * plane


def test_other_sizes_and_batches() -> None:
    one, eight = (stack_report(Network.read("resnet18").on((batch, 3, 224, 224))) for batch in (1, 8))
    assert eight.macs == 8 * MACS["resnet18"]
    assert one.parameters == eight.parameters


@pytest.mark.parametrize(
    ("network", "names"),
    {
        "alexnet": ("features.0", "features.12", "classifier.1", "classifier.6"),
        "vgg16": ("features.0", "features.28", "features.30", "classifier.0", "classifier.6"),
        "resnet18": ("conv1", "layer1.0.conv1", "layer1.1.bn2", "layer2.0.downsample.1", "fc"),
        "resnet50": ("conv1", "layer1.0.conv1", "layer1.0.downsample.0", "layer3.5.conv3", "fc"),
        "mobilenet_v2": ("features.0.0", "features.1.conv.0.0", "features.17.conv.3", "features.18.1", "classifier.1"),
        "squeezenet1_1": ("features.0", "features.3.squeeze", "features.12.expand3x3", "classifier.1"),
        "googlenet": ("conv1.conv", "inception3a.branch2.1.bn", "inception5b.branch4.1.conv", "fc"),
        "efficientnet_b0": ("features.0.0", "features.1.0.block.1.fc1", "features.7.0.block.3.1", "classifier.1"),
        "convnext_tiny": ("features.0.0", "features.1.0.block.5", "features.5.8.layer_scale", "classifier.2"),
    }.items(),
)
def test_names_are_those_of_torchvision(network: str, names: tuple[str, ...]) -> None:
    assert {*names} <= {*nodes_of(network)}


def test_joins_read_the_branches() -> None:
    nodes = nodes_of("resnet50")
    assert nodes["layer1.0.add"].inputs == ("layer1.0.bn3", "layer1.0.downsample.1")
    assert nodes["layer1.1.add"].inputs == ("layer1.1.bn3", "layer1.0.relu3")
    gate = nodes_of("efficientnet_b0")["features.1.0.block.1.mul"]
    assert gate.inputs == ("features.1.0.block.1.scale_activation", "features.1.0.block.0.2")
