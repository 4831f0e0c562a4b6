"""`conv2d run --plan`: how it would be done, and what memory it would take."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING

from conv2d_cli.render.blocks import BLANK, MAIN, Fact, Facts, Figure, Figures, Section
from conv2d_cli.render.escaping import printable
from conv2d_cli.render.screens.shared import remarks, top, word
from conv2d_cli.render.units import bytes_unit, short_count, thousands

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conv2d_cli.render.blocks import Block
    from conv2d_cli.render.screens.view import View
    from conv2d_cli.report.run import PlanReport

_SHAPES = ("input_shape", "weight_shape", "bias_shape", "output_shape", "dtype")
_WHEN_FALLING_BACK = {"exact": "where many sums are in doubt"}
_MEMORY = ("input_bytes", "parameter_bytes", "output_bytes", "scratch_bytes", "fallback_bytes", "peak_bytes")


def blocks(report: PlanReport, view: View) -> Iterator[Block]:
    """Return the layer, the way through it, the memory, the table of costs; the reason with `-v`."""
    facts = report._asdict()
    yield from top(view.shape, view.width)
    if view.shape is None or view.verbose:
        yield Figures((Section("Shapes", tuple(Figure(key, word(facts[key])) for key in _SHAPES)),))
    yield Figures((Section("How", tuple(_how(report, verbose=view.verbose))),))
    yield Figures((Section("Work", (_macs(report),)), Section("Memory", tuple(_memory(report)))))
    yield BLANK
    words = ("costs", "reason") if view.verbose else ("costs",)
    yield Facts(tuple(Fact(key, (printable(facts[key]),)) for key in words))
    yield from remarks(view.remarks)


def _how(report: PlanReport, *, verbose: bool) -> Iterator[Figure]:
    products = prod(report.weight_shape[1:])
    if report.algorithm is None or verbose:
        yield Figure("engine", report.engine)
    if report.algorithm is not None:
        yield Figure("algorithm", report.algorithm)
    yield Figure("accuracy", report.accuracy, formula=f"{products:,} products an output")
    if report.accumulator_bits_worst is not None:
        yield Figure("accumulator_bits_worst", word(report.accumulator_bits_worst), "bits", "by types and zero points")
    if report.blocks is not None:
        yield Figure("blocks", report.blocks)
    if report.tiles is not None or verbose:
        yield Figure("tiles", word(report.tiles))
    yield Figure("threads", thousands(report.threads))
    if verbose:
        yield Figure("parameters_from", report.parameters_from)


def _macs(report: PlanReport) -> Figure:
    return Figure("macs", thousands(report.macs), short_count(report.macs))


def _memory(report: PlanReport) -> Iterator[Figure]:
    facts = report._asdict()
    limit = report.memory_limit_bytes
    explained = {
        "parameter_bytes": _origin(report.parameters_from),
        "scratch_bytes": "workspace",
        "fallback_bytes": _WHEN_FALLING_BACK.get(report.accuracy, "where outputs are not finite"),
        "peak_bytes": f"whole process{'; no --memory-limit' if limit is None else ''}",
    }
    for key in _MEMORY:
        style = MAIN if key == "peak_bytes" else ""
        yield Figure(key, thousands(facts[key]), bytes_unit(facts[key]), explained.get(key, ""), style)
    if limit is not None:
        yield Figure("memory_limit_bytes", thousands(limit), bytes_unit(limit), "--memory-limit")


def _origin(words: str) -> str:
    return f"drawn, {words}" if words.startswith("seed") else f"from {words}"
