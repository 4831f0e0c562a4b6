"""What a shell limits (`ulimit`): every command is done, or refused in our words; fewer threads where that helps."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import numpy as np
import pytest
from terminal import PROGRAM, Done

if TYPE_CHECKING:
    from pathlib import Path

resource = pytest.importorskip("resource", reason="limits of POSIX")
linux = pytest.mark.skipif(sys.platform != "linux", reason="limits that Linux keeps to")
pytestmark = [linux, pytest.mark.long]

MIB = 1 << 20
RUN = "run x.npy 3 8 3 -p 1 -q -o y.npy"
COMMANDS = {
    "shape": "shape 3 64 7 -i 32 --get macs",
    "table": "shape 3 64 7 --format table",
    "error": "shape 0 64 7",
    "run": RUN,
    "store": "run x.npy 3 8 3 -q -o y.zarr",
    "many": "run many 3 8 3 -q -o out",
    "info": "info x.npy",
    "help": "help padding",
    "version": "--version",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "many").mkdir()
    for name in ("x.npy", "many/1.npy", "many/2.npy"):
        np.save(tmp_path / name, np.ones((1, 3, 9, 9), np.float32))
    return tmp_path


def limited(folder: Path, words: str, limits: dict[str, int], before: tuple[str, ...] = (), **variables: str) -> Done:
    """Run a command within limits of the system's names."""

    def limit() -> None:
        for name, size in limits.items():
            kind = getattr(resource, name)
            # A shell sets both; time has a second for the answer.
            resource.setrlimit(kind, (size, size + 1 if name == "RLIMIT_CPU" else size))

    done = subprocess.run(
        [*before, *PROGRAM, *words.split()],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
        cwd=folder,
        env=os.environ | variables,
        preexec_fn=limit,
        timeout=60,
    )
    return Done(done.returncode, done.stdout.decode(), done.stderr.decode())


def assert_ours(done: Done, *codes: int) -> None:
    """Check that a command ended with one of these codes, and with nothing but our lines on stderr."""
    assert done.code in codes, done.err
    assert all(line.startswith(("error: ", "hint: ")) for line in done.err.splitlines()), done.err
    assert (done.err == "") == (done.code == 0)


@pytest.mark.parametrize(("name", "size"), [
    *(("RLIMIT_AS", size) for size in (60, 85, 125, 150)),
    *(("RLIMIT_DATA", size) for size in (70, 110)),
])  # fmt: skip
def test_address_space_is_enough_or_refused(folder: Path, name: str, size: int) -> None:
    done = limited(folder, RUN, {name: size * MIB})
    assert_ours(done, 0, 5)
    assert (folder / "y.npy").exists() == (done.code == 0)
    assert done.code == 0 or "ulimit -" in done.err


@pytest.mark.parametrize(("command", "size"), [
    ("shape", 20),
    ("error", 37),
    ("version", 18),
    ("info", 60),
    ("store", 200),
    ("many", 170),
])  # fmt: skip
def test_so_is_it_for_every_command(folder: Path, command: str, size: int) -> None:
    assert_ours(limited(folder, COMMANDS[command], {"RLIMIT_AS": size * MIB}), 2 if command == "error" else 0, 5)


def test_threads_are_fewer_where_that_helps(folder: Path) -> None:
    np.save(folder / "x.npy", np.ones((1, 64, 56, 56), np.float32))
    words = "run x.npy 64 64 3 -q --algorithm im2col --get threads"
    one, all_ = (limited(folder, words, {"RLIMIT_AS": size * MIB}) for size in (220, 8000))
    assert (one.code, one.out, all_.code) == (0, "1\n", 0)
    assert int(all_.out) == len(os.sched_getaffinity(0))


def test_a_large_job_is_refused_before_blas_finds_no_room(folder: Path) -> None:
    np.save(folder / "x.npy", np.ones((4, 64, 300, 300), np.float32))
    assert_ours(limited(folder, "run x.npy 64 64 3 -q -o y.npy", {"RLIMIT_AS": 400 * MIB}), 0, 5)


@pytest.mark.parametrize("processes", [1, 3])
@pytest.mark.skipif(shutil.which("setpriv") is None or os.geteuid() != 0, reason="needs to become another user")
def test_processes_that_may_not_be_started_are_threads_that_are_not(folder: Path, processes: int) -> None:
    capabilities = [f"--{kind}=-all,+dac_override" for kind in ("inh-caps", "ambient-caps", "bounding-set")]
    before = ("setpriv", "--reuid=65534", "--clear-groups", *capabilities)
    done = limited(folder, "run x.npy 3 8 3 -q --get output_shape", {"RLIMIT_NPROC": processes}, before)
    assert done == (0, "1 8 7 7\n", "")


@pytest.mark.parametrize("files", [5, 8])
@pytest.mark.parametrize("command", ["run", "store"])
def test_few_open_files_are_enough_or_told(folder: Path, command: str, files: int) -> None:
    assert_ours(limited(folder, COMMANDS[command], {"RLIMIT_NOFILE": files}), 0, 4)


@pytest.mark.parametrize(
    ("name", "size"), [("y.npy", 0), ("y.npy", 100), ("y.npz", 100), ("y.safetensors", 1), ("y.zarr", 100)]
)
def test_a_file_that_may_not_be_so_large_is_told_and_nothing_left(folder: Path, name: str, size: int) -> None:
    before = {path.name for path in folder.iterdir()}
    done = limited(folder, f"run x.npy 3 8 3 -q -o {name}", {"RLIMIT_FSIZE": size})
    assert_ours(done, 4)
    assert f"cannot write {name}: File too large" in done.err
    assert {path.name for path in folder.iterdir()} == before


@pytest.mark.parametrize("size", [128 << 10, 1 << 30])
def test_stacks_of_any_size_do(folder: Path, size: int) -> None:
    assert_ours(limited(folder, RUN, {"RLIMIT_STACK": size}), 0)


def test_time_that_is_used_up_is_a_signal_and_leaves_nothing(folder: Path) -> None:
    np.save(folder / "x.npy", np.ones((32, 64, 112, 112), np.float16))
    before = {path.name for path in folder.iterdir()}
    done = limited(folder, "run x.npy 64 256 3 -q -o y.npy", {"RLIMIT_CPU": 1})
    # One second, then SIGXCPU, and another before the system ends it itself.
    assert done.code == 152
    assert {path.name for path in folder.iterdir()} == before


@pytest.mark.parametrize("files", [7, 8, 9, 10, 12, 16])
def test_few_files_that_may_be_open_leave_nothing_behind(folder: Path, files: int) -> None:
    """A folder is removed that takes more open files than there may be on the way down."""
    assert limited(folder, COMMANDS["store"], {}).code == 0
    before = sorted(path.name for path in folder.iterdir())
    done = limited(folder, f"{COMMANDS['store']} --force", {"RLIMIT_NOFILE": files})
    assert done.code in {0, 4}, done.err
    assert sorted(path.name for path in folder.iterdir()) == before
    assert done.code == 0 or "hint: ulimit -n" in done.err
