"""`conv2d stack` as a process: exit codes, formats, single values, assertions, changes and what does not fit."""

from __future__ import annotations

import csv
import io
import json
import re
import tomllib
from random import Random
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from forked import conv2d
from jsonschema import Draft202012Validator

from conv2d_cli.network.shipped import SHIPPED, shipped_text
from conv2d_cli.report.stack import TOTALS, NodeReport, ToolCount

if TYPE_CHECKING:
    from pathlib import Path

SMALL = """
input = [1, 3, 32, 32]
layers = [
  { name = "conv", type = "Conv2d", out_channels = 8, kernel_size = 3 },
  { name = "relu", type = "ReLU" },
  { name = "flatten", type = "Flatten" },
  { name = "fc", type = "Linear", out_features = 10 },
]
"""
PARAMETERS = 8 * 27 + 8 + 7200 * 10 + 10
MACS = 8 * 30 * 30 * 27 + 72000

# As the tools have printed them for torchvision's module at 224.
RESNET50 = {
    "torchinfo": 4_089_238_376,
    "fvcore": 4_111_512_576,
    "ptflops/pytorch": 4_132_436_968,
    "ptflops/aten": 4_089_185_256,
    "thop": 4_133_742_592,
    "torch.utils.flop_counter": 8_178_368_512,
}


def stack(*arguments: str, text: str = SMALL) -> Any:
    return conv2d("stack", "-", *arguments, stdin=text.encode())


def test_json_has_all_keys_and_an_object_a_layer() -> None:
    done = conv2d("stack", "resnet50", "--json")
    assert (done.code, done.err) == (0, "")
    record = json.loads(done.out)
    assert [*record] == ["schema_version", *TOTALS, "nodes"]
    assert {tuple(node) for node in record["nodes"]} == {NodeReport._fields}
    assert (record["parameters"], record["macs"], record["receptive_field"]) == (25557032, 4089184256, [427, 427])
    assert record["layers"] == len(record["nodes"])
    assert sum(node["macs"] for node in record["nodes"]) == record["macs"]
    assert record["min_input"] == 1
    assert record["assumed"] == record["unknown"] == []
    assert {tuple(one) for one in record["tools"]} == {ToolCount._fields}
    assert {one["tool"]: one["value"] for one in record["tools"]} == RESNET50
    schema = json.loads(conv2d("stack", "--json-schema").out)
    Draft202012Validator(schema).validate(record)
    assert not Draft202012Validator(schema).is_valid(record | {"colour": 1})
    assert all("description" in described for described in schema["properties"].values())


def test_single_values() -> None:
    assert stack("--get", "parameters,macs,output_shape").out == f"{PARAMETERS}\n{MACS}\n1 10\n"
    assert stack("--get", "largest_batch").out == "\n"
    assert stack("--node", "conv", "--get", "output_shape,kernel_size").out == "1 8 30 30\n3 3\n"
    assert stack("--node", "fc", "--json").out.startswith('{\n  "schema_version": 1,\n  "index": 3,\n  "name": "fc"')
    unknown = stack("--node", "cnv", "--get", "macs")
    assert (unknown.code, unknown.out) == (2, "")
    assert unknown.err == "error: --node cnv: no such layer\nhint: did you mean --node conv?\n"


def test_what_other_counters_print() -> None:
    done = conv2d("stack", "resnet50", "--get", "tools")
    assert done.out == " ".join(f"{tool}={value}" for tool, value in RESNET50.items()) + "\n"
    open_ended = stack("--get", "tools", text=SMALL.replace("input = [1, 3, 32, 32]", ""))
    assert (open_ended.code, open_ended.out) == (2, "")
    assert "-i" in open_ended.err
    softmax = stack("--get", "tools", text=SMALL.replace("ReLU", "Softmax")).out
    assert " thop= " in softmax
    changed = stack("--diff", "resnet50", "--format", "csv").out
    assert f",tools.thop,{MACS}," in changed


