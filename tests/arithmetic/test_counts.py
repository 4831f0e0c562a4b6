"""Counts against a loop over every tap."""

from __future__ import annotations

from itertools import product
from math import prod

from hypothesis import given
from hypothesis import strategies as st

from conv2d_cli.arithmetic.counts import (
    arithmetic_intensity,
    counts_of,
    effective_macs,
    flops,
    macs,
    weight_shape,
)
from conv2d_cli.arithmetic.geometry import Geometry
from conv2d_cli.arithmetic.window import Axis

axes = st.builds(
    Axis,
    size=st.integers(3, 7),
    kernel=st.integers(1, 3),
    stride=st.integers(1, 3),
    dilation=st.just(1),
    before=st.integers(0, 2),
    after=st.integers(0, 2),
)
geometries = st.builds(
    lambda batch, inner, outer, groups, height, width: Geometry(
        batch, inner * groups, outer * groups, groups, height, width
    ),
    *(st.integers(0, 2), st.integers(1, 2), st.integers(1, 3), st.integers(1, 3), axes, axes),
)


@given(geometries)
def test_macs_are_all_taps_and_effective_macs_those_on_the_image(geometry: Geometry) -> None:
    height, width = geometry.height, geometry.width
    every = real = 0
    for _ in product(
        range(geometry.batch), range(geometry.out_channels), range(geometry.in_channels // geometry.groups)
    ):
        for i, j, u, v in product(range(height.output), range(width.output), range(height.kernel), range(width.kernel)):
            row, column = i * height.stride + u - height.before, j * width.stride + v - width.before
            every += 1
            real += 0 <= row < height.size and 0 <= column < width.size
    assert macs(geometry) == every
    assert effective_macs(geometry) == real


@given(geometries)
def test_im2col_has_a_column_for_each_output_pixel(geometry: Geometry) -> None:
    rows = geometry.in_channels * geometry.height.kernel * geometry.width.kernel
    columns = geometry.batch * geometry.height.output * geometry.width.output
    assert counts_of(geometry, bias=True, zeros=True).im2col_elements == rows * columns


@given(geometries, st.booleans(), st.booleans())
def test_all_counts_of_a_geometry(geometry: Geometry, bias: bool, zeros: bool) -> None:
    counts = counts_of(geometry, bias=bias, zeros=zeros)
    assert counts.macs == macs(geometry)
    # What is not zeros is multiplied for good.
    assert counts.effective_macs == (effective_macs(geometry) if zeros else counts.macs)
    assert counts.flops == 2 * counts.macs
    assert counts.output_shape == geometry.batched_output_shape
    assert counts.output_elements == prod(counts.output_shape)
    assert counts.input_elements == prod(geometry.batched_input_shape)
    assert counts.bias_adds == (counts.output_elements if bias else 0)


@given(geometries)
def test_the_shapes_agree_with_one_another(geometry: Geometry) -> None:
    height, width = geometry.height, geometry.width
    assert geometry.batched_input_shape == (geometry.batch, geometry.in_channels, height.size, width.size)
    assert geometry.batched_output_shape == (geometry.batch, geometry.out_channels, height.output, width.output)
    assert geometry.weight_shape[0] == geometry.out_channels
    assert geometry.weight_shape[1] * geometry.groups == geometry.in_channels
    assert geometry.weight_shape[2:] == (height.kernel, width.kernel)
    assert geometry.taps_per_output == geometry.weight_shape[1] * height.kernel * width.kernel


def test_the_wasted_macs_of_a_small_plane() -> None:
    axis = Axis(7, 3, 1, 1, 1, 1)
    geometry = Geometry(1, 512, 512, 1, axis, axis)
    assert macs(geometry) == 512 * 512 * 49 * 9
    assert f"{1 - effective_macs(geometry) / macs(geometry):.1%}" == "18.1%"


def test_the_shape_of_the_weight() -> None:
    assert weight_shape(64, 3, 1, (7, 7)) == (64, 3, 7, 7)
    assert prod(weight_shape(64, 3, 1, (7, 7))) == 9408
    assert weight_shape(6, 4, 2, (3, 5)) == (6, 2, 3, 5)
    assert prod(weight_shape(6, 4, 2, (3, 5))) == 180


@given(geometries)
def test_the_weight_of_a_geometry_has_the_shape_of_its_layer_s(geometry: Geometry) -> None:
    kernel = (geometry.height.kernel, geometry.width.kernel)
    assert geometry.weight_shape == weight_shape(geometry.out_channels, geometry.in_channels, geometry.groups, kernel)


def test_work() -> None:
    assert flops(118_013_952) == 236_027_904
    assert arithmetic_intensity(30, 4) == 7.5
