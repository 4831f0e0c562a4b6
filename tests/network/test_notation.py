"""The network format: what a file may say, how its layers are named, and where faults are."""

from __future__ import annotations

import inspect
import json
import re
import textwrap
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conv2d_cli.errors import DataError
from conv2d_cli.network.file_format import MOST_LAYERS, NetworkFile
from conv2d_cli.network.modules.registry import MODULES
from conv2d_cli.network.network import Network
from conv2d_cli.network.notation import graph_of

if TYPE_CHECKING:
    from conv2d_cli.network.graph import Graph

pytestmark = pytest.mark.long

CONV = {"type": "Conv2d", "out_channels": 8, "kernel_size": 3}


def names_of(content: object) -> list[str]:
    return [node.name for node in graph_of(content, "test").nodes]


def reads_of(content: object) -> list[Any]:
    return [node.reads for node in graph_of(content, "test").nodes]


def test_a_word_is_a_layer_and_the_first_reads_the_input() -> None:
    graph = graph_of({"layers": ["ReLU", {"type": "Flatten"}]}, "small")
    assert graph.name == "small"
    assert [(node.name, node.module.kind, node.reads) for node in graph.nodes] == [
        ("0", "ReLU", (0,)),
        ("1", "Flatten", (1,)),
    ]
    assert [one.name for one in graph.inputs] == ["input"]


def test_names_of_blocks_and_repeats() -> None:
    blocks = {"Two": {"layers": ["ReLU", {"name": "norm", "type": "BatchNorm2d"}]}}
    layers = [
        {"name": "stem", "block": "Two"},
        {"name": "stage", "block": "Two", "repeat": 2},
        {"name": "stage", "block": "Two", "first": 2},
        {"name": "late", "type": "ReLU", "repeat": 2, "first": 5},
        "ReLU",
    ]
    assert names_of({"layers": layers, "blocks": blocks}) == [
        *("stem.0", "stem.norm", "stage.0.0", "stage.0.norm", "stage.1.0", "stage.1.norm", "stage.2.0", "stage.2.norm"),
        *("late.5", "late.6", "6"),
    ]


def test_a_block_without_a_name_is_as_though_written_in_its_place() -> None:
    blocks = {"Pair": {"layers": [CONV, "ReLU"]}, "Rest": {"layers": [{"block": "Pair"}, {"name": "last", **CONV}]}}
    layers = [{"block": "Pair", "repeat": 2}, "MaxPool2d", {"block": "Rest"}, {"name": "b", "block": "Rest"}]
    layers[1] = {"type": "MaxPool2d", "kernel_size": 2}
    assert names_of({"layers": layers, "blocks": blocks}) == [
        *("0", "1", "2", "3", "4", "5", "6", "last", "b.0", "b.1", "b.last"),
    ]


def test_layers_of_a_block_without_a_name_are_read_by_their_names() -> None:
    blocks = {"Body": {"layers": [{"name": "conv", **CONV}, {"name": "norm", "type": "BatchNorm2d"}]}}
    layers = ["ReLU", {"block": "Body"}, "ReLU", {"type": "Add", "from": ["conv", "norm", "previous", "input"]}]
    assert reads_of({"layers": layers, "blocks": blocks}) == [(0,), (1,), (2,), (3,), (2, 3, 4, 0)]


def test_from_reads_names_and_a_repeated_layer_its_own_output() -> None:
    layers = [
        {"name": "a", "type": "ReLU", "repeat": 3},
        {"name": "b", "type": "ReLU", "from": "a.0", "repeat": 2, "first": 7},
        {"type": "Concat", "from": ["a.2", "b.8"]},
    ]
    assert reads_of({"layers": layers}) == [(0,), (1,), (2,), (1,), (4,), (3, 5)]


def test_several_inputs_by_name() -> None:
    content = {"input": {"left": [1, 3], "right": [1, 3]}, "layers": [{"type": "Add", "from": ["left", "right"]}]}
    graph = graph_of(content, "test")
    assert [(one.name, one.shape) for one in graph.inputs] == [("left", (1, 3)), ("right", (1, 3))]
    assert graph.nodes[0].reads == (0, 1)