def test_a_record_a_layer() -> None:
    rows = [*csv.DictReader(io.StringIO(stack("--format", "csv").out))]
    assert [row["name"] for row in rows] == ["conv", "relu", "flatten", "fc"]
    assert [row["output_shape"] for row in rows] == ["1 8 30 30", "1 8 30 30", "1 7200", "1 10"]
    lines = [json.loads(line) for line in stack("--format", "ndjson").out.splitlines()]
    assert [line["macs"] for line in lines] == [MACS - 72000, 0, 0, 72000]
    assert len(stack("--format", "tsv").out.splitlines()) == 5


def test_totals_for_grep_and_tables_for_markdown() -> None:
    plain = stack().out
    assert plain == stack("--format", "plain").out
    assert [line.split()[0] for line in plain.splitlines()] == [*TOTALS]
    markdown = stack("--format", "markdown").out
    assert "| conv |" in markdown
    assert f"| parameters | {PARAMETERS} |" in markdown


def test_graphs() -> None:
    dot = stack("--format", "dot").out
    assert dot.startswith('digraph "stdin" {\n')
    assert '  n0 [label="conv\\nConv2d 3×3\\n1×8×30×30"];\n' in dot  # noqa: RUF001
    assert "  i0 -> n0;\n  n0 -> n1;\n" in dot
    mermaid = stack("--format", "mermaid").out
    assert mermaid.startswith('flowchart TD\n  i0(["input<br/>1×3×32×32"])\n')  # noqa: RUF001
    assert mermaid.count("-->") == 4
    assert stack("--only", "conv", "--format", "dot").code == 2
    assert conv2d("shape", "3", "4", "3", "--format", "dot").code == 2


def test_the_schema_of_files_takes_those_that_come_along() -> None:
    done = conv2d("stack", "--from-schema")
    assert (done.code, done.err) == (0, "")
    schema = json.loads(done.out)
    Draft202012Validator.check_schema(schema)
    validator = Draft202012Validator(schema)
    for name in SHIPPED:
        validator.validate(tomllib.loads(shipped_text(name)))
    assert not validator.is_valid({"layers": [{"type": "Conv9d"}]})


def test_networks_that_come_along() -> None:
    assert conv2d("stack", "--list").out.splitlines() == [*SHIPPED]
    assert conv2d("stack", "resnet50", "--print").out == shipped_text("resnet50")
    refused = conv2d("stack", "resnet5", "--print")
    assert refused.code == 2
    assert refused.err.endswith("hint: did you mean conv2d stack --print resnet50 or resnet18?\n")


def test_a_file_of_the_same_name(tmp_path: Path) -> None:
    (tmp_path / "resnet50").write_text(SMALL)
    assert conv2d("stack", "./resnet50", "--get", "parameters", folder=tmp_path).out == f"{PARAMETERS}\n"
    assert conv2d("stack", "resnet50", "--get", "parameters", folder=tmp_path).out == "25557032\n"


def test_sizes() -> None:
    for size, shape in (("64", "1 3 64 64"), ("64x48", "1 3 64 48"), ("2,3,40,40", "2 3 40 40"), ("3x9x9", "3 9 9")):
        assert stack(
            "-i", size, "--get", "input_shape", text=SMALL.replace('{ name = "fc', "# ").replace("10 },", "")
        ).out == (shape + "\n")
    without = SMALL.replace("input = [1, 3, 32, 32]", "")
    refused = stack("-i", "32", text=without)
    assert refused.code == 2
    assert "how many channels" in refused.err
    assert refused.err.endswith("hint: -i 1x3x224x224\n")
    assert stack("-i", "1x3x32x32", "--get", "parameters", text=without).out == f"{PARAMETERS}\n"
    nothing = stack("--get", "macs", text=without)
    assert nothing.code == 2
    assert "-i is missing" in nothing.err


