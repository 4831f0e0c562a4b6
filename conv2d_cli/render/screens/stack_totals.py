"""The totals of a network: those that matter, and with `-v` all of them."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING

from conv2d_cli.render.blocks import MAIN, WARNING, Figure, Section
from conv2d_cli.render.escaping import printable
from conv2d_cli.render.layer_text import times
from conv2d_cli.render.screens import roofline
from conv2d_cli.render.screens.stack_work import WORK, outgrows
from conv2d_cli.render.units import bytes_unit, percent, short_bytes, short_count, thousands

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conv2d_cli.render.screens.view import View
    from conv2d_cli.report.stack import StackReport

# Keys, what is shown without -v too, and where they come from.
_PARAMETERS = ("parameters", "trainable_parameters", "weight_parameters", "bias_parameters")
_WORK = ("macs", "effective_macs", "bias_adds", "flops", "elementwise_operations")
_MEMORY = (
    *("parameter_bytes", "activation_bytes", "two_buffer_bytes", "peak_activation_bytes", "training_bytes"),
    "largest_batch",
)
_ALWAYS = frozenset(
    {"parameters", "macs", "flops", "parameter_bytes", "activation_bytes", "peak_activation_bytes", "largest_batch"}
)
# Of layers that are not known.
_MOST_NAMED = 3
_MAIN = frozenset({"parameters", "macs"})
_FORMULAS = {
    "effective_macs": "without taps on padding",
    "flops": "2 × macs",  # noqa: RUF001 - the sign itself
    "activation_bytes": "outputs of all layers",
    "two_buffer_bytes": "the most that a layer reads and writes",
    "training_bytes": "parameters, gradients, activations",
    "largest_batch": "in the bytes of --fit",
}


def sections(report: StackReport, view: View) -> Iterator[Section]:
    """Return the figures under their headings."""
    convention, verbose = view.convention, view.verbose
    yield Section("Parameters", tuple(_figures(report, _PARAMETERS, verbose=verbose)))
    work = [*_figures(report, _WORK, verbose=verbose)]
    counted = WORK[convention](report)
    if convention not in _WORK and counted is not None:
        formula = f"{convention.partition('+')[0]} + bias_adds"
        work.append(Figure(convention, _number(report, counted), short_count(counted), formula, MAIN))
    work += roofline.figures(view.least_time)
    if work:
        yield Section("Work", tuple(work))
    yield Section("Memory", (*_input(report), *_figures(report, _MEMORY, verbose=verbose)))
    geometry = tuple(_geometry(report))
    if geometry:
        yield Section("Geometry", geometry)


def _figures(report: StackReport, keys: tuple[str, ...], *, verbose: bool) -> Iterator[Figure]:
    for key in keys:
        value = getattr(report, key)
        if value is not None and (verbose or key in _ALWAYS):
            style = MAIN if key in _MAIN else ""
            yield Figure(key, _number(report, value), _unit(report, key, value), _formula(report, key), style)


def _number(report: StackReport, value: int) -> str:
    return f"≥ {thousands(value)}" if report.unknown else thousands(value)


def _unit(report: StackReport, key: str, value: int) -> str:
    if key == "effective_macs":
        return percent(value, report.macs or 0)
    return bytes_unit(value) if key.endswith("bytes") else short_count(value)


def _formula(report: StackReport, key: str) -> str:
    if key == "peak_activation_bytes" and report.peak_node is not None:
        return f"at {printable(report.peak_node)}"
    return _FORMULAS.get(key, "")


def _input(report: StackReport) -> Iterator[Figure]:
    """Yield the input with its bytes, which are in the element type of the others."""
    if report.input_shape is not None:
        sized = (node for node in report.nodes if node.output_bytes and node.output_shape)
        node = next(sized, None)
        element = 0 if node is None else (node.output_bytes or 0) // prod(node.output_shape or ())
        unit = short_bytes(prod(report.input_shape) * element) if element else ""
        yield Figure("input_shape", times(report.input_shape), unit)


def _geometry(report: StackReport) -> Iterator[Figure]:
    if report.receptive_field is not None:
        larger = outgrows(report.receptive_field, report)
        said = "larger than the input" if larger else ""
        yield Figure("receptive_field", times(report.receptive_field), "", said, WARNING if larger else "")
    if report.effective_stride is not None:
        yield Figure("effective_stride", "×".join(map(str, report.effective_stride)))  # noqa: RUF001 - the sign itself
    if report.min_input is not None:
        yield Figure("min_input", thousands(report.min_input), "", "the smallest square side that works")


def not_known(report: StackReport) -> str:
    """Return which layers make the totals least values; nothing where all are known."""
    if not report.unknown:
        return ""
    names = ", ".join(map(printable, report.unknown[:_MOST_NAMED])) + (
        ", …" if len(report.unknown) > _MOST_NAMED else ""
    )
    return f"totals are at least: it is not known what {names} {'does' if len(report.unknown) == 1 else 'do'}"
