"""`--workers`, `--scheduler` and `--scheduler-file`: what is wrong with them is told before anything is started."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from typing import TYPE_CHECKING

import forked
import numpy as np
import pytest
from terminal import PROGRAM

if TYPE_CHECKING:
    from pathlib import Path

RUN = ("run", "x.npy", "3", "4", "3", "-o", "y.zarr")
ADDRESS = "tcp://127.0.0.1:8786"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    np.save(tmp_path / "x.npy", np.zeros((1, 3, 8, 8), np.float32))
    return tmp_path


@pytest.mark.parametrize(
    ("arguments", "message", "hint"),
    [
        (("--workers", "0"), "--workers 0: must be 1 or more", "--workers 2"),
        (("--workers", "two"), "--workers two: not a whole number", "--workers 2"),
        (("--workers", "99999"), "--workers 99999: 1024 processes at most", "--workers 2"),
        (("--workers", "2", "--scheduler", ADDRESS), "two clusters", "--workers 2 alone"),
        (("--scheduler", ADDRESS, "--scheduler-file", "f"), "two clusters", f"--scheduler {ADDRESS} alone"),
        (("--scheduler", "node7:8786"), "--scheduler node7:8786: not the address", "--scheduler tcp://node7:8786"),
        (("--scheduler", "http://a.b/c"), "not the address", "--scheduler tcp://a.b:8786"),
        (("--scheduler", ""), "not the address", "--scheduler tcp://HOST:8786"),
        (("--scheduler", "tcp://a:99999"), "not the address", "--scheduler tcp://a:8786"),
        (("--scheduler-file", ""), "--scheduler-file names no file", "--scheduler-file scheduler.json"),
        (
            ("--scheduler", "tcp://me:secret1@a:1"),
            "--scheduler: the address of a scheduler has no user",
            "tcp://HOST:8786",
        ),
    ],
)
def test_what_is_no_cluster_is_exit_2(folder: Path, arguments: tuple[str, ...], message: str, hint: str) -> None:
    done = forked.conv2d(*RUN, *arguments, folder=folder)
    assert done.code == 2
    assert message in done.err
    assert f"{hint}\n" in done.err
    assert "secret1" not in done.err


@pytest.mark.parametrize("place", [("--workers", "2"), ("--scheduler", ADDRESS)])
@pytest.mark.parametrize(
    ("changed", "hint"),
    [
        (("run", "x.npy", "3", "4", "3", "-o", "y.npy"), "-o y.zarr"),
        (("run", "x.npy", "3", "4", "3"), "-o output.zarr"),
        (("run", "-", "3", "4", "3", "-o", "y.zarr"), "give a file as INPUT"),
        (("run", "x.npy", "--weight", "-", "-o", "y.zarr"), "give a file as --weight"),
    ],
)
def test_workers_read_files_and_write_stores(
    folder: Path, place: tuple[str, ...], changed: tuple[str, ...], hint: str
) -> None:
    done = forked.conv2d(*changed, *place, folder=folder)
    assert (done.code, done.out) == (2, "")
    assert f"hint: {hint}\n" in done.err
    assert [path.name for path in folder.iterdir()] == ["x.npy"]


def test_a_fault_of_the_layer_is_told_before_anything_is_started(folder: Path) -> None:
    done = forked.conv2d("run", "x.npy", "5", "4", "3", "-o", "y.zarr", "--workers", "2", folder=folder)
    assert done.code in {2, 3}
    assert "dashboard" not in done.err


def test_a_plan_needs_no_cluster(folder: Path) -> None:
    done = forked.conv2d(*RUN, "--plan", "--workers", "2", "--get", "algorithm", folder=folder)
    assert done.code == 0, done.err
    assert re.fullmatch(r"\w+\n", done.out)


@pytest.mark.parametrize(("more", "threads"), [((), "3"), (("--threads", "2"), "2")])
def test_a_plan_has_the_threads_of_each_worker(folder: Path, more: tuple[str, ...], threads: str) -> None:
    # Large enough for several threads.
    np.save(folder / "x.npy", np.zeros((1, 3, 512, 512), np.float32))
    of_seven = "from conv2d_cli.cli import run_cluster; run_cluster.processors = lambda: 7; "
    words = ("run", "x.npy", "3", "32", "9", "-o", "y.zarr", "--plan", "--workers", "2", "--get", "threads", *more)
    done = subprocess.run(
        [*PROGRAM[:-1], of_seven + PROGRAM[-1], *words], cwd=folder, capture_output=True, text=True, check=True
    )
    assert done.stdout == f"{threads}\n"


@pytest.mark.parametrize(
    "content",
    ["", "{}", "[]", '{"address": 5}', '{"address": "here"}', '{"address": "tcp://me:secret1@a:1"}', "[" * 9999],
)
def test_a_file_of_a_scheduler_that_says_no_address(folder: Path, content: str) -> None:
    pytest.importorskip("distributed")
    (folder / "bad.json").write_text(content)
    done = forked.conv2d(*RUN, "--scheduler-file", "bad.json", folder=folder)
    assert done.code == 4
    assert done.err == (
        "error: bad.json: it says no address of a scheduler\nhint: dask scheduler --scheduler-file bad.json writes it\n"
    )


@pytest.mark.parametrize(
    ("name", "hint"), [("no such", "dask scheduler --scheduler-file 'no such' writes it"), (".", "give the file")]
)
def test_a_file_of_a_scheduler_that_cannot_be_read(folder: Path, name: str, hint: str) -> None:
    pytest.importorskip("distributed")
    done = forked.conv2d(*RUN, "--scheduler-file", name, folder=folder)
    assert done.code == 4
    assert done.err.startswith(f"error: cannot read {name}: ")
    assert f"hint: {hint}" in done.err
    assert not (folder / "y.zarr").exists()


def test_resume_of_one_file_is_for_a_cluster(folder: Path) -> None:
    done = forked.conv2d(*RUN, "--resume", folder=folder)
    assert done.code == 2
    assert "for a store on --workers" in done.err


def test_a_missing_extra_is_named(folder: Path) -> None:
    code = "import sys; sys.modules['distributed'] = None; from conv2d_cli.cli.main import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", code, *RUN, "--workers", "2"], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 4
    assert f"hint: pip install {shlex.quote('conv2d-cli[dask]')}" in done.stderr
