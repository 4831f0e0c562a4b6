"""The least time on a machine, as figures of the section Work: how long, by which limit, and where the limits meet."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conv2d_cli.render.blocks import MAIN, Column, Figure, Span
from conv2d_cli.render.units import rate, short_seconds, three_digits

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from conv2d_cli.report.roofline import OnMachine, RooflineReport


def columns(times: Sequence[RooflineReport]) -> Iterator[Column]:
    """Return the least time of each node of a network, and its limit."""
    yield Column("seconds_at_least", tuple(Span(_seconds(time)) for time in times), to_the_right=True, rank=1)
    yield Column("limited_by", tuple(Span(time.limited_by or "") for time in times), rank=2)


def _seconds(time: RooflineReport) -> str:
    if time.seconds_at_least is None:
        return "?"
    return short_seconds(time.seconds_at_least) or three_digits(time.seconds_at_least)


def figures(least_time: OnMachine | None, intensity: float | None = None) -> Iterator[Figure]:
    """Return both keys; `intensity` is a layer's operations a byte, which the ridge point is compared with."""
    if least_time is None or least_time.report.seconds_at_least is None:
        return
    seconds, limit = least_time.report
    machine = f"at {rate(least_time.peak_flops, 'FLOP/s')} and {rate(least_time.bandwidth, 'B/s')}"
    yield Figure("seconds_at_least", three_digits(seconds or 0), short_seconds(seconds or 0), machine, MAIN)
    here = "" if intensity is None else f"{three_digits(intensity)} FLOP/B, "
    yield Figure("limited_by", limit or "-", "", f"{here}ridge at {three_digits(least_time.ridge_point)} FLOP/B")
