"""The tables of layers, and the classes that their figures are averaged in."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from conv2d_cli.jobs.bench.case import CLASSES, Case, case_of
from conv2d_cli.jobs.bench.suites import SUITES, suite
from conv2d_cli.layer.model import Conv2d
from conv2d_cli.report.analysis import analyze

LAYERS = {"resnet50": 23, "vgg16": 9, "mobilenet_v2": 30, "convnext": 8, "kernels": 50}
# Expansion, channels, repeats and first stride of each stage: table 2 of arXiv:1801.04381.
MOBILENET_STAGES = (
    (1, 16, 1, 1),
    (6, 24, 2, 2),
    (6, 32, 3, 2),
    (6, 64, 4, 2),
    (6, 96, 3, 1),
    (6, 160, 3, 2),
    (6, 320, 1, 1),
)


def shape_of(case: Case) -> tuple[object, ...]:
    layer = case.layer
    return (
        layer.in_channels,
        layer.out_channels,
        layer.kernel_size[0],
        layer.stride[0],
        layer.groups,
        case.input_shape[2],
    )


def by_name(name: str) -> Case:
    return next(case for case in suite("kernels") if case.name == name)


def test_the_suites_there_are() -> None:
    assert {name: len(suite(name)) for name in SUITES} == LAYERS


@pytest.mark.parametrize("name", SUITES)
def test_layers_are_distinct_and_named(name: str) -> None:
    cases = suite(name)
    assert len({case.name for case in cases}) == len(cases)
    assert len({(case.layer, case.input_shape) for case in cases}) == len(cases)
    assert all(case.name and case.name[0].islower() and case.layer_class in CLASSES for case in cases)


@pytest.mark.parametrize("name", ["resnet50", "vgg16", "mobilenet_v2", "convnext"])
def test_every_input_is_an_output_before_it(name: str) -> None:
    made = {(1, 3, 224, 224)}
    for case in suite(name):
        _, channels, height, width = case.input_shape
        # Max pooling halves; the linear layers between keep the size.
        assert made & {case.input_shape, (1, channels, 2 * height, 2 * width)}, case
        output = analyze(case.layer, case.input_shape).output_shape
        assert output is not None
        made.add((output[0], output[1], output[2], output[3]))


def test_mobilenet_is_what_its_stages_make() -> None:
    expected = {(3, 32, 3, 2, 1, 224), (320, 1280, 1, 1, 1, 7)}
    channels, side = 32, 112
    for expansion, out, repeats, first_stride in MOBILENET_STAGES:
        for number in range(repeats):
            stride, hidden = first_stride if number == 0 else 1, channels * expansion
            if expansion > 1:
                expected.add((channels, hidden, 1, 1, 1, side))
            expected.add((hidden, hidden, 3, stride, hidden, side))
            side //= stride
            expected.add((hidden, out, 1, 1, 1, side))
            channels = out
    assert {shape_of(case) for case in suite("mobilenet_v2")} == expected


def test_resnet_has_the_macs_of_its_paper() -> None:
    """4.09e9 multiply-adds, when each layer is counted as often as the network has it."""
    blocks = {"layer1": 3, "layer2": 4, "layer3": 6, "layer4": 3}
    total = 0
    for case in suite("resnet50"):
        stage, block, *_ = [*case.name.split("."), ""]
        repeats = 1
        if block == "1":
            repeats = blocks[stage] - 1
        elif stage == "layer1" and case.name.endswith("conv2"):
            repeats = 3
        elif stage == "layer1" and case.name.endswith("conv3"):
            repeats = 4  # the shortcut has the same layer
        elif block == "0" and case.name.endswith("conv3"):
            repeats = blocks[stage]
        total += repeats * (analyze(case.layer, case.input_shape).macs or 0)
    assert total == pytest.approx(4.09e9, rel=2e-3)


def test_the_classes_of_the_kernels() -> None:
    assert Counter(case.layer_class for case in suite("kernels")) == {
        "dense 3x3 large plane": 7,
        "dense 3x3 small plane": 5,
        "other dense": 9,
        "pointwise": 12,
        "grouped": 3,
        "depthwise": 8,
        "few channels": 4,
        "tiny": 2,
    }


@pytest.mark.parametrize(
    ("name", "padding", "shape"),
    [
        ("r50 conv1 7x7s2", (3, 3), (1, 3, 224, 224)),
        ("alex 5x5 64-192", (2, 2), (1, 64, 27, 27)),
        ("dil d2 3x3 256@28", (2, 2), (1, 256, 28, 28)),
        ("batch8 3x3 512@7", (1, 1), (8, 512, 7, 7)),
        ("gray 31x31@1024", (15, 15), (1, 1, 1024, 1024)),
        ("r50 down 1x1s2 512-1024", (0, 0), (1, 512, 28, 28)),
    ],
)
def test_rows_of_the_table(name: str, padding: tuple[int, int], shape: tuple[int, ...]) -> None:
    case = by_name(name)
    assert (case.layer.padding, case.input_shape) == (padding, shape)


@pytest.mark.parametrize(
    ("layer", "size", "expected"),
    [
        ((64, 64, 3), 30, "dense 3x3 large plane"),
        ((64, 64, 3), 29, "dense 3x3 small plane"),
        ((63, 64, 3), 56, "other dense"),
        ((64, 64, (3, 1)), 56, "other dense"),
        ((64, 64, 3, 2), 56, "other dense"),
        ((64, 64, 3, 1, 0, 2), 56, "other dense"),
        ((64, 64, 1), 28, "pointwise"),
        ((64, 64, 1), 16, "tiny"),
        ((64, 64, 1, 1, 0, 1, 2), 4, "grouped"),
        ((64, 128, 3, 1, 0, 1, 64), 8, "depthwise"),
        ((3, 3, 11), 256, "few channels"),
        ((3, 3, 11), 255, "other dense"),
        ((3, 3, 10), 256, "other dense"),
        ((5, 2, 11), 256, "other dense"),
    ],
)
def test_the_class_is_a_function_of_the_layer(layer: tuple[Any, ...], size: int, expected: str) -> None:
    values = Conv2d(*layer)
    assert case_of(values, (1, values.in_channels, size, size)).layer_class == expected


@pytest.mark.parametrize(
    ("layer", "shape", "name"),
    [
        (Conv2d(3, 64, 7, 2), (3, 224, 224), "3-64 7x7@224 s2"),
        (Conv2d(8, 8, (3, 5), (1, 2), 0, 2, 8), (2, 8, 20, 30), "8-8 3x5@20x30 s1x2 d2 g8"),
    ],
)
def test_a_typed_layer_gets_a_name_and_a_batch(layer: object, shape: tuple[int, ...], name: str) -> None:
    case = case_of(layer, shape)  # type: ignore[arg-type]
    assert case.name == name
    assert case.input_shape == (*(1,) * (4 - len(shape)), *shape)
