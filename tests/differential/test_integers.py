"""Whole numbers over the whole range of their types: sums wrap here as they do in PyTorch."""

from __future__ import annotations

from random import Random
from typing import Any

import numpy as np
import pytest
from random_layers import draw_valid

from conv2d_cli import Conv2d, analyze, conv2d

torch = pytest.importorskip("torch")


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int16", "int32", "int64"])
def test_sums_wrap_as_in_torch(dtype: str) -> None:
    random, data = Random(50), np.random.default_rng(50)
    bounds = np.iinfo(dtype)
    tried = 0
    for _ in range(400):
        case = draw_valid(random)
        layer = Conv2d(**case.arguments)
        # torch dilates only the widest.
        if layer.padding_mode != "zeros" or (layer.dilation != (1, 1) and dtype != "int64"):
            continue
        shapes = (case.input_shape, analyze(layer).weight_shape, (layer.out_channels,))
        x, weight, bias = (data.integers(bounds.min, bounds.max, shape, dtype, endpoint=True) for shape in shapes)
        padding = layer.padding
        options: tuple[Any, ...] = (layer.stride, padding, layer.dilation, layer.groups)
        if padding == "same" and any(d * (k - 1) % 2 for k, d in zip(layer.kernel_size, layer.dilation, strict=True)):
            # torch warns once of a copy.
            continue
        theirs = torch.nn.functional.conv2d(*map(torch.from_numpy, (x, weight, bias)), *options)
        assert np.array_equal(conv2d(x, weight, bias, *options), theirs.numpy()), case
        tried += 1
    assert tried >= 20
