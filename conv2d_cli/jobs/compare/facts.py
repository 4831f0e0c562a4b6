"""The report of a comparison, from what was counted and what was measured."""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING, Any

from conv2d_cli.jobs.compare.judgement import words_of
from conv2d_cli.report.compare import AGREEING, EXPLAINED, ROUNDING, SAME, UNEXPLAINED, CompareReport
from conv2d_cli.tensors.flat import index_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from conv2d_cli.jobs.compare import tally as tallies
    from conv2d_cli.jobs.compare.batches import Layer
    from conv2d_cli.jobs.compare.job import Pair
    from conv2d_cli.jobs.compare.judgement import Judgement
    from conv2d_cli.jobs.compare.request import Request


def report_of(
    pair: Pair, tally: tallies.Tally | None, judgement: Judgement | None, layer: Layer | None, axes: Sequence[str]
) -> CompareReport:
    """Return the report; without a tally the shapes differ, without a judgement nothing was to be explained."""
    fits = judgement.fits if judgement else ()
    names = tuple(fit.name for fit in fits)
    first, worst = (None, None) if tally is None else (tally.first, tally.worst)
    measured = judgement if layer is not None else None
    verdict = _verdict(tally, judgement, has_layer=layer is not None)
    return CompareReport(
        verdict=verdict,
        explanation=names[0] if names else None,
        explanations=names,
        how=words_of(fits),
        where=() if tally is None or verdict in AGREEING else tally.where.sentences(),
        shape_expected=pair.expected.shape,
        shape_actual=pair.actual.shape,
        dtype_expected=pair.expected.dtype,
        dtype_actual=pair.actual.dtype,
        dtype=pair.dtype,
        elements=pair.expected.elements,
        differing=None if tally is None else tally.differing,
        beyond=None if tally is None else tally.beyond,
        signed_zeros=None if tally is None else tally.signed_zeros,
        max_abs=None if tally is None else tally.max_abs,
        max_rel=None if tally is None else tally.max_rel,
        max_ulp=None if tally is None else tally.max_ulp,
        nan_expected=None if tally is None else tally.nan_expected,
        nan_actual=None if tally is None else tally.nan_actual,
        axes=tuple(axes),
        first_index=_index(first, pair),
        first_expected=None if first is None else _plain(first.expected),
        first_actual=None if first is None else _plain(first.actual),
        worst_index=_index(worst, pair),
        worst_expected=None if worst is None else _plain(worst.expected),
        worst_actual=None if worst is None else _plain(worst.actual),
        bound=_bound(worst, pair, layer, judgement),
        rtol=pair.tolerance.rtol,
        atol=pair.tolerance.atol,
        ulp=pair.tolerance.ulp,
        error_units=None if measured is None or tally is None else measured.error,
        expected_error_units=None if measured is None else measured.expected_error,
        error_limit=None if measured is None else measured.limit,
        ulp_histogram=None if tally is None else tuple(tally.ulp_histogram),
    )


def _verdict(tally: tallies.Tally | None, judgement: Judgement | None, *, has_layer: bool) -> str:
    if tally is not None and not tally.differing:
        return SAME
    if judgement is not None and judgement.fits:
        return EXPLAINED
    if has_layer:
        both_right = judgement is not None and judgement.is_right and judgement.expected_is_right
        return ROUNDING if both_right else UNEXPLAINED
    return ROUNDING if tally is not None and not tally.beyond else UNEXPLAINED


def _index(element: tallies.Pair | None, pair: Pair) -> tuple[int, ...] | None:
    return None if element is None else index_of(element.place, pair.expected.shape)


def _plain(value: Any) -> Any:  # noqa: ANN401 - one of Python's numbers
    return (value.real, value.imag) if isinstance(value, complex) else value


def _bound(worst: tallies.Pair | None, pair: Pair, layer: Layer | None, judgement: Judgement | None) -> float | None:
    """Return what is allowed at the worst element: by the sum of its products where the layer is known."""
    if worst is None:
        return None
    if layer is None or judgement is None:
        return pair.tolerance.allowed(abs(worst.expected), pair.dtype)
    index = pair.layout.of_file(index_of(worst.place, pair.expected.shape))
    bound = judgement.limit * layer.rounding_unit_at(index, pair.actual.dtype)
    return bound if isfinite(bound) else 0.0


def notes_of(report: CompareReport, request: Request) -> Iterator[str]:
    """Yield what the user may not expect of a report."""
    if report.types_differ:
        types = f"EXPECTED is {report.dtype_expected}, ACTUAL {report.dtype_actual}"
        yield f"{types}: compared by value, steps (ulp) are those of {report.dtype}"
    if request.layer is None and request.tolerance is None and report.differing and report.rtol:
        said = f"--rtol {report.rtol:g} --atol {report.atol:g}"
        rest = "too tight for sums of many products, which LAYER with --input judges by their number"
        yield f"tolerance of torch.testing.assert_close for {report.dtype}, {said}: {rest}"
    error, limit = report.expected_error_units, report.error_limit
    if error is not None and limit is not None and error > limit:
        yield (
            f"EXPECTED itself does not follow from the layer: its largest error is {error:.3g} "
            f"eps * (sum|x||w| + |b|), rounding makes {limit:.3g} at most"
        )