def test_the_size_of_a_tensor_file(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.ones((2, 3, 64, 64), np.float32))
    assert conv2d("stack", "resnet50", "-i", "x.npy", "--get", "output_shape", folder=tmp_path).out == "2 1000\n"
    np.save(tmp_path / "four.npy", np.ones((1, 4, 64, 64), np.float32))
    other = conv2d("stack", "resnet50", "-i", "four.npy", folder=tmp_path)
    assert (other.code, other.out) == (2, "")
    assert other.err.startswith("error: conv1 (Conv2d) on 1x4x64x64: the layer takes 3 channels, the input has 4")
    assert conv2d("stack", "resnet50", "-i", "x.npy", "-i", "x.npy", folder=tmp_path).code == 2
    nothing = conv2d("stack", "resnet50", "-i", "0")
    assert nothing.code == 2
    assert nothing.err.endswith("hint: -i 1x3x1x1\n")
    assert conv2d("stack", "resnet50", "-i", "1x3x1x1").code == 0


@pytest.mark.parametrize(
    ("network", "size", "node", "works"),
    [
        ("resnet50", "1x4x224x224", "conv1", "1x3x224x224"),
        ("resnet50", "8x1x64x48", "conv1", "8x3x64x48"),
        ("resnet50", "3x224x224", "bn1", "1x3x224x224"),
        ("resnet50", "4x224x224", "conv1", "1x3x224x224"),
        ("alexnet", "3x224x224", "classifier.1", "1x3x224x224"),
        ("alexnet", "1x3x16x224", "features.5", "1x3x63x63"),
        ("alexnet", "1x4x16x16", "features.0", "1x3x63x63"),
        ("vgg16", "16", "features.30", "1x3x32x32"),
        ("googlenet", "4", "maxpool2", "1x3x15x15"),
        ("mobilenet_v2", "0", "features.0.0", "1x3x1x1"),
    ],
)
def test_a_size_that_does_not_fit_names_the_node_and_one_that_does(
    network: str, size: str, node: str, works: str
) -> None:
    done = conv2d("stack", network, "-i", size)
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith(f"error: {node} (")
    assert re.search(rf"^hint: (?:.*, or )?-i {works}$", done.err, re.MULTILINE)
    assert conv2d("stack", network, "-i", works, "-q", "--get", "layers").code == 0


@pytest.mark.parametrize("size", ["224..256", "1..4", "1x3x64..128x64", "8..64..8"])
def test_a_range_is_no_size(size: str) -> None:
    done = conv2d("stack", "resnet50", "-i", size)
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith(f"error: SIZE {size} is not a size")
    assert conv2d("shape", "3", "64", "3", "-i", size).code == 2


def test_channels_that_are_left_out_are_those_of_the_file() -> None:
    other = stack("-i", "1x4x64x64")
    assert other.code == 2
    assert other.err.count("error: ") == 1
    assert other.err.startswith("error: conv (Conv2d) on 1x4x64x64: the layer takes 3 channels, the input has 4")
    assert stack("-i", "1x4x64x64", text=SMALL.replace("input = [1, 3, 32, 32]", "")).code == 0


def test_several_inputs() -> None:
    text = """
input = { left = [1, 3, 8, 8], right = [1, 3, 8, 8] }
layers = [{ name = "sum", type = "Add", from = ["left", "right"] }]
"""
    assert stack("-i", "left=16", "-i", "right=16", "--get", "output_shape", text=text).out == "1 3 16 16\n"
    assert stack("--get", "min_input", text=text).out == "\n"
    refused = stack("-i", "16", text=text)
    assert refused.code == 2
    assert refused.err.endswith("hint: -i left=1x3x8x8 -i right=1x3x8x8\n")
    unknown = stack("-i", "lft=16", text=text)
    assert unknown.code == 2
    assert "did you mean" in unknown.err


def test_the_first_layer_that_does_not_fit_and_all_others() -> None:
    text = """
input = [1, 3, 32, 32]
layers = [
  { name = "conv", type = "Conv2d", in_channels = 4, out_channels = 8, kernel_size = 3 },
  { name = "flatten", type = "Flatten" },
  { name = "fc", type = "Linear", in_features = 99, out_features = 10 },
]
"""
    done = stack(text=text)
    assert (done.code, done.out) == (2, "")
    errors = [line for line in done.err.splitlines() if line.startswith("error: ")]
    assert errors[0].startswith("error: conv (Conv2d) on 1x3x32x32: the layer takes 4 channels, the input has 3")
    assert errors[1].startswith("error: fc (Linear) on 1x7200: Linear takes 99 features")
    assert "hint: conv: in_channels=3, or -i 1x4x32x32\n" in done.err
    assert done.err.endswith("hint: fc: in_features=7200\n")
    mended = text.replace("in_channels = 4", "in_channels = 3").replace("99", "7200")
    assert stack(text=mended).code == 0


