"""What other counters print: which types their tables hold, where there is no figure, and laws of their sums."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conv2d_cli import Network
from conv2d_cli.network.modules.registry import MODULES
from conv2d_cli.network.notation import graph_of
from conv2d_cli.network.propagation import propagate
from conv2d_cli.network.readers.base import Content
from conv2d_cli.network.readers.registry import read_graph
from conv2d_cli.network.schema import network_schema
from conv2d_cli.network.shipped import SHIPPED
from conv2d_cli.network.tools import flop_counter, fvcore, ptflops, thop, torchinfo
from conv2d_cli.network.tools.calls import calls_of
from conv2d_cli.network.tools.registry import TOOLS
from conv2d_cli.report.tool_counts import tool_counts

if TYPE_CHECKING:
    from conv2d_cli.report.stack import ToolCount

CONV: dict[str, Any] = {"type": "Conv2d", "out_channels": 6, "kernel_size": 3}
ALL = frozenset(one.tool for one in TOOLS)
TABLES = {
    "torchinfo": torchinfo.TORCHINFO.modules,
    "fvcore": fvcore.FVCORE.modules,
    "ptflops hooks": ptflops._HOOKS,
    "ptflops called": ptflops._CALLED,
    "ptflops functions": ptflops._FUNCTIONS,
    "ptflops/aten": ptflops.PTFLOPS_ATEN.modules,
    "thop": thop.THOP.modules,
    "torch.utils.flop_counter": flop_counter.FLOP_COUNTER.modules,
}

# Attention depends on how it is called; of the others no tool's source was read for all tables.
WITHOUT_A_RULE = {
    *("AdaptiveAvgPool1d", "AdaptiveAvgPool3d", "AdaptiveMaxPool1d", "AdaptiveMaxPool3d", "AvgPool1d", "AvgPool3d"),
    *("CircularPad1d", "CircularPad3d", "ConstantPad1d", "ConstantPad3d", "ConvTranspose1d", "ConvTranspose3d"),
    *("CrossMapLRN2d", "Embedding", "EmbeddingBag", "Fold", "GLU", "GRU", "GRUCell", "InstanceNorm1d"),
    *("InstanceNorm2d", "InstanceNorm3d", "LPPool1d", "LPPool2d", "LPPool3d", "LSTM", "LSTMCell", "LocalResponseNorm"),
    *("MaxPool1d", "MaxPool3d", "MultiheadAttention", "RMSNorm", "RNN", "RNNCell", "ReflectionPad1d"),
    *("ReflectionPad3d", "ReplicationPad1d", "ReplicationPad3d", "Unflatten", "Unfold", "ZeroPad1d", "ZeroPad3d"),
}


def counts(*layers: Any, shape: tuple[int, ...] = (2, 4, 9, 8)) -> dict[str, ToolCount]:
    passed = propagate(graph_of({"layers": [*layers]}, "drawn"), [shape])
    assert not passed.misfits
    return {one.tool: one for one in tool_counts(passed)}


def values(*layers: Any, shape: tuple[int, ...] = (2, 4, 9, 8)) -> dict[str, int | None]:
    return {tool: one.value for tool, one in counts(*layers, shape=shape).items()}


def without(found: dict[str, ToolCount]) -> set[str]:
    """Return the tools that have no figure; those say why, and no other does."""
    assert all((one.value is None) == bool(one.reason) for one in found.values())
    return {tool for tool, one in found.items() if one.value is None}


@pytest.mark.parametrize("name", TABLES)
def test_a_table_says_of_every_type_of_the_format_what_is_counted(name: str) -> None:
    assert {*TABLES[name]} == {*MODULES} - WITHOUT_A_RULE


@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_networks_have_all_figures(name: str) -> None:
    found = {one.tool: one for one in Network.read(name).analyze().tools}
    # MobileNet ends with a Softmax, whose axis is not kept.
    assert without(found) == ({"thop"} if name == "mobilenet_v1" else set())


def test_a_type_without_a_rule_is_named() -> None:
    found = counts({"type": "Permute", "dims": [0, 2, 3, 1]}, {"type": "Flatten", "start_dim": 1, "end_dim": 2},
                   {"type": "MultiheadAttention", "embed_dim": 4})  # fmt: skip
    assert without(found) == ALL
    assert {one.reason for one in found.values()} == {"it is not known here what it counts for MultiheadAttention"}


def test_without_a_size_or_with_unknown_layers_there_is_none() -> None:
    open_ended = propagate(graph_of({"layers": [CONV]}, "drawn"), [None])
    assert {one.reason for one in tool_counts(open_ended)} == {"it depends on the size of the input"}
    graph = read_graph(Content(b"Odd(\n  (conv): Conv2d(4, 6, kernel_size=(3, 3))\n)\n", "odd"), assume=True)
    unknown = {one.tool: one for one in tool_counts(propagate(graph, [(2, 4, 9, 8)]))}
    assert without(unknown) == ALL
    assert all("Odd" in (one.reason or "") for one in unknown.values())


@pytest.mark.parametrize(
    ("layer", "tools"),
    [
        ("Softmax", {"thop"}),
        ({"type": "MatMul", "from": ["previous", "right"]}, {"ptflops/pytorch"}),
        ({"type": "Conv1d", "out_channels": 2, "kernel_size": 3}, {"fvcore"}),
        ({"type": "Conv1d", "out_channels": 2, "kernel_size": 3, "padding": "same"}, {"fvcore"}),
        ({"type": "Conv1d", "out_channels": 2, "kernel_size": 3, "padding": 2}, set()),
        ({"type": "Linear", "out_features": 3}, {"ptflops/aten"}),
        ({"type": "Linear", "out_features": 3, "bias": False}, set()),
    ],
)
def test_what_a_graph_does_not_know(layer: Any, tools: set[str]) -> None:
    turned = {"type": "Permute", "dims": [0, 2, 1]}
    layers = [{"name": "right", "type": "Permute", "dims": [0, 1, 2]}, turned, layer]
    assert without(counts(*layers, shape=(2, 4, 5))) == tools


def test_a_normalisation_of_one_axis_fails_in_fvcore() -> None:
    assert without(counts("LayerNorm", shape=(7,))) == {"fvcore"}


def test_functions_are_not_seen_by_hooks() -> None:
    elements, pooled = 2 * 4 * 9 * 8, 2 * 4
    assert values("ReLU")["ptflops/pytorch"] == elements // 2 + elements
    assert values({"type": "ReLU", "functional": True})["ptflops/pytorch"] == elements
    # Modules of ReLU6 call another function than `relu6`.
    assert values("ReLU6")["ptflops/pytorch"] == elements // 2
    assert values({"type": "ReLU6", "functional": True})["ptflops/pytorch"] == elements
    pool = {"type": "AdaptiveAvgPool2d", "output_size": 1}
    assert values(pool)["thop"] == (9 * 8 + 1) * pooled
    assert values(pool | {"functional": True})["thop"] == 0
    assert values(pool)["fvcore"] == values(pool | {"functional": True})["fvcore"] == elements


def test_functional_is_said_of_layers_in_the_schema_too() -> None:
    definitions = network_schema()["$defs"]
    assert "functional" in definitions["Conv2d"]["properties"]
    assert "functional" in definitions["Activation"]["properties"]
    assert "functional" not in definitions["UsedBlock"]["properties"]


def test_what_torchvision_computes_otherwise() -> None:
    layers = "(layers): Sequential(\n    (0): ReLU()\n  )"
    mean = f"MNASNet(\n  {layers}\n  (classifier): Sequential(\n    (0): Dropout()\n  )\n)\n"
    found = propagate(read_graph(Content(mean.encode(), "mean"), assume=True), [(2, 4, 9, 8)])
    pooled = {one.tool: one for one in tool_counts(found)}
    # Of a mean over axes these count nothing, of a pooling its elements.
    assert without(pooled) == {"fvcore", "ptflops/pytorch", "thop"}
    frozen = "Sequential(\n  (0): FrozenBatchNorm2d(4, eps=1e-05)\n)\n"
    found = propagate(read_graph(Content(frozen.encode(), "frozen"), assume=True), [(2, 4, 9, 8)])
    assert {"fvcore", "thop"} <= without({one.tool: one for one in tool_counts(found)})


def test_a_fraction_of_an_element_is_no_figure() -> None:
    halved = {"type": "Upsample", "scale_factor": 1.5}
    assert without(counts(halved, shape=(1, 1, 3, 5))) == {"ptflops/pytorch"}
    # Of the whole parts of two factors it is never a fraction: what is made once by the hook, and what is read.
    assert values(halved | {"scale_factor": [1.5, 2.5]}, shape=(1, 1, 3, 5))["ptflops/pytorch"] == 4 * 12 + 3 * 5 * 2


def test_named_padding_is_another_operator_in_fvcore() -> None:
    assert values(CONV | {"padding": "same"})["fvcore"] == 0
    macs = values(CONV | {"padding": 1})["fvcore"]
    assert macs == values(CONV | {"padding": "same", "padding_mode": "circular"})["fvcore"] == 2 * 6 * 72 * 36


def test_floats_are_exact_to_a_bound() -> None:
    layers = [CONV | {"padding": 1, "bias": False}]
    macs = 6 * 4 * 9
    side = 2**24
    assert side**2 * macs > 2**53
    assert without(counts(*layers, shape=(1, 4, side, side))) == {"thop", "ptflops/pytorch"}


def test_alike_calls_are_worked_out_once() -> None:
    passed = propagate(graph_of({"layers": [{"type": "ReLU", "repeat": 5000}]}, "deep"), [(1, 4, 9, 8)])
    calls = calls_of(passed)
    assert [times for _, times in getattr(calls, "made")] == [5000]  # noqa: B009 - of the one that is a figure
    assert values({"type": "ReLU", "repeat": 5000})["ptflops/pytorch"] == 5000 * (288 + 576)


LAYERS = st.sampled_from(
    [
        CONV | {"out_channels": 4, "padding": 1},
        CONV | {"out_channels": 4, "padding": 1, "groups": 2, "bias": False},
        "BatchNorm2d",
        "ReLU",
        "GELU",
        {"type": "MaxPool2d", "kernel_size": 3, "stride": 1, "padding": 1},
        {"type": "AdaptiveAvgPool2d", "output_size": 5},
        {"type": "Upsample", "scale_factor": 2, "mode": "bilinear"},
        {"type": "LayerNorm", "axis": 1},
    ]
)


@given(st.lists(LAYERS, min_size=1, max_size=6), st.integers(1, 4))
def test_images_add_up_where_a_tool_counts_them(layers: list[Any], images: int) -> None:
    one, several = (values(*layers, shape=(number, 4, 12, 12)) for number in (1, images))
    # The backend counts activations of all images, and of one image all else; thop cuts a fraction off.
    for tool in ALL - {"ptflops/pytorch", "thop"}:
        assert several[tool] == images * (one[tool] or 0)


@given(st.lists(LAYERS, min_size=1, max_size=4), st.lists(LAYERS, min_size=1, max_size=4))
def test_a_network_counts_what_its_parts_do(first: list[Any], second: list[Any]) -> None:
    graph = graph_of({"layers": [*first]}, "first")
    middle = propagate(graph, [(1, 4, 12, 12)]).nodes[-1].output_shape
    assert middle is not None
    whole, left, right = (
        values(*first, *second, shape=(1, 4, 12, 12)),
        values(*first, shape=(1, 4, 12, 12)),
        values(*second, shape=middle),
    )
    assert whole == {tool: (left[tool] or 0) + (right[tool] or 0) for tool in whole}
