"""Files and texts that were made to do harm, or were changed in one letter: an error of the user's, with its place."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conv2d_cli.errors import Conv2dError, DataError
from conv2d_cli.network.misfits import MisfitError
from conv2d_cli.network.readers.base import Content
from conv2d_cli.network.readers.registry import read_graph
from conv2d_cli.network.shipped import SHIPPED, shipped_text
from conv2d_cli.network.sizes import input_shapes
from conv2d_cli.report.network_analysis import analyze_network

MOST = 2**63 - 1
CONV: dict[str, Any] = {"type": "Conv2d", "out_channels": 8, "kernel_size": 3}
UP: dict[str, Any] = {"type": "Upsample", "scale_factor": 1048576.0}


def analyzed(text: str) -> None:
    graph = read_graph(Content(text.encode("utf-8", "surrogatepass"), "file"))
    analyze_network(graph, input_shapes(graph, None if graph.inputs[0].shape else (1, 3, 8, 8)))


# Layers on 1x3x8x8, and the place that an error begins with.
LAYERS: dict[str, tuple[list[Any], str]] = {
    "a padding of 2^63": ([CONV | {"padding": MOST}], "layers[0]: padding"),
    "padding of 2^63 again and again": ([{"type": "ZeroPad2d", "padding": MOST}, *[UP] * 7], "4 (Upsample)"),
    "a layer that crops 2^63": ([{"type": "ZeroPad2d", "padding": -MOST}], "0 (ZeroPad2d)"),
    "no groups": ([CONV | {"groups": 0}], "layers[0]: groups"),
    "groups in words": ([CONV | {"groups": "0"}], "layers[0]: groups"),
    "a division by zero": ([CONV | {"out_channels": "1//0"}], "layers[0]: out_channels"),
    "powers of powers": ([CONV | {"out_channels": "9**9**9**9"}], "layers[0]: out_channels"),
    "a fraction": ([CONV | {"out_channels": "1/3"}], "layers[0]: out_channels"),
    "code": ([CONV | {"out_channels": "__import__('os')"}], "layers[0]: out_channels"),
    "a truth in words": ([CONV | {"out_channels": "True"}], "layers[0]: out_channels"),
    "a truth": ([CONV | {"out_channels": True}], "layers[0]: out_channels"),
    "a float": ([CONV | {"out_channels": 8.0}], "layers[0]: out_channels"),
    "nothing": ([CONV | {"out_channels": None}], "layers[0]: out_channels"),
    "lists in a list": ([CONV | {"kernel_size": [[3], [3]]}], "layers[0].kernel_size[0]"),
    "a table": ([CONV | {"kernel_size": {"a": 1}}], "layers[0].kernel_size"),
    "no layer": ([None], "layers[0]: should be a valid dictionary, not None"),
    "a number": ([3], "layers[0]: should be a valid dictionary, not 3"),
    "a list": ([["ReLU"]], "layers[0]: should be a valid dictionary"),
    "a table as a type": ([{"type": {}}], "layers[0].type"),
    "a list as a type": ([{"type": ["ReLU"]}], "layers[0].type"),
    "an empty type": ([{"type": ""}], "layers[0].type"),
    "ten million repeats": ([{"type": "ReLU", "repeat": 10**7}], "layers[0].repeat"),
    "fewer than no repeats": ([{"type": "ReLU", "repeat": -1}], "layers[0].repeat"),
    "layers that are not there": ([{"type": "Add", "from": ["a", "b"]}], "layers[0].from"),
    "a layer that reads itself": ([{"name": "a", "type": "Add", "from": ["a", "input"]}], "layers[0].from"),
    "a layer that comes later": (
        [{"type": "Add", "from": ["previous", "z"]}, {"type": "ReLU", "name": "z"}],
        "layers[0].from",
    ),
    "nothing to read": ([{"type": "ReLU", "from": []}], "layers[0].from"),
    "a name twice": ([{"type": "ReLU", "name": "</script>"}, {"type": "ReLU", "name": "</script>"}], "layers[1]"),
    "control characters": ([{"type": "Nope\x1b[2J"}], "layers[0].type: there is no layer 'Nope\\x1b[2J'"),
    "markup": ([{"type": "[red]x"}], "layers[0].type: there is no layer '[red]x'"),
    "a text from the right": ([{"type": "\u202eUL"}], "layers[0].type: there is no layer '\\u202eUL'"),
    "a name of a thousand letters": ([{"type": "ReLU", "name": "x" * 1001}], "layers[0].name"),
    "a name of two lines": ([{"type": "Conv2d", "name": "a\nerror: b", "kernel_size": 3}], "layers[0]: out_channels"),
    "negative features": ([{"type": "MultiheadAttention", "embed_dim": -1}], "layers[0].embed_dim"),
    "a projection as large as the state": ([{"type": "LSTM", "hidden_size": 4, "proj_size": 4}], "layers[0]"),
    "a projection that no RNN has": ([{"type": "RNN", "hidden_size": 4, "proj_size": 2}], "layers[0]"),
    "two sizes left open": ([{"type": "Unflatten", "dim": 1, "unflattened_size": [-1, -1]}], "0 (Unflatten)"),
    "a size of none": ([{"type": "Unflatten", "dim": 1, "unflattened_size": [0, -1]}], "0 (Unflatten)"),
    "100,000 sizes": (
        [{"type": "Unflatten", "dim": 1, "unflattened_size": [1] * 100_000}],
        "layers[0].unflattened_size",
    ),
    "windows that do not fit": ([{"type": "Unfold", "kernel_size": 99}], "0 (Unfold)"),
    "an image of no rows": ([{"type": "Fold", "kernel_size": 2, "output_size": [0, 1]}], "layers[0].output_size[0]"),
    "a pooling to nothing": ([{"type": "AdaptiveAvgPool1d", "output_size": 0}], "layers[0].output_size: should be"),
    "an odd half": ([{"type": "GLU", "dim": 1}], "0 (GLU)"),
    "an axis that is not there": ([{"type": "GLU", "dim": 9}], "0 (GLU)"),
    "a norm that is no number": (
        [{"type": "LPPool2d", "norm_type": float("nan"), "kernel_size": 2}],
        "layers[0].norm_type",
    ),
    "too few axes": ([{"type": "InstanceNorm1d"}], "0 (InstanceNorm1d)"),
    "larger and larger": ([UP] * 60, "6 (Upsample)"),
    "larger and larger, repeated": ([UP | {"repeat": 60}], "6 (Upsample)"),
    "more and more axes": ([{"type": "Unflatten", "dim": 0, "unflattened_size": [1] * 6}] * 200, "12 (Unflatten)"),
    "more and longer axes": (
        [{"type": "Embedding", "num_embeddings": 2, "embedding_dim": MOST}] * 2000,
        "60 (Embedding)",
    ),
}


@pytest.mark.parametrize(("layers", "place"), LAYERS.values(), ids=LAYERS)
def test_layers(layers: list[Any], place: str) -> None:
    with pytest.raises(DataError if place.startswith("layers") else MisfitError) as caught:
        analyzed(json.dumps({"input": [1, 3, 8, 8], "layers": layers}))
    assert caught.value.message.startswith(place)
    assert len(caught.value.message) < 3000


BOMB = {f"b{number}": {"layers": [{"block": f"b{number + 1}", "repeat": 1000, "name": "x"}]} for number in range(10)}
WHOLE: dict[str, tuple[str, str]] = {
    "layers in a table": ('{"layers": {"a": 1}}', "layers: "),
    "layers in a word": ('{"layers": "ReLU"}', "layers: "),
    "no layers": ('{"layers": null}', "layers: "),
    "an empty object": ("{}", "layers: is missing"),
    "a type and a block": (
        '{"layers": [{"type": "ReLU", "block": "b"}], "blocks": {"b": {"layers": ["ReLU"]}}}',
        "layers[0]: ",
    ),
    "blocks in a ring": (
        json.dumps({"layers": [{"block": "a"}], "blocks": {a: {"layers": [{"block": b}]} for a, b in ("ab", "ba")}}),
        "blocks.b.layers[0].block: ",
    ),
    "blocks of blocks of blocks": (
        json.dumps({"layers": [{"block": "b0"}], "blocks": BOMB | {"b10": {"layers": ["ReLU"]}}}),
        "layers: 1000",
    ),
    "no sizes": ('{"input": [], "layers": ["ReLU"]}', "input: "),
    "a negative size": ('{"input": [-1], "layers": ["ReLU"]}', "input[0]: "),
    "nine axes": ('{"input": [1,1,1,1,1,1,1,1,1], "layers": ["ReLU"]}', "input: "),
    "a size in words": ('{"input": "224", "layers": ["ReLU"]}', "input: "),
    "a thousand inputs": (json.dumps({"input": {str(n): [1] for n in range(1001)}, "layers": ["ReLU"]}), "input: "),
    "an input called previous": ('{"input": {"previous": [1]}, "layers": ["ReLU"]}', "input.previous"),
    "a key of two thousand parts": ("a." * 2000 + "b = 1\nlayers = ['ReLU']", "a.a.a."),
    "a table of 500 parts": ("layers = ['ReLU']\nblocks" + ".a" * 500 + " = 1", "blocks.a.a."),
    "bytes in YAML": ("layers: !!binary aGVsbG8=", "layers: "),
    "nothing in YAML": ("layers:", "layers: "),
    "a number merged in YAML": ("layers: [{<<: 3}]", "file is no YAML: expected a mapping"),
    "a YAML alias to itself": ("a: &a [*a]\nlayers: [ReLU]", "file: a value holds itself (at line 1)"),
    "a JSON key twice": ('{"layers": [{"type": "ReLU", "type": "ReLU"}]}', "file: the key 'type' stands twice"),
    "attention of nothing": (
        "MultiheadAttention(\n  (out_proj): Linear(in_features=0, out_features=1, bias=True)\n)",
        "file: line 2: ",
    ),
    "no recurrent layers": ("LSTM(3, 4, num_layers=0)", "file: line 1: "),
    "code in a size": ("Unflatten(dim=1, unflattened_size=torch.Size([2, os]))", "file: line 1: "),
    "sizes in sizes": ("Unflatten(dim=1, unflattened_size=torch.Size([torch.Size([2])]))", "file: line 1: "),
    "a negative table": ("Embedding(10, -3)", "file: line 1: "),
    "half a table": ("Embedding(10)", "file: line 1: "),
    "three sides of two": ("ReflectionPad1d((2, 2, 2))", "file: line 1: ReflectionPad1d: padding: "),
    "two axes of three": ("AvgPool3d(kernel_size=(2, 2), stride=2, padding=0)", "file: line 1: "),
    "a name that clears the screen": (
        "Sequential(\n  (\x1b[2J\x07): Conv2d(3, 0, kernel_size=(1, 1), stride=(1, 1))\n)",
        "file: line 2: Conv2d: out_channels: ",
    ),
    "logs that begin models": ("\n".join(f"INFO x{number}(" for number in range(5000)), "file is no network"),
    "brackets without end": ("A(" * 100_000, "file is no network"),
    "a number without end": ("1" * 1_000_000 + "(\n(a): B()\n)", "file is no network"),
    "brackets alone": ("(" * 500_000 + "\n" + ")" * 3, "file is no network"),
}


@pytest.mark.parametrize(("text", "place"), WHOLE.values(), ids=WHOLE)
def test_files(text: str, place: str) -> None:
    pytest.importorskip("ruamel.yaml")
    with pytest.raises(DataError) as caught:
        analyzed(text)
    assert caught.value.message.startswith(place)
    assert len(caught.value.message) < 3000


@pytest.mark.parametrize("layers", [1, 10**8, MOST])
def test_recurrent_layers_are_counted_and_not_walked_through(layers: int) -> None:
    graph = read_graph(Content(f"LSTM(3, 4, num_layers={layers})".encode(), "file"))
    report = analyze_network(graph, [(5, 2, 3)]).report
    assert report.parameters == 4 * 4 * (3 + 4) + 32 + (layers - 1) * (4 * 4 * (4 + 4) + 32)
    assert report.macs == 10 * (4 * 4 * (3 + 4) + (layers - 1) * 4 * 4 * (4 + 4))


LETTERS = "abz019_-.\"'[]{}=,#()* \n\t:\\\x00é\u202e"


@settings(max_examples=150)
@given(
    st.sampled_from(SHIPPED), st.floats(0, 1), st.sampled_from(["replaced", "gone", "added"]), st.sampled_from(LETTERS)
)
def test_one_letter_of_a_file(name: str, place: float, change: str, letter: str) -> None:
    text = shipped_text(name)
    at = int(place * (len(text) - 1))
    kept = text[at] if change == "added" else ""
    changed = text[:at] + kept + ("" if change == "gone" else letter) + text[at + 1 :]
    error = fault_of(changed)
    if error is not None:
        assert error.exit_code in {2, 3}
        assert error.message
        assert "\n" not in error.message


def fault_of(text: str) -> Conv2dError | None:
    try:
        analyzed(text)
    except Conv2dError as error:
        return error
    return None
