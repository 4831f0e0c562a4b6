"""The options of `conv2d run` that spread it over processes, here or of a cluster."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, NamedTuple

from conv2d_cli.cli.number_options import integer
from conv2d_cli.cli.options import CLUSTER, option, shared
from conv2d_cli.errors import UsageError

if TYPE_CHECKING:
    from conv2d_cli.cli.run_options import RunOptions
    from conv2d_cli.jobs.cluster.dask_cluster import Place

_PORT = "8786"
_ADDRESS = re.compile(r"(?:tcp|tls)://(?:[^\s:/@\[\]]+|\[[0-9A-Fa-f:.]+\]):(?P<port>[0-9]{1,5})")
_HOST = re.compile(r"(?:[A-Za-z]+://)?(?P<host>[A-Za-z0-9][A-Za-z0-9.-]{0,252})", re.ASCII)
_LAST_PORT = 65535
# More than any machine has processors for.
_MOST_WORKERS = 1024


class ClusterOptions(NamedTuple):
    """The options as typed."""

    workers: str | None
    scheduler: str | None
    scheduler_file: str | None

    @property
    def given(self) -> bool:
        """Whether a cluster is asked for."""
        return any(text is not None for text in self)


def _cluster_options(
    workers: Annotated[
        str | None,
        option(
            "--workers",
            metavar="N",
            section=CLUSTER,
            help="spread it over N processes of this machine, each within --memory-limit",
        ),
    ] = None,
    scheduler: Annotated[
        str | None,
        option(
            "--scheduler",
            metavar="ADDRESS",
            section=CLUSTER,
            help="or over the workers of a Dask scheduler that you trust: tcp://HOST:8786, or tls://",
        ),
    ] = None,
    scheduler_file: Annotated[
        str | None,
        option(
            "--scheduler-file", metavar="FILE", section=CLUSTER, help="or of the one that wrote its address to FILE"
        ),
    ] = None,
) -> ClusterOptions:
    return ClusterOptions(workers, scheduler, scheduler_file)


cluster_options = shared(_cluster_options, "cluster_options")


def place_of(options: ClusterOptions) -> Place:
    """Return where the processes are that the options ask for.

    Raises:
        UsageError: they name several places, or none that there can be.
    """
    from conv2d_cli.jobs.cluster.dask_cluster import Place

    names = "--workers", "--scheduler", "--scheduler-file"
    given = [(name, text) for name, text in zip(names, options, strict=True) if text is not None]
    if len(given) > 1:
        (first, text), (second, _) = given[:2]
        raise UsageError(f"{first} and {second} name two clusters", f"{first} {text} alone")
    if options.workers is not None:
        count = integer("--workers", options.workers, least=1, example=2)
        if count > _MOST_WORKERS:
            raise UsageError(f"--workers {options.workers}: {_MOST_WORKERS} processes at most", "--workers 2")
        return Place(workers=count)
    if options.scheduler is not None:
        return Place(address=_address(options.scheduler))
    if not options.scheduler_file:
        raise UsageError("--scheduler-file names no file", "--scheduler-file scheduler.json")
    return Place(file=options.scheduler_file)


def _address(text: str) -> str:
    if "@" in text:
        # It may be a password.
        raise UsageError(
            "--scheduler: the address of a scheduler has no user and no password", f"--scheduler tcp://HOST:{_PORT}"
        )
    match = _ADDRESS.fullmatch(text)
    if match is None or not 0 < int(match["port"]) <= _LAST_PORT:
        meant = _HOST.match(text)
        hint = f"--scheduler tcp://{meant['host'] if meant else 'HOST'}:{_PORT}"
        raise UsageError(f"--scheduler {text}: not the address of a scheduler", hint)
    return text


def check_resume(options: ClusterOptions, run_options: RunOptions, *, many: bool) -> None:
    """Check that a run can be gone on with.

    Raises:
        UsageError: it is of one file here, which is done at once or not at all.
    """
    if run_options.resume and not many and not options.given:
        raise UsageError(
            "--resume is for many files, a folder or a quoted pattern, and for a store on --workers",
            "leave --resume out",
        )
