"""Two tensor files compared: every element first, then, where they differ, what would explain it."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from conv2d_cli.arithmetic.error_bounds import coarser
from conv2d_cli.jobs.compare.batches import Batches
from conv2d_cli.jobs.compare.facts import notes_of, report_of
from conv2d_cli.jobs.compare.judgement import Judgement, best_fits
from conv2d_cli.jobs.compare.layer import opened_layer
from conv2d_cli.jobs.compare.request import Request, readings_of
from conv2d_cli.jobs.compare.scales import ByBound, ByTolerance
from conv2d_cli.jobs.compare.streaming import compare_elements
from conv2d_cli.jobs.compare.tally import Tally
from conv2d_cli.jobs.compare.tolerance import Tolerance, default_tolerance
from conv2d_cli.jobs.compare.where import Whereabouts, axis_names
from conv2d_cli.tensors.flat import FlatTensor, open_flat

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from conv2d_cli.jobs.compare.batches import Layer
    from conv2d_cli.jobs.compare.images import Images
    from conv2d_cli.jobs.compare.judgement import Fit
    from conv2d_cli.report.compare import CompareReport
    from conv2d_cli.tensors.layout import Layout


class Pair(NamedTuple):
    """Both tensors, opened, and how they are compared."""

    expected: FlatTensor
    actual: FlatTensor
    dtype: str
    tolerance: Tolerance
    equal_nan: bool
    layout: Layout

    @property
    def are_alike(self) -> bool:
        """Whether both have one shape."""
        return self.expected.shape == self.actual.shape


def compare_files(
    request: Request,
    *,
    begin: Callable[[int, int], None] = lambda *_: None,
    advance: Callable[[int], None] = lambda _: None,
    note: Callable[[str], None] = lambda _: None,
) -> CompareReport:
    """Compare two tensors and say why they differ.

    `begin` is called with the number of elements and the bytes of both, `advance` with the elements of each chunk
    that has been compared, and `note` with what the user may not expect.

    Raises:
        UsageError: the request contradicts itself.
        FileError: a file cannot be read.
        DataError: a file's contents are bad, or do not fit the layer.
    """
    readings = readings_of(request)
    with ExitStack() as files:
        expected, actual = (
            files.enter_context(open_flat(typed, reading, stdin=request.stdin))
            for typed, reading in zip((request.expected, request.actual), readings, strict=True)
        )
        layer = None if request.layer is None else opened_layer(request.layer, expected, files, note)
        pair = _pair_of(request, expected, actual)
        names = axis_names(len(expected.shape), request.reading.layout.name)
        tally = None
        if pair.are_alike:
            begin(expected.elements, expected.stored_bytes + actual.stored_bytes)
            tally = Tally(pair.dtype, pair.tolerance, Whereabouts(expected.shape, names), equal_nan=pair.equal_nan)
            compare_elements(expected, actual, tally, equal_nan=pair.equal_nan, advance=advance)
        # Garbage overflows, and holds NaN of every kind.
        with np.errstate(all="ignore"):
            judgement = _judgement(pair, tally, layer, note)
        report = report_of(pair, tally, judgement, layer, names)
        for words in notes_of(report, request):
            note(words)
        return report


def _pair_of(request: Request, expected: FlatTensor, actual: FlatTensor) -> Pair:
    tolerance = request.tolerance or default_tolerance(expected.dtype, actual.dtype)
    dtype = coarser(expected.dtype, actual.dtype)
    return Pair(expected, actual, dtype, tolerance, request.equal_nan, request.reading.layout)


def _judgement(pair: Pair, tally: Tally | None, layer: Layer | None, note: Callable[[str], None]) -> Judgement | None:
    """Measure what is right, and what would explain the differences; None where there is nothing to explain."""
    is_empty = not pair.expected.elements or not pair.actual.elements
    if is_empty or len(pair.expected.shape) != len(pair.actual.shape):
        return None
    if layer is not None:
        return _by_bound(pair, tally, layer)
    if tally is not None and not tally.beyond:
        return None
    return _by_tolerance(pair, tally, note)


def _by_bound(pair: Pair, tally: Tally | None, layer: Layer) -> Judgement | None:
    batches = Batches(pair.expected, pair.actual, layer, pair.layout)
    actual = ByBound(coarser(layer.dtype, pair.actual.dtype), pair.equal_nan)
    # A NaN that comes out of the layer is expected, whatever is said of two that meet.
    expected = ByBound(coarser(layer.dtype, pair.expected.dtype), equal_nan=True)
    if batches.is_too_large:
        return None
    errors, expected_errors, products = [0.0], [0.0], 0
    for images in batches.each():
        right = images.right
        products = right.products
        expected_errors.append(expected.error(right, images.expected))
        errors.append(actual.error(right, images.actual) if pair.are_alike else float("inf"))
    limit, error = actual.limit(products), max(errors)
    judged = Judgement(error, max(expected_errors), limit, expected.limit(products), ())
    if tally is not None and not tally.differing:
        return judged
    first = batches.holding(None if tally is None or tally.worst is None else tally.worst.place)

    def others() -> Iterator[Images]:
        return (batches.images(numbers) for numbers in batches.ranges if numbers != first)

    fits = best_fits(batches.images(first), actual, error if error <= limit else None, others=others)
    return judged._replace(fits=fits)


def _by_tolerance(pair: Pair, tally: Tally | None, note: Callable[[str], None]) -> Judgement | None:
    scale = ByTolerance(pair.tolerance, pair.dtype, pair.equal_nan)
    batches = Batches(pair.expected, pair.actual, None, pair.layout)
    place = tally.worst.place if tally is not None and tally.worst is not None else 0
    fits: tuple[Fit, ...] = ()
    if not batches.is_too_large:
        first = batches.holding(place)
        rest = [numbers for numbers in batches.ranges if numbers != first]
        fits = best_fits(batches.images(first), scale, None, others=lambda: map(batches.images, rest))
    elif pair.are_alike:
        start = batches.run_holding(place)
        other_runs = [one for one in batches.runs if one != start]
        fits = best_fits(batches.run(start), scale, None, others=lambda: map(batches.run, other_runs))
        note("one image is too large to be moved about: what was tried are mistakes in single elements")
    return Judgement(float("inf"), 0.0, 1.0, 1.0, fits)
