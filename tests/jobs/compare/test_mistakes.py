"""Each mistake is found where it is made."""

from __future__ import annotations

from itertools import permutations
from random import Random
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from compared_results import compared
from injected_mistakes import WAYS, Needs, draw, is_told

from conv2d_cli.jobs.compare import job, judgement
from conv2d_cli.jobs.compare.job import compare_files
from conv2d_cli.jobs.compare.judgement import TIMES_BETTER
from conv2d_cli.jobs.compare.mistakes.registry import MISTAKES
from conv2d_cli.jobs.compare.request import Request
from conv2d_cli.report.compare import EXPLAINED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from injected_mistakes import Problem

    from conv2d_cli.jobs.compare.judgement import Fit

    Array = np.ndarray[Any, Any]

LAYERS = 20
# The error of what is rounded once: less tells nothing.
HALF_A_STEP = 0.5


def test_every_mistake_of_the_contract_is_injected() -> None:
    assert [*WAYS] == [mistake.name for mistake in MISTAKES]


@pytest.fixture
def tried_alone(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], list[Fit]]:
    """Have one mistake tried and no other; what fits is in the list that is returned."""

    def try_alone(name: str) -> list[Fit]:
        found: list[Fit] = []

        def recorded(*args: Any, **options: Any) -> tuple[Fit, ...]:
            found[:] = judgement.best_fits(*args, **options)
            return tuple(found)

        monkeypatch.setattr(judgement, "MISTAKES", [one for one in MISTAKES if one.name == name])
        monkeypatch.setattr(job, "best_fits", recorded)
        return found

    return try_alone


@pytest.mark.parametrize("name", WAYS)
def test_an_injected_mistake_is_named(
    name: str, tmp_path: Path, tried_alone: Callable[[str], list[Fit]], monkeypatch: pytest.MonkeyPatch
) -> None:
    ways = WAYS[name]
    told = 0
    for problem, wrong in injected(name):
        if told == len(ways):
            fits = tried_alone(name)
        report = compared(problem, problem.result(), wrong, tmp_path)
        assert report.verdict == EXPLAINED, (problem.layer, report)
        assert name in report.explanations, (problem.layer, report)
        # What fits so well is told whatever else fits: the others need not be tried.
        if told >= len(ways) and max(fit.error for fit in fits) > TIMES_BETTER * HALF_A_STEP:
            with monkeypatch.context() as whole:
                whole.setattr(judgement, "MISTAKES", MISTAKES)
                report = compared(problem, problem.result(), wrong, tmp_path)
            assert name in report.explanations, (problem.layer, report)
        told += 1
        if told == LAYERS:
            return
    pytest.fail(f"only {told} layers show it")


def injected(name: str) -> Iterator[tuple[Problem, Array]]:
    """Yield layers in which a mistake shows, with their wrong results, each way in turn."""
    random = Random(name)
    for attempt in range(10 * LAYERS):
        way = WAYS[name][attempt % len(WAYS[name])]
        problem = way.prepared(draw(random, way.needs))
        wrong = way.wrong(problem)
        if wrong.size and is_told(problem, wrong):
            yield problem, wrong


@pytest.mark.parametrize("order", [*permutations(range(4))][1:])
def test_an_output_in_any_order_of_axes_is_told(order: tuple[int, ...], tmp_path: Path) -> None:
    problem = draw(Random("order"), Needs(oblong=True))
    problem = problem._replace(x=np.concatenate([problem.x, problem.x[..., ::-1]]))
    right = problem.result()
    report = compared(problem, right, right.transpose(order), tmp_path)
    assert (report.verdict, report.explanations) == (EXPLAINED, ("nhwc" if order == (0, 2, 3, 1) else "swapped_axes",))
    assert report.expected_error_units is not None
    assert report.expected_error_units < 1


@pytest.mark.parametrize("axes", [(1, 0), (0, 2, 1), (0, 1, 3, 2), (1, 0, 2, 3), (4, 3, 2, 1, 0)])
def test_swapped_axes_of_tensors_of_any_rank(axes: tuple[int, ...], tmp_path: Path) -> None:
    right = np.random.default_rng(0).standard_normal((2, 3, 4, 5, 6)[: len(axes)]).astype(np.float32)
    for wrong in (right.transpose(axes), right.transpose(axes).reshape(right.shape)):
        np.save(tmp_path / "expected.npy", right)
        np.save(tmp_path / "actual.npy", wrong)
        report = compare_files(Request(f"{tmp_path}/expected.npy", f"{tmp_path}/actual.npy"))
        assert (report.verdict, report.explanation) == (EXPLAINED, "swapped_axes")