def test_a_size_that_all_layers_take_is_the_hint() -> None:
    text = SMALL.replace("out_features", "in_features = 7200, out_features")
    done = stack("-i", "40", text=text)
    assert done.err.endswith("hint: fc: in_features=11552, or -i 1x3x32x32\n")
    assert stack("-i", "1x3x32x32", text=text).code == 0


@pytest.mark.parametrize(
    ("text", "code"),
    [("nonsense", 3), ("layers = 3", 3), ("{", 3), ("layers = []", 3), ('layers = [{ type = "Conv9d" }]', 3)],
)
def test_what_is_no_network(text: str, code: int) -> None:
    done = stack(text=text)
    assert (done.code, done.out) == (code, "")
    assert done.err.startswith("error: ")


def test_no_file() -> None:
    done = conv2d("stack", "resnet51")
    assert done.code == 4
    assert done.err == "error: resnet51: No such file or directory\nhint: did you mean resnet50 or resnet18?\n"
    assert conv2d("stack").code == 2


@pytest.mark.parametrize(
    "arguments",
    [
        ("--assume", "all"),
        ("--depth", "0"),
        ("--depth", "x"),
        ("--only", "cnov"),
        ("--convention", "ops"),
        ("--dtype", "float31"),
        ("--fit", "lots"),
        ("--format", "xml"),
        ("--get", "mac"),
        ("--assert", "macs >"),
        ("--assert", "mcas > 1"),
        ("--assert", "name == 1"),
        ("--assert", "__import__('os')"),
        ("--assert", "largest_batch > 1"),
        ("--assert", "macs"),
        ("--assert", "macs > 0", "--diff", "resnet50"),
        ("--node", "conv", "--diff", "resnet50"),
        ("--only", "conv", "--diff", "resnet50"),
        ("-i", "1*8"),
        ("-i", "x=8"),
    ],
)
def test_what_is_refused(arguments: tuple[str, ...]) -> None:
    done = stack(*arguments)
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith("error: ")
    assert "hint: " in done.err


def test_assertions() -> None:
    assert stack("--assert", "macs <= 600e6", "--assert", "parameters < 5e6", "-q", "--get", "macs").code == 0
    done = stack("--assert", "macs <= 1e3", "--assert", "input_height == 32", "--assert", "parameters < 5", "--json")
    assert done.code == 1
    assert json.loads(done.out)["macs"] == MACS
    assert done.err == (
        f"error: --assert macs <= 1e3: does not hold, macs = {MACS}\n"
        f"error: --assert parameters < 5: does not hold, parameters = {PARAMETERS}\n"
    )
    assert stack("--assert", "1 < 2 < macs and not (bias_adds == 0)").code == 0


def test_assertions_are_as_true_as_in_python() -> None:
    random = Random(7)
    facts = json.loads(stack("--json").out)
    names = ["macs", "parameters", "layers", "flops", "parameter_bytes"]

    def number(depth: int) -> str:
        if not depth:
            return random.choice([*names, str(random.randint(1, 10**6)), "2"])
        return f"({number(depth - 1)} {random.choice(['+', '-', '*', '//', '%'])} {number(depth - 1)})"

    texts = [
        f"{number(random.randint(0, 2))} {random.choice(('<', '<=', '==', '>', '!='))} {number(random.randint(0, 2))}"
        f"{random.choice(('', ' and layers > 3', ' or not macs == 5'))}"
        for _ in range(200)
    ]
    expected: list[bool | None] = []
    for text in texts:
        try:
            expected.append(bool(eval(text, {name: facts[name] for name in names})))  # noqa: S307 - drawn above
        except ZeroDivisionError:
            expected.append(None)
    assert {True, False} <= {*expected}
    known = [text for text, truth in zip(texts, expected, strict=True) if truth is not None]
    done = stack("-q", "--get", "macs", *(word for text in known for word in ("--assert", text)))
    failed = {line.removeprefix("error: --assert ").split(": does not")[0] for line in done.err.splitlines()}
    for text, truth in zip(texts, expected, strict=True):
        if truth is not None:
            assert truth is (text not in failed), text


