"""What targets can express, what is told where they cannot, and the text itself."""

from __future__ import annotations

import re
import subprocess
import sys
from importlib.util import find_spec
from random import Random
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from generated_code import draw
from hypothesis import given
from hypothesis import strategies as st

from conv2d_cli import Conv2d, UsageError, code_for
from conv2d_cli.codegen.api import code, source, targets_of
from conv2d_cli.codegen.literals import c_literal, python_literal
from conv2d_cli.codegen.registry import TARGETS

if TYPE_CHECKING:
    from pathlib import Path

    from conv2d_cli.codegen.base import Target
    from conv2d_cli.layer.choices import PaddingMode

# mypy holds each against the protocol.
NAMED: dict[str, Target] = dict(TARGETS)


def test_the_targets_of_the_contract() -> None:
    assert [*NAMED] == ["pytorch", "keras", "tensorflow", "jax", "flax", "onnx", "numpy", "c"]


@given(st.text())
def test_a_literal_in_python_is_the_text(text: str) -> None:
    literal = python_literal(text)
    assert literal.isascii()
    assert literal.isprintable()
    assert eval(literal) == text  # noqa: S307 - that it is a literal and no code is what is tested


@given(st.binary().filter(lambda name: 0 not in name))
def test_a_literal_in_c_is_the_bytes(name: bytes) -> None:
    literal = c_literal(name.decode("utf-8", "surrogateescape"))
    assert re.fullmatch(r'"(?:[ !#->@-\[\]-~]|\\[0-7]{3})*"', literal)
    parts = re.findall(r"\\[0-7]{3}|.", literal[1:-1])
    assert bytes(int(part[1:], 8) if len(part) > 1 else ord(part) for part in parts) == name


@pytest.mark.parametrize("target", TARGETS)
def test_every_text_is_as_formatters_have_it_and_imports_what_it_uses(target: str, tmp_path: Path) -> None:
    random = Random(3)
    cases = [case for case in (draw(random) for _ in range(60)) if target in targets_of(*case)]
    assert len(cases) > 10
    for number, (layer, shape) in enumerate(cases):
        file = "p.safetensors" if number % 2 and target != "c" else None
        made = code(
            layer.model_copy(update={"device": "cuda:1"} if number % 3 else {}), target, input_shape=shape, weights=file
        )
        assert made.text.isascii()
        assert made.text.endswith("\n")
        (tmp_path / f"{number}.{'c' if target == 'c' else 'py'}").write_text(made.text, "ascii")
        if target != "c":
            compile(made.text, target, "exec")
            imported = {*re.findall(r"^(?:import|from) (\w+)", made.text, re.MULTILINE)}
            assert {name.partition("-")[0] for name in made.install} <= imported
    if target != "c" and find_spec("ruff"):
        rules = ("--isolated", "--select", "B,E,F,I,W", "--ignore", "E501")
        subprocess.run([sys.executable, "-m", "ruff", "format", "--isolated", "--check", "-q", tmp_path], check=True)
        subprocess.run([sys.executable, "-m", "ruff", "check", *rules, "-q", tmp_path], check=True)


def refused(layer: Conv2d, target: str, **more: Any) -> tuple[str, str]:
    with pytest.raises(UsageError) as caught:
        source(layer, target, **more)
    assert caught.value.hint is not None
    return caught.value.message, caught.value.hint


@pytest.mark.parametrize(
    ("target", "arguments", "reason"),
    [
        ("keras", {"stride": 2, "dilation": 2}, "strides and dilation_rate both above 1"),
        ("keras", {"dtype": "complex64"}, "no convolution of complex64"),
        ("onnx", {"dtype": "float64"}, "onnxruntime has no convolution of float64"),
        ("onnx", {"dtype": "bfloat16"}, "onnxruntime has no convolution of bfloat16"),
        ("c", {"dtype": "float16"}, "C99 has no convolution of float16"),
        ("pytorch", {"device": "meta"}, "has no values"),
        ("numpy", {"padding": "same_upper", "stride": 2}, "depends on the size of the input"),
        ("keras", {"padding": "same_lower", "stride": 2}, "depends on the size of the input"),
        ("jax", {"padding": "same_upper", "padding_mode": "reflect"}, "depends on the size of the input"),
    ],
)
def test_what_a_target_lacks_is_told_with_targets_that_do_not(
    target: str, arguments: dict[str, Any], reason: str
) -> None:
    layer = Conv2d(3, 64, 3, **arguments)
    message, hint = refused(layer, target)
    assert reason in message
    assert f"--for {target} cannot express this layer" in message
    named = [name for name in re.findall(r"\w+", hint.partition("--for")[2]) if name in TARGETS]
    assert named == targets_of(layer)
    for other in named:
        assert source(layer, other)
    if "depends on the size" in reason:
        assert hint.startswith("-i 224")
        assert source(layer, target, input_shape=(1, 3, 224, 224))
    else:
        assert named


