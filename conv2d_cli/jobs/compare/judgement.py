"""Rounding or a mistake: every hypothesis is measured, and the verdict is what the measures say."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from conv2d_cli.jobs.compare.mistakes.registry import MISTAKES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from conv2d_cli.jobs.compare.images import Images
    from conv2d_cli.jobs.compare.mistakes.base import Mistake, Variant
    from conv2d_cli.jobs.compare.scales import Scale

# A mistake explains more than rounding does where its error is smaller by this factor; mistakes whose errors are larger
# by less than it fit as well.
TIMES_BETTER = 8


class Fit(NamedTuple):
    """A mistake that fits: the words of how it was made, its error, and up to which error it fits."""

    name: str
    words: str
    error: float


class Judgement(NamedTuple):
    """What is right, measured: the error of the actual result and of the expected one, in the unit of the scale.

    `limit` and `expected_limit` are the errors up to which they are right, and `fits` are the mistakes that fit best.
    """

    error: float
    expected_error: float
    limit: float
    expected_limit: float
    fits: tuple[Fit, ...]

    @property
    def is_right(self) -> bool:
        """Whether rounding alone may have made the actual result."""
        return self.error <= self.limit

    @property
    def expected_is_right(self) -> bool:
        """Whether rounding alone may have made the expected result."""
        return self.expected_error <= self.expected_limit


def best_fits(
    images: Images,
    scale: Scale,
    error: float | None,
    *,
    others: Callable[[], Iterable[Images]] = tuple,
) -> tuple[Fit, ...]:
    """Return the best variant of each mistake that fits the images, and then all `others`, best mistakes first told.

    `error` is that of the right result where it is within its limit, so that mistakes must fit better; else None.
    """
    most = float("inf") if error is None else error / TIMES_BETTER
    if most < scale.finest:
        return ()
    fits = [fit for mistake in MISTAKES if (fit := _best(mistake, images, scale, most, others)) is not None]
    best = min((max(fit.error, scale.finest) for fit in fits), default=0.0)
    return tuple(fit for fit in fits if fit.error <= TIMES_BETTER * best)


def _best(
    mistake: Mistake, images: Images, scale: Scale, most: float, others: Callable[[], Iterable[Images]]
) -> Fit | None:
    fitting = sorted(_fitting(mistake, images, scale, most), key=lambda one: one[0])
    for error, variant in fitting:
        further = [_error(variant, other, scale, most) for other in others()]
        if None not in further:
            return Fit(mistake.name, variant.words, max([error, *(one for one in further if one is not None)]))
    return None


def _fitting(mistake: Mistake, images: Images, scale: Scale, most: float) -> Iterator[tuple[float, Variant]]:
    for variant in mistake.variants(images.operation, images.output):
        error = _error(variant, images, scale, most, is_first=True)
        if error is not None:
            yield error, variant


def _error(variant: Variant, images: Images, scale: Scale, most: float, *, is_first: bool = False) -> float | None:
    """Return the error of a variant; None where it does not fit."""
    glance = images.glance(variant) if is_first else None
    if glance is not None:
        candidate, actual = glance
        allowed = min(most, scale.limit(candidate.products))
        if scale.error(candidate, actual, allowed) > allowed:
            return None
    found = images.candidate(variant)
    if found is None or (is_first and images.is_right(found, variant)):
        return None
    allowed = min(most, scale.limit(found.products))
    error = scale.error(found, images.reread(variant), allowed)
    return error if error <= allowed else None


def words_of(fits: Sequence[Fit]) -> tuple[str, ...]:
    """Return how each mistake was made, in words."""
    return tuple(fit.words for fit in fits)
