"""Runs that are killed at random moments, run out of disk, or of memory: what is there afterwards (POSIX).

The target is the old file, whole, or the new one, whole; a temporary file stays after SIGKILL alone. A job over a
folder is killed too, and taken up again with `--resume` until it ends: all its bytes are right then.
A file system that fills up is a small tmpfs where one can be mounted, else a limit on the size of files.

python tests/benchmarks/nothing_lost.py [--kills 300] [--signals 100] [--full 50] [--memory 50] [--resumes 20]
    [--suffix npy|zarr]
"""

from __future__ import annotations

import argparse
import random
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))

from markdown import print_table, print_verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PROGRAM = [sys.executable, "-P", "-c", "from conv2d_cli.cli.main import main; main()"]
LAYER = ["8", "8", "3", "-p", "1", "-q"]
MIB = 1 << 20


class Scene:
    """A folder with an input, an old output and the bytes of the new one."""

    def __init__(self, folder: Path, suffix: str) -> None:
        self.folder = folder
        generator = np.random.default_rng(0)
        np.save(folder / "x.npy", generator.standard_normal((4, 8, 700, 700)).astype("f4"))
        np.save(folder / "small.npy", generator.standard_normal((8, 7, 7)).astype("f4"))
        self.target, self.new_file, self.old_file = (folder / f"{name}.{suffix}" for name in ("y", "new", "old"))
        self.run("-o", str(self.new_file))
        subprocess.run([*PROGRAM, "run", "small.npy", *LAYER, "-o", str(self.old_file)], cwd=folder, check=True)
        self.new, self.old = contents(self.new_file), contents(self.old_file)
        self.size = sum(map(len, self.new.values()))

    def put_old(self) -> None:
        if self.target.is_dir():
            shutil.rmtree(self.target)
        (shutil.copytree if self.old_file.is_dir() else shutil.copy)(self.old_file, self.target)

    def command(self, *words: str) -> list[str]:
        return [*PROGRAM, "run", "x.npy", *LAYER, *words]

    def run(self, *words: str) -> None:
        subprocess.run(self.command(*words), cwd=self.folder, check=True)

    def strays(self) -> list[Path]:
        return [path for path in self.folder.rglob(".conv2d-*") if path.suffix in {".tmp", ".old"}]

    def judge(self, *, killed: bool = False) -> str:
        content = contents(self.target)
        strays = self.strays()
        for stray in strays:
            shutil.rmtree(stray) if stray.is_dir() else stray.unlink()
        assert content in (self.old, self.new), "the target is neither the old file nor the new one"
        assert killed or not strays, "a temporary file was left behind"
        return "new" if content == self.new else "old"

    def started(self, *words: str, before: Callable[[], None] | None = None) -> subprocess.Popen[bytes]:
        self.put_old()
        command = self.command("-o", str(self.target), "--force", *words)
        return subprocess.Popen(
            command,
            cwd=self.folder,
            stderr=subprocess.PIPE,
            preexec_fn=before,  # noqa: PLW1509 - a limit, no threads
        )


def contents(path: Path) -> dict[str, bytes]:
    """Return a file, or all files of a store, by their names in it."""
    files = [file for file in path.rglob("*") if file.is_file()] if path.is_dir() else [path]
    return {str(file.relative_to(path)): file.read_bytes() for file in files}


def killed(scene: Scene, number: signal.Signals, seconds: float) -> tuple[str, int]:
    process = scene.started()
    # Before that it is the interpreter that starts, and not we who answer.
    time.sleep(random.uniform(0.03, seconds))
    process.send_signal(number)
    _, errors = process.communicate(timeout=60)
    assert b"Traceback" not in errors, errors.decode()
    return scene.judge(killed=number == signal.SIGKILL), process.returncode


def limited(scene: Scene, kind: int, size: int) -> tuple[str, int]:
    process = scene.started(before=lambda: resource.setrlimit(kind, (size, size)))
    _, errors = process.communicate(timeout=60)
    if kind == resource.RLIMIT_FSIZE:
        assert b"Traceback" not in errors, errors.decode()
    return scene.judge(), process.returncode


