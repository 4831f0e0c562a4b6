"""The command with real processes: what listens where, signals, killed workers and clients, and what goes wrong."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from dask_processes import processes
from terminal import PROGRAM, conv2d

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dask_processes import Processes

pytest.importorskip("distributed")
zarr = pytest.importorskip("zarr")
pytestmark = pytest.mark.skipif(not Path("/proc/net/tcp").exists(), reason="processes as Linux shows them")
LAYER = ("--weight", "w.npy", "--padding", "2", "--padding-mode", "circular", "--threads", "1", "--no-progress")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store of twelve tiles, its weight, and the output of a run here."""
    folder = tmp_path_factory.mktemp("made")
    rng = np.random.default_rng(0)
    array = zarr.create_array(folder / "x.zarr", shape=(2, 3, 2600, 1500), chunks=(1, 3, 600, 600), dtype="float32")
    array[:] = rng.standard_normal(array.shape, np.float32)
    np.save(folder / "w.npy", rng.standard_normal((8, 3, 5, 5)).astype("float32"))
    assert conv2d("run", "x.zarr", *LAYER, "-o", "here.zarr", folder=folder).code == 0
    return folder


@pytest.fixture
def folder(made: Path, tmp_path: Path) -> Path:
    """A folder of its own with all of that."""
    for name in ("x.zarr", "w.npy", "here.zarr"):
        (tmp_path / name).symlink_to(made / name)
    return tmp_path


@pytest.fixture
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Processes]:
    with processes(tmp_path_factory.mktemp("cluster")) as started:
        yield started


def started(folder: Path, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*PROGRAM, "run", "x.zarr", *LAYER, "-o", "y.zarr", *arguments],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def descendants(pid: int) -> set[int]:
    """Return the processes that one has started, and those that these have."""
    parents: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            except OSError:
                continue
            parents.setdefault(parent, []).append(int(entry.name))
    found: set[int] = set()
    waiting = [pid]
    while waiting:
        for child in parents.get(waiting.pop(), []):
            found.add(child)
            waiting.append(child)
    return found


def workers_of(pid: int) -> list[int]:
    return [child for child in descendants(pid) if b"spawn_main" in Path(f"/proc/{child}/cmdline").read_bytes()]


def are_gone(pids: set[int]) -> bool:
    until = time.monotonic() + 10
    while time.monotonic() < until:
        if not any(Path(f"/proc/{pid}").exists() for pid in pids):
            return True
        time.sleep(0.05)
    return False


def begins_to_write(folder: Path, process: subprocess.Popen[str], chunks: int = 2) -> None:
    """Wait until some chunks of the unfinished store are there."""
    until = time.monotonic() + 60
    while time.monotonic() < until and process.poll() is None:
        unfinished = [*folder.glob(".conv2d-*.tmp"), *folder.glob("y.zarr.partial/store")]
        if sum(len([*one.glob("c/*/*/*/*")]) for one in unfinished) >= chunks:
            return
        time.sleep(0.005)
    raise AssertionError(process.communicate()[1])


def same_files(folder: Path) -> bool:
    one, other = folder / "here.zarr", folder / "y.zarr"
    names = {str(path.relative_to(one.resolve())) for path in one.resolve().rglob("*") if path.is_file()}
    others = {str(path.relative_to(other)) for path in other.rglob("*") if path.is_file()}
    return names == others and all((one / name).read_bytes() == (other / name).read_bytes() for name in names)


def left_in(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()} - {"x.zarr", "w.npy", "here.zarr"}


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


def test_a_scheduler_by_address_and_by_file(folder: Path, cluster: Processes) -> None:
    cluster.worker()
    done = conv2d("run", "x.zarr", *LAYER, "-o", "y.zarr", "--scheduler", cluster.address, folder=folder)
    assert done.code == 0, done.err
    assert same_files(folder)
    file = str(cluster.file)
    again = conv2d("run", "x.zarr", *LAYER, "-o", "y.zarr", "--force", "--scheduler-file", file, folder=folder)
    assert again.code == 0, again.err
    assert same_files(folder)


@pytest.mark.parametrize(
    ("before", "words"),
    [
        ("import sys; sys.modules['conv2d_cli'] = None", "has no conv2d"),
        ("import conv2d_cli; conv2d_cli.__version__ = '0.0.1'", "has conv2d 0.0.1"),
        ("import numpy; numpy.__version__ = '1.0'", "has numpy 1.0"),
    ],
)
def test_a_worker_without_what_we_have(folder: Path, cluster: Processes, before: str, words: str) -> None:
    cluster.worker(before)
    done = conv2d("run", "x.zarr", *LAYER, "-o", "y.zarr", "--scheduler", cluster.address, folder=folder)
    assert done.code == 4
    assert words in done.err
    assert done.err.count("error:") == done.err.count("hint:") == 1
    assert left_in(folder) == set()


BLIND = """
import io, pathlib
opened = io.open
def blind(self, *arguments, **named):
    if {name!r} in str(self):
        raise {error}(2, 'No such file or directory', str(self))
    return opened(self, *arguments, **named)
pathlib.io.open = blind
"""


def test_workers_that_cannot_see_a_path(folder: Path, cluster: Processes) -> None:
    cluster.worker(BLIND.format(name="w.npy", error="FileNotFoundError"))
    done = conv2d("run", "x.zarr", *LAYER, "-o", "y.zarr", "--scheduler", cluster.address, folder=folder)
    assert done.code == 4
    assert "the worker tcp://" in done.err
    assert "w.npy" in done.err
    assert "all workers share" in done.err
    assert left_in(folder) == set()


OTHER = """
import io
opened = io.open
io.open = lambda name, *more, **named: opened(str(name).replace("w.npy", "other.npy"), *more, **named)
"""


