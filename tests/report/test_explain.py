"""What `explain` says is true: formulas give the figures of `shape`, sentences agree with a walk over the windows."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest
from explained_layers import layers_on_inputs, work_out
from hypothesis import given
from hypothesis import strategies as st

from conv2d_cli import Conv2d, ShapeError, analyze, explain, reconcile
from conv2d_cli.arithmetic.formula import formula_of
from conv2d_cli.layer.expression import layer_of_expression
from conv2d_cli.layer.forward import geometry_of
from conv2d_cli.report.explain import EQUIVALENT, PADDING, TITLES, UNUSED, ExplainReport, explain_record

if TYPE_CHECKING:
    from conv2d_cli.arithmetic.window import Axis

SEED = Conv2d(16, 33, (3, 5), stride=(2, 1), padding=(4, 2), dilation=(3, 1))


def facts_of(layer: Conv2d, shape: tuple[int, ...]) -> dict[str, Any]:
    """Return the figures of `shape` under the names that formulas have."""
    facts = analyze(layer, shape)._asdict()
    rows, columns = facts["output_shape"][-2:]
    facts |= {"H_out": rows, "W_out": columns, "out_height": rows, "out_width": columns}
    facts |= {f"effective_kernel_size[{place}]": facts["effective_kernel_size"][place] for place in range(2)}
    facts["K"] = facts["weight_parameters"] // layer.out_channels
    return facts


def letters_of(layer: Conv2d, shape: tuple[int, ...]) -> dict[str, Any]:
    """Return what the letters of formulas stand for, as PyTorch's documentation has them."""
    letters: dict[str, Any] = {"N": (1, *shape)[-4] if len(shape) == 4 else 1, "H_in": shape[-2], "W_in": shape[-1]}
    letters |= {"in_channels": layer.in_channels, "out_channels": layer.out_channels, "groups": layer.groups}
    for name in ("kernel_size", "stride", "dilation"):
        letters |= {f"{name}[{place}]": getattr(layer, name)[place] for place in range(2)}
    if not isinstance(layer.padding, str):
        letters |= {f"padding[{place}]": layer.padding[place] for place in range(2)}
    elif layer.padding == "valid":
        letters |= {"padding[0]": 0, "padding[1]": 0}
    letters["element_bytes"] = {None: 4, "float16": 2, "float64": 8}[layer.dtype]
    facts = analyze(layer, shape)
    letters |= {side: getattr(facts, f"padding_{side}") for side in ("top", "bottom", "left", "right")}
    return {f"padding_{key}" if key in {"top", "bottom", "left", "right"} else key: v for key, v in letters.items()}


@given(layers_on_inputs())
def test_every_step_comes_to_what_shape_says(case: tuple[Conv2d, tuple[int, ...]]) -> None:
    layer, shape = case
    facts, numbers = facts_of(layer, shape), letters_of(layer, shape)
    geometry = geometry_of(layer, shape)
    for name, axis in (("row_taps", geometry.height), ("column_taps", geometry.width)):
        numbers[f"padded_{name}"] = axis.output * axis.kernel - walked_taps(axis)
    for step in explain(layer, shape).steps:
        name, _, formula = step.formula.partition(" = ")
        assert step.result is not None
        # The formula with its letters, and every line with numbers.
        assert float(work_out(formula, numbers)) == step.result
        for line in step.numbers.split(" = "):
            assert float(work_out(line)) == step.result, step
        if name in facts:
            assert step.result == facts[name], step
        numbers[name] = step.result if isinstance(step.result, int) else 0


@given(layers_on_inputs())
def test_no_figure_of_shape_is_left_out(case: tuple[Conv2d, tuple[int, ...]]) -> None:
    steps = explain(*case).steps
    names = {step.name for step in steps}
    assert names >= {
        *("H_out", "W_out", "parameters", "weight_parameters", "bias_parameters", "macs", "effective_macs"),
        *("bias_adds", "flops", "input_bytes", "output_bytes", "parameter_bytes", "im2col_bytes"),
        *("arithmetic_intensity", "unused_rows", "unused_columns"),
    }
    assert {step.title for step in steps} <= {*TITLES}


@given(layers_on_inputs())
def test_without_a_size_the_size_is_a_letter(case: tuple[Conv2d, tuple[int, ...]]) -> None:
    layer, shape = case
    letters, facts = letters_of(layer, shape), facts_of(layer, shape)
    for step in explain(layer).steps:
        for line in step.numbers.split(" = "):
            assert float(work_out(line, facts_only(facts) | letters | along(layer, shape))) == facts.get(
                step.name, along(layer, shape).get(step.name)
            )


