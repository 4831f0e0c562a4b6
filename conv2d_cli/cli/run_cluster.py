"""`conv2d run` on a cluster: one store in parts, or many files."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from conv2d_cli.cli.machine import machine
from conv2d_cli.cli.processors import processors
from conv2d_cli.cli.run_many import listening, show_many
from conv2d_cli.cli.run_one import show_report, started

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conv2d_cli.cli.output import Output
    from conv2d_cli.cli.run_options import RunOptions
    from conv2d_cli.cli.typed import Typed
    from conv2d_cli.jobs.cluster.dask_cluster import Place
    from conv2d_cli.jobs.run.file import FileRun
    from conv2d_cli.jobs.run.request import Request


def run_store(request: Request, output: Output, options: RunOptions, place: Place, typed: Typed) -> int:
    """Convolve one store by the processes of a cluster, and say what was written."""
    from conv2d_cli.jobs.cluster.store_run import Listener, run_store

    have_stderr_alone()
    decided: list[FileRun] = []
    with (
        _going_on(request, output, options, typed, decided),
        output.progress_line(shown=not options.no_progress) as progress,
    ):

        def announce(file: FileRun) -> None:
            decided.append(file)
            started(file, output, progress, on_screen=output.asked_for and output.is_table)

        report = run_store(
            *(request, machine(), place),
            resume=options.resume,
            summarize=output.asked_for,
            tell=Listener(announce, progress.advance, output.note, partial(_tell_dashboard, output)),
        )
    show_report(decided[0], report, output, summarize=output.asked_for)
    return 0


def run_files(request: Request, output: Output, options: RunOptions, place: Place, _: Typed) -> int:
    """Convolve many files by the processes of a cluster; tell of each that fails, and at the end of their number."""
    from conv2d_cli.jobs.cluster.many_files import run_many

    have_stderr_alone()
    with listening(output, options) as tell:
        report, code = run_many(
            *(request, machine(), place),
            resume=options.resume,
            tell=tell,
            dashboard=partial(_tell_dashboard, output),
        )
    show_many(report, request, output)
    return code


def _tell_dashboard(output: Output, link: str | None) -> None:
    if link:
        output.note(f"dashboard: {link}")


def with_threads(request: Request, place: Place) -> Request:
    """Return a request with the threads of each process of this machine, unless given: its processors, divided.

    Those of other machines are known when they have been asked.
    """
    if place.workers is None or request.threads is not None:
        return request
    return request._replace(threads=max(1, processors() // place.workers))


def have_stderr_alone() -> None:
    """Keep processes that are started here away from stderr, unless --debug wants to see what they say.

    What ends them, or us, may let them write tracebacks, and their logs are not for the person.
    """
    if sys.stderr is None or "--debug" in sys.argv[1:]:
        return
    theirs = sys.stderr
    sys.stderr = os.fdopen(os.dup(theirs.fileno()), "w", 1, theirs.encoding, theirs.errors)
    with Path(os.devnull).open("w", encoding="ascii") as nowhere:
        os.dup2(nowhere.fileno(), theirs.fileno())


@contextmanager
def _going_on(
    request: Request, output: Output, options: RunOptions, typed: Typed, decided: list[FileRun]
) -> Iterator[None]:
    """Say how a run that is ended, by a signal too, is gone on with."""
    from conv2d_cli.jobs.cluster.store_output import unfinished_place

    try:
        yield
    except BaseException:
        # Before all was decided, nothing had been begun, or what is there is another's.
        if options.resume and request.output and decided:
            output.note(f"{unfinished_place(request.output)} has what is done; to go on: {typed.line({})}")
        raise
