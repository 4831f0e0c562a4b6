"""The numbers that rows are judged by, and formulas of them."""

from __future__ import annotations

from math import prod

from hypothesis import given
from hypothesis import strategies as st

from conv2d_cli import Conv2d, analyze
from conv2d_cli.arithmetic.formula import Formula
from conv2d_cli.report.measures import MEASURES, QUANTITIES, condition_of, key_of, keys_of_a_size, measure_of
from conv2d_cli.report.quantities import quantities_of
from conv2d_cli.report.shape import ShapeReport

WITHOUT_BIAS = analyze(Conv2d(3, 8, (3, 5), stride=(2, 1), padding="same_upper", bias=False, dtype="half"))
REPORTS = (WITHOUT_BIAS, analyze(Conv2d(3, 8, (3, 5), (2, 1), padding=(0, 1, 2, 3), dilation=2), (2, 3, 20, 30)))


def test_every_name_is_the_number_that_formulas_know() -> None:
    for report in REPORTS:
        numbers = quantities_of(report._asdict())
        assert numbers == {name: measure_of(name)(report) for name in QUANTITIES}


def test_a_list_counts_by_its_product() -> None:
    # Rows are sorted by what is true, too; in a formula it is no number.
    lists = set(MEASURES) - set(QUANTITIES) - {"bias"}
    assert lists == {key for key in ShapeReport._fields if key.endswith("_shape")} | {
        *("kernel_size", "stride", "dilation", "effective_kernel_size", "receptive_field")
    }
    for report in REPORTS:
        for name in lists:
            sizes = getattr(report, name)
            assert measure_of(name)(report) == (None if sizes is None else prod(sizes))


def test_a_measure_knows_its_key() -> None:
    assert {name: key_of(name) for name in ("macs", "output_height", "effective_kernel_width", "padding_top")} == {
        "macs": "macs",
        "output_height": "output_shape",
        "effective_kernel_width": "effective_kernel_size",
        "padding_top": "padding_top",
    }


def test_without_a_size_these_keys_alone_are_not_known_of_any_layer() -> None:
    unsized, sized = (report._asdict() for report in REPORTS)
    assert keys_of_a_size() <= {key for key, value in unsized.items() if value is None}
    assert not keys_of_a_size() & {key for key, value in sized.items() if value is None}
    assert {"macs", "output_shape", "unused_rows"} < keys_of_a_size() < {*ShapeReport._fields}


@given(st.sampled_from(QUANTITIES), st.sampled_from(QUANTITIES), st.sampled_from(["<", "==", ">="]))
def test_a_condition_is_that_of_its_numbers_and_false_where_one_is_not_known(one: str, other: str, sign: str) -> None:
    told: list[str] = []
    for report in REPORTS:
        numbers = quantities_of(report._asdict())
        left, right = numbers[one], numbers[other]
        holds = condition_of(Formula(f"{one} {sign} {other}"), told.append)(report)
        if left is None or right is None:
            assert not holds
        else:
            assert holds == {"<": left < right, "==": left == right, ">=": left >= right}[sign]
    assert told == []


def test_what_comes_to_nothing_is_told_and_does_not_hold() -> None:
    told: list[str] = []
    assert not condition_of(Formula("macs / padding_top > 0"), told.append)(REPORTS[1])
    assert told == ["a division by 0"]


def test_a_float_is_compared_as_it_is_printed() -> None:
    report = REPORTS[1]
    assert report.arithmetic_intensity is not None
    printed = f"arithmetic_intensity == {report.arithmetic_intensity}"
    assert condition_of(Formula(printed), lambda _: None)(report)
