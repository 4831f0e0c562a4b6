"""The numbers of a report under the names that a formula knows them by, for `--assert` and `--where`."""

from __future__ import annotations

from functools import cache
from types import UnionType
from typing import TYPE_CHECKING, Any, get_args, get_type_hints

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

Quantity = int | float | None
# Both axes of these, H before W, are quantities of their own: `output_height`, `kernel_width`.
PLANES = {
    "input": "input_shape",
    "output": "output_shape",
    "kernel": "kernel_size",
    "stride": "stride",
    "dilation": "dilation",
    "effective_kernel": "effective_kernel_size",
    "receptive_field": "receptive_field",
}
AXES = ("height", "width")
# The key that holds the axis of a quantity, and the place of the axis from the end.
_AXIS_OF = {
    f"{name}_{axis}": (key, place - len(AXES)) for name, key in PLANES.items() for place, axis in enumerate(AXES)
}
# A shape ends in rows and columns from C, H, W on; (N, features) does not.
_LEAST_RANK = {"input_shape": 3, "output_shape": 3}


def names_of_quantities(report: type) -> tuple[str, ...]:
    """Return the names of the numbers that a kind of report has, in the order of its keys, known or not.

    >>> from conv2d_cli.report.shape import ShapeReport
    >>> names = names_of_quantities(ShapeReport)
    >>> names[:4], "macs" in names, "output_height" in names, "bias" in names
    (('in_channels', 'out_channels', 'groups', 'padding_top'), True, True, False)
    """
    hints = get_type_hints(report)
    return (
        *(key for key, hint in hints.items() if _is_number(hint)),
        *(name for name, (key, _) in _AXIS_OF.items() if key in hints),
    )


def _is_number(hint: object) -> bool:
    kinds = get_args(hint) if isinstance(hint, UnionType) else (hint,)
    return int in kinds or float in kinds


def quantities_of(record: Mapping[str, Any], names: Iterable[str] | None = None) -> dict[str, Quantity]:
    """Return the numbers of a report's record by name, None where one is not known; of all names, or of those given.

    A name that is no number of the record is left out.

    >>> quantities_of({"macs": 8, "bias": True, "flops": None, "output_shape": [1, 64, 56, 28]})
    {'macs': 8, 'flops': None, 'output_height': 56, 'output_width': 28}
    """
    wanted = [*record, *_AXIS_OF] if names is None else names
    return dict(_found(record, wanted))


def _found(record: Mapping[str, Any], names: Iterable[str]) -> Iterator[tuple[str, Quantity]]:
    for name in names:
        if name in _AXIS_OF:
            key, place = _AXIS_OF[name]
            if key in record:
                yield name, _axis(record[key], place, _LEAST_RANK.get(key))
        elif name in record:
            value = record[name]
            # A flag is no number, though Python counts with it.
            is_number = isinstance(value, int | float) and not isinstance(value, bool)
            if is_number or (value is None and name in _unknown_numbers()):
                yield name, value


def _axis(value: Sequence[Any] | None, place: int, least_rank: int | None) -> int | None:
    """Return an axis of a pair, or of a shape that has such axes."""
    if value is None or (len(value) != len(AXES) if least_rank is None else len(value) < least_rank):
        return None
    found = value[place]
    return found if isinstance(found, int) else None


@cache
def _unknown_numbers() -> frozenset[str]:
    """Return the keys whose null stands for a number that is not known; that of `bias_shape` does not."""
    from conv2d_cli.report.roofline import RooflineReport
    from conv2d_cli.report.shape import ShapeReport
    from conv2d_cli.report.stack import NodeReport, StackReport

    reports = (ShapeReport, StackReport, NodeReport, RooflineReport)
    return frozenset(name for report in reports for name in names_of_quantities(report))
