"""Tensors typed on the command line."""

from __future__ import annotations

import numpy as np
import pytest

from conv2d_cli.errors import DataError, UsageError
from conv2d_cli.jobs.headers import is_typed
from conv2d_cli.jobs.run.operands import Kernel, TypedOperand
from conv2d_cli.numpy_dtypes import numpy_dtype


def test_what_is_typed_and_what_a_file() -> None:
    assert [is_typed(text) for text in ("[1]", " [1]", "x.npy", "x[1].npy", "-")] == [True, True, False, False, False]


@pytest.mark.parametrize("dtype", ["float32", "float64", "float16", "bfloat16", "complex64", "int8", "uint64"])
def test_nested_lists_become_an_array_of_the_type(dtype: str) -> None:
    operand = TypedOperand("[[[[1, 0], [2.0, 3]]]]", dtype)
    assert (operand.shape, operand.dtype, operand.read_peak_bytes) == ((1, 1, 2, 2), dtype, 0)
    assert operand.read().dtype == numpy_dtype(dtype)
    assert operand.read().tolist() == [[[[1, 0], [2, 3]]]]


def kernel(text: str, *, flip: bool = False, channels: int | None = None) -> Kernel:
    return Kernel(TypedOperand(text, "float32"), flip=flip, channels=channels)


def test_a_weight_of_two_axes_is_one_channel_to_one() -> None:
    assert kernel("[[1, 0, 2]]").shape == (1, 1, 1, 3)
    assert kernel("[1, 2]").shape == (2,)
    assert kernel("[[1, 0, 2]]").read().tolist() == [[[[1, 0, 2]]]]


def test_a_kernel_is_flipped_and_repeated_for_each_channel() -> None:
    assert kernel("[[1, 2], [3, 4]]", flip=True).read().tolist() == [[[[4, 3], [2, 1]]]]
    repeated = kernel("[[1, 2], [3, 4]]", flip=True, channels=3)
    assert repeated.shape == (3, 1, 2, 2)
    assert repeated.read().tolist() == 3 * [[[[4, 3], [2, 1]]]]
    assert kernel("[[[[1, 2]]]]", channels=2).shape == (2, 1, 1, 2)
    with pytest.raises(DataError, match="--per-channel repeats a kernel of two axes"):
        kernel("[[[[1]], [[2]]]]", channels=2)


@pytest.mark.parametrize(
    ("text", "casts", "values"),
    [
        ("[300, -1]", {"saturate"}, [255, 0]),
        ("[300, -1]", {"wrap"}, [44, 255]),
        ("[1.5, -0.5]", {"truncate"}, [1, 0]),
        ("[255.5]", {"truncate"}, [255]),
        ("[300.5]", {"saturate"}, [255]),
        ("[300.5, 1e300]", {"wrap", "truncate"}, [44, 0]),
    ],
)
def test_what_a_cast_may_lose(text: str, casts: set[str], values: list[int]) -> None:
    assert TypedOperand(text, "uint8", frozenset(casts)).read().tolist() == values


@pytest.mark.parametrize("text", ["[[.5,0],[+1,-1.]]", "((.5, 0), (1, -1))", " [[0.5, 0], [1, -1]] "])
def test_numbers_are_spelled_as_people_do(text: str) -> None:
    assert TypedOperand(text, "float32").read().tolist() == [[0.5, 0], [1, -1]]
    assert is_typed(text)


def test_the_ends_of_a_type_fit_it() -> None:
    assert TypedOperand("[-128, 127]", "int8").read().tolist() == [-128, 127]
    assert TypedOperand(f"[{2**64 - 1}]", "uint64").read()[0] == np.uint64(2**64 - 1)
    with pytest.raises(UsageError, match=r"1e\+40 at \[0\] does not fit float32"):
        TypedOperand("[1e40]", "float32")


@pytest.mark.parametrize(
    ("text", "dtype", "reason"),
    [
        ("[1, 2", "float32", "Expecting"),
        ("[[1], [2, 3]]", "float32", "uneven"),
        ("[1, true]", "float32", "hold something that is no number"),
        ('[1, "a"]', "float32", "hold something that is no number"),
        ("[128]", "int8", "128 does not fit int8, the element type that is computed in"),
        ("[-129]", "int8", "-129 does not fit int8, the element type that is computed in"),
        ("[0.5]", "int8", "0.5 does not fit int8, the element type that is computed in"),
        ("[-1]", "uint8", "-1 does not fit uint8, the element type that is computed in"),
        ("[" * 5000, "float32", "is not a typed tensor"),
        ("[" + "1," * 60_000 + "1]", "float32", "it has more than 100000 characters, put it into a file"),
    ],
)
def test_what_is_no_tensor_is_refused(text: str, dtype: str, reason: str) -> None:
    with pytest.raises(UsageError) as caught:
        TypedOperand(text, dtype)
    assert reason in caught.value.message
    assert len(caught.value.message) < 250
    wider = {"int8": "--dtype float32 or int16", "uint8": "--dtype float32 or int16"}
    if "does not fit" not in reason:
        assert caught.value.hint == "nested lists of numbers, as in '[[1,0,-1],[2,0,-2],[1,0,-1]]'"
    else:
        # No integer type holds a half.
        assert caught.value.hint == ("--dtype float32" if "0.5" in text else wider[dtype])