def test_arguments_are_numbers_lists_words_and_arithmetic() -> None:
    block = {
        "arguments": ["width", "pad"],
        "defaults": {"kernel": 3, "axes": [0, 2, 3, 1], "factor": 0.5},
        "layers": [
            {
                **CONV,
                "out_channels": "2 * width",
                "kernel_size": ["kernel", 1],
                "padding": "pad",
                "groups": "width // width",
            },
            {"type": "Upsample", "scale_factor": "4 * factor", "mode": "nearest-exact"},
            {"type": "Permute", "dims": "axes"},
        ],
    }
    layers = [{"block": "B", "with": {"width": 12, "pad": "same"}}]
    conv, upsample, permute = (
        node.module.model_dump() for node in graph_of({"layers": layers, "blocks": {"B": block}}, "").nodes
    )
    assert (conv["layer"]["out_channels"], conv["layer"]["kernel_size"]) == (24, (3, 1))
    assert (conv["layer"]["padding"], conv["layer"]["groups"]) == ("same", 1)
    assert (upsample["scale_factor"], upsample["mode"]) == (2, "nearest-exact")
    assert permute["dims"] == (0, 2, 3, 1)


def test_the_example_of_the_models() -> None:
    """What the docstring shows is a file, and its layers have the names that it says."""
    shown = inspect.cleandoc(NetworkFile.__doc__ or "")
    example, _, names = shown.partition("Example::")[2].rpartition("Its layers are")
    network = Network.read(textwrap.dedent(example).strip() + "\n")
    assert [node.name for node in network.graph.nodes] == re.findall("`(.+?)`", names)
    assert not network.on().misfits


def test_equal_modules_are_one_object() -> None:
    blocks = {"B": {"arguments": ["width"], "layers": [{**CONV, "out_channels": "width"}]}}
    layers = [{"block": "B", "repeat": 2, "with": {"width": 8}}, {"block": "B", "with": {"width": 8}}, CONV]
    assert len({id(node.module) for node in graph_of({"layers": layers, "blocks": blocks}, "").nodes}) == 1


def in_block(*layers: Any, **block: Any) -> dict[str, Any]:
    return {"layers": [{"name": "b", "block": "B"}], "blocks": {"B": {"layers": [*layers], **block}}}


def nested(depth: int) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = [value]
    return value


def ladder(depth: int, repeat: int) -> dict[str, Any]:
    blocks: dict[str, Any] = {f"B{n}": {"layers": [{"block": f"B{n + 1}", "repeat": repeat}]} for n in range(depth)}
    return {"layers": [{"block": "B0"}], "blocks": {**blocks, f"B{depth}": {"layers": ["ReLU"]}}}


