"""The eleven arguments: what is taken, what is refused, in which words, and hints that work."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from conv2d_cli.errors import Fault, LayerError
from conv2d_cli.layer.rules import (
    DEVICE_TYPES,
    FIELDS,
    PADDING_MODES,
    LayerValues,
    cut,
    layer_from,
    layer_values,
    same_argument,
    shown,
)

GOOD: dict[str, Any] = {"in_channels": 4, "out_channels": 6, "kernel_size": 3}


class Index:
    """An integer of somebody else's."""

    def __index__(self) -> int:
        return 2


class Undecided:
    def __bool__(self) -> bool:
        raise ValueError("neither nor")


def faults_of(**arguments: Any) -> list[Fault]:
    with pytest.raises(LayerError) as caught:
        layer_from(GOOD | arguments)
    return list(caught.value.faults)


def fault_of(**arguments: Any) -> Fault:
    (fault,) = faults_of(**arguments)
    return fault


def test_the_defaults_are_torch_s() -> None:
    layer = layer_values(3, 64, 7)
    assert layer == LayerValues(3, 64, (7, 7), (1, 1), (0, 0), (1, 1), 1, True, "zeros", None, None)
    assert layer_from({"in_channels": 3, "out_channels": 64, "kernel_size": 7}) == layer


def test_all_arguments_by_position() -> None:
    layer = layer_values(4, 8, (3, 5), 2, (1, 2), [1, 3], 4, False, "reflect", "cuda:1", "half")
    assert layer == ((4, 8, (3, 5), (2, 2), (1, 2), (1, 3), 4, False, "reflect", "cuda:1", "float16"))
    assert (
        *("in_channels", "out_channels", "kernel_size", "stride", "padding", "dilation", "groups", "bias"),
        *("padding_mode", "device", "dtype"),
    ) == FIELDS


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (2, (2, 2)),
        ((2, 3), (2, 3)),
        ([2, 3], (2, 3)),
        ([3, 2], (3, 2)),
        (range(1, 3), (1, 2)),
        (np.int64(2), (2, 2)),
        (np.array([2, 3]), (2, 3)),
        ((np.int8(2), Index()), (2, 2)),
        (Index(), (2, 2)),
        (2**62 - 1, (2**62 - 1, 2**62 - 1)),
        ([1, 2**62 - 1], (1, 2**62 - 1)),
    ],
)
@pytest.mark.parametrize("field", ["kernel_size", "stride", "padding", "dilation"])
def test_pairs_are_taken_in_every_form(field: str, value: Any, expected: tuple[int, int]) -> None:
    layer = layer_from(GOOD | {field: value})
    pair = getattr(layer, field)
    assert pair == expected
    assert all(type(part) is int for part in pair)


def test_integers_of_every_kind_are_taken() -> None:
    layer = layer_from(GOOD | {"in_channels": np.int64(4), "groups": Index(), "out_channels": 2**63 - 2})
    assert (layer.in_channels, layer.groups, layer.out_channels) == (4, 2, 2**63 - 2)
    assert type(layer.in_channels) is int


def test_sizes_up_to_2_to_the_63_are_taken_for_all_but_padding() -> None:
    largest = 2**63 - 1
    layer = layer_from(GOOD | {"stride": largest, "kernel_size": (1, largest), "in_channels": largest})
    assert (layer.stride, layer.kernel_size, layer.in_channels) == ((largest, largest), (1, largest), largest)


@pytest.mark.parametrize("padding", ["same", "valid", "same_upper", "same_lower", (0, 0), (1, 2, 3, 4), [0, 1, 0, 2]])
def test_every_kind_of_padding_is_taken(padding: Any) -> None:
    expected = padding if isinstance(padding, str) else tuple(padding)
    assert layer_from(GOOD | {"padding": padding}).padding == expected


@pytest.mark.parametrize("mode", PADDING_MODES)
def test_every_padding_mode_is_taken(mode: str) -> None:
    assert layer_from(GOOD | {"padding_mode": mode}).padding_mode == mode


@pytest.mark.parametrize(("value", "expected"), [(0, False), (None, False), ("", False), ([], False), ("x", True)])
def test_bias_is_judged_by_its_truth(value: Any, expected: bool) -> None:
    assert layer_from(GOOD | {"bias": value}).bias is expected


@pytest.mark.parametrize("device", [None, "cpu", "cuda:0", "cuda:127", *DEVICE_TYPES])
def test_devices_are_taken(device: str | None) -> None:
    assert layer_from(GOOD | {"device": device}).device == device


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, None),
        ("float16", "float16"),
        ("torch.half", "float16"),
        (float, "float64"),
        (int, "int64"),
        (bool, "bool"),
        (complex, "complex128"),
        (np.float32, "float32"),
        (np.dtype(">i2"), "int16"),
        (np.dtype("complex64"), "complex64"),
    ],
)
def test_dtypes_are_taken_in_every_form(value: Any, expected: str | None) -> None:
    assert layer_from(GOOD | {"dtype": value}).dtype == expected


