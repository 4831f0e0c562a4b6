"""Printed models as people paste them, and texts that are none: a graph, or an error that names the line."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conv2d_cli.errors import DataError
from conv2d_cli.network.network import Network
from conv2d_cli.network.readers.base import Content
from conv2d_cli.network.readers.printed import PrintedReader
from conv2d_cli.report.network_analysis import stack_report

if TYPE_CHECKING:
    from conv2d_cli.network.graph import Graph

MODEL = """Sequential(
  (0): Conv2d(3, 8, kernel_size=(3, 3), stride=(1, 1), padding=(1, 1), bias=False)
  (1): BatchNorm2d(8, eps=1e-05, momentum=0.1, affine=True, track_running_stats=True)
  (2): Sequential(
    (conv): Conv2d(8, 16, kernel_size=(3, 3), stride=(1, 1), padding=same)
    (act): ReLU(inplace=True)
  )
)"""
NAMES = ["0", "1", "2.conv", "2.act"]


def read(text: str | bytes, *, assume: bool = True) -> Graph:
    data = text if isinstance(text, bytes) else text.encode()
    return PrintedReader().read(Content(data, "model"), assume=assume)


def numbered(separator: str) -> str:
    return "\n".join(f"{number:3}{separator}{line}" for number, line in enumerate(MODEL.split("\n"), 1))


def indented(front: str) -> str:
    return "\n".join(front + line for line in MODEL.split("\n"))


@pytest.mark.parametrize(
    "text",
    [
        MODEL,
        MODEL + "\n",
        MODEL.replace("\n", "\r\n"),
        f">>> print(model)\n{MODEL}\n>>> ",
        f">>> model = resnet50()\n>>> model\n{MODEL}\n>>> print(1)\n1",
        f"In [3]: model\nOut[3]: \n{MODEL}\n\nIn [4]: ",
        f"Out[3]: {MODEL}",
        f"```\n{MODEL}\n```",
        f"$ python train.py\nLoading checkpoint shards: 100%\n{MODEL}\nTotal params: 12,345",
        f"print(model)\n{MODEL}",
        indented("    "),
        indented("\t"),
        indented("> "),
        indented("# "),
        indented("│ "),
        numbered(" "),
        numbered(": "),
        numbered(" | "),
        numbered("\t"),
        "\n".join(line.strip() for line in MODEL.split("\n")),
        "\ufeff" + MODEL,
    ],
)
def test_a_model_is_read_however_it_was_pasted(text: str) -> None:
    graph = read(text)
    assert [node.name for node in graph.nodes] == NAMES
    assert [node.reads for node in graph.nodes] == [(0,), (1,), (2,), (3,)]
    assert (graph.assumed, graph.unknown) == ((), ())


def test_it_is_told_by_its_content() -> None:
    reader = PrintedReader()
    assert reader.recognises(Content(MODEL.encode(), "a"))
    assert reader.recognises(Content(numbered(": ").encode(), "a"))
    assert reader.recognises(Content(b"  (0): ReLU()\n", "a"))
    assert not reader.recognises(Content(b"layers:\n  - ReLU\n", "a"))
    assert [node.name for node in Network.read(MODEL).graph.nodes] == NAMES


def test_repeats_of_a_list_have_no_order() -> None:
    graph = read("ModuleList(\n  (0-2): 3 x Linear(in_features=4, out_features=4, bias=True)\n)")
    assert [node.name for node in graph.nodes] == ["0", "1", "2", "ModuleList"]
    assert all(node.reads is None for node in graph.nodes)
    assert graph.unknown == ("ModuleList",)
    assert stack_report(Network(graph).on((1, 4))).parameters == 60


def test_an_unknown_module_of_some_lines_is_named_and_its_children_count() -> None:
    graph = read(
        """Sequential(
  (0): Linear(in_features=4, out_features=5, bias=True)
  (1): Strange(
    size=(1,
      2), kind="(("
    (inner): Sequential(
      (0): Linear(in_features=5, out_features=5, bias=True)
      (1): ReLU()
    )
    (blocks): ModuleList(
      (0-1): 2 x Other()
    )
    (none): None
  )
  (2): Linear(in_features=5, out_features=2, bias=True)
)"""
    )
    names = {node.name: node for node in graph.nodes}
    assert graph.unknown == ("1.blocks.0", "1.blocks.1", "1")
    assert names["1.inner.0"].reads is None
    assert names["1.inner.1"].reads == (2,)
    assert names["1"].module.kind == "Strange"
    report = stack_report(Network(graph).on((1, 4)))
    assert (report.parameters, report.macs) == (25 + 30 + 12, 20)
    assert report.output_shape is None


def test_a_class_of_ours_is_not_taken_for_the_users() -> None:
    graph = read("Sequential(\n  (0): Concat()\n  (1): Scale(3)\n  (2): Add()\n  (3): Attention(3)\n)")
    assert graph.unknown == ("0", "1", "2", "3")


def test_a_layer_alone_is_a_network() -> None:
    graph = read("Conv2d(3, 64, kernel_size=(7, 7), stride=(2, 2))")
    assert [(node.name, node.reads) for node in graph.nodes] == [("Conv2d", (0,))]


def test_names_are_data() -> None:
    graph = read("Sequential(\n  (</script>): ReLU()\n  ([bold]): ReLU()\n  (a b: c): ReLU()\n)")
    assert [node.name for node in graph.nodes] == ["</script>", "[bold]", "a b: c"]


def test_rules_can_be_turned_off() -> None:
    text = (
        "Sequential(\n  (0): Conv2dNormActivation(\n    (0): ReLU()\n    (1): ReLU()\n  )\n  (1): LayerNorm2d((8,))\n)"
    )
    assert read(text).assumed == ("0", "1")
    graph = read(text, assume=False)
    assert (graph.assumed, graph.unknown) == ((), ("0", "1"))


@pytest.mark.parametrize(
    ("front", "name"),
    [("Sequential(", "0"), ("Strange(", "0"), ("DataParallel(", "module"), ("InvertedResidual(", "conv")],
)
def test_modules_may_lie_deep_in_one_another(front: str, name: str) -> None:
    text = "\n".join([front, *([f"({name}): {front}"] * 198), f"({name}): ReLU()", *([")"] * 199)])
    graph = read(text)
    assert graph.nodes[0].name == ".".join([name] * 199)


def test_many_modules_of_one_line_are_read() -> None:
    graph = read("Sequential(\n(0-99999): 100000 x ReLU()\n)")
    assert len(graph.nodes) == 100_000


def test_what_a_known_class_does_beyond_images_is_unknown() -> None:
    graph = read("Sequential(\n  (0): Upsample(scale_factor=2.0, mode='trilinear')\n  (1): Softshrink(0.5)\n)")
    assert graph.unknown == ("0",)


LAYER = "  (0): Conv2d(3, 8, kernel_size=(3, 3), stride=(1, 1))"
HOSTILE = [
    (f"Sequential(\n{LAYER}", 1),
    (f"Sequential(\n{LAYER}\n)\n)", 4),
    (f"Sequential(\n{LAYER}\n))", 3),
    (f"Sequential(\n{LAYER})\n)", 2),
    (f"Sequential(\n{LAYER}x\n)", 2),
    (f"Sequential(\n{LAYER}\n) and more\n)", 3),
    (f"{LAYER}\n{LAYER}", 1),
    (f"\n\n{LAYER}", 3),
    (f"Sequential(\n{LAYER}\n)\nSequential(\n{LAYER}\n)", 4),
    (f"Sequential(\n{LAYER}\n)\n{LAYER}", 4),
    (f"Sequential(\n{LAYER}\n  ...\n)", 1),
    ("Sequential(\n  (0): ReLU()\n\0)", 3),
    (b"Sequential(\n  (0): ReLU()\n  (\xff): ReLU()\n)", 3),
    ("\n".join("  " * depth + f"({depth}): Sequential(" for depth in range(300)).replace("(0): ", "", 1), 201),
    ("Sequential(\n  (0): Conv2d(3, 99999999999999999999999, kernel_size=(3, 3), stride=(1, 1))\n)", 2),
    (f"Sequential(\n  (0): Conv2d(3, {'9' * 1900}, kernel_size=(3, 3), stride=(1, 1))\n)", 2),
    (f"Sequential(\n  (0): Conv2d(3, {'9' * 5000}, kernel_size=(3, 3), stride=(1, 1))\n)", 2),
    ("Sequential(\n  (0): Conv2d(3, 0, kernel_size=(3, 3), stride=(1, 1))\n)", 2),
    ("Sequential(\n  (0): Conv2d(3, 8, kernel_size=(3, 3), stride=(0, 1))\n)", 2),
    ("Sequential(\n  (0): Conv2d(4, 8, kernel_size=(3, 3), stride=(1, 1), groups=0)\n)", 2),
    ("Sequential(\n  (0): Conv2d(4, 8, kernel_size=(3, 3), stride=(1, 1), groups=3)\n)", 2),
    ("Sequential(\n  (0): Conv2d(3, 8)\n)", 2),
    ("Sequential(\n  (0): ReLU()\n  (0): ReLU()\n)", 3),
    ("Sequential(\n  (0): Conv2d(3, 8, __import__('os').getcwd())\n)", 2),
    ("Sequential(\n  (0): Conv2d(3, 8, kernel_size=3, kernel_size=3)\n)", 2),
    ("Sequential(\n  (0): Conv2d(3, 8, **{'kernel_size': 3})\n)", 2),
    ("Sequential(\n  (0): Conv2d(3, 8, *[3])\n)", 2),
    ("Sequential(\n  (0): Conv2d(3, 8, 3, surprise=1)\n)", 2),
    ("Sequential(\n  (0): Conv2d(3, 8, 3, type='Linear')\n)", 2),
    ("Sequential(\n  (0): Conv2d(3, 8, 3)(4)\n)", 2),
    ("Sequential(\n  (0): Linear(in_features=1.5, out_features=2, bias=True)\n)", 2),
    ("Sequential(\n  (0): Linear(in_features=-1, out_features=2, bias=True)\n)", 2),
    (f"Sequential(\n  (0): Linear({'(' * 500}{')' * 500})\n)", 2),
    (f"Sequential(\n  (0): Linear({'-' * 1500}1)\n)", 2),
    ("Sequential(\n  (0): MaxPool2d(kernel_size=2, padding=2)\n)", 2),
    ("Sequential(\n  (0): AvgPool2d(kernel_size=[2, 2, 2])\n)", 2),
    ("Sequential(\n  (0): BatchNorm2d(0)\n)", 2),
    ("Sequential(\n  (0): Conv1d(3, 8, kernel_size=(3,), stride=(1,), padding=none)\n)", 2),
    ("Sequential(\n  (0): Conv1d(3, 8, kernel_size=(2,), stride=(1,), padding=same)\n)", 2),
    ("Sequential(\n  (0): Conv1d(3, 8, kernel_size=(3,), stride=(2,), padding=same)\n)", 2),
    ("Sequential(\n  (0): Conv1d(3, 8, kernel_size=a, stride=(1,), padding=same)\n)", 2),
    ("Sequential(\n  (0): Conv3d(3, 8, kernel_size=(3,), stride=(1, 1), padding=same, dilation=())\n)", 2),
    ("Sequential(\n  (0): Upsample(size=2, scale_factor=2.0)\n)", 2),
    ("Sequential(\n  (0): Flatten(start_dim=1.5)\n)", 2),
    ("ModuleList(\n  (0-999999998): 999999999 x ReLU()\n)", 2),
    ("ModuleList(\n  (0-2): 4 x ReLU()\n)", 2),
    ("ModuleList(\n  (2-0): 3 x ReLU()\n)", 2),
    ("ModuleList(\n  (a): 3 x ReLU()\n)", 2),
    (
        "ModuleList(\n  (0-999): 1000 x ModuleList(\n    (0-999): 1000 x ModuleList(\n    (0-1): 2 x ReLU()\n  )\n)\n)",
        3,
    ),
]


@pytest.mark.parametrize(("text", "line"), HOSTILE)
def test_what_is_no_model_is_an_error_that_names_the_line(text: str | bytes, line: int) -> None:
    with pytest.raises(DataError, match=rf"line {line}\b"):
        read(text)


@pytest.mark.parametrize("text", ["", "\n", "nothing", ">>> print(model)\n", "print(model)", "(\n)", "x" * 10_000_001])
def test_what_holds_no_model_is_an_error(text: str) -> None:
    with pytest.raises(DataError):
        read(text)


PIECES = st.sampled_from(
    [
        "ModuleList(",
        *("Sequential(", "  (0): Sequential(", ")", "))", "(", "  (1): ReLU()", "  (0-2): 3 x Block(", LAYER, "\0", ""),
        *(
            "  (a): None",
            "  (b): x",
            ">>> ",
            "Net(",
            "  (conv1): Conv2d(1, 2, 3)",
            "  (0-1): 2 x ReLU()",
            "ModuleList(",
        ),
        *("SqueezeExcitation(", "  (block): CNBlock(", "  (block): Sequential(", "  (stochastic_depth): Identity()"),
        *("  (1): Linear(in_features=1, out_features=2, bias=True)", "  (1): Conv2d(", "3, 8, 3)", "  'x')", "12 )"),
    ]
)


@settings(max_examples=400, deadline=None)
@given(st.one_of(st.text(), st.lists(PIECES, max_size=12).map("\n".join), st.binary()))
def test_any_text_ends_in_a_graph_or_an_error(text: str | bytes) -> None:
    data = text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass")
    PrintedReader().recognises(Content(data, "model"))
    try:
        graph = read(data)
    except DataError:
        return
    network = Network(graph)
    stack_report(network.on((1, 3, 8, 8)))
    stack_report(network.on())
