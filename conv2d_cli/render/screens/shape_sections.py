"""The figures of a layer: those that matter, those that are unusual, and with `-v` all keys there are."""

# ruff: noqa: RUF001 - the signs of arithmetic are meant

from __future__ import annotations

from typing import TYPE_CHECKING

from conv2d_cli.render.blocks import MAIN, WARNING, Figure, Section
from conv2d_cli.render.screens import roofline
from conv2d_cli.render.screens.shared import word
from conv2d_cli.render.units import bytes_unit, percent, short_bytes, short_count, thousands, three_digits
from conv2d_cli.report.formulas import short_formulas_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conv2d_cli.report.roofline import OnMachine
    from conv2d_cli.report.shape import ShapeReport

_PARAMETERS = ("parameters", "weight_parameters", "bias_parameters")
_WORK = ("macs", "effective_macs", "flops", "bias_adds")
_MEMORY = ("input_bytes", "output_bytes", "parameter_bytes", "im2col_bytes", "arithmetic_intensity")
_GEOMETRY = ("input_shape", "output_shape", "weight_shape", "bias_shape", "effective_kernel_size", "receptive_field")
_SIDES = ("padding_top", "padding_bottom", "padding_left", "padding_right")
_UNUSED = ("unused_rows", "unused_columns")
_MAIN = frozenset({"parameters", "macs", "flops", "output_bytes"})
_FOR_EXPERTS = frozenset({"bias_adds", "parameter_bytes", "im2col_bytes"})
_LAYER = (
    *("in_channels", "out_channels", "kernel_size", "stride", "padding", "dilation", "groups", "bias"),
    *("padding_mode", "device", "dtype"),
)


def sections(report: ShapeReport, least_time: OnMachine | None = None, *, verbose: bool) -> Iterator[Section]:
    """Return the sections that have something to say."""
    formulas = short_formulas_of(report)
    named = {"Parameters": _PARAMETERS, "Work": _WORK, "Memory": _MEMORY}
    for title, keys in named.items():
        figures = tuple(_figure(report, key, formulas) for key in keys if verbose or key not in _FOR_EXPERTS)
        known = tuple(figure for figure in figures if figure.value)
        if title == "Work":
            known += (*roofline.figures(least_time, report.arithmetic_intensity),)
        if known:
            yield Section(title, known)
    without_size = report.output_shape is None
    geometry = tuple(_geometry(report, formulas, all_of_it=verbose, some_of_it=without_size))
    if geometry:
        yield Section("Geometry", geometry)
    if verbose:
        facts = report._asdict()
        yield Section("Layer", tuple(Figure(key, word(facts[key])) for key in _LAYER))


def _figure(report: ShapeReport, key: str, formulas: dict[str, str]) -> Figure:
    value = report._asdict()[key]
    formula = formulas.get(key, "")
    style = MAIN if key in _MAIN else ""
    if value is None:
        return Figure(key, "")
    if isinstance(value, float):
        return Figure(key, three_digits(value), "FLOP/B", formula)
    return Figure(key, thousands(value), _unit(report, key, value), formula, style)


def _unit(report: ShapeReport, key: str, value: int) -> str:
    if key == "parameters":
        return short_bytes(report.parameter_bytes)
    if key == "effective_macs":
        return percent(value, report.macs or 0)
    if key in _PARAMETERS:
        return ""
    return bytes_unit(value) if key.endswith("_bytes") else short_count(value)


def _geometry(report: ShapeReport, formulas: dict[str, str], *, all_of_it: bool, some_of_it: bool) -> Iterator[Figure]:
    """Return what is unusual, in yellow; the sizes of the layer where there is nothing else; or everything."""
    facts, unusual = report._asdict(), unusual_of(report)
    for key in (*_GEOMETRY, *_SIDES, *_UNUSED):
        value, warning = facts[key], unusual.get(key)
        basic = some_of_it and key in {"weight_shape", "effective_kernel_size", "receptive_field"}
        if not (all_of_it or basic or warning):
            continue
        unit = "px" if key in {"receptive_field", *_SIDES, *_UNUSED} and value is not None else ""
        yield Figure(key, word(value), unit, warning or formulas.get(key, ""), WARNING if warning else "")


def unusual_of(report: ShapeReport) -> dict[str, str]:
    """Return what a person may not have meant, by key."""
    found = {}
    if report.input_shape is not None:
        sizes = report.input_shape[-2:]
        if any(field > size for field, size in zip(report.receptive_field, sizes, strict=True)):
            found["receptive_field"] = f"larger than the image, {sizes[0]} × {sizes[1]}"
    sides = (report.padding_top, report.padding_bottom, report.padding_left, report.padding_right)
    for place, (key, side) in enumerate(zip(_SIDES, sides, strict=True)):
        if side and side >= report.effective_kernel_size[place // 2]:
            found[key] = "some outputs see padding alone"
    for key, lost in zip(_UNUSED, (report.unused_rows, report.unused_columns), strict=True):
        if lost:
            found[key] = "input that no window reaches"
    return found
