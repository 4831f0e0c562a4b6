"""The least time of a layer on a machine, as facts: keys that stand behind those of a report where it is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from conv2d_cli.arithmetic.roofline import LeastTime, Roofline, seconds_at_least

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    # The machine for layers of an element type.
    Machine = Callable[[str], Roofline]

_MOVED = ("input_bytes", "parameter_bytes", "output_bytes")


class RooflineReport(NamedTuple):
    """The least time on a machine; None without a size, and `limited_by` also where nothing is worked out or moved."""

    seconds_at_least: float | None
    limited_by: str | None


class OnMachine(NamedTuple):
    """The least time of a layer or a network, and the machine that it is of.

    `peak_flops` is in operations a second, `bandwidth` in bytes a second, `ridge_point` in operations a byte. `nodes`
    are the least times of a network's nodes or groups, by their index.
    """

    report: RooflineReport
    peak_flops: float
    bandwidth: float
    ridge_point: float
    nodes: Mapping[int, RooflineReport]


def roofline_report(record: Mapping[str, Any], roofline: Roofline) -> RooflineReport:
    """Return the least time of a layer, from the record of its `shape`.

    >>> from conv2d_cli import Conv2d, analyze
    >>> report = analyze(Conv2d(3, 64, 7, stride=2, padding=3), 224)
    >>> roofline_report(report._asdict(), Roofline(1_200_000_000_000, 40_000_000_000))
    RooflineReport(seconds_at_least=0.00019668992, limited_by='compute')
    """
    if record["macs"] is None:
        return RooflineReport(None, None)
    moved = sum(record[key] for key in _MOVED)
    return report_of(seconds_at_least(record["macs"], moved, *roofline))


def report_of(time: LeastTime) -> RooflineReport:
    """Return a time under the keys of the contract."""
    return RooflineReport(*time)


def on_machine(
    report: RooflineReport, roofline: Roofline, nodes: Mapping[int, RooflineReport] | None = None
) -> OnMachine:
    """Return a time beside the machine, of a network with those of its nodes."""
    rates = float(roofline.peak_flops), float(roofline.bandwidth), roofline.ridge_point
    return OnMachine(report, *rates, nodes or {})
