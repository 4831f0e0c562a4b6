"""`conv2d draw --receptive-field` as a process: its facts in every format, its picture, and what it refuses."""

from __future__ import annotations

import csv
import io
import json
import shlex
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest
from forked import conv2d, on_terminal

from conv2d_cli.report.draw_field import TOTALS, FieldRow

if TYPE_CHECKING:
    from pathlib import Path

FIELD = ("draw", "resnet18", "--receptive-field", "--node", "layer3.0.conv1", "--at", "3,3")
PRINTED = """Sequential(
  (0): Conv2d(3, 8, kernel_size=(3, 3), stride=(1, 1), padding=(1, 1))
  (1): ReLU()
  (2): Conv2d(8, 8, kernel_size=(3, 3), stride=(2, 2))
)
"""
UNKNOWN = """Net(
  (a): Conv2d(3, 8, kernel_size=(3, 3))
  (b): Strange()
  (c): Conv2d(8, 8, kernel_size=(3, 3))
)
"""
HOSTILE = """
input = [1, 3, 9, 9]
layers = [{ name = "</title><script>alert(1)</script>", type = "Conv2d", out_channels = 2, kernel_size = 3 }]
"""


def test_every_format() -> None:
    record = json.loads(conv2d(*FIELD, "--json").out)
    assert [*record] == ["schema_version", *TOTALS, "nodes"]
    assert record["rows"] == record["columns"] == [0, 105]
    assert record["padded_rows"] == [-9, 105]
    assert {tuple(node) for node in record["nodes"]} == {FieldRow._fields}
    assert (record["nodes"][0]["name"], record["nodes"][-1]["name"]) == ("input", "layer3.0.conv1")
    rows = [*csv.DictReader(io.StringIO(conv2d(*FIELD, "--format", "csv").out))]
    assert [row["name"] for row in rows] == [node["name"] for node in record["nodes"]]
    lines = [json.loads(line) for line in conv2d(*FIELD, "--format", "ndjson").out.splitlines()]
    assert [{key: line[key] for key in FieldRow._fields} for line in lines] == record["nodes"]
    plain = conv2d(*FIELD)
    assert (plain.code, plain.err) == (0, "")
    assert [line.split()[0] for line in plain.out.splitlines()] == [*TOTALS]
    assert conv2d(*FIELD, "--get", "at,rows").out == "3 3\n0 105\n"
    assert conv2d(*FIELD, "--format", "markdown").out.count("\n| ") >= len(record["nodes"])
    keys = conv2d("draw", "--receptive-field", "--get", "help").out
    assert [line.split()[0] for line in keys.splitlines()] == [*TOTALS]


def test_node_alone_asks_for_it_and_the_receptive_field_is_that_of_stack() -> None:
    for node in ("conv1", "layer4.1.relu2"):
        drawn = conv2d("draw", "resnet18", "--node", node, "--get", "receptive_field,effective_stride,output_shape")
        stack = conv2d("stack", "resnet18", "--node", node, "--get", "receptive_field,effective_stride,output_shape")
        assert drawn == stack


def test_left_out_the_node_is_the_last_with_a_plane_and_the_element_the_one_in_the_middle() -> None:
    """That the classifier takes no image without a batch does not matter: it is not on the way."""
    done = conv2d("draw", "vgg16", "--receptive-field", "-i", "3x320x256", "--get", "node,at,input_shape")
    assert done.out == "features.30\n5 4\n3 320 256\n"
    refused = conv2d("draw", "vgg16", "--node", "classifier.0", "-i", "3x320x256")
    assert (refused.code, refused.out) == (2, "")
    assert "classifier.0 (Linear)" in refused.err


def test_a_layer_by_its_words_or_pasted_a_file_and_stdin(tmp_path: Path) -> None:
    asked = ("--receptive-field", "-i", "12", "--at", "1,2", "--get", "padded_rows,padded_columns")
    words = conv2d("draw", "3", "8", "3", "-s", "2", "-p", "1", *asked)
    pasted = conv2d("draw", "Conv2d(3, 8, 3, stride=2, padding=1)", *asked)
    assert words == pasted == (0, "1 3\n3 5\n", "")
    (tmp_path / "net.txt").write_text(PRINTED)
    of_file = conv2d("draw", "net.txt", *asked, folder=tmp_path)
    assert of_file == conv2d("draw", "-", *asked, stdin=PRINTED.encode()) == (0, "1 5\n3 7\n", "")


