"""A network in Python: how it is read, sizes as people give them, and figures that have to be left open."""

from __future__ import annotations

from ast import literal_eval
from pathlib import Path
from typing import Any

import pytest

from conv2d_cli import DataError, FileError, Network, ShapeError, UsageError
from conv2d_cli.network.graph import Graph, Input, Node
from conv2d_cli.network.misfits import MisfitError
from conv2d_cli.network.modules.elementwise import Activation
from conv2d_cli.network.notation import graph_of
from conv2d_cli.report.network_analysis import analyze_network
from conv2d_cli.report.network_parts import GROUP, grouped

STEM = {"name": "stem", "type": "Conv2d", "out_channels": 4, "kernel_size": 3, "padding": 1}
TEXT = """
input = [1, 3, 32, 32]
layers = [{ name = "stem", type = "Conv2d", in_channels = 3, out_channels = 4, kernel_size = 3 }]
"""


def network(*layers: Any, **extra: Any) -> Network:
    return Network(graph_of({"input": [1, 3, 32, 32], "layers": [*layers]} | extra, "drawn"))


def test_it_is_read_by_name_from_a_text_and_from_a_file(tmp_path: Path) -> None:
    assert Network.read("resnet50").analyze().parameters == 25_557_032
    assert Network.read(TEXT).analyze().output_shape == (1, 4, 30, 30)
    path = tmp_path / "resnet50"
    path.write_text(TEXT)
    report = Network.read(path).analyze()
    assert (report.name, report.parameters) == ("resnet50", 112)
    with pytest.raises(FileError):
        Network.read(tmp_path)
    with pytest.raises(FileError):
        Network.read(Path("resnet50\0"))
    with pytest.raises(DataError):
        Network.read("layers =\n")


@pytest.mark.parametrize(
    ("size", "shape"),
    [
        (64, (1, 3, 64, 64)),
        ("64", (1, 3, 64, 64)),
        ((64, 48), (1, 3, 64, 48)),
        ("3x9x9", (3, 9, 9)),
        ([8, 3, 64, 64], (8, 3, 64, 64)),
        ({"input": (2, 3, 8, 8)}, (2, 3, 8, 8)),
        (None, (1, 3, 32, 32)),
    ],
)
def test_sizes(size: Any, shape: tuple[int, ...]) -> None:
    assert Network.read(TEXT).analyze(size).input_shape == shape
    without = Network.read(TEXT.replace("input = [1, 3, 32, 32]", ""))
    assert without.analyze(size).input_shape == (None if size is None else shape)


@pytest.mark.parametrize("size", ["x", -1, (1, 3, -8, 8), (), {"other": 8}, "1x2x3x4x-5"])
def test_what_is_no_size(size: Any) -> None:
    with pytest.raises(ShapeError):
        Network.read(TEXT).analyze(size)


def test_a_shape_of_the_rank_that_the_file_has() -> None:
    features = Network.read('input = [1, 784]\nlayers = [{ type = "Linear", out_features = 10 }]\n')
    assert features.analyze((5, 784)).output_shape == (5, 10)
    volume = Network.read('layers = [{ type = "Conv3d", out_channels = 2, kernel_size = 3 }]\n')
    assert volume.analyze("1x1x8x8x8").output_shape == (1, 2, 6, 6, 6)


def test_bytes_by_dtype_and_the_largest_batch() -> None:
    report = Network.read(TEXT).analyze((4, 3, 32, 32), dtype="half", budget=10**6)
    one = Network.read(TEXT).analyze((1, 3, 32, 32), dtype="float16")
    assert report.parameter_bytes == one.parameter_bytes == 224
    assert one.peak_activation_bytes is not None
    assert report.largest_batch == (10**6 - 224) // one.peak_activation_bytes
    assert one.largest_batch is None
    with pytest.raises(UsageError):
        Network.read(TEXT).analyze(dtype="float31")


def test_a_total_that_an_input_decides_is_left_open_without_it() -> None:
    open_one = Network(graph_of({"layers": [STEM, {"type": "BatchNorm2d"}]}, "open")).analyze()
    assert open_one[1:3] == (None, None)
    assert open_one.parameters is open_one.macs is open_one.parameter_bytes is open_one.training_bytes is None
    known = STEM | {"in_channels": 3}
    assert Network(graph_of({"layers": [known]}, "known")).analyze().parameters == 112


def test_with_unknown_nodes_a_total_is_the_least() -> None:
    whole = graph_of({"input": [1, 3, 32, 32], "layers": [STEM]}, "partly")
    relu = Activation(type="ReLU")
    partly = Graph("partly", (Input("input", (1, 3, 32, 32)),), (*whole.nodes, Node("head", relu, None)), (), ("head",))
    report = analyze_network(partly, [(1, 3, 32, 32)]).report
    assert (report.parameters, report.macs) == (112, 4 * 27 * 32 * 32)
    assert report.unknown == ("head",)
    assert report.min_input is None
    assert report.nodes[1].inputs is None


def test_gates_and_strides_that_differ_are_noted() -> None:
    gate = (
        {"name": "squeeze", "type": "AdaptiveAvgPool2d", "output_size": 1},
        {"name": "gate", "type": "Mul", "from": ["stem", "squeeze"]},
    )
    report, notes, _ = analyze_network(network(STEM, *gate).graph, [(1, 3, 32, 32)])
    assert report.receptive_field == (3, 3)
    assert notes == ("receptive fields leave gates out, which scale whole channels: gate",)
    unequal = (
        {"name": "half", "type": "AvgPool2d", "kernel_size": 2},
        {"name": "quarter", "type": "Conv2d", "out_channels": 4, "kernel_size": 17, "from": "stem"},
        {"name": "sum", "type": "Add", "from": ["half", "quarter"]},
        {"name": "after", "type": "ReLU"},
    )
    report, notes, _ = analyze_network(network(STEM, *unequal).graph, [(1, 3, 32, 32)])
    assert report.receptive_field is report.effective_stride is None
    assert notes == ("receptive fields end at sum: the strides of what is joined differ",)


