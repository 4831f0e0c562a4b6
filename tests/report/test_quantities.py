"""What formulas may speak of: every number of a report, both axes of its pairs, and nothing that is no number."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from conv2d_cli import Conv2d, Network, analyze
from conv2d_cli.report.quantities import names_of_quantities, quantities_of
from conv2d_cli.report.record import record_of
from conv2d_cli.report.shape import ShapeReport
from conv2d_cli.report.stack import TOTALS, StackReport

PAIRS = {
    "kernel": "kernel_size",
    "stride": "stride",
    "dilation": "dilation",
    "effective_kernel": "effective_kernel_size",
    "receptive_field": "receptive_field",
}


@given(*[st.integers(1, 3)] * 6, st.booleans(), st.sampled_from([None, 32, (20, 24), (3, 17, 18), (2, 3, 9, 9)]))
def test_a_layer_has_all_its_numbers(
    kh: int, kw: int, sh: int, sw: int, dh: int, dw: int, bias: bool, size: int | tuple[int, ...] | None
) -> None:
    report = analyze(Conv2d(3, 8, (kh, kw), (sh, sw), "valid", (dh, dw), bias=bias), size)
    found = quantities_of(report._asdict())
    assert {*found} == {*names_of_quantities(ShapeReport)}
    for name, value in found.items():
        if name in report._fields:
            assert value == getattr(report, name)
            assert not isinstance(value, bool)
    for name, key in PAIRS.items():
        assert [found[f"{name}_height"], found[f"{name}_width"]] == [*getattr(report, key)]
    for name, shape in (("input", report.input_shape), ("output", report.output_shape)):
        expected = (None, None) if shape is None else shape[-2:]
        assert (found[f"{name}_height"], found[f"{name}_width"]) == expected


def test_some_names_alone() -> None:
    record = record_of(analyze(Conv2d(3, 8, 3), 32))
    assert quantities_of(record, ("macs", "output_width", "bias", "dtype", "nope")) == {
        "macs": 194_400,
        "output_width": 30,
    }


def test_a_network_has_its_own() -> None:
    report: Any = Network.read("resnet50").analyze()
    found = quantities_of({key: getattr(report, key) for key in TOTALS})
    assert {*found} == {*names_of_quantities(StackReport)}
    assert (found["input_height"], found["receptive_field_width"], found["largest_batch"]) == (224, 427, None)
    # An output of features has neither rows nor columns.
    assert (found["output_height"], found["output_width"]) == (None, None)
    assert "peak_node" not in found
