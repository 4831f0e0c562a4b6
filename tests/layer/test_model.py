"""The model of the Python side."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from conv2d_cli import Conv2d
from conv2d_cli.errors import LayerError

GIVEN: tuple[Any, ...] = (4, 8, (3, 5), 2, (1, 2), 1, 2, False, "reflect", "cpu", "half")


def test_every_argument_has_its_place_and_its_name() -> None:
    layer = Conv2d(*GIVEN)
    assert layer == Conv2d(**dict(zip(Conv2d.model_fields, GIVEN, strict=True)))
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
    assert error.hint == "stride=1 or more; groups=1"
    with pytest.raises(TypeError):
        Conv2d(3, 64)  # type: ignore[call-arg]
    with pytest.raises(TypeError):
        Conv2d(3, 64, 7, colour="red")  # type: ignore[call-arg]
