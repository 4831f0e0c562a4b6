"""`conv2d compare`: the verdict, why, where, and how far apart the two are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conv2d_cli.render.blocks import BLANK, HEADING, RESULT, WARNING, WORSE, Figure, Figures, Paragraph, Section
from conv2d_cli.render.floats import number_text
from conv2d_cli.render.layer_text import times
from conv2d_cli.render.screens.shared import remarks, word
from conv2d_cli.render.units import percent, thousands, three_digits

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conv2d_cli.render.blocks import Block
    from conv2d_cli.render.screens.view import View
    from conv2d_cli.report.compare import CompareReport

_STYLES = {"same": RESULT, "rounding": RESULT, "explained": WORSE, "unexplained": WORSE}
_NOT_KNOWN = "-"


def blocks(report: CompareReport, view: View) -> Iterator[Block]:
    """Return the screen of a comparison."""
    yield Paragraph(_headline(report), _STYLES[report.verdict])
    yield Paragraph(f"  {_shapes(report)}", HEADING if report.shape_expected != report.shape_actual else "")
    for name, how in zip(report.explanations, report.how, strict=True):
        yield Paragraph(f"  {name}: {how}", WARNING)
    if report.where:
        yield Paragraph(f"  where: {', '.join(report.where)}", WARNING)
    yield BLANK
    yield Figures(tuple(_sections(report, verbose=view.verbose)))
    yield from remarks(view.remarks)


def _headline(report: CompareReport) -> str:
    count = "1 element" if report.elements == 1 else f"{thousands(report.elements)} elements"
    if report.differing is None:
        return f"{report.verdict}: the shapes differ"
    if report.verdict == "same":
        return f"same: all {count} are equal" if report.elements else "same: there are no elements"
    return f"{report.verdict}: {thousands(report.differing)} of {count} differ{'s' if report.differing == 1 else ''}"


def _shapes(report: CompareReport) -> str:
    expected, actual = (times(shape) or "()" for shape in (report.shape_expected, report.shape_actual))
    if expected == actual:
        return f"{expected}, {report.dtype}"
    return f"expected {expected}, actual {actual}, {report.dtype}"


def _sections(report: CompareReport, *, verbose: bool) -> Iterator[Section]:
    if report.differing is not None:
        yield Section("Differences", tuple(_differences(report, verbose=verbose)))
    if report.differing:
        yield Section("First", tuple(_element(report, "first")))
        bound = Figure("bound", _NOT_KNOWN if report.bound is None else three_digits(report.bound))
        yield Section("Worst", (*_element(report, "worst"), bound))
    if report.expected_error_units is not None:
        yield Section("Rounding, in eps * (sum|x||w| + |b|)", tuple(_units(report)))
    if report.expected_error_units is None or verbose:
        names = ("rtol", "atol", "ulp")
        yield Section("Tolerance", tuple(Figure(name, f"{getattr(report, name):g}") for name in names))
    if verbose and report.ulp_histogram:
        yield Section("ulp_histogram", tuple(_histogram(report)))


def _differences(report: CompareReport, *, verbose: bool) -> Iterator[Figure]:
    for key in ("differing", "beyond", "signed_zeros", "nan_expected", "nan_actual"):
        count = getattr(report, key)
        if count or verbose or key == "differing":
            yield Figure(key, thousands(count), percent(count, report.elements))
    yield Figure("max_abs", _value(report.max_abs, report))
    yield Figure("max_rel", three_digits(report.max_rel or 0.0))
    yield Figure("max_ulp", word(report.max_ulp), "ulp")


def _element(report: CompareReport, which: str) -> Iterator[Figure]:
    """Yield the index of an element, its axes named, and both values."""
    index: tuple[int, ...] = getattr(report, f"{which}_index")
    named = (f"{axis} {place}" for axis, place in zip(report.axes, index, strict=True))
    yield Figure(f"{which}_index", ", ".join(map(str, index)) or "()", "", ", ".join(named))
    for side in ("expected", "actual"):
        yield Figure(f"{which}_{side}", _value(getattr(report, f"{which}_{side}"), report))


def _value(value: Any, report: CompareReport) -> str:  # noqa: ANN401 - a number of any kind
    # Of two types the values of the finer one have digits of their own.
    return number_text(value, "float64" if isinstance(value, float) and report.types_differ else report.dtype)


def _units(report: CompareReport) -> Iterator[Figure]:
    for key in ("error_units", "expected_error_units", "error_limit"):
        figure = getattr(report, key)
        yield Figure(key, _NOT_KNOWN if figure is None else three_digits(figure))


def _histogram(report: CompareReport) -> Iterator[Figure]:
    for bits, count in enumerate(report.ulp_histogram or ()):
        least, most = (1 << bits) >> 1, (1 << bits) - 1
        steps = f"{thousands(least)} to {thousands(most)}" if least < most else thousands(least)
        if count:
            yield Figure(steps, thousands(count), percent(count, report.elements))
