"""PyTorch 2.13's own outputs, drawn parameters, printed layers and words, kept so that PyTorch is not needed."""

from __future__ import annotations

import hashlib
import json
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from bounds import part_of, textbook_limits

from conv2d_cli import Conv2d, analyze, conv2d, init_parameters
from conv2d_cli.errors import Conv2dError, LayerError
from conv2d_cli.layer.forward import geometry_of
from conv2d_cli.numpy_dtypes import numpy_dtype

FOLDER = Path(__file__).parent
GOLDEN = json.loads((FOLDER / "manifest.json").read_text("utf-8"))
# Where our words differ: torch counts what remains after padding, or speaks of the padding function.
OTHER_WORDS = {
    "Padding size 4 is not supported for 5D input tensor.": "Expected 3D (unbatched) or 4D (batched) input to conv2d",
}


@cache
def arrays() -> dict[str, np.ndarray[Any, Any]]:
    with np.load(FOLDER / "arrays.npz") as archive:
        return dict(archive)


def layer_arguments(case: dict[str, Any]) -> dict[str, Any]:
    names = ("stride", "padding", "dilation", "groups", "padding_mode")
    return {name: case[name] for name in names if name in case}


def test_the_files_are_small_and_cover_the_grid() -> None:
    assert sum(path.stat().st_size for path in FOLDER.iterdir() if path.is_file()) < 2_000_000
    assert GOLDEN["torch"] == "2.13.0"
    seen = {
        (case["padding_mode"], case["groups"], *(tuple(case[name]) for name in ("dilation", "stride", "kernel_size")))
        for case in GOLDEN["convolutions"]
    }
    assert len(seen) >= 4 * 3 * 3 * 3 * 3


def test_whole_numbers_are_those_of_torch() -> None:
    stored = arrays()
    image, outputs, start = stored["image"].astype(np.float32), stored["outputs"], 0
    for case in GOLDEN["convolutions"]:
        weight = stored[case["weight"]].astype(np.float32)
        bias = np.arange(len(weight), dtype=np.float32) - 2
        for x, shape in ((image, case["batched_shape"]), (image[1], case["unbatched_shape"])):
            expected = outputs[start : start + np.prod(shape)].reshape(shape)
            start += expected.size
            y = conv2d(x, weight, bias, **layer_arguments(case))
            assert y.dtype == np.float32
            assert np.array_equal(y, expected), case
            layer = Conv2d(4, len(weight), case["kernel_size"], **layer_arguments(case))
            assert list(analyze(layer, x.shape).output_shape or ()) == shape
    assert start == len(outputs) > 100_000


def restored(name: str, dtype: str) -> np.ndarray[Any, Any]:
    return arrays()[name].view(numpy_dtype(dtype))


@pytest.mark.parametrize("case", GOLDEN["real"])
def test_real_data_is_within_the_bound_of_what_is_exact_as_torch_is(case: dict[str, Any]) -> None:
    x, weight, bias, theirs = (restored(f"{case['arrays']}_{name}", case["dtype"]) for name in "xwby")
    ours = conv2d(x, weight, bias, **layer_arguments(case))
    height, width = (
        (size - 1) * step for size, step in zip(weight.shape[2:], case.get("dilation", [1, 1]), strict=True)
    )
    padding = case["padding"]
    sides = (height // 2, width // 2, -(-height // 2), -(-width // 2)) if padding == "same" else (*padding, *padding)
    layer = {
        "stride": tuple(case.get("stride", (1, 1))),
        "dilation": tuple(case.get("dilation", (1, 1))),
        "groups": case.get("groups", 1),
        "padding_mode": case.get("padding_mode", "zeros"),
        "padding": sides,
    }
    for y in (ours, theirs):
        assert 0 < part_of(textbook_limits(x, weight, bias, **layer), y) <= 1


@pytest.mark.parametrize("case", GOLDEN["integers"])
def test_integers_wrap_as_they_do_in_torch(case: dict[str, Any]) -> None:
    x, weight, bias, expected = (arrays()[f"{case['arrays']}_{name}"] for name in "xwby")
    y = conv2d(x, weight, bias, **layer_arguments(case))
    assert y.dtype == expected.dtype
    assert np.array_equal(y, expected)


@pytest.mark.parametrize("case", GOLDEN["empty"])
def test_a_batch_of_none_has_the_shape_it_has_in_torch(case: dict[str, Any]) -> None:
    weight = np.ones((4, 4 // case.get("groups", 1), *case["kernel_size"]), np.float32)
    y = conv2d(np.ones((0, 4, 5, 6), np.float32), weight, **layer_arguments(case))
    assert list(y.shape) == case["output_shape"]


def test_drawn_parameters_are_the_bits_of_torch() -> None:
    for case in GOLDEN["parameters"]:
        inner, outer, kernel = case["layer"]
        layer = Conv2d(inner, outer, kernel, groups=case["groups"], bias=case["bias"], dtype=case["dtype"])
        digests = [
            None if array is None else hashlib.sha256(array.tobytes()).hexdigest()[:24]
            for array in init_parameters(layer, seed=case["seed"])
        ]
        assert digests == case["digests"], case


def test_layers_are_printed_as_torch_prints_them() -> None:
    for case in GOLDEN["printed"]:
        assert repr(Conv2d(4, 8, **case["arguments"])) == case["text"]


@pytest.mark.parametrize("case", GOLDEN["messages"])
def test_faults_are_told_in_the_words_of_torch(case: dict[str, Any]) -> None:
    words = case["message"]
    if words is None:
        assert analyze(Conv2d(**case["arguments"]), case["input_shape"]).output_shape
        return
    # One or two numbers are a SIZE to `analyze`; to the layer they are a shape, as to torch.
    judge = geometry_of if len(case["input_shape"] or ()) in {1, 2} else analyze
    with pytest.raises(Conv2dError) as caught:
        judge(Conv2d(**case["arguments"]), case["input_shape"])
    if case["stage"] == "construction":
        assert isinstance(caught.value, LayerError)
    # Torch prints sets in an order of chance.
    opening, brace, rest = OTHER_WORDS.get(words, words).partition("{")
    ours = caught.value.message
    assert opening in ours
    assert rest.partition("}")[2].replace("'None'", "None") in ours
    assert all(member in ours for member in rest.partition("}")[0].split(", ")) or not brace
