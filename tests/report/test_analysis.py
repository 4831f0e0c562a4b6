"""The facts of a layer: each key against its own definition."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from conv2d_cli import Conv2d, analyze
from conv2d_cli.dtypes import DTYPES
from conv2d_cli.errors import ShapeError
from conv2d_cli.report.record import record_of
from conv2d_cli.report.roofline import RooflineReport
from conv2d_cli.report.schema import result_schema
from conv2d_cli.report.shape import ShapeReport

RESNET = Conv2d(3, 64, 7, 2, 3)


def test_the_first_layer_of_resnet() -> None:
    report = analyze(RESNET, (1, 3, 224, 224))
    assert report == ShapeReport(
        in_channels=3,
        out_channels=64,
        kernel_size=(7, 7),
        stride=(2, 2),
        padding=(3, 3),
        dilation=(1, 1),
        groups=1,
        bias=True,
        padding_mode="zeros",
        device="cpu",
        dtype="float32",
        input_shape=(1, 3, 224, 224),
        output_shape=(1, 64, 112, 112),
        weight_shape=(64, 3, 7, 7),
        bias_shape=(64,),
        effective_kernel_size=(7, 7),
        padding_top=3,
        padding_bottom=3,
        padding_left=3,
        padding_right=3,
        parameters=9472,
        weight_parameters=9408,
        bias_parameters=64,
        macs=118_013_952,
        effective_macs=64 * 3 * (112 * 7 - 6) ** 2,
        bias_adds=802_816,
        flops=236_027_904,
        input_bytes=602_112,
        output_bytes=3_211_264,
        parameter_bytes=37_888,
        im2col_bytes=7_375_872,
        arithmetic_intensity=236_027_904 / (602_112 + 37_888 + 3_211_264),
        receptive_field=(7, 7),
        unused_rows=0,
        unused_columns=0,
    )


def test_without_an_input_only_what_needs_no_size_is_known() -> None:
    report = analyze(Conv2d(4, 8, (3, 5), padding="same_upper", stride=2, bias=False))
    known = {key for key, value in report._asdict().items() if value is not None}
    assert set(ShapeReport._fields) - known == {
        *("input_shape", "output_shape", "bias_shape", "padding_top", "padding_bottom", "padding_left"),
        *("padding_right", "macs", "effective_macs", "bias_adds", "flops", "input_bytes", "output_bytes"),
        *("im2col_bytes", "arithmetic_intensity", "unused_rows", "unused_columns"),
    }
    assert (report.parameters, report.bias_parameters, report.parameter_bytes) == (480, 0, 1920)
    sides = analyze(Conv2d(4, 8, 4, padding="same"))
    assert (sides.padding_top, sides.padding_bottom, sides.padding_left, sides.padding_right) == (1, 2, 1, 2)
    four = analyze(Conv2d(4, 8, 4, padding=(1, 2, 3, 4)))
    assert (four.padding_top, four.padding_left, four.padding_bottom, four.padding_right) == (1, 2, 3, 4)


@given(
    st.integers(0, 3),
    st.integers(1, 4),
    st.tuples(st.integers(1, 3), st.integers(1, 3)),
    st.tuples(st.integers(1, 4), st.integers(1, 4)),
    st.sampled_from(["zeros", "reflect", "replicate", "circular"]),
    st.booleans(),
    st.sampled_from(["float16", "float32", "float64", "complex128", "int8"]),
)
def test_the_facts_agree_with_one_another(
    batch: int, groups: int, stride: Any, kernel: Any, mode: Any, bias: bool, dtype: str
) -> None:
    layer = Conv2d(2 * groups, 3 * groups, kernel, stride, 1, 2, groups, bias, mode, dtype=dtype)
    report = analyze(layer, (batch, 2 * groups, 9, 11))
    assert report.output_shape is not None
    assert report.macs is not None
    assert report.effective_macs is not None
    outputs, size = prod(report.output_shape), DTYPES[dtype].bytes
    assert report.weight_parameters == prod(report.weight_shape)
    assert report.bias_parameters == (3 * groups if bias else 0) == prod(report.bias_shape or (0,))
    assert report.parameters == report.weight_parameters + report.bias_parameters
    assert report.macs == outputs * prod(report.weight_shape[1:])
    assert report.flops == 2 * report.macs
    assert report.bias_adds == (outputs if bias else 0)
    assert report.effective_macs <= report.macs
    # Only zeros are wasted: the other modes multiply real values.
    assert mode == "zeros" or report.effective_macs == report.macs
    assert report.output_bytes == outputs * size
    assert report.input_bytes == batch * 2 * groups * 99 * size
    assert report.parameter_bytes == report.parameters * size
    assert report.im2col_bytes == batch * 2 * groups * prod(kernel) * prod(report.output_shape[2:]) * size
    assert report.arithmetic_intensity == report.flops / (
        report.input_bytes + report.output_bytes + report.parameter_bytes
    )
    assert report.receptive_field == report.effective_kernel_size == tuple(2 * (k - 1) + 1 for k in kernel)


def test_one_image_has_no_batch_in_its_shapes_and_costs_what_a_batch_of_one_does() -> None:
    one, batch = analyze(RESNET, (3, 100, 80)), analyze(RESNET, (1, 3, 100, 80))
    assert (one.input_shape, one.output_shape) == ((3, 100, 80), (64, 50, 40))
    shapes = {"input_shape", "output_shape"}
    assert {key for key in ShapeReport._fields if getattr(one, key) != getattr(batch, key)} == shapes


def test_rows_that_the_stride_never_reaches() -> None:
    report = analyze(Conv2d(1, 1, 3, (4, 3)), (1, 1, 10, 10))
    assert (report.unused_rows, report.unused_columns) == (3, 1)


def test_an_input_that_does_not_fit_is_refused() -> None:
    with pytest.raises(ShapeError):
        analyze(Conv2d(3, 64, 7), (3, 5, 5))


@pytest.mark.parametrize(
    ("size", "input_shape"),
    [
        (32, (1, 3, 32, 32)),
        ("32", (1, 3, 32, 32)),
        ((32,), (1, 3, 32, 32)),
        ([32], (1, 3, 32, 32)),
        ((32, 24), (1, 3, 32, 24)),
        ("32x24", (1, 3, 32, 24)),
        ([3, 32, 24], (3, 32, 24)),
        ("3,32,24", (3, 32, 24)),
        ((8, 3, 32, 24), (8, 3, 32, 24)),
        ("8 3 32 24", (8, 3, 32, 24)),
        ("torch.Size([8, 3, 32, 24])", (8, 3, 32, 24)),
        (np.zeros((8, 3, 32, 24)).shape, (8, 3, 32, 24)),
        (np.array([8, 3, 32, 24]), (8, 3, 32, 24)),
        (np.int64(32), (1, 3, 32, 32)),
    ],
)
def test_every_size_that_the_command_takes(size: Any, input_shape: tuple[int, ...]) -> None:
    report = analyze(RESNET, size)
    assert report.input_shape == input_shape
    assert report == analyze(RESNET, input_shape)


@pytest.mark.parametrize("size", ["", "8.5", "x.npy", (), (-1,), (1, 2, 3, 4, 5), 8.5, True, "1x2x3x4x5", (3, "8", 8)])
def test_what_is_no_size_is_refused(size: Any) -> None:
    with pytest.raises(ShapeError):
        analyze(RESNET, size)


def test_a_record_begins_with_its_version_and_has_the_keys_of_the_schema() -> None:
    record = record_of(analyze(RESNET, (1, 3, 224, 224)))
    assert next(iter(record)) == "schema_version"
    assert record["schema_version"] == 1
    properties = result_schema()["properties"]
    # Of many layers each has its line, and its name where it was given one.
    optional = {"line", "name", *RooflineReport._fields}
    assert [key for key in properties if key not in optional] == list(record)
    assert optional.isdisjoint(result_schema()["required"])
    assert properties["schema_version"]["const"] == 1