def test_a_weight_that_cannot_be_is_shown_by_its_groups() -> None:
    assert fault_of(kernel_size=-1, groups=2).problem.endswith("negative dimension -1: [6, 2, -1, -1])")


def test_an_iterator_is_a_pair() -> None:
    assert layer_from(GOOD | {"stride": iter([1, 2])}).stride == (1, 2)


@pytest.mark.parametrize(
    ("field", "value", "problem", "hint"),
    [
        ("in_channels", 0, "in_channels must be a positive integer", "in_channels=1 or more"),
        ("out_channels", 0, "out_channels must be a positive integer", "out_channels=1 or more"),
        (
            "in_channels",
            -4,
            (
                "in_channels must be a positive integer "
                "(Trying to create tensor with negative dimension -4: [6, -4, 3, 3])"
            ),
            "in_channels=1 or more",
        ),
        (
            "out_channels",
            -6,
            (
                "out_channels must be a positive integer "
                "(Trying to create tensor with negative dimension -6: [-6, 4, 3, 3])"
            ),
            "out_channels=1 or more",
        ),
        (
            "kernel_size",
            (3, -2),
            (
                "kernel size should be greater than zero "
                "(Trying to create tensor with negative dimension -2: [6, 4, 3, -2])"
            ),
            "kernel_size=1 or more",
        ),
        (
            "kernel_size",
            (0, 3),
            "kernel size should be greater than zero, but got kernel_height: 0 kernel_width: 3",
            "kernel_size=1 or more",
        ),
        ("stride", (1, 0), "non-positive stride is not supported", "stride=1 or more"),
        ("stride", [-1, 1], "non-positive stride is not supported", "stride=1 or more"),
        ("padding", -1, "negative padding is not supported", "padding=0 or more"),
        ("padding", (0, 0, 0, -1), "negative padding is not supported", "padding=0 or more"),
        ("dilation", 0, "dilation should be greater than zero", "dilation=1 or more"),
        ("groups", 0, "groups must be a positive integer", "groups=1 or more"),
        ("groups", -2, "groups must be a positive integer", "groups=1 or more"),
        ("in_channels", 4.0, "in_channels must be an integer, not float", "in_channels=4"),
        ("in_channels", "4", "in_channels must be an integer, not text", "in_channels=4"),
        ("in_channels", 4.5, "in_channels must be an integer, not float", None),
        ("in_channels", "four", "in_channels must be an integer, not text", None),
        ("in_channels", None, "in_channels must be an integer, not None", None),
        ("groups", True, "groups must be an integer, not bool", "groups=1"),
        ("groups", float("inf"), "groups must be an integer, not float", None),
        ("groups", 2**63, "Overflow when unpacking long long: the value must be below 2^63", None),
        ("groups", -(2**63), "Overflow when unpacking long long: the value must be below 2^63", None),
        ("stride", (1, 2**63), "Overflow when unpacking long long: the value must be below 2^63", None),
        ("padding", 2**63, "Overflow when unpacking long long: the value must be below 2^63", None),
        (
            "padding",
            (0, 2**62),
            "Given padding=4611686018427387904 at dimension 1 , expected padding to be at most 4611686018427387903",
            None,
        ),
        (
            "padding",
            2**62,
            "Given padding=4611686018427387904 at dimension 0 , expected padding to be at most 4611686018427387903",
            None,
        ),
        ("stride", 2.0, "stride must be an integer or a pair (H, W), not float", "stride=2"),
        ("stride", None, "stride must be an integer or a pair (H, W), not None", None),
        ("stride", True, "stride must be an integer or a pair (H, W), not bool", "stride=1"),
        ("stride", "2", "stride must be an integer or a pair (H, W), not text", "stride=2"),
        ("kernel_size", np.array(3.5), "kernel_size must be an integer or a pair (H, W), not ndarray", None),
        (
            "padding",
            1.5,
            "padding must be an integer or a pair (H, W), or four: top,left,bottom,right, not float",
            None,
        ),
        (
            "stride",
            (1, 1, 1),
            (
                "expected stride to be a single integer value or a list of 2 values to match the "
                "convolution dimensions, but got stride=[1, 1, 1]"
            ),
            "stride takes an integer or a pair (H, W)",
        ),
        (
            "dilation",
            (),
            (
                "expected dilation to be a single integer value or a list of 2 values to match the "
                "convolution dimensions, but got dilation=[]"
            ),
            "dilation takes an integer or a pair (H, W)",
        ),
        (
            "padding",
            [1],
            (
                "expected padding to be a single integer value or a list of 2 values to match the "
                "convolution dimensions, but got padding=[1]"
            ),
            "padding takes an integer or a pair (H, W), or four: top,left,bottom,right",
        ),
        ("stride", (1, 2.0), "stride must be made of integers, but 2.0 is float", None),
        ("stride", (True, 1), "stride must be made of integers, but True is bool", None),
        ("padding", ((1, 2), (1, 1)), "padding must be made of integers, but (1, 2) is tuple", None),
        (
            "padding",
            "smae",
            "Invalid padding string 'smae', should be one of {'same', 'valid'}",
            "padding=same",
        ),
        (
            "padding",
            "full",
            "Invalid padding string 'full', should be one of {'same', 'valid'}",
            "padding=same, valid, same_upper or same_lower, an integer or a pair",
        ),
        (
            "padding_mode",
            "Reflect",
            "padding_mode must be one of {'zeros', 'reflect', 'replicate', 'circular'}, but got padding_mode='Reflect'",
            "padding_mode=reflect or replicate",
        ),
        (
            "padding_mode",
            None,
            "padding_mode must be one of {'zeros', 'reflect', 'replicate', 'circular'}, but got padding_mode=None",
            "padding_mode=zeros, reflect, replicate or circular",
        ),
        ("bias", Undecided(), "bias must be true or false: neither nor", "bias=True or bias=False"),
        ("device", 3, "device must be a string, not int", "device=cpu"),
        (
            "device",
            "gpu",
            f"Expected one of {', '.join(DEVICE_TYPES)} device type at start of device string: gpu",
            "device=cpu or device=cuda",
        ),
        (
            "device",
            "cuda:1000",
            f"Expected one of {', '.join(DEVICE_TYPES)} device type at start of device string: cuda:1000",
            "device=cpu or device=cuda",
        ),
        ("dtype", "float33", "no element type has this name", "dtype=float32, float or float64"),
        (
            "dtype",
            "qwerty",
            "no element type has this name",
            (
                "known: float32 (float), float64 (double), float16 (half), bfloat16, complex64, complex128, "
                "int8, uint8, int16, int32, int64"
            ),
        ),
        (
            "dtype",
            3.5,
            "argument 'dtype' must be torch.dtype or its name, not float",
            (
                "known: float32 (float), float64 (double), float16 (half), bfloat16, complex64, complex128, "
                "int8, uint8, int16, int32, int64"
            ),
        ),
        ("dtype", str, "no element type has this name", None),
    ],
)
def test_what_is_refused_is_explained(field: str, value: Any, problem: str, hint: str | None) -> None:
    fault = fault_of(**{field: value})
    assert fault.field == field
    assert fault.given == shown(value)
    assert fault.problem == problem
    if value is not str and value != "float33":
        assert fault.hint == hint