# What is wrong, a part of the message, and of the hint where there is one.
FAULTS: dict[str, tuple[Any, str, str | None]] = {
    "no table": ([1], "the file: should be a valid dictionary", None),
    "nothing": ({}, "layers: is missing", None),
    "an unknown key": (
        {"layerz": ["ReLU"], "layers": ["ReLU"]},
        "layerz: there is no such key",
        "did you mean layers?",
    ),
    "an unknown key of a block": (in_block("ReLU", argments=["width"]), "blocks.B.argments: there is no", "arguments"),
    "no layers": ({"layers": []}, "layers: list should have at least 1 item", None),
    "no layers in a block": (in_block(), "blocks.B.layers: list should have at least 1 item", None),
    "layers that are no list": ({"layers": "ReLU"}, "layers: should be a valid list, not 'ReLU'", None),
    "a layer that is a number": ({"layers": ["ReLU", 3]}, "layers[1]: should be a valid dictionary", None),
    "neither type nor block": ({"layers": ["ReLU", {"name": "x"}]}, "layers[1]: a layer has either a type or", None),
    "type and block": ({"layers": [{"type": "ReLU", "block": "B"}]}, "layers[0]: a layer has either a type", None),
    "an unknown layer": ({"layers": ["ReLu"]}, "layers[0].type: there is no layer 'ReLu'", "did you mean ReLU"),
    "an unknown layer in a block": (in_block({"type": "Con2d"}), "blocks.B.layers[0].type: there is no", "Conv2d"),
    "an unknown block": (
        {"layers": [{"block": "Residal"}], "blocks": {"Residual": {"layers": ["ReLU"]}}},
        "layers[0].block: there is no block 'Residal'",
        "did you mean Residual?",
    ),
    "no blocks at all": ({"layers": [{"block": "B"}]}, "layers[0].block: there is no block 'B'", None),
    "an unknown argument": (
        {"layers": [CONV, {**CONV, "paddng": 1}]},
        "layers[1]: Conv2d has no argument 'paddng'",
        "did you mean padding",
    ),
    "an unknown argument of an activation": (
        {"layers": [{"type": "ReLU", "form": "x"}]},
        "layers[0]: ReLU has no argument 'form'",
        "did you mean from?",
    ),
    "a missing argument": ({"layers": [{"type": "Linear"}]}, "layers[0].out_features: is missing", None),
    "a missing argument of Conv2d": ({"layers": [{"type": "Conv2d", "kernel_size": 3}]}, "out_channels: missing", "64"),
    "a wrong value": ({"layers": [{**CONV, "stride": 0}]}, "layers[0]: stride=0: the stride must be 1 or more", "=1"),
    "a wrong type": ({"layers": [{"type": "MaxPool2d", "kernel_size": "x"}]}, "layers[0].kernel_size[0]: should", None),
    "groups that do not divide": ({"layers": [{**CONV, "groups": 3}]}, "3 groups do not divide out_channels=8", "1"),
    "a wrong value by an argument": (
        {
            "layers": [{"name": "b", "block": "B", "with": {"k": 0}}],
            "blocks": {"B": {"arguments": ["k"], "layers": [{"type": "MaxPool2d", "kernel_size": "k"}]}},
        },
        "blocks.B.layers[0].kernel_size[0]: should be greater than or equal to 1, not 0",
        "kernel_size=1",
    ),
    "a misspelt argument in arithmetic": (
        in_block({**CONV, "out_channels": "4 * widht"}, defaults={"width": 8}),
        "out_channels='4 * widht'",
        "did you mean width?",
    ),
    "arithmetic without a value": (
        in_block({**CONV, "out_channels": "8 // width"}, defaults={"width": 0}),
        "blocks.B.layers[0].out_channels: '8 // width' has no value: a division by 0",
        None,
    ),
    "arithmetic of a list": (
        in_block({**CONV, "out_channels": "2 * width"}, defaults={"width": [8]}),
        "width is [8], no number",
        None,
    ),
    "arithmetic that grows": (
        in_block({**CONV, "out_channels": "width ** width"}, defaults={"width": 10**9}),
        "a power that is too large",
        None,
    ),
    "arithmetic that is no whole number": (
        in_block({**CONV, "out_channels": "width / 2"}, defaults={"width": 7}),
        "out_channels=3.5",
        None,
    ),
    "an argument that is not given": (
        {"layers": [{"block": "B"}], "blocks": {"B": {"arguments": ["width"], "layers": ["ReLU"]}}},
        "layers[0].with: the block 'B' needs width",
        "with = { width = 1 }",
    ),
    "an argument that a block has not": (
        {
            "layers": [{"block": "B", "with": {"wdth": 1}}],
            "blocks": {"B": {"arguments": ["width"], "layers": ["ReLU"]}},
        },
        "layers[0].with: the block 'B' has no argument 'wdth'",
        "did you mean width?",
    ),
    "arguments beside a block": (
        {"layers": [{"block": "B", "width": 1}], "blocks": {"B": {"layers": ["ReLU"]}}},
        "layers[0]: 'width': the arguments of a block stand in `with`",
        None,
    ),
    "arguments of a layer in with": ({"layers": [{"type": "ReLU", "with": {"p": 1}}]}, "layers[0]: only the", None),
    "an argument that is no name": (in_block("ReLU", arguments=["a b"]), "blocks.B.arguments[0]: 'a b' cannot", None),
    "an argument that is a keyword": (in_block("ReLU", arguments=["in"]), "blocks.B.arguments[0]: 'in' cannot", None),
    "a table for a value": (in_block(CONV, defaults={"a": {"b": 1}}), "blocks.B.defaults.a: a table where one", None),
    "a list in a list": (
        {"layers": [{**CONV, "stride": [[1], 1]}]},
        "layers[0].stride[0]: a list where one value",
        None,
    ),
    "a long list": ({"layers": [{**CONV, "stride": [1] * 1000}]}, "layers[0].stride: a list of 1000 values", None),
    "a repeat of several inputs": (
        {"layers": ["ReLU", {"type": "Add", "from": ["previous", "input"], "repeat": 2}]},
        "layers[1]: what is repeated reads one tensor, not 2",
        None,
    ),
    "a block of several inputs": (
        {"layers": [{"block": "B", "from": ["previous", "input"]}], "blocks": {"B": {"layers": ["ReLU"]}}},
        "layers[0]: a block reads one tensor, not 2",
        None,
    ),
    "a sum of one": (
        {"layers": ["Add"]},
        "layers[0].from: Add reads two tensors or more, not 1",
        '["previous", "input"]',
    ),
    "a layer of two inputs": (
        {"layers": [{"type": "ReLU", "from": ["input", "previous"]}]},
        "layers[0].from: ReLU reads 1 tensor, not 2",
        '["previous"]',
    ),
    "from nothing": ({"layers": [{"type": "ReLU", "from": []}]}, "layers[0].from: list should have at least 1", None),
    "from a number": ({"layers": [{"type": "ReLU", "from": 3}]}, "layers[0].from: should be a valid list, not 3", None),
    "from a later layer": (
        {"layers": [{"type": "ReLU", "from": "b"}, {"name": "b", "type": "ReLU"}]},
        "layers[0].from: 'b' does not stand before this layer",
        'from = "previous"',
    ),
    "from itself": ({"layers": [{"name": "a", "type": "ReLU", "from": "a"}]}, "'a' does not stand before this", None),
    "from an unknown layer": (
        {"layers": [{"name": "stem", "type": "ReLU"}, {"type": "ReLU", "from": "stam"}]},
        "layers[1].from: there is no layer 'stam' before this one",
        "did you mean stem?",
    ),
    "from outside a block": (
        {
            "layers": [{"name": "stem", "type": "ReLU"}, {"block": "B"}],
            "blocks": {"B": {"layers": [{"type": "ReLU", "from": "stem"}]}},
        },
        "blocks.B.layers[0].from: there is no layer 'stem'",
        None,
    ),
    "a name that stands twice": (
        {"layers": [{"name": "a", "type": "ReLU"}, {"name": "a", "type": "ReLU"}]},
        "layers[1]: the name 'a' is another layer's too",
        "name",
    ),
    "a name of two blocks": (
        {
            "layers": [{"name": "a", "block": "B"}, {"name": "a", "block": "C"}],
            "blocks": {"B": {"layers": ["ReLU"]}, "C": {"layers": [{"name": "x", "type": "ReLU"}]}},
        },
        "layers[1]: the name 'a' stands twice in one list",
        "another name",
    ),
    "a nameless block twice": (
        {"layers": [{"block": "B", "repeat": 2}], "blocks": {"B": {"layers": [{"name": "x", "type": "ReLU"}]}}},
        "blocks.B.layers[0]: the name 'x' is another layer's too",
        "name",
    ),
    "a name that is a number of another": (
        {"layers": [{"name": "1", "type": "ReLU"}, "ReLU"]},
        "layers[1]: the name '1' is another layer's too",
        "name",
    ),
    "a reserved name": ({"layers": [{"name": "input", "type": "ReLU"}]}, "layers[0].name: 'input' is what a", None),
    "an empty name": (
        {"layers": [{"name": "", "type": "ReLU"}]},
        "layers[0].name: string should have at least 1",
        None,
    ),
    "a long name": ({"layers": [{"name": "x" * 201, "type": "ReLU"}]}, "layers[0].name: string should have at", None),
    "a count without a name": ({"layers": [{"type": "ReLU", "first": 1}]}, "layers[0]: `first` is what a name", None),
    "no repeat": ({"layers": [{"type": "ReLU", "repeat": 0}]}, "layers[0].repeat: should be greater", "repeat=1"),
    "a repeat that is true": (
        {"layers": [{"type": "ReLU", "repeat": True}]},
        "layers[0].repeat: should be a valid",
        None,
    ),
    "an enormous repeat": (
        {"layers": [{"type": "ReLU", "repeat": 10**7}]},
        "layers[0].repeat: should be less",
        "1000000",
    ),
    "an enormous repeat in a repeat": (ladder(12, 10**6), f"layers: 1{'000000' * 12} layers with all repeats", None),
    "blocks that are deep": (ladder(40, 1), "blocks within blocks, more than 32 deep", None),
    "a block that holds itself": (
        in_block({"block": "B"}),
        "blocks.B.layers[0].block: the block 'B' holds itself",
        None,
    ),
    "blocks that hold each other": (
        {
            "layers": [{"block": "A"}],
            "blocks": {"A": {"layers": ["ReLU", {"block": "B"}]}, "B": {"layers": [{"block": "A"}]}},
        },
        "blocks.B.layers[0].block: the block 'A' holds itself: 'A' in 'B' in 'A'",
        None,
    ),
    "deep nesting": ({"layers": [{**CONV, "stride": nested(2000)}]}, "nested too deeply", None),
    "NaN": ({"layers": [{"type": "BatchNorm2d", "eps": float("nan")}]}, "layers[0].eps: not a finite number", None),
    "inf": ({"layers": [{**CONV, "stride": [1, float("inf")]}]}, "layers[0].stride[1]: not a finite number", None),
    "a huge integer": (
        {"layers": [{**CONV, "out_channels": 2**63}]},
        "layers[0].out_channels: a number beyond 64",
        None,
    ),
    "thousands of digits": ({"input": [1, 16**5000], "layers": ["ReLU"]}, "input[1]: a number beyond 64 bits", None),
    "a negative size": ({"input": [1, -3], "layers": ["ReLU"]}, "input[1]: should be greater than or equal to 0", "=0"),
    "a size that is true": (
        {"input": [1, True], "layers": ["ReLU"]},
        "input[1]: should be a valid integer, not True",
        None,
    ),
    "no size": ({"input": [], "layers": ["ReLU"]}, "input: tuple should have at least 1 item", None),
    "many axes": ({"input": [1] * 1000, "layers": ["ReLU"]}, "input: tuple should have at most 8 items", None),
    "a named input that is wrong": ({"input": {"a": [1, "x"]}, "layers": ["ReLU"]}, "input.a[1]: should be a", None),
    "no inputs": ({"input": {}, "layers": ["ReLU"]}, "input: dictionary should have at least 1 item", None),
    "an input of a reserved name": (
        {"input": {"previous": [1]}, "layers": ["ReLU"]},
        "'previous' is what a layer reads",
        None,
    ),
    "long text": ({"layers": ["x" * 5000]}, "layers[0]: text of more than 1000 characters", None),
    "a long key": ({"layers": ["ReLU"], "x" * 5000: 1}, "xx…: text of more than 1000 characters", None),
    "half a character": ({"layers": [{"name": "\ud800", "type": "ReLU"}]}, "layers[0].name: no text of Unicode", None),
    "a key of half a character": ({"layers": [{"\ud800": 1, "type": "ReLU"}]}, "a key that is no text", None),
    "bytes": ({"layers": [{"name": b"x", "type": "ReLU"}]}, "layers[0].name: a bytes, which no layer has", None),
}


