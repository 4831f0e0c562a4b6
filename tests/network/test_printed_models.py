"""Torchvision's classification models as torch prints them: every figure is the one that torch gives."""

from __future__ import annotations

import json
import lzma
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conv2d_cli.errors import DataError
from conv2d_cli.network.network import Network
from conv2d_cli.report.network_analysis import stack_report

if TYPE_CHECKING:
    from collections.abc import Callable

FILE = Path(__file__).with_name("printed_models.json.xz")
SMALL = ("resnet18", "shufflenet_v2_x0_5", "squeezenet1_1", "mobilenet_v3_small", "convnext_tiny", "vit_b_32", "swin_t")
# Those with parameters that no line shows: they are supplied by rules.
HIDING = ("convnext", "swin", "vit", "maxvit")


@cache
def models() -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = json.loads(lzma.decompress(FILE.read_bytes()))
    return found


def names(*, hiding: bool) -> list[str]:
    return [name for name in models() if name.startswith(HIDING) == hiding]


def test_there_are_enough_models() -> None:
    assert len(names(hiding=False)) >= 40
    assert {name.split("_")[0] for name in names(hiding=True)} == {*HIDING}


@pytest.mark.parametrize("name", models())
def test_figures_are_those_of_torch(name: str) -> None:
    model = models()[name]
    network = Network.read(model["text"])
    passed = network.on((1, 3, model["size"], model["size"]))
    report = stack_report(passed)
    assert not passed.misfits
    assert not report.unknown
    assert report.output_shape == tuple(model["output"])
    assert (report.parameters, report.macs) == (model["parameters"], model["macs"])
    shapes = {node.name: one.output_shape for node, one in zip(network.graph.nodes, passed.nodes, strict=True)}
    assert {one: list(shapes[one] or ()) for one in model["shapes"]} == model["shapes"]


@pytest.mark.parametrize("name", [name for name, model in models().items() if model["other_size"]])
def test_macs_of_an_oblong_image_are_those_of_torch(name: str) -> None:
    model = models()[name]
    passed = Network.read(model["text"]).on((1, 3, *model["other_size"]))
    assert not passed.misfits
    assert stack_report(passed).macs == model["other_macs"]


@pytest.mark.parametrize("name", names(hiding=False))
def test_parameters_need_no_rule_and_no_size(name: str) -> None:
    model = models()[name]
    network = Network.read(model["text"], assume=False)
    report = stack_report(network.on())
    assert report.parameters == model["parameters"]
    assert report.assumed == ()


@pytest.mark.parametrize("name", names(hiding=True))
def test_without_rules_a_total_is_at_least(name: str) -> None:
    model = models()[name]
    network = Network.read(model["text"], assume=False)
    report = stack_report(network.on((1, 3, 224, 224)))
    assert network.graph.name in report.unknown
    assert report.parameters < model["parameters"]
    assert report.output_shape is None


CHANGES: dict[str, Callable[[str], list[str]]] = {
    "gone": lambda _: [],
    "twice": lambda line: [line, line],
    "cut": lambda line: [line[: len(line) // 2]],
    "other class": lambda line: [line.replace("Conv2d", "Conv1d").replace("Sequential", "ModuleList")],
    "other name": lambda line: [line.replace("(conv", "(cone").replace("(0)", "(9)")],
    "other number": lambda line: [line.replace("2", "3")],
    "no brackets": lambda line: [line.replace("(", "").replace(")", "")],
    "closed": lambda line: [line, ")"],
}


@settings(max_examples=150)
@given(
    st.sampled_from(SMALL), st.lists(st.tuples(st.floats(0, 1), st.sampled_from([*CHANGES])), min_size=1, max_size=3)
)
def test_a_changed_text_ends_in_a_graph_or_an_error(name: str, changes: list[tuple[float, str]]) -> None:
    lines = models()[name]["text"].split("\n")
    for place, change in changes:
        number = int(place * (len(lines) - 1))
        lines[number : number + 1] = CHANGES[change](lines[number])
    try:
        network = Network.read("\n".join([*lines, ""]))
    except DataError:
        return
    report = stack_report(network.on((1, 3, 224, 224)))
    assert report.parameters is None or report.parameters >= 0


def test_heads_for_training_have_parameters_and_no_work() -> None:
    passed = Network.read(models()["googlenet"]["text"]).on((1, 3, 224, 224))
    idle = [
        (node.name, found)
        for node, found in zip(passed.graph.nodes, passed.nodes, strict=True)
        if node.name.startswith("aux")
    ]
    assert len(idle) > 10
    assert all(found.work == (0, 0, 0, 0) for _, found in idle)
    assert stack_report(passed).peak_activation_bytes


def test_two_blocks_of_one_name_are_told_by_their_children() -> None:
    kinds = {name: Network.read(models()[name]["text"]).graph for name in ("mobilenet_v2", "shufflenet_v2_x1_0")}
    mobile, shuffle = ({node.module.kind for node in graph.nodes} for graph in kinds.values())
    assert "Add" in mobile
    assert "Concat" not in mobile
    assert {"Chunk", "Concat", "ChannelShuffle"} <= shuffle
    assert "Add" not in shuffle


def test_a_block_with_other_children_is_not_guessed() -> None:
    text = models()["resnet18"]["text"].replace("(downsample)", "(shortcut)", 1)
    graph = Network.read(text).graph
    assert graph.unknown == ("layer2.0",)
    assert "layer1.1" in graph.assumed
    assert "layer2.0" not in graph.assumed
    report = stack_report(Network.read(text).on((1, 3, 224, 224)))
    assert report.parameters == models()["resnet18"]["parameters"]
    assert report.macs is not None
    assert report.macs < models()["resnet18"]["macs"]
    assert report.output_shape is None


def test_a_module_that_runs_twice_counts_once() -> None:
    graph = Network.read(models()["resnet18"]["text"]).graph
    first, second = (place for place, node in enumerate(graph.nodes) if node.name.startswith("layer1.0.relu"))
    assert graph.nodes[second].shares == first


def test_a_wider_layer_changes_the_figures() -> None:
    text = models()["alexnet"]["text"]
    wider = text.replace("out_features=1000", "out_features=1010")
    before, after = (stack_report(Network.read(one).on((1, 3, 224, 224))) for one in (text, wider))
    assert (after.parameters or 0) - (before.parameters or 0) == 10 * 4097
    assert (after.macs or 0) - (before.macs or 0) == 10 * 4096


def test_a_printed_network_has_the_figures_of_the_same_network_in_a_file() -> None:
    printed, written = (
        stack_report(Network.read(one).on((1, 3, 224, 224))) for one in (models()["resnet50"]["text"], "resnet50")
    )
    assert printed.receptive_field == (427, 427)
    assert printed._replace(name="", assumed=(), nodes=()) == written._replace(name="", assumed=(), nodes=())


@pytest.mark.parametrize(("name", "field"), [("swin_t", None), ("maxvit_t", None), ("convnext_tiny", (1688, 1688))])
def test_behind_attention_a_receptive_field_is_not_known(name: str, field: tuple[int, int] | None) -> None:
    report = stack_report(Network.read(models()[name]["text"]).on((1, 3, 224, 224)))
    assert report.receptive_field == field
