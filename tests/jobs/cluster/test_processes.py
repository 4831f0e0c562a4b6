"""The command with processes of this machine: what listens where, signals, killed workers and clients."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from cluster_runs import LAYER, are_gone, begins_to_write, descendants, left_in, same_files, started
from terminal import conv2d

pytest.importorskip("distributed")
pytest.importorskip("zarr")
pytestmark = pytest.mark.skipif(not Path("/proc/net/tcp").exists(), reason="processes as Linux shows them")


def workers_of(pid: int) -> list[int]:
    return [child for child in descendants(pid) if b"spawn_main" in Path(f"/proc/{child}/cmdline").read_bytes()]


def listening(pids: set[int]) -> set[str]:
    """Return the addresses, as the system writes them, on which processes listen."""
    sockets = set()
    for pid in pids:
        for descriptor in Path(f"/proc/{pid}/fd").iterdir():
            try:
                target = str(descriptor.readlink())
            except OSError:
                continue
            sockets.update(re.findall(r"socket:\[(\d+)\]", target))
    found = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        for line in Path(table).read_text().splitlines()[1:]:
            words = line.split()
            # 0A is LISTEN.
            if words[3] == "0A" and words[9] in sockets:
                found.add(words[1].partition(":")[0])
    return found


def test_everything_listens_on_the_loopback_alone_and_nothing_is_left(folder: Path) -> None:
    process = started(folder, "--workers", "2")
    begins_to_write(folder, process)
    children = descendants(process.pid)
    addresses = listening({process.pid, *children})
    _, err = process.communicate(timeout=60)
    assert addresses == {"0100007F"}
    assert process.returncode == 0
    assert re.fullmatch(r"note: dashboard: http://127\.0\.0\.1:\d+/\S+\nwrote y\.zarr .*\n", err)
    assert same_files(folder)
    assert left_in(folder) == {"y.zarr"}
    assert are_gone(children)


def test_quiet_is_quiet_and_figures_are_those_of_a_run_here(folder: Path) -> None:
    keys = "output_shape,dtype,min,max,mean,first_values,algorithm,engine,threads"
    here = conv2d("run", "x.zarr", *LAYER, "--get", keys, folder=folder)
    there = conv2d("run", "x.zarr", *LAYER, "--get", keys, "-o", "y.zarr", "--workers", "1", "-q", folder=folder)
    assert there == here


def test_a_limit_below_what_a_process_holds_is_told_as_such(folder: Path) -> None:
    done = conv2d("run", "x.zarr", *LAYER, "-o", "y.zarr", "--workers", "1", "--memory-limit", "10MiB", folder=folder)
    assert done.code == 5
    assert "each worker takes about" in done.err
    assert left_in(folder) == set()


ENDED = """
import distributed
from conv2d_cli.jobs.cluster.dask_cluster import Place, cluster
if __name__ == "__main__":
    try:
        with cluster(Place(workers=1), threads=1, memory_limit=None):
            raise KeyError
    except KeyError:
        distributed.SpecCluster.close = lambda *_, **__: print("waits")
"""


def test_after_an_error_nothing_is_waited_for(tmp_path: Path) -> None:
    # As this process ends, Dask closes the clusters that it still knows, for 10 seconds where they do not answer.
    (tmp_path / "ended.py").write_text(ENDED)
    done = subprocess.run([sys.executable, "ended.py"], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("", "")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("resume", [False, True])
def test_a_signal_ends_all_processes(folder: Path, number: signal.Signals, resume: bool) -> None:
    process = started(folder, "--workers", "2", *(["--resume"] if resume else []))
    begins_to_write(folder, process)
    children = descendants(process.pid)
    # As a terminal does with Ctrl-C: to all of them.
    (os.killpg if number == signal.SIGINT else os.kill)(process.pid, number)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 128 + number
    assert are_gone(children)
    lines = [line for line in err.splitlines() if "dashboard" not in line]
    if not resume:
        assert (lines, left_in(folder)) == ([], set())
        return
    assert left_in(folder) == {"y.zarr.partial"}
    command = lines[0].partition("to go on: ")[2]
    assert command.startswith("conv2d run x.zarr ")
    assert conv2d(*command.split()[1:], folder=folder).code == 0
    assert same_files(folder)
    assert left_in(folder) == {"y.zarr"}


def test_a_worker_that_is_killed_has_its_tiles_done_again(folder: Path) -> None:
    process = started(folder, "--workers", "2")
    begins_to_write(folder, process)
    for pid in workers_of(process.pid):
        os.kill(pid, signal.SIGKILL)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    assert same_files(folder)


def test_a_client_that_is_killed_is_gone_on_with(folder: Path) -> None:
    process = started(folder, "--workers", "2", "--resume")
    begins_to_write(folder, process, chunks=4)
    children = descendants(process.pid)
    process.kill()
    process.communicate()
    assert are_gone(children)
    done = conv2d("run", "x.zarr", *LAYER, "-o", "y.zarr", "--workers", "2", "--resume", folder=folder)
    assert done.code == 0, done.err
    assert same_files(folder)


def test_many_files(folder: Path) -> None:
    (folder / "in").mkdir()
    rng = np.random.default_rng(0)
    for number in range(5):
        np.save(folder / "in" / f"{number}.npy", rng.standard_normal((1, 3, 20, 20)).astype("float32"))
    (folder / "in" / "bad.npy").write_bytes(b"no tensor")
    for output, more in (("here", ()), ("there", ("--workers", "2"))):
        done = conv2d("run", "in", *LAYER, "-o", output, *more, folder=folder)
        assert done.code == 3
        assert "1 of 6 files failed" in done.err
        assert done.err.count("bad.npy") == 1
    for number in range(5):
        name = f"{number}.npy"
        assert (folder / "here" / name).read_bytes() == (folder / "there" / name).read_bytes()
    # The journal is the same, whoever wrote it.
    (folder / "in" / "bad.npy").unlink()
    done = conv2d("run", "in", *LAYER, "-o", "there", "--resume", folder=folder)
    assert "5 were there already" in done.err
    done = conv2d("run", "in", *LAYER, "-o", "here", "--resume", "--workers", "1", folder=folder)
    assert "5 were there already" in done.err


def test_a_run_here_loads_nothing_of_dask(folder: Path) -> None:
    program = (
        "import sys; from conv2d_cli.cli.main import main\n"
        "try: main()\nexcept SystemExit: pass\n"
        "assert not {'dask', 'distributed', 'tornado'} & {*sys.modules}; print('none')"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, "run", "x.zarr", *LAYER, "-o", "y.zarr"],
        cwd=folder, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.strip() == "none"


def test_a_folder_of_somebody_else_is_left_alone(folder: Path) -> None:
    (folder / "y.zarr.partial").mkdir()
    (folder / "y.zarr.partial" / "mine").touch()
    done = conv2d("run", "x.zarr", *LAYER, "-o", "y.zarr", "--workers", "1", "--resume", folder=folder)
    assert done.code == 4
    assert "holds mine, which is no part of an unfinished store" in done.err
    assert "to go on" not in done.err
    assert (folder / "y.zarr.partial" / "mine").exists()
