"""Winograd's blocks of several images, brought through in parts of their channels and filters."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from bounds import UNITS, units_of_error

from conv2d_cli import prepare
from conv2d_cli.engine.blas import small_unpacked
from conv2d_cli.engine.convolution import run_plan
from conv2d_cli.engine.layouts import winograd as layouts
from conv2d_cli.engine.plan import Plan, plan_convolution
from conv2d_cli.engine.winograd_filters import Filters
from conv2d_cli.layer.forward import geometry_of
from conv2d_cli.layer.model import Conv2d

Array = np.ndarray[Any, Any]
CHANNELS, FILTERS, SIZE = 256, 250, (10, 9)


def planned(batch: int, threads: int, padding_mode: Any = "zeros", channels: int = CHANNELS) -> Plan:
    """Return the plan of a layer whose filters are too many to stay near."""
    layer = Conv2d(channels, FILTERS, 3, padding=1, padding_mode=padding_mode)
    return plan_convolution(
        geometry_of(layer, (batch, channels, *SIZE)),
        padding_mode=padding_mode,
        accuracy="fast",
        algorithm="winograd",
        threads=threads,
        small_unpacked=small_unpacked(),
    )


def operands(batch: int, channels: int = CHANNELS, seed: int = 0) -> tuple[Array, Array, Array]:
    """Return an input, a weight and a bias of normal values."""
    random = np.random.default_rng(seed)
    shapes = (batch, channels, *SIZE), (FILTERS, channels, 3, 3), (FILTERS,)
    x, weight, bias = (random.standard_normal(shape).astype(np.float32) for shape in shapes)
    return x, weight, bias


@pytest.mark.parametrize("padding_mode", ["zeros", "circular"])
@pytest.mark.parametrize("threads", [1, 2, 3])
@pytest.mark.parametrize("together", [1, 2, 5])
def test_images_that_are_brought_through_together_have_the_bits_of_each_alone(
    together: int, threads: int, padding_mode: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    room = planned(1, threads, padding_mode).layout.shared_bytes
    monkeypatch.setattr(layouts, "_MOST_POINTS", together * room)
    x, weight, bias = operands(5)
    plan = planned(5, threads, padding_mode)
    assert plan.layout.blocks.filter_parts >= max(2, threads)
    # The last of five images is alone where two are brought through at a time.
    assert plan.images_at_once == together
    out = run_plan(plan, x, weight, bias)
    one = planned(1, threads, padding_mode)
    for image, image_out in zip(x, out, strict=True):
        assert run_plan(one, image[None], weight, bias).tobytes() == image_out.tobytes()
    units = units_of_error(out, x, weight, bias, "fast", padding=(1, 1, 1, 1), padding_mode=padding_mode)
    assert units <= UNITS


@pytest.mark.parametrize("threads", [1, 2])
def test_sums_of_many_channels_are_made_in_runs(threads: int) -> None:
    x, weight, bias = operands(2, 500, seed=1)
    plan = planned(2, threads, channels=500)
    whole = run_plan(plan, x, weight, bias)
    plan = plan._replace(layout=plan.layout._replace(panel=plan.layout.panel._replace(taps=208)))
    out = run_plan(plan, x, weight, bias)
    # Other sums, so other last bits.
    assert out.tobytes() != whole.tobytes()
    assert units_of_error(out, x, weight, bias, "fast", padding=(1, 1, 1, 1)) <= UNITS


def test_filters_are_kept_once_they_are_used_again(monkeypatch: pytest.MonkeyPatch) -> None:
    parts = planned(1, 1).layout.blocks.filter_parts
    made: list[int] = []
    transform = Filters._transform

    def counted(filters: Filters, taps: Array, room: Array, workers: int = 1) -> Array:
        made.append(len(taps) // CHANNELS)
        return transform(filters, taps, room, workers)

    monkeypatch.setattr(Filters, "_transform", counted)
    x, weight, bias = operands(1, seed=2)
    convolve = prepare(
        Conv2d(CHANNELS, FILTERS, 3, padding=1), weight, bias, accuracy="fast", threads=1, algorithm="winograd"
    )
    outs = []
    for transforms in (parts, parts, 0, 0):
        outs.append(convolve(x).tobytes())
        assert len(made) == transforms
        assert sum(made) == (FILTERS if transforms else 0)
        made.clear()
    assert len({*outs}) == 1