def test_a_node_without_a_plane_sees_all() -> None:
    done = conv2d("draw", "alexnet", "--node", "classifier.6", "--get", "at,rows,columns")
    assert done == (0, "\n0 223\n0 223\n", "")


def test_the_picture_is_written_once_and_says_which_element(tmp_path: Path) -> None:
    done = conv2d(*FIELD, "-o", "field.svg", folder=tmp_path)
    assert done == (0, "", "wrote field.svg: --node layer3.0.conv1 --at 3,3\n")
    root = ET.parse(tmp_path / "field.svg").getroot()  # noqa: S314 - our own
    said = [one.text or "" for one in root if one.tag.endswith(("title", "desc"))]
    assert "layer3.0.conv1" in said[0]
    assert "rows 0 to 105, columns 0 to 105" in said[1]
    assert conv2d(*FIELD, "-o", "field.svg", folder=tmp_path).code == 4
    both = conv2d(*FIELD, "-o", "field.svg", "--force", "--get", "rows", folder=tmp_path)
    assert (both.code, both.out) == (0, "0 105\n")


def test_names_of_a_file_are_data(tmp_path: Path) -> None:
    (tmp_path / "net.toml").write_text(HOSTILE)
    done = conv2d("draw", "net.toml", "--receptive-field", "-o", "-", folder=tmp_path)
    assert done.code == 0
    assert "<script" not in done.out
    assert not [one for one in ET.fromstring(done.out).iter() if one.tag.endswith("script")]  # noqa: S314 - our own


def test_what_is_left_out_is_told() -> None:
    done = conv2d("draw", "efficientnet_b0", "--receptive-field", "--get", "node")
    assert "gates are left out" in done.err
    assert "gates are left out" in on_terminal("draw", "efficientnet_b0", "--receptive-field").out


@pytest.mark.parametrize(
    ("words", "code", "says", "hint"),
    [
        ("resnet18 --node layer3.0.con1", 2, "no such layer", "--node layer3.0.conv1"),
        ("resnet18 --node zzzzzzzzzzzz", 2, "no such layer", "conv2d stack resnet18"),
        ("resnet18 --receptive-field --at 7,0", 2, "layer4.1.relu2 makes 7x7", "--at 6,6"),
        ("resnet18 --receptive-field --at=-1,0", 2, "count from 0", "--at 6,6"),
        ("resnet18 --receptive-field --at 3", 2, "no place of the form H,W", "--at 0,0"),
        ("resnet18 --node fc --at 0,0", 2, "fc has no rows and columns", "leave --at out"),
        (
            "resnet18 --receptive-field -s 2 -i 64",
            2,
            "-s 2 is of a layer",
            "conv2d draw resnet18 --receptive-field -i 64",
        ),
        ("resnet18 --receptive-field --animate", 2, "--animate", "leave --animate out"),
        ("resnet18 --receptive-field -i 8x2x64x64", 2, "3 channels", "8x3x64x64"),
        ("resnet18 --receptive-field -o field.bmp", 2, "no format of pictures", "field.svg"),
        ("--receptive-field", 2, "the network is missing", "conv2d draw --receptive-field resnet18"),
        ("resnet17 --receptive-field", 4, "resnet17", "resnet18"),
        ("net.txt --receptive-field", 2, "-i is missing", "conv2d draw net.txt --receptive-field -i 224"),
        ("3 8 3 --receptive-field", 2, "-i is missing", "-i 224"),
        ("3 8 3 -p 1 --receptive-field -i 0x5", 2, "0", "-i "),
        ("resnet18 --node layer1.0.add --at 9,9 -i 4x32x32", 2, "3 channels", "-i 1x3x32x32"),
        ("unknown.txt --node c -i 32", 2, "does not say what its layers read", ""),
        ("unknown.txt --receptive-field", 2, "-i is missing", "-i 224"),
        ("'' --receptive-field", 2, "the network is missing", "resnet18"),
    ],
)
def test_what_is_refused(words: str, code: int, says: str, hint: str, tmp_path: Path) -> None:
    (tmp_path / "net.txt").write_text(PRINTED)
    (tmp_path / "unknown.txt").write_text(UNKNOWN)
    done = conv2d("draw", *shlex.split(words), folder=tmp_path)
    assert (done.code, done.out) == (code, "")
    error, _, hinted = done.err.partition("hint: ")
    assert says in error
    assert hint in hinted