def test_an_endless_iterator_is_refused_and_not_followed() -> None:
    assert "[0, 1, 2, 3, 4, 5, 6, 7, 8]" in fault_of(stride=itertools.count()).problem


@pytest.mark.parametrize("value", [np.array(3), np.array(2.0)])
def test_arrays_without_axes_are_integers_or_nothing(value: Any) -> None:
    # An array of no axes cannot be iterated over; NumPy's own integers are taken.
    assert "must be an integer or a pair" in fault_of(kernel_size=value).problem


def test_dilation_faults_alone_do_not_hide_others() -> None:
    faults = faults_of(in_channels=0, kernel_size=-1, stride=0, padding=-1, dilation=0, groups=0, padding_mode="x")
    assert [fault.field for fault in faults] == [
        *("in_channels", "kernel_size", "stride", "padding", "dilation", "groups", "padding_mode")
    ]


def test_missing_arguments_are_named_in_their_order() -> None:
    with pytest.raises(LayerError) as caught:
        layer_from({"out_channels": 4, "stride": 0})
    assert [(fault.field, fault.problem) for fault in caught.value.faults] == [
        ("in_channels", "missing required argument: 'in_channels'"),
        ("kernel_size", "missing required argument: 'kernel_size'"),
        ("stride", "non-positive stride is not supported"),
    ]
    assert caught.value.faults[0].hint == "Conv2d takes in_channels, out_channels, kernel_size first"
    assert caught.value.faults[0].given == ""


