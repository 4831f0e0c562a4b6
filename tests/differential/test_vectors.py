"""Test vectors of the suite beside PyTorch: the same operation, and outputs as near as its rounding lets them be."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from forked import conv2d

from conv2d_cli import Conv2d
from conv2d_cli.layer.forward import padding_sides

if TYPE_CHECKING:
    from pathlib import Path

torch = pytest.importorskip("torch")

Array = np.ndarray[Any, Any]
EPS, UNITS = 2.0**-52, 4
MODES = {"zeros": "constant", "reflect": "reflect", "replicate": "replicate", "circular": "circular"}


def of_torch(layer: Conv2d, x: Array, weight: Array, bias: Array | None) -> Array:
    """Return PyTorch's convolution; paddings that torch.nn.Conv2d has not are made before it."""
    (top, bottom), (left, right) = padding_sides(layer, *x.shape[-2:])  # type: ignore[misc]
    image = torch.from_numpy(x)
    unbatched = image.ndim == 3
    image = image[None] if unbatched else image
    if len(image):
        image = torch.nn.functional.pad(image, (left, right, top, bottom), mode=MODES[layer.padding_mode])
    else:
        image = torch.zeros((0, image.shape[1], image.shape[2] + top + bottom, image.shape[3] + left + right)).double()
    parameters = (torch.from_numpy(weight), None if bias is None else torch.from_numpy(bias))
    y = torch.nn.functional.conv2d(image, *parameters, layer.stride, 0, layer.dilation, layer.groups)
    out: Array = (y[0] if unbatched else y).numpy()
    return out


def test_float64_outputs_of_the_suite(tmp_path: Path) -> None:
    # Extremes overflow in sums that are not exact, to infinities of either sign or NaN: they have no bound.
    assert conv2d("vectors", "--suite", "corners", "--dtype", "float64", "-o", "v", "-q", folder=tmp_path).code == 0
    cases = json.loads((tmp_path / "v" / "manifest.json").read_text())["cases"]
    compared = 0
    for case in cases:
        if case["data"] == "extremes":
            continue
        layer = Conv2d(**case["layer"])
        x, weight, y = (np.load(tmp_path / "v" / case[place]["file"]) for place in ("input", "weight", "output"))
        bias = None if case["bias"] is None else np.load(tmp_path / "v" / case["bias"]["file"])
        theirs = of_torch(layer, x, weight, bias)
        assert theirs.shape == y.shape
        # sum|x||w| + |b|, itself off by no more than a few eps.
        magnitude = of_torch(layer, np.abs(x), np.abs(weight), None if bias is None else np.abs(bias))
        bound = UNITS * EPS * magnitude
        assert (np.abs(theirs - y) <= bound).all(), case["name"]
        compared += y.size
    assert compared > 5000
