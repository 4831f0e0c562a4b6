"""Printed models as people paste them, and texts that are none: a graph, or an error that names the line."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conv2d_cli.errors import DataError
from conv2d_cli.network.network import Network
from conv2d_cli.network.readers.base import Content
from conv2d_cli.network.readers.plain_data import TomlReader
from conv2d_cli.network.readers.printed import PrintedReader
from conv2d_cli.network.readers.registry import read_graph
from conv2d_cli.network.sizes import input_shapes
from conv2d_cli.report.network_analysis import analyze_network, stack_report

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


# What stands before a model in a script or a notebook, without prompts.
CODE = (
    "model = Net()\nprint(model)",
    "net = models.resnet18()\nprint(net)\n",
    'device = "cuda"\nmodel = Net().to(device)\nprint(model)',
    "import torch\nfrom net import Net\n\nmodel: Net = Net()\nmodel",
    "class Net(nn.Module):\n  def __init__(self):\n    super().__init__()\n    self.a = nn.ReLU()\n\nprint(Net())",
    "model = nn.Sequential(\n    nn.Conv2d(3, 8, 3),\n    nn.ReLU(),\n)\nprint(model)",
)
# What logs write in front of each line, or of the first.
STAMPS = (
    "2024-01-01 12:00:{:02} INFO ",
    "2024-01-01 12:00:00,{:03} - __main__ - INFO - ",
    "[2024-01-01 12:00:{:02}][rank0]: ",
    "INFO:root:",
    "trainer_{}  | ",
    "I0101 12:00:00.000{:03} 140 train.py:12] ",
)


def logged(stamp: str) -> str:
    return "\n".join(stamp.format(number) + line for number, line in enumerate(MODEL.split("\n")))


def colourful() -> str:
    return MODEL.replace("Conv2d", "\x1b[1;34mConv2d\x1b[0m").replace("(0)", "\x1b]8;;x\x07(\x1b[33m0\x1b[0m)")


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
        *(f"{line}\n{MODEL}" for line in CODE),
        f"In [3]: model = Net()\n   ...: print(model)\n{MODEL}",
        f"[3]: {MODEL}",
        f"[3]:\n\n{MODEL}",
        f"Here it is:\n\n```python\n{MODEL}\n```\nWhat is wrong?",
        f"100%|#####| 3/3\r{MODEL}",
        colourful(),
        indented("\x1b[32m> \x1b[0m"),
        *(logged(stamp) for stamp in STAMPS),
        *(f"{stamp.format(1)}{MODEL}" for stamp in STAMPS),
        f"model = {MODEL}",
        f"Model: {MODEL}\nTotal: 3",
        f"# model\n\nlr = 0.1\n{MODEL}",
    ],
)
def test_a_model_is_read_however_it_was_pasted(text: str) -> None:
    graph = read_graph(Content(text.encode(), "stdin"))
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


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_shells_that_write_utf_16(encoding: str) -> None:
    mark = "" if encoding == "utf-16" else "\ufeff"
    for text in (MODEL, MODEL.replace("\n", "\r\n"), 'layers = ["ReLU"]'):
        graph = read_graph(Content((mark + text).encode(encoding), "stdin"))
        assert graph.nodes[-1].module.kind == "ReLU"


@pytest.mark.parametrize(
    "text",
    [
        f"# made of\n{indented('# ')}\nlayers = ['ReLU']\n",
        "layers = [\n  'ReLU',\n]\n",
        "name = 'Net('\nlayers = ['ReLU']\n",
    ],
)
def test_a_file_that_speaks_of_models_is_toml(text: str) -> None:
    assert TomlReader().recognises(Content(text.encode(), "a"))
    assert [node.module.kind for node in read_graph(Content(text.encode(), "a")).nodes] == ["ReLU"]


@pytest.mark.parametrize(
    ("front", "child", "behind"),
    [
        ("DataParallel(", "module", "module."),
        ("DistributedDataParallel(", "module", "module."),
        ("FullyShardedDataParallel(", "_fsdp_wrapped_module", "_fsdp_wrapped_module."),
        ("OptimizedModule(", "_orig_mod", "_orig_mod."),
    ],
)
def test_what_models_are_wrapped_in(front: str, child: str, behind: str) -> None:
    text = f"{front}\n  ({child}): " + MODEL.replace("\n", "\n  ") + "\n)"
    graph = read_graph(Content(text.encode(), "stdin"))
    assert [node.name for node in graph.nodes] == [behind + name for name in NAMES]
    assert graph.nodes[-1].reads == (3,)
    assert graph.unknown == ()


TABLE = """
----------------------------------------------------------------
        Layer (type)               Output Shape         Param #
