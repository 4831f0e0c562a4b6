"""What counts as work under each convention, and when a receptive field is too large."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from conv2d_cli.report.stack import NodeReport, StackReport


def outgrows(field: Sequence[int] | None, report: StackReport) -> bool:
    """Whether a receptive field is larger than the input, along an axis."""
    size = (report.input_shape or ())[-len(field or ()) :]
    return field is not None and len(size) == len(field) and any(map(int.__gt__, field, size))


def _sum(*values: int | None) -> int | None:
    """Return the sum; None where a part is not known."""
    known = [value for value in values if value is not None]
    return sum(known) if len(known) == len(values) else None


WORK: dict[str, Callable[[NodeReport | StackReport], int | None]] = {
    "macs": lambda facts: facts.macs,
    "macs+bias": lambda facts: _sum(facts.macs, facts.bias_adds),
    "flops": lambda facts: facts.flops,
    "flops+bias": lambda facts: _sum(facts.flops, facts.bias_adds),
}