def test_a_layer_that_none_can_express() -> None:
    for target in TARGETS:
        assert refused(Conv2d(3, 64, 3, dtype="int8"), target)[1] == "--dtype float32"


def test_names_that_are_none() -> None:
    layer = Conv2d(3, 64, 3)
    assert refused(layer, "torch") == ("--for torch: no such target", "did you mean --for pytorch?")
    assert refused(layer, "")[1].startswith("--for pytorch, keras")
    for weights in ("p.txt", "", ".npz", "a/.npz", "p.npz/", "p.npz\0.npz", "x" * 100_000 + ".npz"):
        assert refused(layer, "jax", weights=weights)[1] == "--weights parameters.npz"
    assert refused(layer, "c", weights="p.npz")[1] == "--weights parameters.bin"


def test_frameworks_pad_by_their_own_word_where_it_means_the_same() -> None:
    layer = Conv2d(3, 64, 3, stride=2, padding="same_upper")
    assert 'padding="SAME"' in source(layer, "jax")
    assert 'padding="same"' in source(layer, "keras")
    # With a stride, the padding of torch's kind is another.
    text = source(Conv2d(3, 64, 3, stride=2, padding=1), "keras")
    assert 'padding="same"' not in text
    assert "ZeroPadding2D(((1, 1), (1, 1))" in text
    assert "images of 9x9 are padded so" in source(layer, "pytorch", input_shape=(1, 3, 9, 9))


@pytest.mark.parametrize(("mode", "least"), [("reflect", 3), ("circular", 2)])
def test_images_that_are_too_small_for_their_padding_are_refused(mode: PaddingMode, least: int) -> None:
    layer = Conv2d(1, 1, 1, padding=(0, 1, 2, 1), padding_mode=mode, bias=False)
    names: dict[str, Any] = {"__name__": "generated"}
    exec(source(layer, "numpy"), names)  # noqa: S102 - what it says is what is tested
    names["parameters"] = lambda: np.ones((1, 1, 1, 1), np.float32)
    assert names["run"](np.ones((1, least, least - 1), np.float32)).shape == (1, least + 2, least + 1)
    for shape in ((1, least - 1, 9), (1, 9, least - 2)):
        with pytest.raises(ValueError, match="too small for the padding"):
            names["run"](np.ones(shape, np.float32))
    for target in set(TARGETS) - {"c", "pytorch"}:
        assert "too small for the padding" in source(layer, target)
        for fits in (Conv2d(1, 1, 1, padding_mode=mode), Conv2d(1, 1, 1, padding=1, padding_mode="replicate")):
            assert "too small" not in source(fits, target)


def test_the_device_of_the_layer_is_used_or_it_is_said() -> None:
    layer = Conv2d(3, 64, 3, device="cuda:1")
    assert 'DEVICE = "cuda:1"' in source(layer, "pytorch")
    assert 'jax.devices("cuda")[1]' in source(layer, "jax")
    assert '"device_id": 1' in source(layer, "onnx")
    assert code_for(layer, "jax").remark is None
    assert code_for(layer, "numpy").remark == "device cuda:1 is not used: NumPy runs on the CPU"
    for device in ("cpu", "cpu:0"):
        assert code_for(Conv2d(3, 64, 3, device=device), "numpy").remark is None


@pytest.mark.parametrize("target", TARGETS)
def test_a_device_that_is_in_no_text_is_told(target: str) -> None:
    for device in ("mps", "xpu:1", "cuda:2"):
        made = code(Conv2d(3, 64, 3, device=device), target)
        same = _without_head(made.text) == _without_head(code(Conv2d(3, 64, 3), target).text)
        assert same == (made.remark is not None)
        assert made.remark is None or made.remark.startswith(f"device {device} is not used: ")


def _without_head(text: str) -> str:
    """Return a program without what it says of the layer."""
    return text[text.index("import sys" if text.startswith('"""') else "#include") :]
