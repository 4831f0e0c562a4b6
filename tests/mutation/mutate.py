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
# The tests are run in this order, after those of the mutated file's own room; PyTorch is not needed.
STAGES = (
    ("arithmetic", "layer", "tensors", "engine", "report", "render", "jobs"),
    ("golden", "test_package.py", "test_errors.py", "test_dtypes.py", "test_numpy_dtypes.py"),
    ("cli", "test_readme.py"),
)
# A mutant may ask for any amount of memory.
_ADDRESS_SPACE = 12 << 30
_PATIENCE = 4


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

        def try_one(mutant: Mutant) -> bool:
            copy = copies.get()
            try:
                killer = _killer(mutant, copy, seconds, own=options.own)
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


def _clean_run(copies: SimpleQueue[Path], file: Path, *, own: bool) -> float:
    """Return how long the slowest stage takes on the code as it is, where every test must pass."""
    copy = copies.get()
    times = []
    for stage in _stages(file, own=own):
        started = time.monotonic()
        if not _passes(stage, copy, None):
            sys.exit(f"the tests of {', '.join(stage)} fail on the code as it is")
        times.append(time.monotonic() - started)
    copies.put(copy)
    print(f"clean run: {', '.join(f'{seconds:.0f} s' for seconds in times)}", flush=True)
    return max(times)


def _stages(file: Path, *, own: bool = False) -> list[list[str]]:
    """Return the tests to run for a file: those of its own room first, or alone."""
    room = file.relative_to(PACKAGE).parts[0]
    rest = [[name for name in stage if name != room] for stage in STAGES]
    stages = [[room], *rest] if room in {name for stage in STAGES for name in stage} else rest
    present = [[name for name in stage if (ROOT / "tests" / name).exists()] for stage in stages]
    return [stage for stage in present if stage][: 1 if own else None]


def _killer(mutant: Mutant, copy: Path, seconds: float, *, own: bool) -> str:
    """Return the stage that noticed, or an empty text."""
    target = copy / mutant.file.relative_to(ROOT)
    source = mutant.file.read_text("utf-8")
    target.write_text(mutated(source, mutant.mutation), "utf-8")
    try:
        for stage in _stages(mutant.file, own=own):
            if not _passes(stage, copy, _PATIENCE * seconds + 30):
                return stage[0]
        return ""
    finally:
        target.write_text(source, "utf-8")


def _passes(stage: list[str], copy: Path, patience: float | None) -> bool:
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-n0", "-p", "no:cacheprovider", "--hypothesis-seed=0"]
    # Bytecode is told apart by time and size alone, which a mutant may share with the code as it is.
    environment = os.environ | {"PYTHONPATH": str(copy), "PYTHONDONTWRITEBYTECODE": "1"}
    tests = [str(ROOT / "tests" / name) for name in stage]
    with subprocess.Popen(
        [*command, "-c", str(ROOT / "pyproject.toml"), "--rootdir", str(ROOT), *tests],
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