def test_the_largest_batch() -> None:
    facts = json.loads(stack("--json").out)
    budget = facts["parameter_bytes"] + 7 * facts["peak_activation_bytes"]
    assert stack("--fit", str(budget), "--get", "largest_batch").out == "7\n"
    assert stack("--fit", str(budget - 1), "--get", "largest_batch", "-i", "5x3x32x32").out == "6\n"
    assert stack("--fit", "1kB", "--get", "largest_batch").out == "0\n"
    half = json.loads(stack("--dtype", "half", "--json").out)
    assert half["activation_bytes"] * 2 == facts["activation_bytes"]


def test_layers_summed_up_and_left_out() -> None:
    whole = json.loads(conv2d("stack", "resnet50", "--json").out)
    summed = json.loads(conv2d("stack", "resnet50", "--depth", "1", "--json").out)
    assert {key: summed[key] for key in TOTALS} == {key: whole[key] for key in TOTALS}
    assert [node["name"] for node in summed["nodes"]][4:8] == ["layer1", "layer2", "layer3", "layer4"]
    for key in ("macs", "parameters", "flops"):
        assert sum(node[key] for node in summed["nodes"]) == whole[key]
    first = summed["nodes"][4]
    assert (first["inputs"], first["output_shape"]) == (["maxpool"], [1, 256, 56, 56])
    kept = json.loads(conv2d("stack", "resnet50", "--only", "conv,Linear", "--json").out)["nodes"]
    assert {node["type"] for node in kept} == {"Conv2d", "Linear"}
    assert len(kept) == 54


def test_what_changed_is_summed_up_too() -> None:
    rows = json.loads(conv2d("stack", "resnet50", "--depth", "1", "--diff", "resnet18", "--json").out)["changes"]
    found = {(row["name"], row["key"]): (row["before"], row["after"]) for row in rows}
    assert {name for name, _ in found} == {
        None,
        *(f"layer{number}" for number in (1, 2, 3, 4)),
        "avgpool",
        "flatten",
        "fc",
    }
    assert found["layer1", "parameters"] == (215808, 147968)
    assert found[None, "layers"] == (175, 69)


