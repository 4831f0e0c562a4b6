"""Networks whose pages are looked at: names that mean harm, and thousands of layers."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from conv2d_cli import Network
from conv2d_cli.network.sizes import input_shapes
from conv2d_cli.report.network_analysis import analyze_network
from conv2d_cli.report.network_page import page_report

if TYPE_CHECKING:
    from conv2d_cli.network.graph import Graph
    from conv2d_cli.report.network_page import NetworkPageReport

IMAGE = "</script><img src=x onerror=alert(1)>"
# Whatever a file may call a layer: models of ONNX have names of any length, half a pair comes from names of files.
HOSTILE_NAMES = (
    IMAGE,
    "javascript:alert(1)",
    "__proto__",
    "constructor.__proto__.toString",
    "<!--<script>",
    "]]>&lt;&amp;\"'",
    "$name ${script} {data} {{x}}",
    "red\x1b[31m\u202eetihw\u2028\x00end",
    "half \ud800 pair",
    "x" * 10_000,
    f"{'long.' * 40}name",
    ".....",
    "blank . dots",
    "a.b.c",
    "a.b",
    "a",
)


def in_a_row(names: tuple[str, ...]) -> dict[str, Any]:
    """Return a network of convolutions and activations in turns."""
    convolution = {"type": "Conv2d", "out_channels": 4, "kernel_size": 3, "padding": 1}
    kinds: tuple[dict[str, Any], ...] = (convolution, {"type": "ReLU"})
    return {"input": [1, 3, 32, 32], "layers": [{"name": name, **kinds[n % 2]} for n, name in enumerate(names)]}


def deep(blocks: int) -> dict[str, Any]:
    """Return a network of residual blocks of five layers each, ten in a stage, behind a stem."""
    convolution = {"type": "Conv2d", "out_channels": 16, "kernel_size": 3, "padding": 1}
    layers: list[dict[str, Any]] = [{"name": "stem", **convolution}]
    before = "stem"
    for place in range(blocks):
        name = f"stage{place // 10}.{place % 10}"
        layers += [
            {"name": f"{name}.conv1", **convolution},
            {"name": f"{name}.bn1", "type": "BatchNorm2d"},
            {"name": f"{name}.relu", "type": "ReLU"},
            {"name": f"{name}.conv2", **convolution},
            {"name": f"{name}.add", "type": "Add", "from": [f"{name}.conv2", before]},
        ]
        before = f"{name}.add"
    return {"input": [1, 3, 64, 64], "layers": layers}


def report_of(graph: Graph, size: Any = None) -> NetworkPageReport:
    return page_report(analyze_network(graph, input_shapes(graph, size)))


def hostile() -> NetworkPageReport:
    """Return a network whose every name means harm."""
    names = HOSTILE_NAMES
    graph = read(in_a_row(tuple(f"layer{place}" for place in range(len(names)))))
    nodes = tuple(node._replace(name=name) for node, name in zip(graph.nodes, names, strict=True))
    return report_of(graph._replace(name=f"{IMAGE}\ud800\x1b[31m", nodes=nodes, assumed=names[:2]))


def read(network: dict[str, Any]) -> Graph:
    return Network.read(json.dumps(network, indent=1)).graph