@pytest.mark.parametrize(("source", "output"), [("x.zarr", "y.zarr"), ("in", "y")])
def test_workers_that_see_another_weight_under_the_path(
    folder: Path, cluster: Processes, source: str, output: str
) -> None:
    weight = np.load(folder / "w.npy")
    np.save(folder / "other.npy", weight + 1)
    (folder / "in").mkdir()
    np.save(folder / "in" / "x.npy", np.zeros((1, 3, 9, 9), np.float32))
    cluster.worker(OTHER)
    done = conv2d("run", source, *LAYER, "-o", output, "--scheduler", cluster.address, folder=folder)
    assert done.code == 3
    assert re.search(r"error: the worker tcp://\S+: \S+w\.npy holds other values here\n", done.err)
    assert "hint: give paths that all workers share" in done.err
    assert not [path for path in (folder / output).rglob("*") if path.suffix == ".npy"]


def test_a_worker_with_another_engine(folder: Path, cluster: Processes) -> None:
    pytest.importorskip("onnxruntime")
    cluster.worker("from conv2d_cli.jobs.cluster import versions; versions._installed = lambda _: '0.1'")
    done = conv2d(
        *("run", "x.zarr", *LAYER, "-o", "y.zarr", "--engine", "onnxruntime", "--scheduler", cluster.address),
        folder=folder,
    )
    assert done.code == 4
    assert "it has onnxruntime 0.1, not " in done.err
    assert re.search(r"hint: install onnxruntime \S+ there\n", done.err)


def test_workers_that_cannot_write_the_store(folder: Path, cluster: Processes) -> None:
    cluster.worker(
        "from pathlib import Path\n"
        "def refused(self, *_): raise PermissionError(13, 'Permission denied', str(self))\n"
        "Path.write_bytes = refused"
    )
    done = conv2d("run", "x.zarr", *LAYER, "-o", "y.zarr", "--scheduler", cluster.address, folder=folder)
    assert done.code == 4
    assert re.search(r"the worker tcp://\S+: cannot write \S+y\.zarr: Permission denied", done.err)
    assert left_in(folder) == set()


def impatient(folder: Path, address: str) -> subprocess.CompletedProcess[str]:
    """Run the command with a second's patience in place of ten."""
    program = "from conv2d_cli.jobs.cluster import dask_remote; dask_remote.CONNECT_SECONDS = 1; "
    return subprocess.run(
        [*PROGRAM[:-1], program + PROGRAM[-1], "run", "x.zarr", *LAYER, "-o", "y.zarr", "--scheduler", address],
        cwd=folder, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip


def test_a_cluster_without_workers(folder: Path, cluster: Processes) -> None:
    done = impatient(folder, cluster.address)
    assert done.returncode == 4
    assert "has no workers" in done.stderr


def test_an_address_where_nobody_is(folder: Path) -> None:
    done = impatient(folder, "tcp://127.0.0.1:9")
    assert done.returncode == 4
    assert "cannot reach the scheduler tcp://127.0.0.1:9" in done.stderr
    assert left_in(folder) == set()


def test_certificates_are_those_of_dask(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    place = tmp_path_factory.mktemp("tls")
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("openssl makes the certificate")
    subprocess.run(
        [openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=test", "-days", "2", "-keyout",
         "key.pem", "-out", "cert.pem"],
        cwd=place, capture_output=True, check=True,
    )  # fmt: skip
    prefix = "DASK_DISTRIBUTED__COMM__TLS__"
    environment = {f"{prefix}CA_FILE": str(place / "cert.pem")}
    for role in ("SCHEDULER", "WORKER", "CLIENT"):
        environment |= {
            f"{prefix}{role}__CERT": str(place / "cert.pem"),
            f"{prefix}{role}__KEY": str(place / "key.pem"),
        }
    with processes(place, protocol="tls", environment=environment) as cluster:
        cluster.worker()
        arguments = ("run", "x.zarr", *LAYER, "-o", "y.zarr", "--scheduler", cluster.address)
        done = conv2d(*arguments, stdin=None, folder=folder, **environment)
        assert done.code == 0, done.err
        assert same_files(folder)
        without = conv2d(*arguments, "--force", folder=folder)
    assert without.code == 4
    assert "there are no certificates for it" in without.err


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


def test_a_scheduler_that_dies_is_told_in_one_message(folder: Path, cluster: Processes) -> None:
    worker = cluster.worker()
    process = started(folder, "--scheduler", cluster.address)
    begins_to_write(folder, process, chunks=1)
    cluster.end()
    _, err = process.communicate(timeout=90)
    assert worker.poll() is not None
    assert process.returncode == 4
    assert "the connection to the scheduler was lost" in err
    assert "distributed" not in err
    assert left_in(folder) == set()


@pytest.mark.parametrize("resume", [False, True])
def test_ctrl_c_of_a_run_on_a_scheduler(folder: Path, cluster: Processes, resume: bool) -> None:
    cluster.worker()
    process = started(folder, "--scheduler", cluster.address, *(["--resume"] if resume else []))
    begins_to_write(folder, process)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert left_in(folder) == ({"y.zarr.partial"} if resume else set())
    assert ("to go on: conv2d run" in err) == resume


def test_a_folder_of_somebody_else_is_left_alone(folder: Path) -> None:
    (folder / "y.zarr.partial").mkdir()
    (folder / "y.zarr.partial" / "mine").touch()
    done = conv2d("run", "x.zarr", *LAYER, "-o", "y.zarr", "--workers", "1", "--resume", folder=folder)
    assert done.code == 4
    assert "holds mine, which is no part of an unfinished store" in done.err
    assert "to go on" not in done.err
    assert (folder / "y.zarr.partial" / "mine").exists()