================================================================
            Conv2d-1         [-1, 64, 112, 112]           9,408
              ReLU-2         [-1, 64, 112, 112]               0
================================================================
Total params: 9,408
"""


@pytest.mark.parametrize(
    ("text", "what"),
    [
        (TABLE, "a table of torchsummary or Keras"),
        (TABLE.replace("(type)  ", "(type:depth-idx)"), "a table of torchinfo"),
        (f"model = Net()\nsummary(model, (3, 224, 224))\n{TABLE}", "a table of torchsummary"),
        ("nn.Sequential(\n  nn.Conv2d(3, 8, 3),\n  nn.ReLU(),\n)", "the code of a model"),
        ("model = nn.Sequential(\n  nn.Conv2d(3, 8, 3),\n  nn.ReLU()\n)\n", "the code of a model"),
        ("class Net(nn.Module):\n  def __init__(self):\n    super().__init__()\n", "the code of a model"),
    ],
)
def test_what_is_taken_for_a_printed_model_is_named(text: str, what: str) -> None:
    with pytest.raises(DataError, match=f"stdin: this is {what}") as caught:
        read_graph(Content(text.encode(), "stdin"))
    assert caught.value.hint is not None
    assert caught.value.hint.startswith("paste the whole of what print(model) shows")


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


@settings(max_examples=400)
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


@pytest.mark.parametrize("kind", ["LayerNorm", "RMSNorm", "BatchNorm2d", "GroupNorm", "Conv2d", "PixelShuffle", "LSTM"])
def test_a_class_of_torch_without_arguments_is_one_of_the_users_own(kind: str) -> None:
    # Torch prints those of its own.
    first = "Conv2d(3, 8, kernel_size=(2, 2), stride=(2, 2))"
    assert read(f"Sequential(\n  (0): {first}\n  (1): {kind}()\n)\n").unknown == ("1",)


@pytest.mark.parametrize(("size", "assumed"), [(10, ()), (11, ("1",))])
def test_a_mean_that_may_round_up_is_assumed_to_round_down(size: int, assumed: tuple[str, ...]) -> None:
    pooling = "AvgPool2d(kernel_size=2, stride=2, padding=0)"
    graph = read(f"Sequential(\n  (0): ReLU()\n  (1): {pooling}\n  (2): ReLU()\n)\n")
    analysis = analyze_network(graph, [(1, 3, size, size)])
    assert analysis.report.output_shape == (1, 3, 5, 5)
    assert analysis.report.assumed == assumed
    assert any("ceil_mode" in note for note in analysis.notes) == bool(assumed)


def test_a_rule_for_layers_of_other_sizes_leaves_them_unknown() -> None:
    # Heads of Swin's have 32 features.
    text = (
        "ShiftedWindowAttention(\n  (qkv): Linear(in_features={0}, out_features={1}, bias=True)\n"
        "  (proj): Linear(in_features={0}, out_features={0}, bias=True)\n)\n"
    )
    assert read(text.format(32, 96)).unknown == ()
    assert read(text.format(24, 72)).unknown == ("ShiftedWindowAttention",)


@pytest.mark.parametrize(
    ("size", "shape"), [("100", (1, 100)), ("1x100", (1, 100)), ("2,100", (2, 100)), (100, (1, 100))]
)
def test_a_decoder_reads_features(size: str | int, shape: tuple[int, ...]) -> None:
    text = (
        "Sequential(\n  (0): Linear(in_features=100, out_features=98, bias=True)\n"
        "  (1): Unflatten(dim=1, unflattened_size=(2, 7, 7))\n"
        "  (2): ConvTranspose2d(2, 1, kernel_size=(2, 2), stride=(2, 2))\n)\n"
    )
    assert input_shapes(read(text), size) == (shape,)
