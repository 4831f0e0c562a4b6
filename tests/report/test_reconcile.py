"""Other counters: each formula gives its value; a figure is found where it is printed, and related where it is not."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
from explained_layers import layers_on_inputs, work_out
from hypothesis import given, settings
from hypothesis import strategies as st

from conv2d_cli import Conv2d, analyze, explain, reconcile

ALEXNET = Conv2d(3, 64, 11, stride=4, padding=2)
WITHOUT_BIAS = Conv2d(3, 64, 11, stride=4, padding=2, bias=False)
OF_MACS = {"fvcore", "thop", "torch-scan", "calflops", "DeepSpeed"}
OF_MACS_AND_BIAS = {"torchinfo", "ptflops/pytorch", "ptflops/aten", "onnx-tool", "flopth", "torchstat"}
OF_FLOPS = {"torch.utils.flop_counter", "torch-scan", "torchstat"}
OF_FLOPS_AND_BIAS = {"calflops", "DeepSpeed", "tf.compat.v1.profiler"}


@pytest.mark.parametrize(
    ("layer", "figure", "tools"),
    [
        (ALEXNET, 70_276_800, OF_MACS),
        (ALEXNET, 70_470_400, OF_MACS_AND_BIAS),
        (ALEXNET, 140_553_600, OF_FLOPS),
        (ALEXNET, 140_747_200, OF_FLOPS_AND_BIAS),
        (WITHOUT_BIAS, 140_360_000, {"torch-scan", "torchstat"}),
        (WITHOUT_BIAS, 70_276_800, OF_MACS | OF_MACS_AND_BIAS),
        (WITHOUT_BIAS, 140_553_600, OF_FLOPS_AND_BIAS | {"torch.utils.flop_counter"}),
        (WITHOUT_BIAS, 70_470_400, set()),
        (ALEXNET, 140_360_000, set()),
        (ALEXNET, 70_276_801, set()),
        (ALEXNET, 0, set()),
    ],
)
def test_the_figures_of_alexnet(layer: Conv2d, figure: int, tools: set[str]) -> None:
    assert {one.tool for one in reconcile(layer, 224, figure).matches} == tools


@settings(max_examples=50)
@given(layers_on_inputs(), st.data())
def test_a_figure_is_found_in_the_tools_that_print_it_and_in_no_other(
    case: tuple[Conv2d, tuple[int, ...]], data: st.DataObject
) -> None:
    layer, shape = case
    tools = explain(layer, shape).tools
    value = data.draw(st.sampled_from([one.value for one in tools if one.value is not None]))
    report = reconcile(layer, shape, value)
    assert report.matches == tuple(one for one in tools if one.value == value)
    assert (report.nearest, report.difference) == (None, None)
    beyond = 1 + max((one.value for one in tools if one.value is not None), default=0)
    report = reconcile(layer, shape, beyond)
    assert report.matches == ()
    assert report.difference == (None if report.nearest is None else 1)


@given(layers_on_inputs())
def test_every_formula_gives_the_value_beside_it(case: tuple[Conv2d, tuple[int, ...]]) -> None:
    layer, shape = case
    batch = shape[0] if len(shape) == 4 else 1
    for one in explain(layer, shape).tools:
        assert (one.value is None) == (one.reason is not None)
        if one.value is None or not re.fullmatch(r"[\w +*-]+(, N = 1)?", one.formula) or " is " in one.formula:
            continue
        images = 1 if one.formula.endswith(", N = 1") else batch
        facts = analyze(layer, (images, *shape[-3:]))
        assert facts.output_shape is not None
        _, channels, rows, columns = facts.output_shape
        numbers = {"macs": facts.macs, "bias_adds": facts.bias_adds, "outputs": images * channels * rows * columns}
        assert work_out(one.formula.removesuffix(", N = 1"), numbers) == one.value, one


def test_where_counters_go_wrong() -> None:
    figures = {(one.tool, one.name): one for one in explain(Conv2d(1, 1, 4, padding="same"), 8).tools}
    assert figures["fvcore", "flops"].value == 0
    assert figures["calflops", "MACs"].value == figures["DeepSpeed", "MACs"].value == 784
    assert figures["thop", "macs"].value == 1024
    assert "half of same" in figures["DeepSpeed", "MACs"].formula
    unbatched = {(one.tool, one.name): one for one in explain(Conv2d(4, 8, 3), (4, 9, 9)).tools}
    assert unbatched["DeepSpeed", "MACs"].value is None
    assert "batch" in (unbatched["DeepSpeed", "MACs"].reason or "")
    assert unbatched["thop", "macs"].value != unbatched["fvcore", "flops"].value
    assert "misread" in unbatched["thop", "macs"].formula


@pytest.mark.parametrize("padding", ["same_upper", "same_lower", (0, 1, 1, 2)])
def test_a_layer_that_torch_has_not_counts_as_what_is_padded_before(padding: Any) -> None:
    layer = Conv2d(4, 8, 3, stride=2, padding=padding, groups=2)
    facts = analyze(layer, 9)
    by_tool = {(one.tool, one.name): one.value for one in explain(layer, 9).tools}
    assert by_tool["fvcore", "flops"] == by_tool["calflops", "MACs"] == facts.macs
    assert by_tool["torch.utils.flop_counter", "FLOPs"] == facts.flops


@pytest.mark.parametrize("dtype", ["int8", "complex64"])
def test_counters_are_known_for_floating_point_layers(dtype: str) -> None:
    reasons = {one.reason for one in explain(Conv2d(4, 8, 3, dtype=dtype), 9).tools}
    assert reasons == {"it is known here for layers of floating-point numbers alone"}
    report = reconcile(Conv2d(4, 8, 3, dtype=dtype), 9, 1)
    assert (report.matches, report.nearest, report.difference) == ((), None, None)


GROUPED = Conv2d(32, 64, (3, 5), stride=2, padding=1, groups=4, dilation=2)
SHAPE = (8, 32, 40, 50)


@pytest.mark.parametrize(
    ("changed", "shape", "words"),
    [
        ({"bias": False}, SHAPE, "with bias=False"),
        ({"groups": 1}, SHAPE, "with groups=1"),
        ({"dilation": (1, 1)}, SHAPE, "with dilation=1"),
        ({"padding": (0, 0)}, SHAPE, "with padding=0"),
        ({"stride": (1, 1)}, SHAPE, "with stride=1"),
        ({"kernel_size": (5, 3)}, SHAPE, "with the axes of the kernel swapped"),
        ({}, (1, *SHAPE[1:]), "for one image"),
        ({}, (8, 32, 50, 40), "with H and W swapped"),
    ],
)
def test_what_is_told_of_a_figure_of_another_layer(changed: dict[str, Any], shape: Any, words: str) -> None:
    other = explain(GROUPED.model_copy(update=changed), shape)
    printed = {one.value for one in explain(GROUPED, SHAPE).tools}
    figures = [one.value for one in other.tools if one.value is not None and one.value not in printed]
    assert figures
    for figure in figures:
        relations = reconcile(GROUPED, SHAPE, figure).relations
        assert any(f" {words}: " in text for text in relations), (figure, relations)


def test_what_differs_in_the_bias_too() -> None:
    other, alike = (explain(GROUPED.model_copy(update={"groups": 1, "bias": bias}), SHAPE) for bias in (False, True))
    explained = {one.value for one in alike.tools}
    figures = [one.value for one in other.tools if one.value is not None and one.value not in explained]
    assert figures
    for figure in figures:
        relations = reconcile(GROUPED, SHAPE, figure).relations
        assert any(" with groups=1 and bias=False: " in text for text in relations), (figure, relations)


@pytest.mark.parametrize(
    ("figure", "relation"),
    [
        (3 * 70_276_800, "3 times macs, as forward and backward"),
        (6 * 70_276_800, "6 times macs, as FLOPs forward and backward"),
        (70_276_800 // 2, "macs / 2"),
        (23_296, "parameters of conv2d shape: weight_parameters + bias_parameters"),
        (analyze(ALEXNET, 224).effective_macs, "effective_macs of conv2d shape: "),
    ],
)
def test_simple_relations(figure: int, relation: str) -> None:
    report = reconcile(ALEXNET, 224, figure)
    assert report.matches == ()
    assert any(text.startswith(relation) for text in report.relations), report.relations


@given(st.integers(0, 10**12))
def test_any_figure_has_an_answer(figure: int) -> None:
    report = reconcile(ALEXNET, 224, figure)
    assert bool(report.matches) == (report.nearest is None)
    if report.nearest is not None:
        assert report.nearest.value is not None
        distances = [abs(figure - one.value) for one in report.tools if one.value is not None]
        assert report.difference == figure - report.nearest.value
        assert abs(report.difference) == min(distances)


def test_a_figure_is_a_whole_number() -> None:
    of_numpy: Any = np.int64(70_276_800)
    assert reconcile(ALEXNET, 224, of_numpy) == reconcile(ALEXNET, 224, 70_276_800)
    for wrong in (1.5, "5", None):
        with pytest.raises(TypeError):
            reconcile(ALEXNET, 224, wrong)  # type: ignore[arg-type]
