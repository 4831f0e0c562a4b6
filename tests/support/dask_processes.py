"""A scheduler of Dask and its workers as processes of their own, as an operator starts them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

_SECONDS = 30


class Processes:
    """A scheduler on 127.0.0.1, and workers that come to it."""

    def __init__(self, folder: Path, *, protocol: str = "tcp", environment: Mapping[str, str] | None = None) -> None:
        self.file = folder / "scheduler.json"
        self._folder, self._environment = folder, os.environ | (environment or {})
        self._processes: list[subprocess.Popen[bytes]] = []
        self._start(
            *("from distributed.cli.dask_scheduler import main; main()", "--host", "127.0.0.1", "--port", "0"),
            *(
                "--protocol",
                protocol,
                "--dashboard-address",
                "127.0.0.1:0",
                "--no-show",
                "--scheduler-file",
                str(self.file),
            ),
        )
        self._wait(self.file.exists)
        self._wait(lambda: self.file.read_text().endswith("}"))

    @property
    def address(self) -> str:
        address: str = json.loads(self.file.read_text())["address"]
        return address

    def worker(self, before: str = "", folder: Path | None = None) -> subprocess.Popen[bytes]:
        """Start a worker that executes some code first, and wait until it is there."""
        there = self._there()
        process = self._start(
            *(f"{before}\nfrom distributed.cli.dask_worker import main; main()", "--scheduler-file", str(self.file)),
            *("--nthreads", "1", "--no-nanny", "--no-dashboard", "--host", "127.0.0.1"),
            *("--local-directory", str(self._folder / "scratch")),
            folder=folder,
        )
        self._wait(lambda: self._there() > there)
        return process

    def _there(self) -> int:
        """Count the workers as the scheduler's own client does."""
        from distributed import Client

        with Client(self.address, set_as_default=False, timeout=_SECONDS, **self._security()) as client:
            return len(client.nthreads())

    def _security(self) -> dict[str, Any]:
        if not self.address.startswith("tls"):
            return {}
        from distributed import Security

        prefix = "DASK_DISTRIBUTED__COMM__TLS__"
        names = {"tls_ca_file": "CA_FILE", "tls_client_cert": "CLIENT__CERT", "tls_client_key": "CLIENT__KEY"}
        return {"security": Security(**{name: self._environment[prefix + key] for name, key in names.items()})}

    def _start(self, code: str, *arguments: str, folder: Path | None = None) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(
            [sys.executable, "-W", "ignore", "-c", code, *arguments],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=self._environment,
            cwd=folder or self._folder,
        )
        self._processes.append(process)
        return process

    def _wait(self, condition: Any) -> None:
        until = time.monotonic() + _SECONDS
        while not condition():
            assert time.monotonic() < until, "the cluster does not start"
            time.sleep(0.05)

    def end(self) -> None:
        for process in reversed(self._processes):
            process.kill()
            process.wait()


@contextmanager
def processes(
    folder: Path, *, protocol: str = "tcp", environment: Mapping[str, str] | None = None
) -> Iterator[Processes]:
    """Return a context with a scheduler, which ends with it and its workers."""
    started = Processes(folder, protocol=protocol, environment=environment)
    try:
        yield started
    finally:
        started.end()
