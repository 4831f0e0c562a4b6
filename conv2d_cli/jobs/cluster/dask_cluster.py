"""A cluster by Dask: processes of this machine, or those of a scheduler that is there.

https://distributed.dask.org. Its own logs and warnings are silenced: what matters of them becomes an error of ours.
No other files than those named `dask_` know Dask.
"""

from __future__ import annotations

import json
import logging
from contextlib import contextmanager
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, NamedTuple

from conv2d_cli.errors import FileError, MissingExtraError
from conv2d_cli.jobs.cluster.dask_local import LOGGERS, local
from conv2d_cli.jobs.cluster.dask_remote import remote

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conv2d_cli.jobs.cluster.dask_workers import DaskWorkers

# A file of a scheduler has some kilobytes, and more where it tells of workers.
_MOST_BYTES = 16 << 20


class Place(NamedTuple):
    """Where the processes are: `workers` of this machine, or those of the scheduler at `address` or of a file."""

    workers: int | None = None
    address: str | None = None
    file: str | None = None

    @property
    def is_local(self) -> bool:
        """Whether they are started here."""
        return self.workers is not None


@contextmanager
def cluster(place: Place, *, threads: int | None, memory_limit: int | None) -> Iterator[DaskWorkers]:
    """Return a context with the processes of a cluster, each of which computes with `threads`.

    On this machine all of them listen on 127.0.0.1 alone, each may take `memory_limit` bytes, and none is left behind.

    Raises:
        MissingExtraError: Dask is not installed.
        FileError: the scheduler cannot be reached or has no workers, or one of them has not what we have.
    """
    _load()
    if place.workers is not None:
        started = local(place.workers, threads or 1, memory_limit)
    else:
        started = remote(_address(place), threads)
    with started as workers:
        yield workers


def _load() -> None:
    """Import Dask, and keep it from stderr."""
    try:
        import dask

        # Before distributed is imported, which opens its logs then.
        dask.config.set({"logging": dict.fromkeys(LOGGERS, "critical")})
        import distributed  # noqa: F401 - it is imported where it is used
    except ImportError as error:
        raise MissingExtraError("--workers and --scheduler", "dask") from error
    # Some have a way to stderr of their own.
    opened = [name for name in logging.root.manager.loggerDict if name.partition(".")[0] in LOGGERS]
    for name in (*LOGGERS, *opened):
        logger = logging.getLogger(name)
        logger.handlers[:] = [logging.NullHandler()]
        logger.propagate = False
        logger.setLevel(logging.CRITICAL + 1)


def _address(place: Place) -> str:
    """Return the address of a scheduler, which may stand in the file that it wrote.

    Raises:
        FileError: the file cannot be read, or says none.
    """
    if place.address is not None:
        return place.address
    path = Path(place.file or "")
    hint = f"dask scheduler --scheduler-file {quote(str(path))} writes it"
    try:
        with path.open("rb") as stream:
            address = json.loads(stream.read(_MOST_BYTES))["address"]
    except OSError as error:
        is_missing = isinstance(error, FileNotFoundError)
        raise FileError(
            f"cannot read {path}: {error.strerror}", hint if is_missing else "give the file that the scheduler wrote"
        ) from error
    except (ValueError, KeyError, TypeError, RecursionError):
        address = None
    if not isinstance(address, str) or "://" not in address or "@" in address:
        raise FileError(f"{path}: it says no address of a scheduler", hint)
    return address
