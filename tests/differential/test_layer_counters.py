"""What `explain` says that other counters print for one layer, beside what they do print."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
from counters import COUNTERS, printed
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from conv2d_cli import Conv2d, ShapeError, analyze, explain, reconcile

torch = pytest.importorskip("torch")

pytestmark = pytest.mark.long

PAIRS = st.tuples(st.integers(1, 4), st.integers(1, 4))
STEPS = st.tuples(st.integers(1, 3), st.integers(1, 3))


@st.composite
def layers_of_torch(draw: st.DrawFn) -> tuple[Conv2d, tuple[int, ...]]:
    """Return a layer that torch has too, and the shape of a batch that it takes."""
    groups = draw(st.integers(1, 3))
    padding: Any = draw(st.sampled_from(["same", "valid", (0, 0), (1, 2), (3, 1)]))
    layer = Conv2d(
        groups * draw(st.integers(1, 3)),
        groups * draw(st.integers(1, 3)),
        draw(PAIRS),
        (1, 1) if padding == "same" else draw(STEPS),
        padding,
        draw(STEPS),
        groups,
        draw(st.booleans()),
        draw(st.sampled_from(["zeros", "zeros", "replicate"])),
    )
    spans = [step * (taps - 1) + 1 for step, taps in zip(layer.dilation, layer.kernel_size, strict=True)]
    shape = (draw(st.integers(1, 3)), layer.in_channels, *(span + draw(st.integers(0, 6)) for span in spans))
    return layer, shape


def module_of(layer: Conv2d) -> Any:
    arguments = layer.model_dump(exclude={"device", "dtype"})
    return torch.nn.Conv2d(**arguments)


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(layers_of_torch())
def test_layers_of_torch(case: tuple[Conv2d, tuple[int, ...]]) -> None:
    compare(module_of(case[0]), *case)


@settings(max_examples=20, suppress_health_check=[HealthCheck.too_slow])
@given(
    layers_of_torch(),
    st.sampled_from(["same_upper", "same_lower", (0, 1, 1, 2), (2, 0, 0, 0)]),
    st.sampled_from(["zeros", "replicate"]),
)
def test_layers_that_torch_pads_before(case: tuple[Conv2d, tuple[int, ...]], padding: Any, mode: str) -> None:
    layer = case[0].model_copy(update={"padding": padding, "padding_mode": mode})
    try:
        facts = analyze(layer, case[1])
    except ShapeError:
        return
    sides = (facts.padding_left, facts.padding_right, facts.padding_top, facts.padding_bottom)
    pad = (torch.nn.ZeroPad2d if mode == "zeros" else torch.nn.ReplicationPad2d)(sides)
    bare = module_of(layer.model_copy(update={"padding": 0, "padding_mode": "zeros"}))
    compare(torch.nn.Sequential(pad, bare), layer, case[1])


@settings(max_examples=20, suppress_health_check=[HealthCheck.too_slow])
@given(layers_of_torch())
def test_images_without_a_batch(case: tuple[Conv2d, tuple[int, ...]]) -> None:
    layer, shape = case
    compare(module_of(layer), layer, shape[1:])


def compare(module: Any, layer: Conv2d, shape: tuple[int, ...]) -> None:
    """Compare all counters that are installed, and find each of their figures again."""
    told = {one.tool: one for one in explain(layer, shape).tools[: len(COUNTERS)]}
    assert [*told] == [*COUNTERS]
    model = torch.nn.Sequential(module).eval()
    compared = 0
    for tool in COUNTERS:
        with contextlib.suppress(pytest.skip.Exception):
            figure = printed(tool, model, torch.zeros(shape))
            assert told[tool].value == figure, (tool, str(layer), shape)
            assert tool in {one.tool for one in reconcile(layer, shape, figure).matches}
            compared += 1
    assert compared


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("size", [(1, 3, 224, 224), (2, 3, 224, 200)])
def test_the_first_layer_of_alexnet(bias: bool, size: tuple[int, ...]) -> None:
    layer = Conv2d(3, 64, 11, stride=4, padding=2, bias=bias)
    compare(module_of(layer), layer, size)
