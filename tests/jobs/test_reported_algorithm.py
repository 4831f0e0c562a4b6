"""What `bench` and `run` report is what ran: on every layer of the suites, the kernels that work are noted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from conv2d_cli.backends.functional import _execution_of
from conv2d_cli.engine import executor
from conv2d_cli.engine.algorithms.registry import kernel_of
from conv2d_cli.engine.executor import execution_of, tile_execution
from conv2d_cli.jobs.bench.suites import SUITES, suite
from conv2d_cli.jobs.bench.workers import conv2d_engine
from conv2d_cli.jobs.bench.workers.asked import Asked
from conv2d_cli.jobs.bench.workers.problem import Problem
from conv2d_cli.jobs.run.memory import Machine
from conv2d_cli.jobs.run.one_file import run_one
from conv2d_cli.jobs.run.request import Request

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from conv2d_cli.engine.algorithms.base import Call, Item, Items, Kernel, ShortCall, Worker
    from conv2d_cli.engine.planning.plan import Plan
    from conv2d_cli.engine.runtime.workspace import Workspace

Array = np.ndarray[Any, Any]


class Noting:
    """A kernel that notes its name when it works."""

    def __init__(self, name: str, worked: list[str]) -> None:
        self._name, self._worked = name, worked
        self._kernel: Kernel[Any, Any] = kernel_of(name)

    def prepare(self, plan: Plan[Any], weight: Array, bias: Array | None) -> object:
        return self._kernel.prepare(plan, weight, bias)

    def items(self, call: Call[Any, Any]) -> Items:
        return self._kernel.items(call)

    def short_call(self, plan: Plan[Any]) -> ShortCall | None:
        make = self._kernel.short_call(plan)

        def noting(x: Array, weight: Array, bias: Array | None) -> Array:
            self._worked.append(self._name)
            assert make is not None
            out: Array = make(x, weight, bias)
            return out

        return None if make is None else noting

    def worker(self, call: Call[Any, Any], workspace: Workspace) -> Worker:
        make = self._kernel.worker(call, workspace)

        def noting(item: Item) -> None:
            self._worked.append(self._name)
            make(item)

        return noting


@pytest.fixture
def worked(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Return the names of the kernels that have worked."""
    names: list[str] = []
    cached = (_execution_of, execution_of, tile_execution)
    monkeypatch.setattr(executor, "kernel_of", lambda name: Noting(name, names))
    for function in cached:
        function.cache_clear()
    yield names
    for function in cached:
        function.cache_clear()


@pytest.mark.parametrize("name", SUITES)
def test_bench_reports_the_algorithm_that_ran(name: str, worked: list[str]) -> None:
    for case in suite(name):
        problem = Problem(case.layer.model_dump(), [*case.input_shape], 0)
        for accuracy, threads in (("strict", 1), ("strict", 2), ("fast", 1), ("fast", 2)):
            prepared = conv2d_engine.prepare(problem, Asked(threads, "numpy", accuracy))
            worked.clear()
            prepared.call()
            assert {*worked} == {prepared.algorithm}, (case.name, accuracy, threads)
            assert prepared.carried_out_by == "numpy"


def test_run_reports_the_algorithm_that_ran(worked: list[str], tmp_path: Path) -> None:
    machine, reported = Machine(0, None), set()
    for case in suite("kernels"):
        path = tmp_path / "x.npy"
        np.save(path, np.ones(case.input_shape, np.float32))
        worked.clear()
        request = Request(str(path), case.layer, {}, accuracy="fast", threads=1)
        report = run_one(request, machine, summarize=False, announce=lambda _: None)
        assert {*worked} == {report.algorithm}, case.name
        reported.add(report.algorithm)
    assert {"pointwise", "small", "shifted", "row_lowering", "winograd"} <= reported