def facts_only(facts: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in facts.items() if isinstance(value, int) and not isinstance(value, bool)}


def along(layer: Conv2d, shape: tuple[int, ...]) -> dict[str, int]:
    facts = analyze(layer, shape)
    sides = (facts.padding_top, facts.padding_bottom, facts.padding_left, facts.padding_right)
    assert None not in sides
    return {"pad_along_height": sum(sides[:2]), "pad_along_width": sum(sides[2:])}  # type: ignore[arg-type]


@given(layers_on_inputs())
def test_the_layer_with_its_padding_written_out_is_the_same(case: tuple[Conv2d, tuple[int, ...]]) -> None:
    layer, shape = case
    report = explain(layer, shape)
    assert report.equivalent_padding is not None
    written_out = layer.model_copy(update={"padding": report.equivalent_padding})
    assert str(written_out) == report.equivalent_layer
    assert layer_of_expression(str(report.equivalent_layer), {"dtype": layer.dtype}) == written_out
    facts, same = analyze(layer, shape)._asdict(), analyze(written_out, shape)._asdict()
    assert {key for key in facts if facts[key] != same[key]} <= {"padding"}
    # F.pad, then no padding.
    told = [note.text for note in report.notes if note.title == EQUIVALENT]
    found = re.search(r"F\.pad\(x, \((.*?)\)", told[0]) if told else None
    left, right, top, bottom = map(int, found[1].split(", ")) if found else (0, 0, 0, 0)
    assert (top, left, bottom, right) == report.equivalent_padding
    padded = (*shape[:-2], shape[-2] + top + bottom, shape[-1] + left + right)
    bare = layer.model_copy(update={"padding": 0, "padding_mode": "zeros"})
    assert analyze(bare, padded).output_shape == report.output_shape


def walked_taps(axis: Axis) -> int:
    """Count the taps on real input, window by window."""
    return sum(0 <= position < axis.size for window in walked(axis) for position in window)


def walked(axis: Axis) -> list[range]:
    """Return the positions of every window's taps, from the first real element on."""
    firsts = range(-axis.before, axis.size + axis.after - axis.effective_kernel + 1, axis.stride)
    return [range(first, first + axis.effective_kernel, axis.dilation) for first in firsts]


@given(layers_on_inputs())
def test_what_the_floor_drops_lies_behind_the_last_window(case: tuple[Conv2d, tuple[int, ...]]) -> None:
    layer, shape = case
    geometry = geometry_of(layer, shape)
    notes = [note.text for note in explain(layer, shape).notes if note.title == UNUSED]
    for axis, word in ((geometry.height, "row"), (geometry.width, "column")):
        last = max(walked(axis)[-1], default=-1)
        dropped = [*range(last + 1, axis.size + axis.after)]
        told = [note for note in notes if note.startswith("The floor") and word in note]
        assert len(told) == (1 if dropped else 0)
        if not dropped:
            continue
        lost = [place for place in dropped if 0 <= place < axis.size]
        named = [*map(int, re.findall(r"\d+", told[0].partition(": ")[2].partition(" of padding")[0]))]
        if not lost:
            assert "padding: no input is lost" in told[0]
        else:
            padding = len(dropped) - len(lost)
            expected = [lost[0], lost[-1]] if len(lost) > 1 else lost
            between = len(lost) == len(dropped) or not padding
            assert named[: len(expected)] == expected, told[0]
            assert between or f"{padding} {word}" in told[0]


@given(layers_on_inputs())
def test_what_is_told_of_gaps_between_windows_is_true(case: tuple[Conv2d, tuple[int, ...]]) -> None:
    layer, shape = case
    geometry = geometry_of(layer, shape)
    notes = [note.text for note in explain(layer, shape).notes if note.title == UNUSED]
    for axis, word in ((geometry.height, "row"), (geometry.width, "column")):
        positions = sorted({position for window in walked(axis) for position in window})
        steps = {after - before for before, after in pairwise(positions)}
        for note in notes:
            if note.startswith("Stride and dilation") and f" {word} " in note:
                factor = int(re.findall(r"factor (\d+)", note)[0])
                assert all(step % factor == 0 for step in steps)
            if note.startswith("Between two windows") and word in note:
                assert axis.stride - axis.effective_kernel == int(re.findall(r"\d+", note)[0])


