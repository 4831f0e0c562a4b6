"""The grid of alternatives against the layer's own model, asked about every combination."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conv2d_cli.errors import LayerError
from conv2d_cli.layer.alternatives import alternatives_of
from conv2d_cli.layer.choices import FIELDS
from conv2d_cli.layer.grid import Grid, grid_of
from conv2d_cli.layer.model import Conv2d, layer_from

VALUES = {
    "in_channels": ("1..4", "6", "3,6..12..3"),
    "out_channels": ("8", "1..3", "12,4"),
    "kernel_size": ("1,3", "3x5", "2..6..2,1x7"),
    "stride": ("1", "1,2x1", "1..3"),
    "padding": ("same", "0..2", "valid,(0,0,1,1),2x1,same_upper"),
    "dilation": ("2", "1,2x3"),
    "groups": ("2", "1..4"),
    "padding_mode": ("zeros,reflect", "circular"),
    "device": ("cpu,cuda:1",),
    "dtype": ("float32,half", "int8"),
}
REQUIRED = ("in_channels", "out_channels", "kernel_size")


@st.composite
def typed_grids(draw: st.DrawFn) -> dict[str, str]:
    fields = {*REQUIRED, *draw(st.sets(st.sampled_from([*VALUES]), max_size=4))}
    return {field: draw(st.sampled_from(VALUES[field])) for field in FIELDS if field in fields}


def grid(**typed: str) -> Grid:
    return grid_of({field: alternatives_of(text, field) for field, text in typed.items()})


@given(typed_grids())
def test_every_combination_is_what_the_model_says_of_it(typed: dict[str, str]) -> None:
    found = grid(**typed)
    values = [[*alternatives_of(text, field)] for field, text in typed.items()]
    combinations = [dict(zip(typed, some, strict=True)) for some in product(*values)]
    assert found.number == len(combinations)
    for place, (arguments, layer) in enumerate(zip(combinations, found, strict=True)):
        expected: Conv2d | None
        try:
            expected = layer_from(arguments)
        except LayerError:
            expected = None
        assert (None if isinstance(layer, str) else layer) == expected
        at = found.arguments_at(place)
        if expected is not None:
            assert {field: getattr(expected, field) for field in at} == at
            assert layer_from(at) == expected


def test_why_there_is_no_layer() -> None:
    reasons = list(grid(in_channels="4", out_channels="4", kernel_size="3", groups="2,3"))
    assert isinstance(reasons[0], Conv2d)
    assert reasons[1] == "groups do not divide the channels"
    strided = [*grid(in_channels="4", out_channels="4", kernel_size="3", stride="1,2", padding="same")]
    assert strided[1] == "padding=same is for a stride of 1"


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ("kernel_size", "0..3"),
        ("stride", "1..9223372036854775808"),
        ("padding", "smae,1"),
        ("padding", "1,(1,2,3)"),
        ("groups", "0,1"),
        ("dtype", "float32,flaot"),
        ("in_channels", "3x5"),
        ("padding_mode", "1..3"),
    ],
)
def test_a_value_that_no_layer_can_have_is_a_fault_of_its_own_field(field: str, text: str) -> None:
    with pytest.raises(LayerError) as caught:
        grid(**({"in_channels": "3", "out_channels": "8", "kernel_size": "3"} | {field: text}))
    assert [fault.field for fault in caught.value.faults] == [field]


def test_all_faults_are_told_at_once() -> None:
    with pytest.raises(LayerError) as caught:
        grid(in_channels="0,1", out_channels="1", kernel_size="two", stride="0..2")
    assert [fault.field for fault in caught.value.faults] == ["in_channels", "kernel_size", "stride"]


def test_ranges_are_never_written_out() -> None:
    largest = 2**63 - 1
    found = grid(in_channels=f"1..{largest}", out_channels=f"1..{largest}", kernel_size=f"1..{largest}")
    assert found.number == largest**3
    assert found.arguments_at(found.number - 1) == {
        "in_channels": largest,
        "out_channels": largest,
        "kernel_size": (largest, largest),
    }
    assert next(iter(found)) == Conv2d(1, 1, 1)
    choices = found.choices["kernel_size"]
    with pytest.raises(IndexError):
        choices[choices.number]


def test_a_layer_of_a_grid_is_frozen_and_copied_with_validation() -> None:
    layer: Any = next(iter(grid(in_channels="4", out_channels="4", kernel_size="3", groups="1..2")))
    with pytest.raises(ValueError, match="groups"):
        layer.model_copy(update={"groups": 3})
    with pytest.raises(ValueError, match="frozen"):
        layer.groups = 2
