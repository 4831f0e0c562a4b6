"""One Conv node out of a model, run by `conv2d run`: what onnxruntime makes of it, and what is said where it cannot."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import forked
import numpy as np
import pytest

onnx = pytest.importorskip("onnx", reason="the extra `onnx` is not installed")

from onnx import helper  # noqa: E402
from onnx_models import model_of, run  # noqa: E402

if TYPE_CHECKING:
    from pathlib import Path

    from terminal import Done

pytestmark = pytest.mark.long

# Name, input channels and size, weight, attributes.
NODES: tuple[tuple[str, tuple[int, ...], tuple[int, ...], dict[str, Any]], ...] = (
    ("plain", (2, 3, 12, 13), (8, 3, 3, 3), {}),
    ("strided", (1, 3, 17, 16), (4, 3, 5, 3), {"strides": [2, 3], "pads": [2, 1, 2, 1]}),
    ("grouped", (1, 8, 9, 9), (16, 2, 3, 3), {"group": 4, "pads": [1, 1, 1, 1]}),
    ("depthwise", (1, 6, 11, 10), (6, 1, 3, 3), {"group": 6, "pads": [1] * 4}),
    ("dilated", (1, 4, 14, 15), (5, 4, 3, 3), {"dilations": [2, 3], "pads": [2, 3, 2, 3]}),
    ("asymmetric", (1, 4, 10, 9), (5, 4, 2, 4), {"pads": [1, 0, 2, 3], "strides": [1, 2]}),
    ("upper", (1, 4, 10, 9), (5, 4, 4, 3), {"auto_pad": "SAME_UPPER", "strides": [2, 2]}),
    ("lower", (1, 4, 10, 9), (5, 4, 4, 3), {"auto_pad": "SAME_LOWER", "strides": [3, 2]}),
    ("valid", (1, 4, 10, 9), (5, 4, 4, 3), {"auto_pad": "VALID", "strides": [3, 2]}),
)


def conv2d(*words: str | Path) -> Done:
    return forked.conv2d(*map(str, words))


def saved(folder: Path, *, bias: bool = True, seed: int = 0) -> tuple[Path, dict[str, Any]]:
    """Write a model of all these nodes, each with an input of its own; return it with its tensors."""
    draw = np.random.default_rng(seed)
    nodes, tensors = [], {}
    inputs: dict[str, tuple[int | str | None, ...]] = {}
    for name, shape, weight, attributes in NODES:
        tensors[f"{name}.w"] = draw.standard_normal(weight).astype(np.float32)
        operands = [f"{name}.x", f"{name}.w"]
        if bias:
            tensors[f"{name}.b"] = draw.standard_normal(weight[0]).astype(np.float32)
            operands.append(f"{name}.b")
        nodes.append(helper.make_node("Conv", operands, [f"{name}.y"], name=name, **attributes))
        inputs[f"{name}.x"] = shape
        np.save(folder / f"{name}.npy", draw.standard_normal(shape).astype(np.float32))
    model = model_of(nodes, inputs, tensors)
    path = folder / "model.onnx"
    path.write_bytes(model.SerializeToString())
    return path, tensors


def within_bound(ours: Any, theirs: Any, x: Any, weight: Any, *, taps: int) -> bool:
    """Whether two sums of the same products are as near as the textbook has it: both may be off by gamma(K + 1)."""
    unit = np.finfo(np.float32).eps / 2
    largest = float(np.abs(x).max() * np.abs(weight).sum((1, 2, 3)).max()) + 5.0
    return bool(np.abs(ours.astype(np.float64) - theirs).max() <= 2 * (taps + 1) * unit * largest)


@pytest.mark.parametrize("bias", [True, False])
def test_a_node_gives_what_onnxruntime_gives(tmp_path: Path, bias: bool) -> None:
    pytest.importorskip("onnxruntime", reason="onnxruntime is not installed, and judges values")
    path, tensors = saved(tmp_path, bias=bias)
    feeds = {f"{name}.x": np.load(tmp_path / f"{name}.npy") for name, *_ in NODES}
    expected = dict(zip([name for name, *_ in NODES], run(onnx.load(path), feeds), strict=True))
    for name, _, weight, _ in NODES:
        output = tmp_path / f"{name}-y.npy"
        done = conv2d("run", tmp_path / f"{name}.npy", "--weight", f"{path}::{name}", "-o", output)
        assert done.code == 0, done.err
        assert f"node '{name}' (Conv) is Conv2d(" in done.err
        assert "groups" in done.err
        ours = np.load(output)
        assert ours.shape == expected[name].shape
        x, taps = feeds[f"{name}.x"], int(np.prod(weight[1:]))
        assert within_bound(ours, expected[name], x, tensors[f"{name}.w"], taps=taps), name


def test_info_lists_the_nodes_and_run_takes_each_by_what_it_is_listed_as(tmp_path: Path) -> None:
    path, _ = saved(tmp_path)
    done = conv2d("info", path, "--json")
    listed = json.loads(done.out)
    rows = listed if isinstance(listed, list) else listed["rows"]
    assert [(row["name"], tuple(row["shape"])) for row in rows] == [(name, weight) for name, _, weight, _ in NODES]
    assert {row["unreadable"] for row in rows} == {None}
    for number, (name, *_) in enumerate(NODES):
        made = []
        for word in (name, f"#{number}", f"{name}.y"):
            done = conv2d("run", tmp_path / f"{name}.npy", "--weight", f"{path}::{word}", "--get", "mean")
            assert done.code == 0, done.err
            made.append(done.out)
        assert len({*made}) == 1


def test_a_node_without_a_name_goes_by_its_output(tmp_path: Path) -> None:
    node = helper.make_node("Conv", ["x", "w"], ["features"])
    model = model_of([node], {"x": (1, 3, 5, 5)}, {"w": np.ones((1, 3, 3, 3), np.float32)})
    path = tmp_path / "m.onnx"
    path.write_bytes(model.SerializeToString())
    np.save(tmp_path / "x.npy", np.ones((1, 3, 5, 5), np.float32))
    for word in ("", "::features", "::#0"):
        done = conv2d("run", tmp_path / "x.npy", "--weight", f"{path}{word}", "--get", "mean")
        assert (done.code, done.out) == (0, "27.0\n"), done.err


def test_weights_outside_the_file_are_not_looked_for_and_the_hint_saves_one_file(tmp_path: Path) -> None:
    path, _ = saved(tmp_path)
    outside = tmp_path / "outside.onnx"
    onnx.save(onnx.load(path), outside, save_as_external_data=True, location="outside.bin", size_threshold=0)
    done = conv2d("run", tmp_path / "plain.npy", "--weight", f"{outside}::plain", "--get", "mean")
    assert done.code == 3
    assert "node 'plain' (Conv): its weight is outside the file" in done.err
    hint = done.err.partition("hint: ")[2].strip()
    words = [sys.executable if word == "python" else word for word in shlex.split(hint)]
    subprocess.run(words, check=True, cwd=tmp_path, timeout=60)
    whole = conv2d("run", tmp_path / "plain.npy", "--weight", f"{words[-1]}::plain", "--get", "mean")
    same = conv2d("run", tmp_path / "plain.npy", "--weight", f"{path}::plain", "--get", "mean")
    assert (whole.code, whole.out) == (0, same.out), whole.err
    listed = conv2d("info", outside, "--json")
    assert listed.code == 0
    assert "outside the file" in listed.out


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (["--weight", "{m}::strided", "-s", "1"], 2, "error: -s 1: node 'strided' (Conv) has stride=(2, 3)"),
        (["--weight", "{m}::strided", "-s", "2,3", "-p", "2,1"], 0, ""),
        (["--weight", "{m}::nowhere"], 3, "no tensor named 'nowhere'"),
        (["--weight", "{m}"], 3, "choose one: FILE::plain"),
        (["3", "4", "5", "--weight", "{m}::strided"], 3, "leave LAYER out"),
        (["Conv2d(3, 4, (5, 3), (2, 3), (2, 1))", "--weight", "{m}::strided"], 0, ""),
        (["--weight", "{m}::strided", "--no-bias"], 0, "bias=False"),
        (["--weight", "{m}::grouped"], 3, "3 channels"),
        (["--weight", "{m}::strided", "--weight-layout", "HWIO"], 2, "leave --weight-layout out"),
    ],
)
def test_what_contradicts_the_node(tmp_path: Path, words: list[str], code: int, says: str) -> None:
    path, _ = saved(tmp_path)
    typed = [word.replace("{m}", str(path)) for word in words]
    done = conv2d("run", tmp_path / "strided.npy", *typed, "--get", "output_shape")
    assert done.code == code, done.err
    assert says in done.err
    assert "Traceback" not in done.err


def test_nodes_that_are_no_conv2d_say_so(tmp_path: Path) -> None:
    nodes = [
        helper.make_node("Conv", ["x", "w"], ["line"], name="line"),
        helper.make_node("Abs", ["v"], ["made"], name="abs"),
        helper.make_node("Conv", ["u", "made"], ["drawn"], name="drawn"),
        helper.make_node("Conv", ["u", "k"], ["zero"], name="zero", group=0),
    ]
    tensors = {"w": np.ones((1, 3, 3), np.float32), "k": np.ones((1, 3, 3, 3), np.float32)}
    model = model_of(nodes, {"x": (1, 3, 5), "u": (1, 3, 5, 5), "v": (1, 3, 3, 3)}, tensors)
    path = tmp_path / "m.onnx"
    path.write_bytes(model.SerializeToString())
    np.save(tmp_path / "x.npy", np.ones((1, 3, 5, 5), np.float32))
    said = {"line": "1 axes", "drawn": "made when the model runs", "zero": "group is 0"}
    for name, words in said.items():
        done = conv2d("run", tmp_path / "x.npy", "--weight", f"{path}::{name}", "--get", "mean")
        assert done.code == 3, done.err
        assert f"node '{name}' (Conv)" in done.err
        assert words in done.err


def test_many_files_are_convolved_by_one_node(tmp_path: Path) -> None:
    path, _ = saved(tmp_path)
    folder = tmp_path / "many"
    folder.mkdir()
    for number in range(3):
        np.save(folder / f"{number}.npy", np.full((1, 3, 17, 16), number, np.float32))
    done = conv2d("run", folder, "--weight", f"{path}::strided", "-o", tmp_path / "out")
    assert done.code == 0, done.err
    assert sorted(one.name for one in (tmp_path / "out").iterdir() if one.suffix == ".npy") == [
        "0.npy",
        "1.npy",
        "2.npy",
    ]
