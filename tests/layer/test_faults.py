"""The eleven arguments: what is taken, what is refused, in which words, and hints that work."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from hinted import offers_of
from hypothesis import example, given
from hypothesis import strategies as st

from conv2d_cli.errors import Fault, LayerError, shown
from conv2d_cli.layer.choices import DEVICE_TYPES, FIELDS, PADDING_MODES
from conv2d_cli.layer.hints import EXAMPLES
from conv2d_cli.layer.model import Conv2d, layer_from, same_argument

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
    layer = Conv2d(3, 64, 7)
    assert layer == Conv2d(3, 64, (7, 7), (1, 1), (0, 0), (1, 1), 1, True, "zeros", None, None)
    assert layer_from({"in_channels": 3, "out_channels": 64, "kernel_size": 7}) == layer


def test_all_arguments_by_position() -> None:
    layer = Conv2d(4, 8, (3, 5), 2, (1, 2), (1, 3), 4, False, "reflect", "cuda:1", "half")
    assert layer_from(layer.model_dump() | {"dilation": [1, 3]}) == layer
    expected = (4, 8, (3, 5), (2, 2), (1, 2), (1, 3), 4, False, "reflect", "cuda:1", "float16")
    assert tuple(getattr(layer, field) for field in FIELDS) == expected
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


def test_a_weight_that_cannot_be_is_one_fault_beside_right_groups() -> None:
    fault = fault_of(kernel_size=-1, groups=2)
    assert (fault.field, fault.torch) == (
        "kernel_size",
        "Trying to create tensor with negative dimension -1: [6, 2, -1, -1]",
    )


def test_an_iterator_is_a_pair() -> None:
    assert layer_from(GOOD | {"stride": iter([1, 2])}).stride == (1, 2)


WHOLE_OR_PAIR = "a whole number or a pair (H, W)"
EVERY_PADDING = f"{WHOLE_OR_PAIR}, four values (top, left, bottom, right), same, valid, same_upper or same_lower"
STRIDES = "stride=2, or stride=(2, 1) for H and W"
PADDINGS = "padding=1, or padding=(1, 2) for H and W"
MODES = "padding_mode must be one of {'zeros', 'reflect', 'replicate', 'circular'}, but got padding_mode="
DEVICE = "the device is a type such as cpu or cuda, with a number or without"
NO_DEVICE = f"Expected one of {', '.join(DEVICE_TYPES)} device type at start of device string: "
DTYPES = "dtype='float32', 'float64', 'float16', 'bfloat16', 'complex64', 'int8', 'uint8', 'int16', 'int32' or 'int64'"
LENGTH = (
    "expected {0} to be a single integer value or a list of 2 values to match the convolution dimensions, but got {0}="
)


@pytest.mark.parametrize(
    ("field", "value", "problem", "torch", "hint"),
    [
        ("in_channels", 0, "the number of input channels must be 1 or more", None, "in_channels=1"),
        ("out_channels", 0, "the number of output channels must be 1 or more", None, "out_channels=1"),
        (
            *("in_channels", -4, "the number of input channels must be 1 or more"),
            *("Trying to create tensor with negative dimension -4: [6, -4, 3, 3]", "in_channels=1"),
        ),
        (
            *("out_channels", -6, "the number of output channels must be 1 or more"),
            *("Trying to create tensor with negative dimension -6: [-6, 4, 3, 3]", "out_channels=1"),
        ),
        (
            *("kernel_size", (3, -2), "the kernel size must be 1 or more"),
            *("Trying to create tensor with negative dimension -2: [6, 4, 3, -2]", "kernel_size=(3, 1)"),
        ),
        (
            *("kernel_size", (0, 3), "the kernel size must be 1 or more"),
            *(
                "kernel size should be greater than zero, but got kernel_height: 0 kernel_width: 3",
                "kernel_size=(1, 3)",
            ),
        ),
        ("stride", (1, 0), "the stride must be 1 or more", "non-positive stride is not supported", "stride=1"),
        ("stride", (2, 0), "the stride must be 1 or more", "non-positive stride is not supported", "stride=(2, 1)"),
        ("stride", [-1, 1], "the stride must be 1 or more", "non-positive stride is not supported", "stride=1"),
        ("padding", -1, "the padding must be 0 or more", "negative padding is not supported", "padding=0"),
        ("padding", (0, 0, 0, -1), "the padding must be 0 or more", "negative padding is not supported", "padding=0"),
        (
            *("padding", (1, 0, 0, -1), "the padding must be 0 or more"),
            *("negative padding is not supported", "padding=(1, 0, 0, 0)"),
        ),
        ("dilation", 0, "the dilation must be 1 or more", "dilation should be greater than zero", "dilation=1"),
        ("groups", 0, "the number of groups must be 1 or more", "groups must be a positive integer", "groups=1"),
        ("groups", -2, "the number of groups must be 1 or more", "groups must be a positive integer", "groups=1"),
        ("groups", -(2**63), "the number of groups must be 1 or more", "groups must be a positive integer", "groups=1"),
        ("in_channels", 4.0, "the number of input channels is a whole number, not a float", None, "in_channels=4"),
        ("in_channels", "4", "the number of input channels is a whole number", None, "in_channels=4"),
        ("in_channels", "4.0", "the number of input channels is a whole number", None, "in_channels=4"),
        ("in_channels", 4.5, "the number of input channels is a whole number, not a float", None, "in_channels=3"),
        ("in_channels", "four", "the number of input channels is a whole number", None, "in_channels=3"),
        ("in_channels", None, "the number of input channels is a whole number, not None", None, "in_channels=3"),
        (
            *("in_channels", (3, 3), "the number of input channels is a whole number, not several values"),
            *(None, "in_channels=3"),
        ),
        ("groups", True, "the number of groups is a whole number, not a bool", None, "groups=1"),
        ("groups", float("inf"), "the number of groups is a whole number, not a float", None, "groups=1"),
        (
            *("groups", 2**63, "the number of groups must be at most 9223372036854775807"),
            *("Overflow when unpacking long long", "groups=1"),
        ),
        (
            *("stride", (1, 2**63), "the stride must be at most 9223372036854775807"),
            *("Overflow when unpacking long long", STRIDES),
        ),
        (
            *("padding", 2**63, "the padding must be at most 4611686018427387903"),
            *("Overflow when unpacking long long", PADDINGS),
        ),
        (
            "padding",
            (0, 2**62),
            "the padding must be at most 4611686018427387903",
            "Given padding=4611686018427387904 at dimension 1 , expected padding to be at most 4611686018427387903",
            PADDINGS,
        ),
        (
            "padding",
            2**62,
            "the padding must be at most 4611686018427387903",
            "Given padding=4611686018427387904 at dimension 0 , expected padding to be at most 4611686018427387903",
            PADDINGS,
        ),
        ("stride", 2.0, f"the stride is {WHOLE_OR_PAIR}, not a float", None, "stride=2"),
        ("stride", None, f"the stride is {WHOLE_OR_PAIR}, not None", None, STRIDES),
        ("stride", True, f"the stride is {WHOLE_OR_PAIR}, not a bool", None, "stride=1"),
        ("stride", "2", f"the stride is {WHOLE_OR_PAIR}", None, "stride=2"),
        ("stride", "two", f"the stride is {WHOLE_OR_PAIR}", None, STRIDES),
        (
            *("kernel_size", np.array(3.5), f"the kernel size is {WHOLE_OR_PAIR}, not a ndarray", None),
            "kernel_size=3, or kernel_size=(3, 5) for H and W",
        ),
        ("kernel_size", "7.0", f"the kernel size is {WHOLE_OR_PAIR}", None, "kernel_size=7"),
        ("padding", 1.5, f"the padding is {EVERY_PADDING}, not a float", None, PADDINGS),
        (
            *("stride", (1, 1, 1), f"the stride is {WHOLE_OR_PAIR}, not 3 values"),
            *(LENGTH.format("stride") + "[1, 1, 1]", "stride=1 for H and W"),
        ),
        (
            *("dilation", (), f"the dilation is {WHOLE_OR_PAIR}, not 0 values"),
            *(LENGTH.format("dilation") + "[]", "dilation=2, or dilation=(2, 1) for H and W"),
        ),
        (
            "padding",
            [1],
            f"the padding is {EVERY_PADDING}, not 1 values",
            LENGTH.format("padding") + "[1]",
            "padding=1",
        ),
        (
            *("padding", (1, 2, 3), f"the padding is {EVERY_PADDING}, not 3 values"),
            LENGTH.format("padding") + "[1, 2, 3]",
            "padding=(1, 2) for H and W, or padding=(1, 2, 3, 2) for top, left, bottom, right",
        ),
        ("stride", (1, 2.0), "the stride is made of whole numbers, but 2.0 is a float", None, "stride=(1, 2)"),
        ("stride", (True, 1), "the stride is made of whole numbers, but True is a bool", None, "stride=1"),
        (
            *("padding", ((1, 2), (1, 1)), "the padding is made of whole numbers, but (1, 2) is several values"),
            *(None, PADDINGS),
        ),
        (
            *("padding", "smae", f"the padding is {EVERY_PADDING}"),
            "Invalid padding string 'smae', should be one of {'same', 'valid'}",
            "did you mean padding='same'?",
        ),
        (
            *("padding", "full", f"the padding is {EVERY_PADDING}"),
            "Invalid padding string 'full', should be one of {'same', 'valid'}",
            "padding='same', 'valid', 'same_upper' or 'same_lower'",
        ),
        (
            *("padding_mode", "Reflect", "the padding mode is zeros, reflect, replicate or circular"),
            *(MODES + "'Reflect'", "did you mean padding_mode='reflect' or 'replicate'?"),
        ),
        (
            *("padding_mode", None, "the padding mode is zeros, reflect, replicate or circular"),
            *(MODES + "None", "padding_mode='zeros', 'reflect', 'replicate' or 'circular'"),
        ),
        ("bias", Undecided(), "bias is true or false: neither nor", None, "bias=True"),
        ("device", 3, f"{DEVICE}, not an int", None, "device='cpu' or 'cuda'"),
        ("device", "gpu", DEVICE, f"{NO_DEVICE}gpu", "device='cpu' or 'cuda'"),
        ("device", "cuda:1000", DEVICE, f"{NO_DEVICE}cuda:1000", "device='cpu' or 'cuda'"),
        ("dtype", "flaot16", "there is no element type of this name", None, "did you mean dtype='float16'"),
        ("dtype", "float33", "there is no element type of this name", None, "did you mean dtype='float32'"),
        ("dtype", "qwerty", "there is no element type of this name", None, DTYPES),
        ("dtype", 3.5, "the element type is a name, or a type of torch or NumPy, not a float", None, "dtype='float32'"),
        ("dtype", str, "there is no element type of this name", None, DTYPES),
    ],
)
def test_what_is_refused_is_explained_and_the_hint_is_accepted(
    field: str, value: Any, problem: str, torch: str | None, hint: str
) -> None:
    fault = fault_of(**{field: value})
    assert fault.field == field
    assert fault.given == shown(value)
    assert fault.torch == torch
    if field == "dtype":
        # How many look alike depends on the table of names, and what follows the words on the type that was given.
        assert fault.problem.startswith(problem)
        assert (fault.hint or "").startswith(hint)
    else:
        assert (fault.problem, fault.hint) == (problem, hint)
    offers = offers_of(fault.hint)
    assert offers
    for name, offered in offers:
        assert name == field
        layer_from(GOOD | {name: offered})


values = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 2**64),
    st.floats(),
    st.text(max_size=6),
    st.lists(st.one_of(st.integers(-2, 5), st.floats(-2, 5), st.text(max_size=2)), max_size=6),
    st.tuples(st.integers(-2, 5), st.integers(-2, 5), st.integers(-2, 5)),
)


@given(st.sampled_from(FIELDS), values)
@example("stride", "9" * 30)
@example("kernel_size", [2**63])
@example("in_channels", "9" * 5000)
@example("groups", 10**5000)
@example("padding_mode", 10**5000)
@example("in_channels", (3, 3, 3))
def test_whatever_is_refused_its_hint_is_accepted(field: str, value: Any) -> None:
    try:
        layer_from(GOOD | {field: value})
    except LayerError as error:
        (fault,) = error.faults
        assert fault.field == field
        assert "Traceback" not in fault.problem
        assert "pydantic" not in fault.problem.lower()
        for name, offered in offers_of(fault.hint):
            layer_from(GOOD | {name: offered})
        assert offers_of(fault.hint)


def test_an_endless_iterator_is_refused_and_not_followed() -> None:
    fault = fault_of(stride=itertools.count())
    assert fault.problem == f"the stride is {WHOLE_OR_PAIR}, not 9 values"
    assert fault.torch == LENGTH.format("stride") + "[0, 1, 2, 3, 4, 5, 6, 7, 8]"


@pytest.mark.parametrize("value", [np.array(3), np.array(2.0)])
def test_arrays_without_axes_are_integers_or_nothing(value: Any) -> None:
    # An array of no axes cannot be iterated over; NumPy's own integers are taken.
    fault = fault_of(kernel_size=value)
    assert fault.problem == f"the kernel size is {WHOLE_OR_PAIR}, not a ndarray"
    assert fault.hint == EXAMPLES["kernel_size"]


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
        ("stride", "the stride must be 1 or more"),
    ]
    assert [fault.hint for fault in caught.value.faults] == [
        "in_channels=3",
        "kernel_size=3, or kernel_size=(3, 5) for H and W",
        "stride=1",
    ]
    assert [fault.given for fault in caught.value.faults] == ["", "", "0"]


def test_an_argument_that_could_not_be_read_is_not_also_missing() -> None:
    with pytest.raises(LayerError) as caught:
        layer_from({"out_channels": 4, "kernel_size": 3}, [Fault("in_channels", "x", "unreadable")])
    assert [fault.problem for fault in caught.value.faults] == ["unreadable"]


def test_faults_of_unknown_fields_come_last() -> None:
    with pytest.raises(LayerError) as caught:
        layer_from(GOOD | {"dtype": "qwerty"}, [Fault("colour", "red", "unknown key")])
    assert [fault.field for fault in caught.value.faults] == ["dtype", "colour"]


def test_unknown_arguments_are_told_with_what_was_meant() -> None:
    with pytest.raises(LayerError) as caught:
        layer_from(GOOD | {"strid": 2, "colour": "red", "stride": 0})
    assert [(fault.field, fault.given, fault.problem, fault.hint) for fault in caught.value.faults] == [
        ("stride", "0", "the stride must be 1 or more", "stride=1"),
        ("strid", "2", "unknown argument", "did you mean stride?"),
        ("colour", "'red'", "unknown argument", f"leave it out: a layer has {', '.join(FIELDS)}"),
    ]


def test_groups_must_divide_both_and_the_hint_lists_what_does() -> None:
    fault = fault_of(in_channels=12, out_channels=18, groups=4)
    assert fault.problem == "4 groups do not divide out_channels=18"
    assert fault.torch == "out_channels must be divisible by groups"
    fault = fault_of(in_channels=15, out_channels=18, groups=6)
    assert fault.problem == "6 groups do not divide in_channels=15"
    assert fault.torch == "in_channels must be divisible by groups"
    fault = fault_of(in_channels=12, out_channels=18, groups=5)
    assert fault.problem == "5 groups do not divide in_channels=12 and out_channels=18"
    assert fault.torch == "in_channels must be divisible by groups; out_channels must be divisible by groups"
    assert fault.hint == "groups=1, 2, 3 or 6"
    assert fault.given == "5"


def test_groups_are_judged_by_the_channels_that_are_right() -> None:
    faults = faults_of(in_channels=0, out_channels=18, groups=4)
    assert [(fault.field, fault.torch) for fault in faults] == [
        ("in_channels", None),
        ("groups", "out_channels must be divisible by groups"),
    ]


@given(st.integers(1, 60), st.integers(1, 60), st.integers(1, 60))
def test_every_group_of_the_hint_works(in_channels: int, out_channels: int, groups: int) -> None:
    layer = GOOD | {"in_channels": in_channels, "out_channels": out_channels}
    try:
        layer_from(layer | {"groups": groups})
    except LayerError as error:
        (fault,) = error.faults
        offers = offers_of(fault.hint)
        assert ("groups", 1) in offers
        assert all(layer_from(layer | {field: number}).groups == number for field, number in offers)
    else:
        assert in_channels % groups == out_channels % groups == 0


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        ({"kernel_size": 3, "stride": 2}, "padding=1"),
        ({"kernel_size": (3, 5), "stride": (1, 2)}, "padding=(1, 2)"),
        ({"kernel_size": 3, "stride": 2, "dilation": (2, 3)}, "padding=(2, 3)"),
        (
            {"kernel_size": 4, "stride": 2},
            "padding='same_upper', or where the stride divides the size padding=1",
        ),
        (
            {"kernel_size": (3, 4), "stride": (2, 3)},
            "padding='same_upper', or where the stride divides the size padding=(0, 0, 1, 1)",
        ),
        ({"kernel_size": 3, "stride": 2, "dilation": 0}, "padding='same_upper'"),
        ({"kernel_size": 0, "stride": 2}, "padding='same_upper'"),
        ({"kernel_size": 3, "stride": 0}, None),
        ({"kernel_size": 3, "stride": (1, 0)}, None),
    ],
)
def test_same_with_a_stride_is_refused_with_a_padding_that_works(arguments: dict[str, Any], hint: str | None) -> None:
    faults = [fault for fault in faults_of(padding="same", **arguments) if fault.field == "padding"]
    if hint is None:
        # Whether `same` fits is only known once the stride is right.
        assert not faults
        return
    (fault,) = faults
    stride = arguments["stride"]
    assert fault.problem == f"'same' needs a stride of 1, but the stride is {stride}"
    assert fault.torch == "padding='same' is not supported for strided convolutions"
    assert (fault.given, fault.hint) == ("'same'", hint)
    for field, padding in offers_of(hint):
        layer_from(GOOD | {"kernel_size": 3, "stride": stride, field: padding})


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
