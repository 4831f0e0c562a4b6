"""The model of the Python side."""

from __future__ import annotations

import copy
import inspect
import pickle
from typing import Any

import pytest
from pydantic import ValidationError

from conv2d_cli import Conv2d
from conv2d_cli.errors import LayerError
from conv2d_cli.layer.choices import FIELDS

GIVEN: tuple[Any, ...] = (4, 8, (3, 5), 2, (1, 2), 1, 2, False, "reflect", "cpu", "half")


def test_every_argument_has_its_place_and_its_name() -> None:
    layer = Conv2d(*GIVEN)
    assert layer == Conv2d(**dict(zip(FIELDS, GIVEN, strict=True)))
    assert {*Conv2d.model_fields} == {*FIELDS}
    assert list(inspect.signature(Conv2d).parameters) == list(FIELDS)
    assert layer.model_dump() == {
        "in_channels": 4,
        "out_channels": 8,
        "kernel_size": (3, 5),
        "stride": (2, 2),
        "padding": (1, 2),
        "dilation": (1, 1),
        "groups": 2,
        "bias": False,
        "padding_mode": "reflect",
        "device": "cpu",
        "dtype": "float16",
    }
    assert Conv2d(1, 1, 1, padding=(1, 2, 3, 4)).padding == (1, 2, 3, 4)
    assert Conv2d(1, 1, 1, padding="same").padding == "same"


def test_it_is_frozen_and_can_be_a_key() -> None:
    layer = Conv2d(3, 64, 7)
    with pytest.raises(ValidationError):
        layer.stride = (2, 2)  # type: ignore[misc]
    assert {layer: 1}[Conv2d(3, 64, (7, 7))] == 1
    assert Conv2d.model_validate(layer.model_dump()) == layer


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({}, "Conv2d(4, 8, kernel_size=(3, 3), stride=(1, 1))"),
        ({"stride": (2, 1)}, "Conv2d(4, 8, kernel_size=(3, 3), stride=(2, 1))"),
        ({"padding": 1}, "Conv2d(4, 8, kernel_size=(3, 3), stride=(1, 1), padding=(1, 1))"),
        ({"padding": "valid"}, "Conv2d(4, 8, kernel_size=(3, 3), stride=(1, 1), padding=valid)"),
        ({"dilation": (1, 2)}, "Conv2d(4, 8, kernel_size=(3, 3), stride=(1, 1), dilation=(1, 2))"),
        ({"groups": 2}, "Conv2d(4, 8, kernel_size=(3, 3), stride=(1, 1), groups=2)"),
        (
            {"bias": False, "padding_mode": "circular", "dtype": "half"},
            "Conv2d(4, 8, kernel_size=(3, 3), stride=(1, 1), bias=False, padding_mode=circular)",
        ),
    ],
)
def test_it_prints_as_in_torch(arguments: dict[str, Any], text: str) -> None:
    assert repr(Conv2d(4, 8, 3, **arguments)) == str(Conv2d(4, 8, 3, **arguments)) == text


def test_a_faulty_layer_is_a_value_error_with_every_fault() -> None:
    with pytest.raises(ValueError, match="groups") as caught:
        Conv2d(3, 64, 7, stride=0, groups=2)
    error = caught.value
    assert isinstance(error, LayerError)
    assert [fault.field for fault in error.faults] == ["stride", "groups"]
    assert error.hint == "stride=1; groups=1"
    assert error.message == (
        "stride=0: the stride must be 1 or more (torch: non-positive stride is not supported); "
        "groups=2: 2 groups do not divide in_channels=3 (torch: in_channels must be divisible by groups)"
    )
    with pytest.raises(TypeError, match="missing 1 required positional argument: 'kernel_size'"):
        Conv2d(3, 64)  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="unexpected keyword argument 'colour'"):
        Conv2d(3, 64, 7, colour="red")  # type: ignore[call-arg]


def locs(error: ValidationError) -> list[tuple[tuple[int | str, ...], str]]:
    return [(details["loc"], details["type"]) for details in error.errors()]


def test_model_validate_is_validated_and_says_where() -> None:
    layer = Conv2d.model_validate({"in_channels": 3, "out_channels": 64, "kernel_size": 7, "dtype": "half"})
    assert layer == Conv2d(3, 64, 7, dtype="half")
    with pytest.raises(ValidationError) as caught:
        Conv2d.model_validate({"in_channels": 3, "stride": 0, "colour": 1})
    assert locs(caught.value) == [
        (("out_channels",), "missing"),
        (("kernel_size",), "missing"),
        (("stride", 0), "greater_than_equal"),
        (("stride", 1), "greater_than_equal"),
        (("colour",), "extra_forbidden"),
    ]
    assert not isinstance(caught.value, LayerError)


def test_json_is_validated_too() -> None:
    layer = Conv2d(3, 64, (7, 5), 2, "same_upper", dtype="half")
    assert Conv2d.model_validate_json(layer.model_dump_json()) == layer
    with pytest.raises(ValidationError) as caught:
        Conv2d.model_validate_json('{"in_channels": 3, "out_channels": 64, "kernel_size": [7, "7"]}')
    assert locs(caught.value) == [(("kernel_size", 1), "int_type")]


def test_a_copy_with_changes_is_validated() -> None:
    layer = Conv2d(3, 64, 7)
    changed = layer.model_copy(update={"stride": 2, "dtype": "half"})
    assert changed == Conv2d(3, 64, 7, 2, dtype="float16")
    assert type(changed) is Conv2d
    assert layer == Conv2d(3, 64, 7)
    assert layer.model_copy() == layer.model_copy(deep=True) == layer.model_copy(update={}) == layer
    with pytest.raises(ValidationError) as caught:
        layer.model_copy(update={"stride": 0, "groups": 2})
    assert locs(caught.value) == [
        (("stride", 0), "greater_than_equal"),
        (("stride", 1), "greater_than_equal"),
        (("groups",), "groups"),
    ]
    with pytest.raises(ValidationError) as caught:
        layer.model_copy(update={"colour": "red"})
    assert locs(caught.value) == [(("colour",), "extra_forbidden")]


@pytest.mark.parametrize("again", [copy.copy, copy.deepcopy, lambda layer: pickle.loads(pickle.dumps(layer))])  # noqa: S301
def test_copies_and_pickles_are_equal(again: Any) -> None:
    layer = Conv2d(*GIVEN)
    assert again(layer) == layer
    assert hash(again(layer)) == hash(layer)


def test_the_schema_says_what_each_argument_may_be() -> None:
    schema = Conv2d.model_json_schema()
    assert schema["required"] == ["in_channels", "out_channels", "kernel_size"]
    assert {*schema["properties"]} == {*FIELDS}
    assert schema["additionalProperties"] is False
    assert {"integer", "array"} == {choice["type"] for choice in schema["properties"]["stride"]["anyOf"]}
