"""The registry of contenders: a name, the worker's file, what it has to import and how its threads are set."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING, NamedTuple

from conv2d_cli.backends import api as backends
from conv2d_cli.errors import MissingExtraError, UsageError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Sequence

OURS = "conv2d"
_WORKERS = "conv2d_cli.jobs.bench.workers"


class Engine(NamedTuple):
    """`needs` are the modules that its worker imports, `extra` the one of ours that installs them.

    `bind` keeps each OpenMP thread on its core, without which two of them may share one for a while.
    """

    name: str
    module: str
    needs: tuple[str, ...]
    extra: str
    bind: bool = False

    @property
    def installed(self) -> bool:
        """Whether its worker can import what it needs."""
        return all(find_spec(module) is not None for module in self.needs)

    def environment(self, threads: int) -> dict[str, str]:
        """Return the variables that hold its process to a number of threads."""
        # A peer needs no BLAS of NumPy's, except to judge its output.
        blas = threads if self.name == OURS else 1
        held = {"OMP_NUM_THREADS": threads, "MKL_NUM_THREADS": threads, "OPENBLAS_NUM_THREADS": blas}
        bound = {"OMP_PROC_BIND": "true", "OMP_PLACES": "cores"} if self.bind and threads > 1 else {}
        return {name: str(number) for name, number in held.items()} | bound


# Those of the engines that `--engine` knows whose threads are OpenMP's.
_OF_OPENMP = frozenset({"torch"})


def _peers() -> dict[str, Engine]:
    """Return the engines that `--engine` knows besides ours, each called as its own users do."""
    return {
        name: Engine(name, f"{_WORKERS}.peer", (entry.needs,), entry.extra, name in _OF_OPENMP)
        for name, entry in backends.ENTRIES.items()
        if name != backends.OURS
    }


ENGINES = {
    OURS: Engine(OURS, f"{_WORKERS}.conv2d_engine", ("numpy",), ""),
    **_peers(),
    "scipy": Engine("scipy", f"{_WORKERS}.scipy_engine", ("scipy",), "scipy"),
}


def engines_named(names: Sequence[str] | None) -> tuple[Engine, ...]:
    """Return the engines of these names, each once, or all that are installed.

    Raises:
        UsageError: a name is no engine.
        MissingExtraError: an engine is not installed.
    """
    if names is None:
        return tuple(engine for engine in ENGINES.values() if engine.installed)
    for name in names:
        if name not in ENGINES:
            raise UsageError(f"--engines {name}: no such engine", did_you_mean(name, ENGINES, "--engines "))
        if not ENGINES[name].installed:
            raise MissingExtraError(f"--engines {name}", ENGINES[name].extra)
    return tuple(ENGINES[name] for name in dict.fromkeys(names))