def test_an_enlargement_that_has_no_field_ends_them() -> None:
    enlarged = {"name": "enlarge", "type": "Upsample", "scale_factor": 2, "mode": "bilinear", "align_corners": True}
    report, notes, _ = analyze_network(network(STEM, enlarged, "ReLU").graph, [(1, 3, 32, 32)])
    assert report.receptive_field is None
    assert notes == ("receptive fields end at enlarge, whose outputs are not all made alike",)


def test_other_channels_than_those_of_the_file_do_not_fit() -> None:
    with pytest.raises(MisfitError, match="the layer takes 3 channels, the input has 4") as caught:
        analyze_network(network(STEM).graph, [(1, 4, 32, 32)])
    assert caught.value.hint == "stem: in_channels=4, or input_shape=1x3x32x32"
    assert analyze_network(network(STEM).graph, [(3, 16, 16)]).notes == ()


def test_the_field_before_the_head_is_that_of_the_network() -> None:
    head = ({"type": "AdaptiveAvgPool2d", "output_size": 1}, "Flatten", {"type": "Linear", "out_features": 5})
    assert network(STEM, STEM | {"name": "two"}, *head).analyze().receptive_field == (5, 5)
    # What is pooled over all of the image and spread again is made from all of it.
    spread = (
        {"name": "pool", "type": "AdaptiveAvgPool2d", "output_size": 1},
        {"name": "spread", "type": "Upsample", "size": [32, 32]},
        {"name": "both", "type": "Concat", "from": ["stem", "spread"]},
    )
    report = network(STEM, *spread).analyze()
    assert (report.receptive_field, report.effective_stride) == ((32, 32), None)


def test_every_fault_is_told_and_a_size_that_works() -> None:
    wrong = [{"type": "Linear", "in_features": 7, "out_features": 32, "name": f"wrong{place}"} for place in range(14)]
    with pytest.raises(MisfitError) as caught:
        network(*wrong).analyze()
    lines = caught.value.lines()
    assert lines[-1] == ("4 further layers do not fit", None)
    assert lines[0][0].startswith("wrong0 (Linear) on 1x3x32x32: Linear takes 7 features")
    assert "wrong0: in_features=32" in (lines[0][1] or "")
    assert caught.value.layer_hint == "in_features=32"
    small = network({"name": "wide", "type": "Conv2d", "out_channels": 1, "kernel_size": 40})
    with pytest.raises(ShapeError) as too_small:
        small.analyze()
    assert (too_small.value.hint or "").endswith("input_shape=1x3x40x40")
    assert small.analyze("1x3x40x40").output_shape == (1, 1, 1, 1)


def test_groups_read_what_others_make() -> None:
    layers = (
        STEM | {"name": "a.one"},
        STEM | {"name": "b.one"},
        STEM | {"name": "a.two"},
        {"name": "c", "type": "Add", "from": ["a.one", "a.two"]},
    )
    report = network(*layers).analyze()
    first, second, third = grouped(report.nodes, 1)
    assert (first.name, first.type, first.inputs) == ("a", GROUP, ("input", "b"))
    assert first.parameters == (report.nodes[0].parameters or 0) + (report.nodes[2].parameters or 0)
    assert (second.name, second.type, second.inputs) == ("b", "Conv2d", ("a",))
    assert (third.name, third.inputs) == ("c", ("a", "a"))
    assert grouped(report.nodes, 2) == report.nodes


WRONG: tuple[dict[str, Any], ...] = (
    {"type": "Conv2d", "in_channels": 5, "out_channels": 4, "kernel_size": 3},
    {"type": "Conv2d", "out_channels": 4, "kernel_size": 40},
    {"type": "Conv2d", "out_channels": 6, "kernel_size": 1, "groups": 3},
    {"type": "ConvTranspose2d", "in_channels": 2, "out_channels": 4, "kernel_size": 2},
    {"type": "MaxPool2d", "kernel_size": 50},
    {"type": "BatchNorm2d", "num_features": 3},
    {"type": "GroupNorm", "num_groups": 3},
    {"type": "LayerNorm", "normalized_shape": 7},
    {"type": "Linear", "in_features": 99, "out_features": 2},
    {"type": "PixelShuffle", "upscale_factor": 3},
    {"type": "PixelUnshuffle", "downscale_factor": 5},
    {"type": "Scale", "num_features": 9},
    {"type": "ReflectionPad2d", "padding": 32},
)


@pytest.mark.parametrize("wrong", WRONG, ids=lambda layer: f"{layer['type']}")
def test_what_a_hint_says_works(wrong: dict[str, Any]) -> None:
    layers = [STEM, wrong | {"name": "wrong"}]
    with pytest.raises(MisfitError) as caught:
        network(*layers).analyze()
    message, hint = caught.value.lines()[0]
    assert message.startswith(f"wrong ({wrong['type']}) on 1x4x32x32: ")
    assert hint is not None
    for said in hint.split(", or "):
        if said.startswith("input_shape="):
            assert network(*layers).analyze(said.removeprefix("input_shape=")).output_shape
        else:
            name, _, value = said.removeprefix("wrong: ").partition("=")
            mended = wrong | {name: literal_eval(value), "name": "wrong"}
            assert network(STEM, mended).analyze().output_shape
