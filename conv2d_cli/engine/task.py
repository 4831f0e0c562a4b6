"""What a layout is worked out from, and what it is: the common words of the plan and of every algorithm's layout."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

from conv2d_cli.dtypes import DTYPES
from conv2d_cli.engine.panels import AT_ONCE, Panel

if TYPE_CHECKING:
    from collections.abc import Iterable

    from conv2d_cli.arithmetic.geometry import Geometry
    from conv2d_cli.engine.summation import Summation

# Scratch of all threads together stays under this; what NumPy, BLAS and malloc take beside it is left to 64 MiB.
SCRATCH_BYTES = 40 << 20
# Waking another thread and waiting for the last, and for each short call on a thread its waits for the lock, in
# nanoseconds. Of 155 random layers on two threads of Zen 4 the algorithms took 290 us and 4.5 to 6 us a call more than
# half of their time on one; all else takes 2.4 times what `costs.py` says there.
_HANDED_OVER, _WAIT = 100_000, 2_500.0
# What makes sure that sharing is worth it.
_SURE = 30_000
# So short a time is best left to one thread.
WORTH_SHARING = 180_000
# An image is shared out among threads where each has so many output pixels; below, BLAS shares out the filters.
SHARED_PIXELS = 380


class Task(NamedTuple):
    """One convolution on one input, in one element type, summed in one way, by so many threads.

    `small_unpacked` says that BLAS multiplies small matrices without packing them.
    """

    geometry: Geometry
    padding_mode: str
    dtype: str
    accuracy: str
    summation: Summation
    threads: int
    scratch_bytes: int = SCRATCH_BYTES
    small_unpacked: bool = False

    @property
    def itemsize(self) -> int:
        """Bytes of an element of the type that is computed in."""
        return DTYPES[self.summation.compute_dtype].bytes

    @property
    def group_channels(self) -> tuple[int, int]:
        """Input and output channels of one group."""
        return self.geometry.in_channels // self.geometry.groups, self.geometry.out_channels // self.geometry.groups

    @property
    def row_length(self) -> int:
        """Elements that follow one another in an output image: of a row, or of the only column."""
        height, width = self.geometry.height.output, self.geometry.width.output
        return width if width > 1 else height

    @property
    def pixels(self) -> int:
        """Output pixels of one image."""
        return self.geometry.height.output * self.geometry.width.output

    @property
    def stored_directly(self) -> bool:
        """Whether products can be written where the output stands: it has the type that they are computed in."""
        return self.dtype == self.summation.compute_dtype


class Layout(NamedTuple):
    """One algorithm's way through a task.

    `blocks` is what that algorithm works by, a tuple of its own, and `jobs` how many of them an image has: as many as
    there are threads, if it can be cut so. `nanoseconds` is the estimate for one image on one thread that choices are
    made by. Besides input, parameters and output each worker holds `worker_bytes` while it works and up to
    `passing_bytes` in what NumPy makes on the way, and all of them `shared_bytes`. `needs_finite` says that a NaN or an
    infinity would spread beyond the outputs that it belongs to. Of the `nanoseconds`, `products` are those of matrices
    which BLAS shares out with profit where the jobs are too few, and `serial` pass before there are jobs, which are
    handed over `handovers` times and make so many short `calls` in all. Up to so many `images` may be brought through
    together, each with `shared_bytes` of its own. Parameters that are used again, for another image, another tile or in
    another call, are transformed and kept in `kept_bytes`.
    `panel` is the most of its main products that BLAS is given at a time.
    """

    blocks: Any
    jobs: int
    nanoseconds: float
    worker_bytes: int
    shared_bytes: int
    words: str
    passing_bytes: int = 0
    needs_finite: bool = False
    products: float = 0.0
    serial: float = 0.0
    handovers: int = 1
    calls: int = 0
    images: int = 1
    kept_bytes: int = 0
    panel: Panel = AT_ONCE


def shares_products(layout: Layout, threads: int) -> bool:
    """Whether BLAS shares out the products: an image is too few jobs for so many threads."""
    return layout.jobs < threads and layout.products > 0


def elapsed(layout: Layout, threads: int) -> float:
    """Return the nanoseconds of one image on so many threads.

    Workers wait for the last of them; where BLAS shares out the products, all else stays on one thread.
    """
    alone = layout.nanoseconds
    if shares_products(layout, threads):
        return alone - layout.products * (1 - 1 / threads)
    return min(alone, _shared_out(layout, threads, 1))


def worth_sharing(layout: Layout, threads: int, batch: int) -> bool:
    """Whether threads do the jobs of all images sooner than one, and by enough to be sure."""
    return _shared_out(layout, threads, batch) + _SURE < layout.nanoseconds * batch


def _shared_out(layout: Layout, threads: int, batch: int) -> float:
    jobs = layout.jobs * batch
    work = layout.nanoseconds * batch - layout.serial + layout.calls * batch * _WAIT
    shared = work * -(-jobs // threads) / jobs
    return layout.serial + shared + layout.handovers * _HANDED_OVER


def best(found: Iterable[Layout | None], threads: int) -> Layout | None:
    """Return the layout that takes the least time, None if there is none."""
    return min((one for one in found if one is not None), key=lambda one: elapsed(one, threads), default=None)


def even_part(total: int, most: int, workers: int = 1) -> int:
    """Return the size of the parts when `total` is cut evenly into the fewest of at most `most`, or of 1.

    The number of parts is a multiple of `workers`, where there are so many.
    """
    parts = -(-total // max(1, most))
    parts = -(-parts // workers) * workers
    return -(-total // parts) if total >= parts else 1


def even_slices(total: int, parts: int) -> list[slice]:
    """Return so many slices, as even as can be, that make up `total`."""
    ends = [total * number // parts for number in range(parts + 1)]
    return [slice(start, end) for start, end in pairwise(ends)]