@pytest.mark.parametrize(("content", "message", "hint"), FAULTS.values(), ids=FAULTS)
def test_faults_are_told_with_their_place(content: Any, message: str, hint: str | None) -> None:
    with pytest.raises(DataError) as caught:
        graph_of(content, "test")
    assert message in caught.value.message
    assert len(caught.value.message) < 1000
    if hint is not None:
        assert hint in (caught.value.hint or "")


# Of these a hint names what was meant, or a value: with it in the place of what is wrong the file is right.
REPAIRED = {
    "an unknown layer": ('"ReLu"', "did you mean ReLU", '"ReLU"'),
    "an unknown block": ('"Residal"', "did you mean Residual?", '"Residual"'),
    "an unknown argument": ('"paddng"', "did you mean padding", '"padding"'),
    "a missing argument of Conv2d": ('"type": "Conv2d"', "out_channels=64", '"type": "Conv2d", "out_channels": 64'),
    "a wrong value": ('"stride": 0', "stride=1", '"stride": 1'),
    "groups that do not divide": ('"groups": 3', "groups=1", '"groups": 1'),
    "a misspelt argument in arithmetic": ("4 * widht", "did you mean width?", "4 * width"),
    "an argument that a block has not": ('"wdth"', "did you mean width?", '"width"'),
    "a sum of one": ('"Add"', '"previous", "input"', '{"type": "Add", "from": ["previous", "input"]}'),
    "from a later layer": ('"from": "b"', 'from = "previous"', '"from": "previous"'),
    "from an unknown layer": ('"stam"', "did you mean stem?", '"stem"'),
    "no repeat": ('"repeat": 0', "repeat=1", '"repeat": 1'),
    "an enormous repeat": ('"repeat": 10000000', "repeat=1000000", '"repeat": 1000000'),
    "a negative size": ("-3", "=0", "0"),
    "a wrong value by an argument": ('{"k": 0}', "kernel_size=1", '{"k": 1}'),
    "an argument that is not given": ('"block": "B"', "with = { width = 1 }", '"block": "B", "with": {"width": 1}'),
}


