"""Do the tests fail when they should? Change the code at random, one place at a time, and see.

    python tests/mutation/mutate.py --count 200 --seed 1

Each mutant is a copy of the package with one change; the tests run on it until the first one fails. With `--own` only
those of the mutated file's own room run: what they kill is killed, and no more than that is claimed.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue
from typing import NamedTuple

from operators import Mutation, mutated, mutations_of

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "conv2d_cli"
ROOMS = ("layer", "arithmetic", "engine", "tensors")
# What tests run; PyTorch is not needed.
TESTS = (
    *("arithmetic", "layer", "tensors", "engine", "report", "render", "jobs", "golden", "cli"),
    *("test_package.py", "test_errors.py", "test_dtypes.py", "test_numpy_dtypes.py", "test_readme.py"),
)
# A mutant may ask for any amount of memory.
_ADDRESS_SPACE = 12 << 30
_PATIENCE = 2


class Mutant(NamedTuple):
    """One change of one file."""

    file: Path
    mutation: Mutation

    def __str__(self) -> str:
        """Return where it is and what it does, on one line."""
        line = self.file.read_text("utf-8").splitlines()[self.mutation.line - 1].strip()
        return f"{self.file.relative_to(ROOT)}:{self.mutation.line}: {self.mutation.operator}: {line}"


def main() -> None:
    """Draw mutants, try them and tell how many the tests killed."""
    options = _options()
    files = sorted(file for path in options.paths for file in ([path] if path.is_file() else path.rglob("*.py")))
    every = [Mutant(file, mutation) for file in files for mutation in mutations_of(file.read_text("utf-8"))]
    chosen = random.Random(options.seed).sample(every, min(options.count, len(every)))
    print(f"{len(chosen)} of {len(every)} mutations in {len(files)} files, seed {options.seed}", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        copies: SimpleQueue[Path] = SimpleQueue()
        for number in range(options.workers):
            copy = Path(folder) / str(number)
            shutil.copytree(PACKAGE, copy / PACKAGE.name, ignore=shutil.ignore_patterns("__pycache__"))
            copies.put(copy)
        seconds = _clean_run(copies, chosen[0].file if options.own else PACKAGE / "cli", own=options.own)
        patience = _PATIENCE * sum(seconds.values()) + 30

        def try_one(mutant: Mutant) -> bool:
            copy = copies.get()
            try:
                killer = _killer(mutant, copy, list(seconds), patience)
            finally:
                copies.put(copy)
            print(f"{'killed  ' if killer else 'SURVIVED'} {mutant}{killer and f'  [{killer}]'}", flush=True)
            return bool(killer)

        with ThreadPoolExecutor(options.workers) as pool:
            killed = list(pool.map(try_one, chosen))
    survivors = [str(mutant) for mutant, dead in zip(chosen, killed, strict=True) if not dead]
    if options.output:
        options.output.write_text(json.dumps({"count": len(chosen), "survivors": survivors}, indent=1) + "\n")
    print(*survivors, sep="\n")
    print(f"killed {sum(killed)} of {len(killed)} ({100 * sum(killed) / len(killed):.1f} %)")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--own", action="store_true", help="run the tests of the mutated file's own room alone")
    parser.add_argument("--output", type=Path, help="keep the survivors as JSON")
    parser.add_argument("paths", nargs="*", type=lambda path: Path(path).resolve(), metavar="PATH")
    options = parser.parse_args()
    options.paths = options.paths or [PACKAGE / room for room in ROOMS]
    return options


def _clean_run(copies: SimpleQueue[Path], file: Path, *, own: bool) -> dict[Path, float]:
    """Return the files of tests, each of which must pass on the code as it is, and how long each takes: fastest first.

    A mutant that a fast file notices then costs seconds.
    """
    copy = copies.get()
    seconds = {}
    for tests in _test_files(file, own=own):
        started = time.monotonic()
        if not _passes([tests], copy, None):
            sys.exit(f"{tests} fails on the code as it is")
        seconds[tests] = time.monotonic() - started
    copies.put(copy)
    print(f"clean run: {len(seconds)} files, {sum(seconds.values()):.0f} s", flush=True)
    return dict(sorted(seconds.items(), key=lambda one: one[1]))


def _test_files(file: Path, *, own: bool) -> list[Path]:
    """Return the files of tests for a file of the package: those of its own room, or of all rooms."""
    rooms = [file.relative_to(PACKAGE).parts[0]] if own else list(TESTS)
    paths = [ROOT / "tests" / room for room in rooms]
    return [found for path in paths for found in ([path] if path.is_file() else sorted(path.rglob("test_*.py")))]


def _killer(mutant: Mutant, copy: Path, tests: list[Path], patience: float) -> str:
    """Return "tests" or "time" for what noticed, or an empty text."""
    target = copy / mutant.file.relative_to(ROOT)
    source = mutant.file.read_text("utf-8")
    target.write_text(mutated(source, mutant.mutation), "utf-8")
    started = time.monotonic()
    try:
        if _passes(tests, copy, patience):
            return ""
        return "time" if time.monotonic() - started > patience else "tests"
    finally:
        target.write_text(source, "utf-8")


def _passes(tests: list[Path], copy: Path, patience: float | None) -> bool:
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-n0", "-p", "no:cacheprovider", "--hypothesis-seed=0"]
    # Bytecode is told apart by time and size alone, which a mutant may share with the code as it is.
    environment = os.environ | {"PYTHONPATH": str(copy), "PYTHONDONTWRITEBYTECODE": "1"}
    with subprocess.Popen(
        [*command, "-c", str(ROOT / "pyproject.toml"), "--rootdir", str(ROOT), *map(str, tests)],
        cwd=copy,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        preexec_fn=_limit_memory if os.name == "posix" else None,  # noqa: PLW1509 - one call, no locks
    ) as process:
        try:
            return process.wait(patience) == 0
        except subprocess.TimeoutExpired:
            return False
        finally:
            _end(process)


def _limit_memory() -> None:
    import resource

    resource.setrlimit(resource.RLIMIT_AS, (_ADDRESS_SPACE, _ADDRESS_SPACE))


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a run with everything that it started."""
    if os.name != "posix":
        process.kill()
        return
    import contextlib
    import signal

    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


if __name__ == "__main__":
    main()