@contextmanager
def small_disk(size: int) -> Iterator[Path | None]:
    with tempfile.TemporaryDirectory() as folder:
        command = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", folder]
        if shutil.which("mount") is None or subprocess.run(command, check=False, capture_output=True).returncode:
            yield None
            return
        try:
            yield Path(folder)
        finally:
            subprocess.run(["umount", folder], check=True)  # noqa: S607 - wherever it is


def filled(scene: Scene, size: int) -> tuple[str, int]:
    with small_disk(size) as disk:
        if disk is None:
            return limited(scene, resource.RLIMIT_FSIZE, size)
        target, scene.target = scene.target, disk / scene.target.name
        try:
            process = scene.started()
            _, errors = process.communicate(timeout=60)
            assert b"Traceback" not in errors, errors.decode()
            assert not list(disk.glob(".conv2d-*.tmp")), "a temporary file was left behind"
            return scene.judge(), process.returncode
        finally:
            scene.target = target


def resumed(scene: Scene, files: int, seconds: float) -> tuple[str, int]:
    """Kill a job over many files again and again until it ends by itself."""
    folder, output = scene.folder / "many", scene.folder / "out"
    if not folder.exists():
        folder.mkdir()
        generator = np.random.default_rng(1)
        for number in range(files):
            np.save(folder / f"{number:04}.npy", generator.standard_normal((8, 40, 40)).astype("f4"))
        subprocess.run([*PROGRAM, "run", "many", *LAYER, "-o", "right"], cwd=scene.folder, check=True)
    shutil.rmtree(output, ignore_errors=True)
    command = [*PROGRAM, "run", "many", *LAYER, "-o", "out", "--resume"]
    kills = 0
    while True:
        process = subprocess.Popen(command, cwd=scene.folder)
        try:
            code = process.wait(random.uniform(0.3, seconds))
            break
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            kills += 1
    for path in folder.iterdir():
        right = (scene.folder / "right" / path.name).read_bytes()
        assert (output / path.name).read_bytes() == right, "an output is not what it should be"
    return f"{kills} kills", code


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, count in (("kills", 300), ("signals", 100), ("full", 50), ("memory", 50), ("resumes", 20), ("seed", 0)):
        parser.add_argument(f"--{name}", type=int, default=count)
    parser.add_argument("--suffix", default="npy")
    given = parser.parse_args()
    random.seed(given.seed)
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        scene = Scene(Path(folder), given.suffix)
        started = time.monotonic()
        scene.run("-o", f"again.{given.suffix}")
        seconds = 1.1 * (time.monotonic() - started)
        size = scene.size
        tries: dict[str, tuple[int, Callable[[int], tuple[str, int]]]] = {
            "SIGKILL": (given.kills, lambda _: killed(scene, signal.SIGKILL, seconds)),
            "SIGTERM": (given.signals // 2, lambda _: killed(scene, signal.SIGTERM, seconds)),
            "SIGINT": (given.signals // 2, lambda _: killed(scene, signal.SIGINT, seconds)),
            "full disk": (given.full, lambda n: filled(scene, 4096 + (n + 1) * 11 * size // 10 // max(1, given.full))),
            "address space": (
                given.memory,
                lambda n: limited(scene, resource.RLIMIT_AS, 700 * MIB - n * 600 * MIB // max(1, given.memory)),
            ),
            "resumed": (given.resumes, lambda _: resumed(scene, 400, 1.0)),
        }
        for name, (count, attempt) in tries.items():
            ends = Counter(attempt(number) for number in range(count))
            text = ", ".join(f"{times} x {what} ({code})" for (what, code), times in sorted(ends.items(), key=str))
            rows.append([name, count, text])
    print_table(["end", "runs", "what was there (exit code)"], rows)
    print_verdict("the target is always whole, and nothing else is left but by SIGKILL", holds=True)


if __name__ == "__main__":
    main()
