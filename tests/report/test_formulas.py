"""The formulas are true: what stands on the left of the last `=` works out to what stands on its right."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conv2d_cli import analyze
from conv2d_cli.layer.model import Conv2d
from conv2d_cli.report.formulas import formulas_of, short_formulas_of

pairs = st.tuples(st.integers(1, 4), st.integers(1, 4))


def value_of(expression: str) -> float:
    """Work out a formula's left side: numbers, operators, brackets and max()."""
    assert re.fullmatch(r"(?:[\d.e+()*/%, -]|max)+", expression), expression
    return float(eval(expression, {"__builtins__": {}, "max": max}))  # noqa: S307 - checked above


@given(pairs, pairs, pairs, st.sampled_from([(1, 2), (1, 0, 2, 3), "same_upper", "valid"]), st.booleans())
def test_every_formula_works_out(kernel: Any, stride: Any, dilation: Any, padding: Any, bias: bool) -> None:
    report = analyze(Conv2d(4, 6, kernel, stride, padding, dilation, 2, bias), (3, 4, 14, 17))
    for key, lines in formulas_of(report).items():
        if key in {"effective_macs", "receptive_field"}:
            continue
        for place, line in enumerate(lines):
            expression, _, result = line.rpartition(" = ")
            expression = re.sub(r"^(?:[HW]|in_channels / groups): ", "", expression)
            assert value_of(expression) == pytest.approx(float(result), rel=1e-12)
            fact = getattr(report, key)
            if isinstance(fact, tuple):
                fact = report.weight_shape[1] if key == "weight_shape" else fact[place - 2]
            assert float(result) == float(fact)


def test_the_words_of_a_layer() -> None:
    formulas = formulas_of(analyze(Conv2d(3, 64, 7, 2, 3), (1, 3, 224, 160)))
    assert formulas["output_shape"] == ["H: (224 + 3 + 3 - 7) // 2 + 1 = 112", "W: (160 + 3 + 3 - 7) // 2 + 1 = 80"]
    assert formulas["macs"] == ["1 * 64 * 112 * 80 * (3 * 7 * 7) = 84295680"]
    assert formulas["receptive_field"] == ["one layer sees its effective kernel: 7 x 7"]
    assert formulas["weight_shape"] == ["in_channels / groups: 3 / 1 = 3"]
    assert formulas["effective_macs"][0].startswith("84295680 - ")
    assert formulas["effective_macs"][0].endswith(f"taps on padded zeros = {64 * 3 * 778 * 554}")


def test_without_an_input_only_the_layer_s_own() -> None:
    assert list(formulas_of(analyze(Conv2d(3, 64, 7)))) == [
        *("weight_shape", "effective_kernel_size", "parameters", "weight_parameters", "parameter_bytes"),
        "receptive_field",
    ]


def test_one_image_counts_as_a_batch_of_one() -> None:
    formulas = formulas_of(analyze(Conv2d(3, 64, 7), (3, 9, 10)))
    assert formulas["bias_adds"] == ["1 * 64 * 3 * 4 = 768"]


@given(pairs, pairs, pairs, st.booleans(), st.sampled_from([(3, 4, 14, 17), (4, 14, 17)]))
def test_every_short_formula_works_out(kernel: Any, stride: Any, dilation: Any, bias: bool, shape: Any) -> None:
    report = analyze(Conv2d(4, 6, kernel, stride, 1, dilation, 2, bias), shape)
    facts = report._asdict()
    formulas = short_formulas_of(report)
    for key in ("parameters", "weight_parameters", "parameter_bytes", "macs", "input_bytes", "output_bytes"):
        expression = formulas[key].replace("×", "*").replace(",", "")  # noqa: RUF001
        assert value_of(expression) == facts[key]
    for key in ("bias_adds", "bias_parameters"):
        assert (formulas[key] == "no bias") == (not bias)
    for axis, formula in enumerate(formulas["effective_kernel_size"].split(", ")):
        expression = formula.replace("×", "*").replace("−", "-")  # noqa: RUF001
        assert value_of(expression) == report.effective_kernel_size[axis]


def test_the_words_beside_exact_values() -> None:
    formulas = short_formulas_of(analyze(Conv2d(64, 64, 3, padding=1, groups=32), (2, 64, 8, 8)))
    assert formulas["macs"] == "2 × 64 × 8 × 8 × (2 × 3 × 3)"  # noqa: RUF001
    assert formulas["parameters"] == "1,152 + 64"
    assert formulas["weight_shape"] == "64 / 32 = 2 channels a group"
    assert formulas["effective_macs"] == "without taps on padding"
    assert formulas["im2col_bytes"] == "9 × the input"  # noqa: RUF001
    unbatched = short_formulas_of(analyze(Conv2d(3, 64, 7, padding=3, padding_mode="reflect"), (3, 9, 9)))
    assert unbatched["input_bytes"] == "3 × 9 × 9 × 4"  # noqa: RUF001
    assert unbatched["effective_macs"] == "padding is no zeros"
    assert short_formulas_of(analyze(Conv2d(3, 64, 7), (3, 9, 9)))["effective_macs"] == "no taps on padding"
    assert short_formulas_of(analyze(Conv2d(3, 64, 7), (0, 3, 9, 9)))["im2col_bytes"] == ""
    assert "macs" not in short_formulas_of(analyze(Conv2d(3, 64, 7)))
