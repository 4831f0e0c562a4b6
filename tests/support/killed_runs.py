"""Runs that a signal ends at random moments of their lives, and what is there afterwards (POSIX)."""

from __future__ import annotations

import random
import re
import shutil
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import zarr

if TYPE_CHECKING:
    import signal
    from pathlib import Path

PROGRAM = [sys.executable, "-P", "-c", "from conv2d_cli.cli.main import main; main()"]
_LAYER = ["3", "3", "3", "-p", "1", "-q", "--force"]
_FILES = 6
_OF_A_SIGNAL = 128
# A line of a traceback: `site` of Python has a main too.
_IN_OURS = re.compile(rb'cli/main\.py", line [0-9]+, in main')
# The journal of a job over many files stays, so that it can be taken up again.
JOURNAL = ".conv2d-run.ndjson"


class Kind(NamedTuple):
    """A way to write: the words of `run`, and the name of what it writes in the folder."""

    words: tuple[str, ...]
    target: str


def _to(target: str) -> Kind:
    return Kind(("x.npy", *_LAYER, "-o", target), target)


KINDS = {
    **{suffix: _to(f"y.{suffix}") for suffix in ("npy", "npz", "safetensors", "zarr", "png")},
    "parameters": Kind(("x.npy", *_LAYER, "--save-parameters", "p.npz"), "p.npz"),
    "many": Kind(("many", *_LAYER, "-o", "out"), "out"),
    "many stores": Kind(("stores", *_LAYER, "-o", "out"), "out"),
}


class End(NamedTuple):
    """How a run ended: its exit code, whether it had begun, the target, `old`, `new` or `mixed`, and what was left."""

    code: int
    begun: bool
    content: str
    strays: tuple[str, ...]


class Scene:
    """A folder with inputs, and what a kind of run finds and makes there."""

    def __init__(self, folder: Path, kind: str) -> None:
        """Make the inputs, what the target holds before, and what it holds after."""
        self._folder, self._kind = folder, KINDS[kind]
        generator = np.random.default_rng(0)
        self._target, self._kept = folder / self._kind.target, folder / "kept"
        for size in (9, 150):
            images = generator.standard_normal((_FILES, 3, size, size)).astype("f4")
            np.save(folder / "x.npy", images[0])
            for part in ("many", "stores") if kind.startswith("many") else ():
                (folder / part).mkdir(exist_ok=True)
                for number, image in enumerate(images):
                    self._put_image(folder / part, number, image)
            started = time.monotonic()
            words = [*self._kind.words, "--seed", str(size)]
            subprocess.run([*PROGRAM, "run", *words], cwd=folder, check=True, capture_output=True, timeout=60)
            self.seconds = time.monotonic() - started
            if size == 9:
                self._target.rename(self._kept)
        self._words = words
        self._old, self._new = contents(self._kept), contents(self._target)
        self._names = {*(path.name for path in folder.iterdir()), JOURNAL}

    @staticmethod
    def _put_image(folder: Path, number: int, image: Any) -> None:
        if folder.name == "many":
            np.save(folder / f"{number}.npy", image)
            return
        zarr.save_array(folder / f"{number}.zarr", image, mode="w")

    def ended_by(self, number: signal.Signals, seconds: float) -> End:
        """Put the old content there, start the run and end it after some time."""
        if self._target.is_dir():
            shutil.rmtree(self._target)
        (shutil.copytree if self._kept.is_dir() else shutil.copy)(self._kept, self._target)
        process = subprocess.Popen(
            [*PROGRAM, "run", *self._words], cwd=self._folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
        )
        time.sleep(seconds)
        process.send_signal(number)
        _, errors = process.communicate(timeout=60)
        # Until the program has begun a signal is Python's to answer, which it does with a traceback after SIGINT.
        begun = process.returncode in {0, _OF_A_SIGNAL + number}
        assert _IN_OURS.search(errors) is None, errors.decode()
        assert not begun or not errors, errors.decode()
        strays = tuple(sorted(self._strays()))
        self._remove_strays()
        return End(process.returncode, begun, self._content(), strays)

    def ended_at_random(self, number: signal.Signals) -> End:
        """End the run at a random moment of its life, or just after."""
        return self.ended_by(number, random.uniform(0, 1.1 * self.seconds))

    def _content(self) -> str:
        """Return whether the target is what it was or what it should become; of many files each is one of them."""
        found = contents(self._target)
        if found in (self._old, self._new):
            return "new" if found == self._new else "old"
        names = self._new if self._target.name == "out" else {}
        parts = {name.partition("/")[0] for name in found}
        assert parts == {name.partition("/")[0] for name in names}, "the target is not whole"
        for part in parts:
            whole = [_below(part, one) for one in (self._old, self._new)]
            assert _below(part, found) in whole, f"{part} is neither the old file nor the new one"
        return "mixed"

    def _strays(self) -> list[str]:
        below = self._target.iterdir() if self._target.name == "out" else ()
        known = {*self._names, *(name.partition("/")[0] for name in self._new)}
        return [path.name for path in (*self._folder.iterdir(), *below) if path.name not in known]

    def _remove_strays(self) -> None:
        for path in self._folder.rglob(".conv2d-*.tmp*"):
            shutil.rmtree(path) if path.is_dir() else path.unlink()


def _below(part: str, content: dict[str, bytes]) -> dict[str, bytes]:
    return {name: data for name, data in content.items() if name.partition("/")[0] == part}


def contents(path: Path) -> dict[str, bytes]:
    """Return a file, or all files below a folder, by their names in it."""
    files = [file for file in path.rglob("*") if file.is_file()] if path.is_dir() else [path]
    return {str(file.relative_to(path)): file.read_bytes() for file in files if file.name != JOURNAL}
