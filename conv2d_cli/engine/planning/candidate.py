"""A candidate plan: how one algorithm would go through a problem, what that takes in memory and in time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, NamedTuple, TypeVar

from conv2d_cli.engine.planning.blocking import ceil_div

if TYPE_CHECKING:
    from conv2d_cli.engine.planning.cost_model import Costs

Blocks = TypeVar("Blocks", bound=tuple[object, ...])


class Memory(NamedTuple):
    """Bytes besides input, parameters and output.

    Each worker holds its workspace, and what NumPy makes on the way for a short time. `shared_bytes` serve all workers.
    """

    workspace_bytes: int
    temporary_bytes: int
    shared_bytes: int

    def total(self, workers: int) -> int:
        """Return the bytes that workers hold together."""
        return workers * (self.workspace_bytes + self.temporary_bytes) + self.shared_bytes


class Products(NamedTuple):
    """Products of matrices that BLAS may parallelise: how many of an image, and the nanoseconds of each."""

    number: int
    nanoseconds: float


class Work(NamedTuple):
    """The time that one image takes on one thread, in nanoseconds, and how it can be parallelised.

    After what is `serial`, an image is cut into work items of `item_nanoseconds` each, which Python threads share; the
    interpreter runs `item_calls` short calls in each, which threads do not overlap.
    """

    serial: float
    items: int
    item_nanoseconds: float
    item_calls: int
    products: Products | None


class Candidate(NamedTuple, Generic[Blocks]):
    """One algorithm's blocks, with what they take.

    `spreads` says that a NaN or an infinity would reach outputs that it does not belong to.
    """

    algorithm: str
    blocks: Blocks
    memory: Memory
    work: Work
    spreads: bool

    @property
    def blocks_in_words(self) -> str:
        """Say what one block is: `rows=14 columns=56`."""
        fields: dict[str, object] = self.blocks._asdict()  # type: ignore[attr-defined]
        return " ".join(f"{name}={value}" for name, value in fields.items() if value is not None)


# What threads are estimated to take is raised by this: an estimate is no measurement, and other processes want to run.
# Python threads compete for caches and locks of BLAS too: with 1.25, one layer in thirty was slower on two than on one.
_BLAS_CAUTION, _PYTHON_CAUTION = 1.25, 1.4


class Parallelism(NamedTuple):
    """Python threads that share the work items, threads that BLAS has for each product, and the time estimated.

    One of both numbers is 1. The time is raised for caution where there are threads.
    """

    workers: int
    blas_threads: int
    nanoseconds: float


def parallelism(work: Work, threads: int, images: int, costs: Costs) -> Parallelism:
    """Return how some images are parallelised: not at all, unless threads save enough to be sure.

    Whether BLAS's threads are used does not depend on the number of images: products differ in their last bits with it.
    """
    items = work.items * images
    alone = work.serial + items * work.item_nanoseconds
    if work.items < threads and work.products is not None:
        saved = work.products.number * (work.products.nanoseconds * (1 - 1 / threads) - costs.blas_dispatch)
        one_image = work.serial + work.items * work.item_nanoseconds
        if _BLAS_CAUTION * (one_image - saved) < one_image:
            return Parallelism(1, threads, _BLAS_CAUTION * (alone - images * saved))
    if threads > 1 < items:
        each = work.item_nanoseconds + work.item_calls * costs.wait
        shared = _PYTHON_CAUTION * (work.serial + each * ceil_div(items, threads) + costs.dispatch)
        if shared < alone:
            return Parallelism(min(threads, items), 1, shared)
    return Parallelism(1, 1, alone)
