"""Tensors typed on the command line."""

from __future__ import annotations

import numpy as np
import pytest

from conv2d_cli.errors import UsageError
from conv2d_cli.jobs.headers import is_typed
from conv2d_cli.jobs.operands import TypedOperand
from conv2d_cli.numpy_dtypes import numpy_dtype


def test_what_is_typed_and_what_a_file() -> None:
    assert [is_typed(text) for text in ("[1]", " [1]", "x.npy", "x[1].npy", "-")] == [True, True, False, False, False]


@pytest.mark.parametrize("dtype", ["float32", "float64", "float16", "bfloat16", "complex64", "int8", "uint64"])
def test_nested_lists_become_an_array_of_the_type(dtype: str) -> None:
    operand = TypedOperand("[[[[1, 0], [2.0, 3]]]]", dtype, weight=True)
    assert (operand.shape, operand.dtype, operand.read_peak_bytes) == ((1, 1, 2, 2), dtype, 0)
    assert operand.read().dtype == numpy_dtype(dtype)
    assert operand.read().tolist() == [[[[1, 0], [2, 3]]]]


def test_a_weight_of_two_axes_is_one_channel_to_one() -> None:
    assert TypedOperand("[[1, 0, 2]]", "float32", weight=True).shape == (1, 1, 1, 3)
    assert TypedOperand("[[1, 0, 2]]", "float32", weight=False).shape == (1, 3)
    assert TypedOperand("[1, 2]", "float32", weight=True).shape == (2,)


def test_the_ends_of_a_type_fit_it() -> None:
    assert TypedOperand("[-128, 127]", "int8", weight=False).read().tolist() == [-128, 127]
    assert TypedOperand(f"[{2**64 - 1}]", "uint64", weight=False).read()[0] == np.uint64(2**64 - 1)
    assert TypedOperand("[1e40]", "float32", weight=False).read()[0] == np.inf


@pytest.mark.parametrize(
    ("text", "dtype", "reason"),
    [
        ("[1, 2", "float32", "Expecting"),
        ("[[1], [2, 3]]", "float32", "uneven"),
        ("[1, true]", "float32", "hold something that is no number"),
        ('[1, "a"]', "float32", "hold something that is no number"),
        ("[128]", "int8", "128 does not fit int8, the element type of the input"),
        ("[-129]", "int8", "-129 does not fit int8, the element type of the input"),
        ("[0.5]", "int8", "0.5 does not fit int8, the element type of the input"),
        ("[-1]", "uint8", "-1 does not fit uint8, the element type of the input"),
        ("[" * 5000, "float32", "is not a typed tensor"),
        ("[" + "1," * 60_000 + "1]", "float32", "it has more than 100000 characters, put it into a file"),
    ],
)
def test_what_is_no_tensor_is_refused(text: str, dtype: str, reason: str) -> None:
    with pytest.raises(UsageError) as caught:
        TypedOperand(text, dtype, weight=False)
    assert reason in caught.value.message
    assert len(caught.value.message) < 250
    wider = {"int8": "--dtype float32 or int16", "uint8": "--dtype float32 or int16"}
    if "does not fit" not in reason:
        assert caught.value.hint == "nested lists of numbers, as in '[[1,0,-1],[2,0,-2],[1,0,-1]]'"
    else:
        # No integer type holds a half.
        assert caught.value.hint == ("--dtype float32" if "0.5" in text else wider[dtype])
