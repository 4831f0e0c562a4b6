"""The workers of a scheduler that is there, by Dask; that they have what we have is looked at first."""

from __future__ import annotations

from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from conv2d_cli import __version__
from conv2d_cli.errors import FileError
from conv2d_cli.jobs.cluster.dask_workers import DaskWorkers
from conv2d_cli.jobs.cluster.running import CONNECT_SECONDS, ENDING_SECONDS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

# The variables of Dask, as its files of settings, say which certificates there are.
_TLS = "DASK_DISTRIBUTED__COMM__TLS__"
_OURS = "python", "dask", "distributed"


@contextmanager
def remote(address: str, threads: int | None) -> Iterator[DaskWorkers]:
    """Return a context with the workers of a scheduler, by Dask's own settings of certificates."""
    from distributed import Client

    try:
        client = Client(address, timeout=CONNECT_SECONDS, set_as_default=False)
    except Exception as error:
        why = str(error) or type(error).__name__
        hint = "is the scheduler running there, and is its port 8786?"
        if address.startswith("tls"):
            why = "there are no certificates for it" if "ssl_context" in why else why
            hint = f"{_TLS}CA_FILE, {_TLS}CLIENT__CERT and {_TLS}CLIENT__KEY name them"
        raise FileError(f"cannot reach the scheduler {address}: {why}", hint) from error
    try:
        with suppress(Exception):
            client.wait_for_workers(1, timeout=CONNECT_SECONDS)
        if not client.nthreads():
            raise FileError(f"the scheduler {address} has no workers", f"start one: dask worker {address}")
        _check_same(client)
        yield DaskWorkers(client, threads, client.dashboard_link)
    finally:
        with suppress(Exception):
            client.close(timeout=ENDING_SECONDS / 2)


def _check_same(client: Any) -> None:  # noqa: ANN401 - Dask has no types
    """Check that every worker has what we have; Python and Dask first, without which no other question arrives.

    Raises:
        FileError: one has not.
    """
    found = client.get_versions()
    ours = _versions(found["client"])
    for address, one in found["workers"].items():
        _check_versions(address, ours, _versions(one))

    # Defined here, so that it is sent whole to a worker that may have no conv2d.
    def installed() -> dict[str, str | None]:
        import sys
        from importlib import import_module

        versions: dict[str, str | None] = {}
        for name in ("conv2d_cli", "numpy", "zarr"):
            try:
                versions[name] = str(import_module(name).__version__)
            except ImportError:
                versions[name] = None
        return versions | {"path": sys.executable}

    ours = installed()
    for address, theirs in client.run(installed).items():
        path = theirs.pop("path")
        if theirs["conv2d_cli"] is None:
            raise FileError(
                f"the worker {address} has no conv2d", f"there, {path} -m pip install 'conv2d-cli[dask]=={__version__}'"
            )
        _check_versions(address, ours, theirs)


def _versions(found: Mapping[str, Any]) -> dict[str, str | None]:
    packages = {name: found["packages"].get(name) for name in _OURS}
    return packages | {"python": ".".join(found["host"]["python"].split(".")[:2])}


def _check_versions(address: str, ours: Mapping[str, str | None], theirs: Mapping[str, str | None]) -> None:
    for name, version in theirs.items():
        if version != ours[name]:
            what = "conv2d" if name == "conv2d_cli" else name
            raise FileError(
                f"the worker {address} has {what} {version or 'not installed'}, and here it is {ours[name]}",
                f"install {what} {ours[name]} there, or {version or 'the same'} here",
            )