@pytest.mark.parametrize("case", REPAIRED)
def test_hints_put_in_make_the_file_right(case: str) -> None:
    wrong, hint, right = REPAIRED[case]
    text = json.dumps(FAULTS[case][0])
    assert wrong in text
    with pytest.raises(DataError) as caught:
        graph_of(json.loads(text), "test")
    assert hint in (caught.value.hint or "")
    assert graph_of(json.loads(text.replace(wrong, right)), "test").nodes


def test_several_faults_are_told_at_once_and_thousands_are_counted() -> None:
    layers = [{"type": "ReLU", "repeat": 0}, {"type": "Conv3"}, {"type": "ReLU", "first": -1}]
    with pytest.raises(DataError) as caught:
        graph_of({"layers": layers}, "test")
    assert all(f"layers[{place}]" in caught.value.message for place in range(3))
    with pytest.raises(DataError, match="and: 980 more"):
        graph_of({"layers": [3] * 1000}, "test")


def test_the_most_layers() -> None:
    blocks = {"B": {"layers": ["ReLU"]}}
    assert len(graph_of({"layers": [{"name": "b", "block": "B", "repeat": 1000}], "blocks": blocks}, "").nodes) == 1000
    with pytest.raises(DataError, match=f"{MOST_LAYERS + 1} layers with all repeats"):
        graph_of({"layers": [{"type": "ReLU", "repeat": MOST_LAYERS}, "ReLU"]}, "test")


