"""The command on the workers of a scheduler: addresses, certificates, signals, and workers that lack what we have."""

from __future__ import annotations

import re
import shutil
import signal
import subprocess
from typing import TYPE_CHECKING

import numpy as np
import pytest
from cluster_runs import LAYER, begins_to_write, left_in, same_files, started
from dask_processes import processes
from terminal import PROGRAM, conv2d

if TYPE_CHECKING:
    from pathlib import Path

    from dask_processes import Processes

pytest.importorskip("distributed")
pytest.importorskip("zarr")


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
