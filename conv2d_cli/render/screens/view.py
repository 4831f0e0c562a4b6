"""What a screen may know besides its report."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from conv2d_cli.report.roofline import OnMachine
    from conv2d_cli.report.shape import ShapeReport


class View(NamedTuple):
    """The columns there are, whether all keys are wanted, the layer of a run, and remarks for the end.

    `in_python` leaves out what speaks of the command line; `convention` is what a network's work is counted in;
    `least_time` is what a layer or a network takes on a machine, where one was given.
    """

    width: int
    verbose: bool = False
    shape: ShapeReport | None = None
    remarks: tuple[str, ...] = ()
    in_python: bool = False
    convention: str = "macs"
    least_time: OnMachine | None = None
