"""Layers whose sizes are 0, enormous or of the wrong number of axes: a shape, a misfit, at once."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest

from conv2d_cli.arithmetic.receptive_field import IMAGE, Span, through_transposed, through_window
from conv2d_cli.errors import DataError
from conv2d_cli.network.expansion import arguments_of
from conv2d_cli.network.modules.registry import MODULES
from conv2d_cli.network.notation import graph_of
from conv2d_cli.network.propagation import Propagated, propagate
from conv2d_cli.report.network_analysis import node_reports, stack_report

NETWORKS, LEAST_VALID = 3000, 800
VALUES: tuple[Any, ...] = (
    *(0, 1, 1, 2, 2, 3, 4, -1, [1, 2], [3, 3], [1, 2, 3], [1, 1, 1, 1], [0, 2, 3, 1], True, False, 0.5, 2.0, 1e300),
    *(1e-9, 2**62, 2**40, "same", "same_upper", "bilinear", "zeros", None, [2.0, 0.5], [None, 2]),
)


def drawn_layer(random: Random) -> dict[str, Any]:
    kind = random.choice([*MODULES])
    fields = MODULES[kind].model_fields
    needed = {"out_channels", "kernel_size", *(name for name, field in fields.items() if field.is_required())}
    values = {
        name: random.choice((1, 2, 4, random.choice(VALUES)))
        for name in arguments_of(kind)
        if name in needed or random.random() < 0.25
    }
    several = {"from": ["previous", "input"]} if MODULES[kind].inputs != 1 else {}
    return {"type": kind, **values, **several}


def drawn_shape(random: Random) -> tuple[int, ...]:
    if random.random() < 0.5:
        return (1, 4, 8, 8)
    return tuple(random.choice((0, 1, 2, 3, 4, 4, 5, 8, 2**40)) for _ in range(random.randint(0, 5)))


def test_drawn_layers_come_to_shapes_or_misfits() -> None:
    random, valid = Random(12), 0
    for _ in range(NETWORKS):
        layers = [drawn_layer(random) for _ in range(random.randint(1, 4))]
        try:
            graph = graph_of({"layers": layers}, "drawn")
        except DataError:
            continue
        valid += 1
        passed = propagate(graph, [drawn_shape(random)])
        assert len(node_reports(passed)) == len(layers) == stack_report(passed).layers
        assert all(misfit.error.message for misfit in passed.misfits)
    assert valid >= LEAST_VALID


def on(shape: tuple[int, ...], *layers: dict[str, Any]) -> Propagated:
    return propagate(graph_of({"layers": [*layers]}, "test"), [shape])


def test_an_enormous_transposed_kernel_takes_no_time() -> None:
    layer = {"type": "ConvTranspose2d", "out_channels": 2, "kernel_size": 2**62, "stride": 3, "dilation": 2}
    (node,) = on((1, 4, 8, 8), layer).nodes
    assert node.output_shape == (1, 2, *[7 * 3 + 2 * (2**62 - 1) + 1] * 2)
    assert node.plane is not None


def test_adaptive_pooling_of_a_plane_without_rows() -> None:
    passed = on((1, 4, 0, 8), {"type": "AdaptiveMaxPool2d", "output_size": [None, 2]})
    assert [one.output_shape for one in passed.nodes] in ([(1, 4, 0, 2)], [None])


def test_a_token_takes_a_sequence() -> None:
    (misfit,) = on((), {"type": "Token"}).misfits
    assert "takes a sequence" in misfit.error.message


def taps_one_by_one(output: int, kernel: int, stride: int, dilation: int, before: int) -> list[int]:
    offsets = [output + before - tap * dilation for tap in range(kernel)]
    return [offset // stride for offset in offsets if offset % stride == 0]


@pytest.mark.parametrize("before", [0, 1, 2])
@pytest.mark.parametrize("dilation", [1, 2, 3, 4])
@pytest.mark.parametrize("stride", [1, 2, 3, 4, 6])
@pytest.mark.parametrize("kernel", [1, 2, 3, 5, 7])
def test_the_field_of_a_transposed_convolution_is_that_of_all_taps(
    kernel: int, stride: int, dilation: int, before: int
) -> None:
    field = through_transposed(IMAGE, kernel, stride, dilation, before)
    assert field is not None
    for output in range(3 * stride):
        inputs = taps_one_by_one(output, kernel, stride, dilation, before)
        span = field.of(Span(output, output))
        assert span == Span(min(inputs), max(inputs)) if inputs else span.last < span.first


def test_behind_an_output_that_is_made_from_nothing() -> None:
    gap = through_transposed(IMAGE, kernel=1, stride=2, dilation=1, before=0)
    assert gap is not None
    assert through_window(gap, kernel=3, stride=2, dilation=1, before=1).size == 1
