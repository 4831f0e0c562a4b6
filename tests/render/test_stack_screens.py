"""The screens of networks: a file for each, at the widths of terminals, and laws that hold at any width."""

from __future__ import annotations

import io
import re
from time import process_time
from typing import TYPE_CHECKING, Any

import pytest
from rich.console import Console

from conv2d_cli import Network, ShapeError
from conv2d_cli.network.notation import graph_of
from conv2d_cli.render.formats import render, render_graph, render_rows
from conv2d_cli.render.messages import message
from conv2d_cli.render.screen import Screen
from conv2d_cli.report.network_changes import changes
from conv2d_cli.report.network_parts import grouped, only

if TYPE_CHECKING:
    from collections.abc import Callable

    from conv2d_cli.report.stack import StackReport

    Snapshot = Callable[[str, str], None]

WIDTHS = (120, 80, 40, 20)
SMALL: dict[str, Any] = {
    "input": [1, 3, 32, 32],
    "layers": [
        {"name": "stem.conv", "type": "Conv2d", "out_channels": 8, "kernel_size": 7, "stride": 2, "padding": 3},
        {"name": "stem.norm", "type": "BatchNorm2d"},
        {"name": "body", "type": "Conv2d", "out_channels": 16, "kernel_size": [3, 5], "dilation": 4, "padding": 8},
        "Sigmoid",
        {"name": "pool", "type": "AdaptiveAvgPool2d", "output_size": 1},
        "Flatten",
        {"name": "fc", "type": "Linear", "out_features": 10},
    ],
}
GATED = {
    "input": [2, 8, 16, 16],
    "layers": [
        {"name": "conv", "type": "Conv2d", "out_channels": 8, "kernel_size": 3, "padding": 1},
        {"name": "squeeze", "type": "AdaptiveAvgPool2d", "output_size": 1},
        {"name": "excite", "type": "Conv2d", "out_channels": 8, "kernel_size": 1},
        {"name": "gate", "type": "Mul", "from": ["conv", "excite"]},
        {"name": "half", "type": "Conv2d", "out_channels": 8, "kernel_size": 2, "stride": 2},
    ],
}


def report_of(content: Any, name: str = "small", **changed: Any) -> StackReport:
    return Network(graph_of(content, name)).analyze()._replace(**changed)


# What people paste: a class of their own, attention that shows but its last projection, and a module that is known.
PASTED = """Net(
  (stem): Sequential(
    (0): Conv2d(3, 64, kernel_size=(7, 7), stride=(2, 2), padding=(3, 3), bias=False)
    (1): InstanceNorm2d(64, eps=1e-05, momentum=0.1, affine=True, track_running_stats=False)
  )
  (mixer): MyMixer(width=64)
  (self_attn): MultiheadAttention(
    (out_proj): NonDynamicallyQuantizableLinear(in_features=64, out_features=64, bias=True)
  )
  (head): Linear(in_features=64, out_features=10, bias=True)
)
"""


def summed_up(name: str, depth: int) -> StackReport:
    report = Network.read(name).analyze()
    return report._replace(nodes=grouped(report.nodes, depth))


def of_kinds(name: str, *kinds: str) -> StackReport:
    report = Network.read(name).analyze()
    return report._replace(nodes=only(report.nodes, kinds))


REPORTS = {
    "resnet50_depth_1": summed_up("resnet50", 1),
    "mobilenet_v2_depth_1": summed_up("mobilenet_v2", 1),
    "resnet18_conv": of_kinds("resnet18", "conv", "linear"),
    "pasted": Network.read(PASTED).analyze((1, 3, 64, 64)),
    "small": report_of(SMALL),
    "gated": report_of(GATED, "gated", largest_batch=12),
    "no_size": report_of({key: value for key, value in SMALL.items() if key != "input"}),
    "unknown": report_of(SMALL, unknown=("head", "tail\x1b[2J"), assumed=("stem.conv",)),
    "long_names": report_of(
        {"input": [1, 3, 8, 8], "layers": [{"name": "x" * 150, "type": "Conv2d", "out_channels": 4, "kernel_size": 3}]}
    ),
}


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", REPORTS)
def test_the_screen_of_a_network(name: str, width: int, snapshot: Snapshot) -> None:
    snapshot(f"stack_{name}_{width}", render("table", REPORTS[name], Screen(width)))


@pytest.mark.parametrize("width", WIDTHS)
def test_all_figures(width: int, snapshot: Snapshot) -> None:
    text = render("table", REPORTS["gated"], Screen(width), verbose=True, convention="macs+bias", remarks=("a remark",))
    snapshot(f"stack_verbose_{width}", text)


def test_other_forms(snapshot: Snapshot) -> None:
    report = REPORTS["gated"]
    for form in ("dot", "mermaid"):
        snapshot(f"stack_gated_{form}", render_graph(form, report))
    text = render("table", report, Screen(80, unicode=False))
    assert text.isascii()
    snapshot("stack_gated_ascii_80", text)


@pytest.mark.parametrize("width", WIDTHS)
def test_what_changed(width: int, snapshot: Snapshot) -> None:
    rows = changes(REPORTS["small"], report_of(SMALL | {"layers": [*SMALL["layers"][:-1], "ReLU"]}))
    snapshot(f"stack_changes_{width}", render_rows("table", rows, Screen(width)))


@pytest.mark.parametrize("width", WIDTHS)
def test_layers_that_do_not_fit(width: int, snapshot: Snapshot) -> None:
    wrong: dict[str, Any] = {"name": "head.fc", "type": "Linear", "in_features": 512, "out_features": 10}
    network = Network(
        graph_of(SMALL | {"layers": [{**SMALL["layers"][0], "in_channels": 4}, "Flatten", wrong]}, "wrong")
    )
    with pytest.raises(ShapeError) as caught:
        network.analyze()
    screen = Screen(width)
    told = [message("error", text, screen) + message("hint", hint or "", screen) for text, hint in caught.value.lines()]
    snapshot(f"stack_misfits_{width}", "".join(told))


@pytest.mark.parametrize("width", [1, 7, 20, 33, 60, 81, 119, 200, None])
def test_any_width_keeps_every_digit(width: int | None) -> None:
    for report in REPORTS.values():
        text = render("table", report, Screen(width), verbose=True)
        longest = max(map(len, text.split()))
        assert [line for line in text.splitlines() if len(line) > max(width or 10_000, longest)] == []
        numbers = re.findall(r"[\d,]{4,}", text)
        assert not report.macs or f"{report.macs:,}" in numbers
        assert "\x1b" not in text


def test_a_deep_network_is_shown_in_seconds() -> None:
    layers = [
        {"name": f"block{place}.conv", "type": "Conv2d", "out_channels": 8, "kernel_size": 1} for place in range(10_000)
    ]
    report = report_of({"input": [1, 8, 4, 4], "layers": layers})
    before = process_time()
    text = render("table", report, Screen(80))
    assert process_time() - before < 20
    assert len(text.splitlines()) > 10_000
    assert len(grouped(report.nodes, 1)) == 10_000


def test_a_network_shows_itself() -> None:
    report = REPORTS["small"]
    text = io.StringIO()
    Console(file=text, width=80).print(report)
    assert "stem.conv" in text.getvalue()
    html = report._repr_html_()  # type: ignore[attr-defined]
    assert html.startswith("<h4>small</h4>\n")
    assert f"{report.macs:,}" in html
    assert "--json" not in html + text.getvalue()