@given(st.integers(1, 6), st.integers(1, 4), st.integers(1, 4))
def test_groups_are_told_as_they_connect(groups: int, read: int, made: int) -> None:
    layer = Conv2d(groups * read, groups * made, 1, groups=groups)
    note = next(note.text for note in explain(layer).notes if note.title == "Channels")
    for output in range(layer.out_channels):
        group = output // made
        if groups == 1:
            assert "Every output channel" in note
        elif read == 1:
            sees = note.rpartition("sees input channel ")[2].rstrip(".")
            assert formula_of(sees).value({"o": output}) == group
        else:
            first = re.findall(r"sees the \d+ from (.*) on\.", note)[0]
            assert formula_of(first).value({"o": output}) == group * read


def test_the_seed_layer_down_to_its_sizes() -> None:
    rows, columns, *_ = explain(SEED, "20x16x50x100").steps
    assert rows.formula == (
        "H_out = floor((H_in + 2 * padding[0] - dilation[0] * (kernel_size[0] - 1) - 1) / stride[0] + 1)"
    )
    assert rows.numbers.split(" = ") == [
        "floor((50 + 2 * 4 - 3 * (3 - 1) - 1) / 2 + 1)",
        "floor((50 + 8 - 3 * 2 - 1) / 2 + 1)",
        "floor((50 + 8 - 6 - 1) / 2 + 1)",
        "floor(51 / 2 + 1)",
        "floor(25.5 + 1)",
        "floor(26.5)",
    ]
    assert (rows.result, columns.result) == (26, 100)
    assert columns.numbers.startswith("floor((100 + 2 * 2 - 1 * (5 - 1) - 1) / 1 + 1) = ")


@pytest.mark.parametrize(
    ("kernel", "padding", "sides"),
    [
        (4, "same", "1 row above and 2 below, 1 column on the left and 2 on the right"),
        ((3, 2), "same", "0 columns on the left and 1 on the right"),
        ((3, 2), "same_lower", "1 column on the left and 0 on the right"),
    ],
)
def test_which_side_gets_the_extra_element(kernel: Any, padding: Any, sides: str) -> None:
    notes = [note.text for note in explain(Conv2d(1, 1, kernel, padding=padding), 8).notes if note.title == PADDING]
    assert any(sides in note for note in notes), notes


def test_an_even_total_has_no_extra_element() -> None:
    notes = [note.text for note in explain(Conv2d(1, 1, 3, padding="same"), 8).notes if note.title == PADDING]
    assert any("alike" in note for note in notes)
    assert not any("extra" in note for note in notes)


def test_what_depends_on_a_size_is_none_without_one() -> None:
    report = explain(Conv2d(4, 4, 3, stride=2, padding="same_upper"))
    assert (report.input_shape, report.output_shape, report.equivalent_padding, report.equivalent_layer) == (None,) * 4
    assert {one.value for one in report.tools} == {None}
    assert {one.reason for one in report.tools} == {"it depends on the size of the input"}
    assert explain(Conv2d(4, 4, 4, padding="same")).equivalent_padding == (1, 1, 2, 2)


def test_the_record_has_the_keys_of_the_contract() -> None:
    record = explain_record(explain(SEED, "20x16x50x100"))
    assert [*record] == ["schema_version", *ExplainReport._fields]
    assert {tuple(step) for step in record["steps"]} == {("title", "formula", "numbers", "result")}
    assert {*record["tools"][0]} >= {"tool", "name", "value", "formula"}
    assert record["equivalent_padding"] == (4, 2, 4, 2)


def test_what_does_not_fit_is_told_as_by_analyze() -> None:
    with pytest.raises(ShapeError, match="only 4x4"):
        explain(Conv2d(3, 64, 7), 4)


def test_the_largest_sizes() -> None:
    huge = Conv2d(10**9, 10**9, (10**6, 10**7), padding=10**8, dtype="float64")
    report = explain(huge, (10**12, 10**9, 10**8, 10**9))
    facts = facts_of(huge, (10**12, 10**9, 10**8, 10**9))
    assert all(step.result == facts[step.name] for step in report.steps if step.name in facts)


@given(*[st.sampled_from([1, 2, 4, 2**62, 2**63 - 1])] * 2, st.sampled_from([1, 10**20]))
def test_padding_that_no_layer_can_be_told_to_has_no_layer(kernel: int, dilation: int, size: int) -> None:
    report = explain(Conv2d(1, 1, kernel, dilation=dilation, padding="same"), size)
    total = dilation * (kernel - 1)
    assert report.equivalent_padding == (total // 2, total // 2, total - total // 2, total - total // 2)
    assert (report.equivalent_layer is None) == (total - total // 2 >= 2**62)
    assert reconcile(Conv2d(1, 1, kernel, dilation=dilation, padding="same"), size, 7).figure == 7
