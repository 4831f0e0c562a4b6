"""The options that say what a machine can do: its peak and its bandwidth, as typed or measured here."""

from __future__ import annotations

from typing import Annotated, NamedTuple

from conv2d_cli.cli import choices
from conv2d_cli.cli.options import ROOFLINE, option, shared

# The options by their fields.
OPTION_OF = {"peak_flops": "--peak-flops", "bandwidth": "--bandwidth", "peak": "--peak"}


class RooflineOptions(NamedTuple):
    """The options as typed."""

    peak_flops: str | None
    bandwidth: str | None
    peak: str | None

    @property
    def given(self) -> bool:
        """Whether a least time is asked for."""
        return any(text is not None for text in self)


def _roofline_options(
    peak_flops: Annotated[
        str | None,
        option(
            "--peak-flops",
            metavar="RATE",
            section=ROOFLINE,
            help="1.2TFLOPS, 95GFLOP/s: with --bandwidth adds seconds_at_least and limited_by",
        ),
    ] = None,
    bandwidth: Annotated[
        str | None,
        option("--bandwidth", metavar="RATE", section=ROOFLINE, help="bytes a second of the memory: 40GB/s, 12GiB/s"),
    ] = None,
    peak: Annotated[
        str | None,
        option(
            "--peak",
            metavar="WHAT",
            section=ROOFLINE,
            help="auto: both are measured on this machine, in half a second",
            complete=choices.peaks,
        ),
    ] = None,
) -> RooflineOptions:
    return RooflineOptions(peak_flops, bandwidth, peak)


roofline_options = shared(_roofline_options, "roofline_options")