def test_what_changed(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text(SMALL)
    (tmp_path / "b.toml").write_text(
        SMALL.replace("out_channels = 8", "out_channels = 16").replace(
            '  { name = "relu"', '  { name = "norm", type = "BatchNorm2d" },\n  { name = "relu"'
        )
    )
    done = conv2d("stack", "a.toml", "--diff", "b.toml", "--json", folder=tmp_path)
    assert (done.code, done.err) == (0, "")
    record = json.loads(done.out)
    assert (record["before"], record["after"]) == ("a", "b")
    rows = {(row["name"], row["key"]): row for row in record["changes"]}
    assert rows[None, "layers"] == {
        "name": None,
        "key": "layers",
        "before": 4,
        "after": 5,
        "change": 1,
        "percent": 25.0,
    }
    assert (rows["conv", "parameters"]["before"], rows["conv", "parameters"]["after"]) == (224, 448)
    assert (rows["norm", "type"]["before"], rows["norm", "type"]["after"]) == (None, "BatchNorm2d")
    names = list(dict.fromkeys(row["name"] for row in record["changes"]))
    assert names == [None, "conv", "norm", "relu", "flatten", "fc"]
    assert conv2d("stack", "a.toml", "--diff", "b.toml", "--format", "csv", folder=tmp_path).out.startswith(
        "name,key,before,after,change,percent\n,layers,4,5,1,25.0\n"
    )
    assert conv2d("stack", "a.toml", "--diff", "a.toml", folder=tmp_path).err == "note: nothing differs\n"


HOSTILE = (
    "</script>",
    '"];evil[label="',
    "a\x1b[31mred",
    "[red]x[/red]",
    "a|b*c",
    "#quot;`x`",
    "\\N\\n",
    "a\u202eb",
    "%%{init}%%",
)


@pytest.mark.parametrize("form", ["table", "plain", "markdown", "dot", "mermaid", "json", "csv"])
def test_names_are_data(form: str) -> None:
    layers = [{"name": name, "type": "Conv2d", "out_channels": 2, "kernel_size": 1} for name in HOSTILE]
    text = json.dumps({"name": "\x1b]0;t\x07", "input": [1, 2, 4, 4], "layers": layers})
    done = conv2d("stack", "-", "--format", form, stdin=text.encode(), COLUMNS="200")
    assert done.code == 0
    if form == "json":
        assert [node["name"] for node in json.loads(done.out)["nodes"]] == [*HOSTILE]
    elif form == "csv":
        assert [row["name"] for row in csv.DictReader(io.StringIO(done.out))] == [*HOSTILE]
    else:
        assert all(sign.isprintable() or sign == "\n" for sign in done.out)
    if form == "table":
        assert "[red]x[/red]" in done.out
    if form == "mermaid":
        labels = [line for line in done.out.splitlines() if line.startswith("  n") and "[" in line]
        assert all(line.count('"') == 2 and "script>" not in line and "`" not in line for line in labels)
    if form == "dot":
        labels = [line for line in done.out.splitlines() if "label=" in line]
        assert len(labels) == len(HOSTILE) + 1
        assert all(line.replace("\\\\", "").replace('\\"', "").count('"') == 2 for line in labels)


def test_totals_that_are_at_least_decide_no_assertion() -> None:
    text = "Sequential(\n  (0): Conv2d(3, 4, kernel_size=(1, 1), stride=(1, 1))\n  (1): Own()\n)\n"
    done = stack("-i", "8", "--assert", "parameters < 1e9", text=text)
    assert done.code == 2
    assert "parameters is at least 16, and no more is known" in done.err
    assert stack("-i", "8", "--assert", "input_height == 8", text=text).code == 0


def test_a_missing_size_is_told_where_no_table_is_shown() -> None:
    text = "layers = [{ type = 'Conv2d', out_channels = 4, kernel_size = 3 }]\n"
    assert "-i SIZE adds shapes" in stack(text=text).err
    assert "-i SIZE" not in stack("-i", "1x3x8x8", text=text).err


@pytest.mark.parametrize("bias", ["'no'", "'false'", "'banana'", "[]"])
def test_a_bias_is_true_or_false(bias: str) -> None:
    layer = f"{{ type = 'Conv2d', out_channels = 4, kernel_size = 3, bias = {bias} }}"
    done = stack(text=f"input = [1, 3, 8, 8]\nlayers = [{layer}]\n")
    assert done.code == 3
    assert "bias is true or false" in done.err


def test_options_of_layers_are_not_those_of_networks() -> None:
    for option in ("--kernel", "--out-channels", "--bias"):
        done = conv2d("stack", "alexnet", option, "3")
        assert (done.code, done.out) == (2, "")
        assert "alexnet" not in done.err.partition("hint: ")[2]
    assert "hint: conv2d stack alexnet -i 64" in conv2d("stack", "alexnet", "--size", "64").err


def test_sizes_of_several_inputs_are_proposed_as_the_file_allows_them() -> None:
    text = (
        "input = { image = [1, 3, 8, 8], mask = [1, 1, 8, 8] }\nlayers = [{ type = 'Add', from = ['image', 'mask'] }]\n"
    )
    done = stack("-i", "16", text=text)
    assert done.code == 2
    words = done.err.partition("hint: ")[2].split()
    assert words == ["-i", "image=1x3x8x8", "-i", "mask=1x1x8x8"]
    assert stack(*words, text=text).code == 0
