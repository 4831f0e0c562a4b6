"""A worker process as its parent sees it: a question goes in, an answer comes out, or the process is gone."""

from __future__ import annotations

import json
import subprocess
import tempfile
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple

from conv2d_cli.jobs.bench.engines import OURS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from conv2d_cli.jobs.bench.engines import Engine

_MAIN = "conv2d_cli.jobs.bench.workers.main"
_PATIENCE_SECONDS = 2
_LONGEST_REASON = 200


class Host(NamedTuple):
    """Where workers run: the interpreter, the variables they inherit, the processor's name, and their number."""

    python: str
    environment: Mapping[str, str]
    processor: str
    processors: int


class WorkerError(Exception):
    """A worker could not do what it was asked, or is no more."""


class Worker:
    """One process for one engine and one number of threads."""

    def __init__(self, engine: Engine, threads: int, host: Host, carried_out_by: str = "numpy") -> None:
        """Start the process; what it writes to stderr is kept for the case that it dies.

        `carried_out_by` is the engine that our own call is to take, which no other has.
        """
        asked = carried_out_by if engine.name == OURS else engine.name
        self._said = tempfile.TemporaryFile()  # noqa: SIM115 - closed in `close`
        self._process = subprocess.Popen(  # noqa: S603 - our own module
            [host.python, "-P", "-m", _MAIN, engine.module, str(threads), asked],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._said,
            env={**host.environment, **engine.environment(threads)},
        )

    @property
    def alive(self) -> bool:
        """Whether it can be asked."""
        return self._process.poll() is None

    def ask(self, do: str, **about: object) -> dict[str, Any]:
        """Return the answer to a question.

        Raises:
            WorkerError: it cannot do that, or died of it.
        """
        assert self._process.stdin is not None  # noqa: S101 - both are pipes
        assert self._process.stdout is not None  # noqa: S101
        try:
            self._process.stdin.write(json.dumps({"do": do, **about}).encode() + b"\n")
            self._process.stdin.flush()
            line = self._process.stdout.readline()
        except OSError:
            line = b""
        if not line.endswith(b"\n"):
            raise WorkerError(self._last_words())
        answer: dict[str, Any] = json.loads(line)
        if "failure" in answer:
            raise WorkerError(str(answer["failure"])[:_LONGEST_REASON])
        return answer

    def close(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout, self._said):
            if stream is not None:
                # What is left in the pipe has no reader.
                with suppress(OSError):
                    stream.close()

    def _last_words(self) -> str:
        try:
            code = self._process.wait(_PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            return "the worker stopped answering"
        self._said.seek(0)
        lines = self._said.read().decode("utf-8", "replace").split("\n")
        last = next((line.strip() for line in reversed(lines) if line.strip()), "")
        return f"the worker died (exit {code}){': ' if last else ''}{last[:_LONGEST_REASON]}"
