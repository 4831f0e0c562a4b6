"""Measure layers: start the workers, let them take turns on each layer, and turn what they say into rows."""

from __future__ import annotations

import statistics
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from conv2d_cli.arithmetic.counts import flops, macs
from conv2d_cli.backends import api as backends
from conv2d_cli.dtypes import DEFAULT_DTYPE
from conv2d_cli.engine.api import costs_in_use
from conv2d_cli.errors import Conv2dError, UsageError, one_of
from conv2d_cli.jobs.bench.case import CLASSES
from conv2d_cli.jobs.bench.engines import ENGINES, OURS
from conv2d_cli.jobs.bench.figures import (
    fastest_of_each_round,
    geometric_mean,
    paired_ratio,
    significant,
    spread_percent,
)
from conv2d_cli.jobs.bench.measure import Contender, take_turns, timing_of
from conv2d_cli.jobs.bench.worker import Worker, WorkerError
from conv2d_cli.report.bench import BenchClass, BenchMachine, BenchRow

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Any

    from conv2d_cli.jobs.bench.case import Case
    from conv2d_cli.jobs.bench.engines import Engine
    from conv2d_cli.jobs.bench.worker import Host

DTYPES = ("float32", "float64")


class Request(NamedTuple):
    """What is measured: layers, engines, numbers of threads, accuracies of ours, and how often.

    `engine` is the one that our own call takes; `is_prepared` says that parameters are laid out before the calls.
    """

    cases: Sequence[Case]
    engines: Sequence[Engine]
    threads: Sequence[int]
    accuracies: Sequence[str] = ("strict", "fast")
    rounds: int = 15
    algorithm: str | None = None
    engine: str = backends.OURS
    is_prepared: bool = False
    seed: int = 0


class Post:
    """The place of one engine on one number of threads: its process, started again when it has died."""

    def __init__(self, engine: Engine, threads: int, host: Host, carried_out_by: str) -> None:
        """Start the process."""
        self.engine = engine
        self.threads = threads
        self.described: dict[str, Any] = {}
        self.failure: str | None = None
        self._start = partial(Worker, engine, threads, host, carried_out_by)
        self._worker = self._start()

    def greet(self) -> None:
        """Wait until the engine is loaded; an engine that cannot be is not asked again."""
        try:
            self.described = self._worker.ask("describe")
            if self.engine.name == OURS:
                # It plans as this process does.
                self._worker.ask("plan_by", costs=costs_in_use())
        except WorkerError as error:
            self.failure = str(error)

    def worker(self) -> Worker | None:
        """Return the process, a new one where it has died; None for an engine that cannot be loaded."""
        if self.failure is None and not self._worker.alive:
            self.close()
            self._worker = self._start()
            self.greet()
        return None if self.failure else self._worker

    def close(self) -> None:
        """End the process."""
        self._worker.close()


class Bench:
    """Workers at their posts, ready to measure; `machine` is known from the start."""

    def __init__(self, request: Request, posts: Sequence[Post], host: Host) -> None:
        """Let every worker load its engine."""
        self._request = request
        self._posts = posts
        for post in posts:
            post.greet()
        told = next((post.described for post in posts if post.engine.name == OURS), {})
        self.machine = BenchMachine(
            host.processor,
            host.processors,
            *(told.get(key) for key in ("version", "python", "numpy", "blas", "blas_architecture")),  # type: ignore[arg-type]
        )

    def rows(self, case: Case) -> tuple[BenchRow, ...]:
        """Measure one layer on every number of threads."""
        return tuple(row for threads in self._request.threads for row in self._rows(case, threads))

    def _rows(self, case: Case, threads: int) -> Iterator[BenchRow]:
        posts = [post for post in self._posts if post.threads == threads]
        peak = _peak(next(post for post in posts if post.engine.name == OURS), case)
        contenders = [
            contender for post in posts if post.engine in self._request.engines for contender in self._at(post)
        ]
        for contender in contenders:
            self._prepare(contender, case)
        take_turns(contenders, timing_of(threads, self._request.rounds))
        fastest = fastest_of_each_round(one.samples for one in contenders if one.engine != OURS)
        for contender in contenders:
            yield _row(case, threads, contender, fastest, peak, prepared=self._request.is_prepared)

    def _at(self, post: Post) -> Iterator[Contender]:
        ours = post.engine.name == OURS
        worker = post.worker()
        for accuracy in self._request.accuracies if ours else (None,):
            yield Contender(post.engine.name, post.described.get("version"), accuracy, worker, post.failure)

    def _prepare(self, contender: Contender, case: Case) -> None:
        answer: dict[str, Any] = contender.ask(
            "prepare",
            layer={key: value for key, value in case.layer.model_dump().items() if value is not None},
            input_shape=case.input_shape,
            seed=self._request.seed,
            algorithm=self._request.algorithm if contender.engine == OURS else None,
            is_prepared=self._request.is_prepared,
        )
        if answer:
            contender.algorithm, contender.carried_out_by = answer["algorithm"], answer["carried_out_by"]
            contender.error_units = answer["error_units"]
            contender.call_seconds = answer["seconds"]