def test_an_argument_that_could_not_be_read_is_not_also_missing() -> None:
    with pytest.raises(LayerError) as caught:
        layer_from({"out_channels": 4, "kernel_size": 3}, [Fault("in_channels", "x", "unreadable")])
    assert [fault.problem for fault in caught.value.faults] == ["unreadable"]


def test_faults_of_unknown_fields_come_last() -> None:
    with pytest.raises(LayerError) as caught:
        layer_from(GOOD | {"dtype": "qwerty"}, [Fault("colour", "red", "unknown key")])
    assert [fault.field for fault in caught.value.faults] == ["dtype", "colour"]


def test_groups_must_divide_both_and_the_hint_lists_what_does() -> None:
    faults = faults_of(in_channels=12, out_channels=18, groups=4)
    assert [fault.problem for fault in faults] == ["out_channels must be divisible by groups, but out_channels=18"]
    faults = faults_of(in_channels=12, out_channels=18, groups=5)
    assert [fault.problem for fault in faults] == [
        "in_channels must be divisible by groups, but in_channels=12",
        "out_channels must be divisible by groups, but out_channels=18",
    ]
    assert {fault.hint for fault in faults} == {"groups=1, 2, 3 or 6"}
    assert {fault.given for fault in faults} == {"5"}


@given(st.integers(1, 60), st.integers(1, 60), st.integers(1, 60))
def test_every_group_of_the_hint_works(in_channels: int, out_channels: int, groups: int) -> None:
    layer = GOOD | {"in_channels": in_channels, "out_channels": out_channels}
    try:
        layer_from(layer | {"groups": groups})
    except LayerError as error:
        hint = error.faults[0].hint
        assert hint is not None
        numbers = [int(word) for word in hint.removeprefix("groups=").replace(" or ", ", ").split(", ")]
        assert all(layer_from(layer | {"groups": number}).groups == number for number in numbers)
    else:
        assert in_channels % groups == out_channels % groups == 0


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        ({"kernel_size": 3, "stride": 2}, "padding=1"),
        ({"kernel_size": (3, 5), "stride": (1, 2)}, "padding=1,2"),
        ({"kernel_size": 3, "stride": 2, "dilation": (2, 3)}, "padding=2,3"),
        (
            {"kernel_size": 4, "stride": 2},
            "padding=same_upper, which is padding=1,1,1,1 (top,left,bottom,right) where the stride divides the size",
        ),
        (
            {"kernel_size": (3, 4), "stride": (2, 3)},
            "padding=same_upper, which is padding=0,0,1,1 (top,left,bottom,right) where the stride divides the size",
        ),
        ({"kernel_size": 3, "stride": 2, "dilation": 0}, None),
        ({"kernel_size": 0, "stride": 2}, None),
        ({"kernel_size": 3, "stride": 0}, None),
        ({"kernel_size": 3, "stride": (1, 0)}, None),
    ],
)
def test_same_with_a_stride_is_refused_with_a_padding_that_works(arguments: dict[str, Any], hint: str | None) -> None:
    (fault,) = [fault for fault in faults_of(padding="same", **arguments) if fault.field == "padding"]
    stride = arguments["stride"]
    pair = (stride, stride) if isinstance(stride, int) else stride
    assert fault.problem == f"padding='same' is not supported for strided convolutions, but stride={pair}"
    assert (fault.given, fault.hint) == ("'same'", hint)


def test_same_with_a_stride_that_could_not_be_read_is_one_fault() -> None:
    assert fault_of(padding="same", stride="fast").field == "stride"


def test_torch_objects_are_known_by_their_names() -> None:
    kinds = {name: type(name, (), {"__module__": "torch", "__str__": lambda self: self.text}) for name in "ab"}
    device, dtype = kinds["a"](), kinds["b"]()
    device.text, dtype.text = "cuda:1", "torch.bfloat16"
    layer = layer_from(GOOD | {"device": device, "dtype": dtype})
    assert (layer.device, layer.dtype) == ("cuda:1", "bfloat16")


@pytest.mark.parametrize(
    ("field", "one", "other", "same"),
    [
        ("stride", 2, (2, 2), True),
        ("stride", 2, (2, 1), False),
        ("stride", 0.5, 0.5, False),
        ("padding", "same", "same", True),
        ("dtype", "half", "float16", True),
        ("groups", 2, 2, True),
        ("groups", "x", "x", False),
    ],
)
def test_arguments_that_mean_the_same(field: str, one: Any, other: Any, same: bool) -> None:
    assert same_argument(field, one, other) is same


def test_values_are_shown_short() -> None:
    assert shown([1, "a"]) == "[1, 'a']"
    assert shown(10**5000) == "an integer of thousands of digits"
    assert cut("x" * 80) == "x" * 80
    assert cut("x" * 81) == "x" * 79 + "…"
