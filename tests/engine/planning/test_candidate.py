"""How threads share the work of a candidate, and the bytes that they hold together."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from plans import GEOMETRIES, every_candidate

from conv2d_cli.engine.api import ALGORITHMS
from conv2d_cli.engine.planning.candidate import Memory, Products, Work, parallelism
from conv2d_cli.engine.planning.cost_table import COSTS

nanoseconds = st.floats(1e3, 1e9)


@st.composite
def works(draw: st.DrawFn) -> Work:
    items, each = draw(st.integers(1, 200)), draw(nanoseconds)
    number = draw(st.integers(1, 50))
    products = draw(st.sampled_from([None, Products(number, items * each / number * 0.9)]))
    return Work(draw(st.floats(0, 0.5)) * items * each, items, each, draw(st.integers(0, 50)), products)


@given(works(), st.integers(1, 16), st.integers(1, 20))
def test_threads_are_python_s_or_those_of_blas_and_save_time(work: Work, threads: int, images: int) -> None:
    shared = parallelism(work, threads, images, COSTS)
    alone = parallelism(work, 1, images, COSTS)
    assert alone == (1, 1, work.serial + images * work.items * work.item_nanoseconds)
    assert min(shared.workers, shared.blas_threads) == 1
    assert shared.workers <= min(threads, work.items * images)
    assert shared.blas_threads in {1, threads}
    # The time on several threads is raised for caution, and still the smaller one.
    assert shared[:2] == (1, 1) or shared.nanoseconds < alone.nanoseconds * (1 + 1e-9)


@given(works(), st.integers(1, 16), st.integers(1, 20), st.integers(1, 20))
def test_the_batch_does_not_decide_whether_blas_has_its_threads(work: Work, threads: int, one: int, other: int) -> None:
    # Products differ in their last bits with the number of BLAS's threads.
    shared = [parallelism(work, threads, images, COSTS) for images in (one, other)]
    assert shared[0].blas_threads == shared[1].blas_threads


@given(works(), st.integers(1, 8), st.integers(1, 20))
def test_work_that_one_thread_must_do_first_is_not_divided(work: Work, threads: int, images: int) -> None:
    shared = parallelism(work, threads, images, COSTS)
    if shared.workers > 1:
        assert shared.nanoseconds >= work.serial + COSTS.dispatch


def test_a_quarter_less_time_is_not_enough_to_be_sure() -> None:
    def workers(serial: float) -> int:
        return parallelism(Work(serial, 2, 1e9, 0, None), 2, 1, COSTS).workers

    assert workers(0.0) == 2
    assert workers(1e9) == 2
    assert workers(2e9) == 1


def test_a_worker_may_have_to_wait_for_the_others() -> None:
    def taken(items: int) -> float:
        return parallelism(Work(0, items, 12e6 / items, 0, None), 2, 1, COSTS).nanoseconds

    assert taken(1) == 12e6
    assert taken(4) < taken(3) < taken(1)


def test_memory_is_that_of_workers_and_of_all() -> None:
    assert Memory(100, 20, 3000).total(2) == 2 * 120 + 3000


@pytest.mark.parametrize("name", ALGORITHMS)
def test_estimates_are_positive_and_grow_with_the_image(name: str) -> None:
    for geometry, padding_mode in GEOMETRIES:
        for plan in every_candidate(geometry, name, padding_mode=padding_mode, accuracy="fast", unpacked_gemm=True):
            work = plan.candidate.work
            assert work.item_nanoseconds > 0
            assert work.items >= 1
            assert min(work.serial, work.item_calls) >= 0
            assert min(plan.candidate.memory) >= 0
        larger = geometry._replace(height=geometry.height._replace(size=4 * geometry.height.size))
        least = [
            min((plan.parallelism.nanoseconds for plan in every_candidate(one, name, accuracy="fast")), default=0)
            for one in (geometry, larger)
        ]
        assert least[0] < least[1] or 0 in least