@contextmanager
def opened(request: Request, host: Host) -> Iterator[Bench]:
    """Start the workers, and end them.

    Raises:
        UsageError: there is nothing to measure, or the algorithm does not exist.
    """
    _check(request)
    posts: list[Post] = []
    # Ours is there in any case: the peak is measured in it.
    engines = dict.fromkeys([ENGINES[OURS], *request.engines])
    try:
        # All of them load at the same time.
        posts.extend(Post(engine, threads, host, request.engine) for threads in request.threads for engine in engines)
        yield Bench(request, posts, host)
    finally:
        for post in posts:
            post.close()


def classes_of(rows: Sequence[BenchRow]) -> tuple[BenchClass, ...]:
    """Return the geometric means of our ratios by class, threads and accuracy; what has no ratio takes no part."""
    ratios: dict[tuple[str, int, str], list[float]] = {}
    for row in rows:
        if row.accuracy is not None and row.ratio is not None:
            ratios.setdefault((row.layer_class, row.threads, row.accuracy), []).append(row.ratio)
    ordered = sorted(ratios.items(), key=lambda item: (CLASSES.index(item[0][0]), item[0][1], item[0][2]))
    means = [(key, len(values), significant(geometric_mean(values))) for key, values in ordered]
    return tuple(BenchClass(*key, count, mean) for key, count, mean in means if mean is not None)


def _check(request: Request) -> None:
    faults = [fault for fault in map(_fault_of, request.cases, [request] * len(request.cases)) if fault is not None]
    # In a suite an algorithm may fit some of the layers; the others tell in their rows.
    if faults and len(faults) == len(request.cases):
        raise faults[0]


def _fault_of(case: Case, request: Request) -> Conv2dError | None:
    dtype = case.layer.dtype or DEFAULT_DTYPE
    if dtype not in DTYPES:
        return UsageError(f"--dtype {dtype}: nothing is measured in it", f"--dtype {one_of(DTYPES)}")
    geometry = case.geometry
    if not macs(geometry):
        return UsageError(
            "there is nothing to measure in a layer without output",
            f"-i {'x'.join(str(max(1, size)) for size in case.input_shape)}",
        )
    try:
        for accuracy in request.accuracies:
            how = (accuracy, request.algorithm, request.threads[0])
            wanted = backends.Wanted(geometry, case.layer.padding_mode, dtype, *how)
            backends.decide(wanted, request.engine, option="--engine ")
    except Conv2dError as error:
        return error
    return None


def _peak(post: Post, case: Case) -> float | None:
    worker = post.worker()
    try:
        return None if worker is None else float(worker.ask("peak", dtype=case.layer.dtype or DEFAULT_DTYPE)["gflops"])
    except WorkerError:
        return None


def _row(
    case: Case,
    threads: int,
    contender: Contender,
    fastest: Sequence[float],
    peak: float | None,
    *,
    prepared: bool,
) -> BenchRow:
    layer, samples, operations = case.layer, contender.samples, flops(macs(case.geometry))
    median = statistics.median(samples) if samples else None
    gflops = None if median is None else operations / median / 1e9
    return BenchRow(
        layer=case.name,
        layer_class=case.layer_class,
        in_channels=layer.in_channels,
        out_channels=layer.out_channels,
        kernel_size=layer.kernel_size,
        stride=layer.stride,
        padding=layer.padding,
        dilation=layer.dilation,
        groups=layer.groups,
        bias=layer.bias,
        padding_mode=layer.padding_mode,
        dtype=layer.dtype or DEFAULT_DTYPE,
        input_shape=case.input_shape,
        macs=macs(case.geometry),
        threads=threads,
        engine=contender.engine,
        engine_version=contender.version,
        accuracy=contender.accuracy,
        algorithm=contender.algorithm,
        carried_out_by=contender.carried_out_by,
        prepared=prepared,
        rounds=len(samples),
        median_ms=significant(None if median is None else median * 1e3),
        spread_percent=significant(spread_percent(samples)),
        gflops=significant(gflops),
        peak_gflops=significant(peak),
        percent_of_peak=significant(gflops / peak * 100 if gflops and peak else None),
        ratio=significant(paired_ratio(fastest, samples)),
        error_units=significant(contender.error_units),
        note=contender.failure,
    )
