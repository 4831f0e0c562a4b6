"""Nodes that nobody knows, wherever they stand: the rest is answered, and what is not known is named."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

pytest.importorskip("onnx")

from onnx import GraphProto, TensorProto, helper
from onnx_models import model_of

from conv2d_cli.network.network import Network
from conv2d_cli.report.network_analysis import analyze_network

if TYPE_CHECKING:
    from pathlib import Path

    from onnx import NodeProto

WEIGHT = {"w": np.ones((4, 3, 3, 3), np.float32)}
CONVOLUTION = helper.make_node("Conv", ["x", "w"], ["c"])


def branch(name: str) -> GraphProto:
    made = helper.make_node("Identity", ["c"], [name])
    return helper.make_graph([made], name, [], [helper.make_empty_tensor_value_info(name)])


UNKNOWN: dict[str, list[NodeProto]] = {
    "behind": [CONVOLUTION, helper.make_node("Own", ["c"], ["o"], domain="of.mine")],
    "before": [
        helper.make_node("Own", ["x"], ["o"], domain="of.mine"),
        helper.make_node("Conv", ["o", "w"], ["c"]),
    ],
    "alone": [helper.make_node("FusedConv", ["x", "w"], ["o"], domain="com.microsoft")],
    "branches": [
        CONVOLUTION,
        helper.make_node("Constant", [], ["yes"], value=helper.make_tensor("v", TensorProto.BOOL, (), [True])),
        helper.make_node("If", ["yes"], ["o"], then_branch=branch("one"), else_branch=branch("other")),
    ],
}


@pytest.mark.parametrize("place", UNKNOWN)
@pytest.mark.parametrize("size", [(1, 3, 8, 8), ("N", 3, None, None)])
def test_a_node_that_nobody_knows(place: str, size: tuple[int | str | None, ...], tmp_path: Path) -> None:
    nodes = UNKNOWN[place]
    path = tmp_path / "own.onnx"
    path.write_bytes(model_of(nodes, {"x": size}, WEIGHT).SerializeToString())
    network = Network.read(path)
    report = analyze_network(network.graph, [(1, 3, 8, 8)]).report
    assert report.unknown[-1] == "o"
    # What ONNX inferred of a branch is kept: then the kernel decides.
    assert report.min_input == (3 if place == "branches" else None)
    convolved = next((node for node in report.nodes if node.type == "Conv2d"), None)
    assert (convolved and convolved.output_shape) in {None, (1, 4, 6, 6)}