KEYS = (
    "layers",
    "blocks",
    "input",
    "name",
    "type",
    "block",
    "from",
    "repeat",
    "first",
    "with",
    "arguments",
    "defaults",
)
WORDS = st.sampled_from((*MODULES, *KEYS, "previous", "B", "width", "2 * width", "same", "out_channels", "kernel_size"))
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-3, 9)
    | st.integers()
    | st.floats()
    | WORDS
    | st.text(st.characters(), max_size=4)
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(WORDS | st.text(max_size=3), inner, max_size=4),
    max_leaves=12,
)
ARGUMENTS = st.sampled_from(
    sorted({name for cls in MODULES.values() for name in cls.model_fields} | {"out_channels", "kernel_size", "width"})
)
ENTRIES = st.sampled_from([*MODULES]) | st.builds(
    lambda own, arguments: {**arguments, **own},
    st.fixed_dictionaries(
        {},
        optional={
            "type": st.sampled_from([*MODULES]),
            "block": st.sampled_from(["B", "C"]),
            "name": st.sampled_from(["a", "b", "input"]) | VALUES,
            "from": st.sampled_from(["a", "previous", "input"])
            | st.lists(st.sampled_from(["a", "b", "input"]))
            | VALUES,
            "repeat": st.integers(-1, 4) | VALUES,
            "first": st.integers(-1, 4) | VALUES,
            "with": st.dictionaries(st.just("width"), SCALARS) | VALUES,
        },
    ),
    st.dictionaries(ARGUMENTS, VALUES, max_size=4),
)
LISTS = st.lists(ENTRIES, min_size=1, max_size=4) | VALUES
FILES = st.fixed_dictionaries(
    {"layers": LISTS},
    optional={
        "name": VALUES,
        "input": st.lists(st.integers(0, 9), min_size=1, max_size=5) | VALUES,
        "blocks": st.dictionaries(
            st.sampled_from(["B", "C"]),
            st.fixed_dictionaries(
                {"layers": LISTS},
                optional={"arguments": st.just(["width"]) | VALUES, "defaults": st.just({"width": 4}) | VALUES},
            ),
        )
        | VALUES,
    },
)


def judged(content: Any) -> Graph | None:
    """Return the graph of what a file holds; None where it is a fault of the file. Other errors are ours."""
    try:
        return graph_of(content, "test")
    except DataError:
        return None


@settings(max_examples=400)
@given(FILES | VALUES)
def test_whatever_a_file_holds_it_is_a_graph_or_a_fault_of_the_file(content: Any) -> None:
    graph = judged(content)
    if graph is None:
        return
    assert len({node.name for node in graph.nodes}) == len(graph.nodes) >= 1
    for place, node in enumerate(graph.nodes):
        assert node.reads
        assert max(node.reads) < place + len(graph.inputs)


@settings(max_examples=200)
@given(FILES | VALUES)
def test_it_is_the_same_through_json(content: Any) -> None:
    """What JSON makes of a value is judged as the value."""
    assert judged(json.loads(json.dumps(content))) == judged(content)
