"""One number of a layer's facts, asked for by its name, as rows are judged by it."""

from __future__ import annotations

from functools import cache
from math import prod
from operator import attrgetter
from typing import TYPE_CHECKING

from conv2d_cli.arithmetic.formula import FormulaError
from conv2d_cli.report.quantities import AXES, PLANES, names_of_quantities
from conv2d_cli.report.roofline import RooflineReport, roofline_report
from conv2d_cli.report.shape import ShapeReport

if TYPE_CHECKING:
    from collections.abc import Callable

    from conv2d_cli.arithmetic.formula import Formula
    from conv2d_cli.report.roofline import Machine

    Measure = Callable[[ShapeReport], "Number | None"]

Number = int | float
_WORDS = frozenset({"padding", "padding_mode", "device", "dtype"})
_LISTS = frozenset({*PLANES.values(), "weight_shape", "bias_shape"})
_NUMBERS = tuple(field for field in ShapeReport._fields if field not in _WORDS)
_OF_AXES = tuple(f"{plane}_{axis}" for plane in PLANES for axis in AXES)
# What rows are sorted by, and what formulas may speak of: there a list is no number.
MEASURES = (*_NUMBERS, *_OF_AXES)
QUANTITIES = names_of_quantities(ShapeReport)
# What both may speak of beside these where a machine is told of.
ON_A_MACHINE = names_of_quantities(RooflineReport)


@cache
def measure_of(name: str, machine: Machine | None = None) -> Measure:
    """Return what reads one of `MEASURES` off a report, None where it is not known; a list counts by its product.

    With a machine, one of `ON_A_MACHINE` is worked out for each report.

    >>> from conv2d_cli import Conv2d, analyze
    >>> report = analyze(Conv2d(3, 64, (7, 5)), 224)
    >>> [measure_of(name)(report) for name in ("kernel_size", "kernel_width", "output_height", "groups")]
    [35, 5, 218, 1]
    """
    if name in ON_A_MACHINE and machine is not None:
        of_report = attrgetter(name)
        return lambda report: of_report(roofline_report(report._asdict(), machine(report.dtype)))
    key, place = key_of(name), _place_in(name)
    value_of = attrgetter(key)

    def listed(report: ShapeReport) -> Number | None:
        sizes: tuple[int, ...] | None = value_of(report)
        if sizes is None:
            return None
        return prod(sizes) if place is None else sizes[place]

    return listed if key in _LISTS else value_of


def key_of(name: str) -> str:
    """Return the key of the report that a measure is read off."""
    return name if _place_in(name) is None else PLANES[name.rpartition("_")[0]]


def _place_in(name: str) -> int | None:
    """Return where a measure of one axis stands in its list, counted from the end."""
    plane, _, axis = name.rpartition("_")
    return AXES.index(axis) - len(AXES) if plane in PLANES and axis in AXES else None


@cache
def keys_of_a_size() -> frozenset[str]:
    """Return the keys that no layer has without a size of its input.

    >>> sorted(key for key in keys_of_a_size() if "bytes" in key)
    ['im2col_bytes', 'input_bytes', 'output_bytes']
    """
    from conv2d_cli.layer.model import Conv2d
    from conv2d_cli.report.analysis import analyze

    return frozenset(key for key, value in analyze(Conv2d(1, 1, 1))._asdict().items() if value is None)


def condition_of(
    formula: Formula, without_value: Callable[[str], object], machine: Machine | None = None
) -> Callable[[ShapeReport], bool]:
    """Return whether a formula of `QUANTITIES` holds for a report: not where one of its names is not known.

    `without_value` is told why it comes to nothing, such as a division by 0: there it does not hold either.
    """
    measures = {name: measure_of(name, machine) for name in formula.names}

    def holds(report: ShapeReport) -> bool:
        values: dict[str, Number] = {}
        for name, measure in measures.items():
            value = measure(report)
            if value is None:
                return False
            values[name] = value
        try:
            return bool(formula.value(values))
        except FormulaError as error:
            without_value(str(error))
            return False

    return holds
