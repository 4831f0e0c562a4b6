"""Pictures of transposed convolutions, against elements scattered one by one, and the facts that a network has."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from transposed_layers import drawn, reports, scattered

from conv2d_cli import LayerError, Network, ShapeError, UsageError
from conv2d_cli.network.transposed_expression import transposed_of_expression
from conv2d_cli.render.layer_text import as_torch_prints, as_typed
from conv2d_cli.report.draw_transposed import elements_read
from conv2d_cli.report.transposed import analyze_transposed

if TYPE_CHECKING:
    from conv2d_cli.report.draw import AxisRow, DrawReport
    from conv2d_cli.report.transposed import TransposedReport

LAYERS = 150
# Keys that `stack` has of a network under the same name.
SHARED = (
    *("output_shape", "parameters", "weight_parameters", "bias_parameters", "macs", "effective_macs", "bias_adds"),
    *("flops", "parameter_bytes", "receptive_field"),
)


def taps_of(axis: AxisRow, output: int) -> set[tuple[int, int]]:
    """Return the real elements that a window reads, each with the tap of the kernel, which is turned around."""
    taps = axis.taps(output)
    return {(tap.source, len(taps) - 1 - place) for place, tap in enumerate(taps) if tap.source is not None}


@pytest.mark.parametrize("seed", range(LAYERS))
def test_every_output_is_made_of_what_is_scattered_to_it(seed: int) -> None:
    facts, report = reports(seed)
    for place, axis in enumerate((report.rows, report.columns)):
        expected = scattered(facts, place)
        assert axis.outputs == len(expected)
        for output, made in enumerate(expected):
            assert taps_of(axis, output) == made
            assert [*elements_read(axis, output)] == sorted({element for element, _ in made})


@pytest.mark.parametrize("seed", range(0, LAYERS, 3))
def test_the_facts_are_those_of_a_network(seed: int) -> None:
    facts, _ = reports(seed)
    expression, shape = drawn(seed)
    network = Network.read(f"Sequential(\n  (0): {expression}\n)\n").analyze(shape)
    assert {key: getattr(facts, key) for key in SHARED} == {key: getattr(network, key) for key in SHARED}


def values_of(facts: TransposedReport, report: DrawReport, x: Any, weight: Any) -> Any:
    """Return the output as the picture says it: each window's elements times the kernel turned around."""
    output = np.zeros(facts.output_shape)
    inner, outer = facts.in_channels // facts.groups, facts.out_channels // facts.groups
    for image, channel, row, column in np.ndindex(*output.shape):
        group, filter_ = divmod(channel, outer)
        for (i, u), (j, v) in product(taps_of(report.rows, row), taps_of(report.columns, column)):
            read = slice(group * inner, (group + 1) * inner)
            output[image, channel, row, column] += x[image, read, i, j] @ weight[read, filter_, u, v]
    return output


@pytest.mark.parametrize("seed", range(0, LAYERS, 10))
def test_values_are_those_of_torch(seed: int) -> None:
    torch = pytest.importorskip("torch")
    facts, report = reports(seed)
    random = np.random.default_rng(seed)
    # Whole numbers, whose sums are exact.
    x, weight = (random.integers(-4, 5, shape).astype(float) for shape in (facts.input_shape, facts.weight_shape))
    expected = torch.nn.functional.conv_transpose2d(
        *(torch.from_numpy(x), torch.from_numpy(weight), None, facts.stride, facts.padding, facts.output_padding),
        *(facts.groups, facts.dilation),
    )
    assert np.array_equal(values_of(facts, report, x, weight), expected.numpy())


def test_a_layer_is_written_as_torch_prints_it_and_as_it_is_typed() -> None:
    expression = (
        "ConvTranspose2d(4, 6, kernel_size=(3, 1), stride=(2, 2), padding=(1, 0), dilation=(3, 3), "
        "output_padding=(1, 0), groups=2, bias=False)"
    )
    facts = analyze_transposed(transposed_of_expression(expression).module, (4, 5, 5))
    assert as_torch_prints(facts) == expression
    assert transposed_of_expression(as_typed(facts)) == transposed_of_expression(expression)


@pytest.mark.parametrize(
    ("text", "words", "hint"),
    [
        ("ConvTranspose2d(1, 1, 3, output_padding=1)", "at most 0", "output_padding=0"),
        ("ConvTranspose2d(1, 1, 3, 3, output_padding='x')", "a whole number or a pair", "output_padding=2"),
        ("ConvTranspose2d(1, 1, 3, output_padding=x)", "must be written out", None),
        ("ConvTranspose2d(1, 1, 0)", "must be 1 or more", "kernel_size=1"),
        ("ConvTranspose2d(1, 1, 3, padding='same')", "crops", "padding=1, or padding=(1, 2) for H and W"),
        ("ConvTranspose2d(1, 1, 3, padding=(1, 2, 3, 4))", "crops", "padding=1, or padding=(1, 2) for H and W"),
        ("ConvTranspose2d(1, 1, 3, padding_mode='reflect')", "no padding to fill", "padding_mode='zeros'"),
        ("ConvTranspose2d(3, 2, 3, groups=2)", "do not divide in_channels=3", "groups=1"),
        ("ConvTranspose2d(1, 1)", "missing required argument", None),
        ("ConvTranspose2d(1, 1, 3, 1, 0, 0, 1, True, 1, 'zeros', None, None, 7)", "takes 12 arguments", None),
    ],
)
def test_faults_are_told_in_words_of_the_layer(text: str, words: str, hint: str | None) -> None:
    with pytest.raises(LayerError) as raised:
        transposed_of_expression(text)
    assert words in raised.value.message
    if hint is not None:
        assert raised.value.hint == hint


@pytest.mark.parametrize("text", ["Conv2d(1, 1, 3)", "ConvTranspose2d", "ConvTranspose2d(", "ConvTranspose2d(1)(2)"])
def test_what_is_no_call_of_it(text: str) -> None:
    with pytest.raises(UsageError):
        transposed_of_expression(text)


@pytest.mark.parametrize(
    ("shape", "hint"),
    [
        ((1, 2, 3, 3), "input_shape=1x1x3x3"),
        ((3, 3), "input_shape=1x3x3"),
        ((0, 1, 0, 9), "input_shape=1x1x2x9"),
        ((1, 1, 1, 1), "input_shape=1x1x2x2"),
        ((2, 1, 3, 3, 3), "input_shape=1x1x3x3"),
    ],
)
def test_the_hint_is_an_input_that_fits(shape: tuple[int, ...], hint: str) -> None:
    layer = transposed_of_expression("ConvTranspose2d(1, 1, 3, stride=2, padding=2)").module
    with pytest.raises(ShapeError) as raised:
        analyze_transposed(layer, shape)
    assert raised.value.hint == hint
    fitting = tuple(map(int, hint.removeprefix("input_shape=").split("x")))
    assert min(analyze_transposed(layer, fitting).output_shape) >= 1
