"""Stores by URL on the command line: what is typed, what is refused before anything is asked, and how it ends."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import zarr
from forked import conv2d
from object_store import ACCESS, BUCKET, SECRET, ObjectStore, serving
from terminal import PROGRAM, Done

from conv2d_cli.errors import MissingExtraError
from conv2d_cli.tensors import remote_connection
from conv2d_cli.tensors.remote import RemoteFiles
from conv2d_cli.tensors.stores import LocalFiles

if TYPE_CHECKING:
    from collections.abc import Iterator

README = (Path(__file__).parents[2] / "README.md").read_text("utf-8")
RNG = np.random.default_rng(0)
X = RNG.standard_normal((3, 2, 9, 8)).astype(np.float32)
W = RNG.standard_normal((4, 2, 3, 3)).astype(np.float32)


@pytest.fixture(scope="module")
def store() -> Iterator[ObjectStore]:
    with serving() as serving_store:
        yield serving_store


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    np.save(tmp_path / "x.npy", X)
    np.save(tmp_path / "w.npy", W)
    return tmp_path


def run(store: ObjectStore, folder: Path, *arguments: str) -> Done:
    return conv2d(*arguments, folder=folder, stdin=None, **store.environment)


def test_a_run_by_url_has_the_bytes_of_one_with_files(store: ObjectStore, folder: Path) -> None:
    group = zarr.open_group(folder / "g.zarr", mode="w")
    for name, values in (("conv", W), ("bias", W[:, 0, 0, 0]), ("x", X)):
        group.create_array(name, data=values)
    url = store.upload(folder / "g.zarr", "run/g.zarr")
    words = ("run", "x.npy", "--weight", "w.npy", "-p", "1", "-o", "y.zarr")
    assert run(store, folder, *words).code == 0
    for number, (input_, weight) in enumerate((("x.npy", f"{url}::conv"), (f"{url}::x", "w.npy"))):
        there = store.url(f"run/y{number}.zarr")
        done = run(store, folder, "run", input_, "--weight", weight, "-p", "1", "-o", there)
        assert (done.code, done.out) == (0, "")
        assert done.err.startswith(f"wrote {there}  3x4x9x8 float32")
        names, files = LocalFiles(folder / "y.zarr").names(), RemoteFiles(there)
        assert {*files.names()} == {*names}
        assert all(files.read(name, 0, 1 << 20) == (folder / "y.zarr" / name).read_bytes() for name in names)
    assert run(store, folder, "compare", "y.zarr", store.url("run/y0.zarr"), "--get", "verdict").out == "same\n"
    words = ("shape", "4", "2", "3", "-i", store.url("run/y0.zarr"), "--get", "output_shape")
    assert run(store, folder, *words).out == "3 2 7 6\n"
    assert run(store, folder, "shape", "--weight", f"{url}::conv", "--get", "parameters").out == "72\n"
    assert run(store, folder, "info", url, "--get", "name").out == "bias\nconv\nx\n"
    words = ("trace", f"{url}::x", "--weight", f"{url}::conv", "--at", "0,0,1,1", "--get", "result")
    assert run(store, folder, *words).out == run(store, folder, "trace", "x.npy", "--weight", "w.npy", *words[-4:]).out


def test_a_large_image_is_written_tile_by_tile(store: ObjectStore, folder: Path) -> None:
    np.save(folder / "large.npy", np.arange(2048 * 2200, dtype=np.float32).reshape(1, 1, 2048, 2200) % 97)
    weight = str(np.ones((4, 1, 3, 1), int).tolist())
    there, files = store.url("tiles/y.zarr"), store.files("tiles/y.zarr")
    words = ("run", "large.npy", "--weight", weight, "--dtype", "float64", "-o")
    assert run(store, folder, *words, there).code == 0
    assert run(store, folder, *words, "y.zarr").code == 0
    array: Any = zarr.open_array(folder / "y.zarr", mode="r")
    plan = run(store, folder, *words, "z.zarr", "--plan", "--get", "tiles").out
    assert plan == f"rows={array.chunks[2]} columns={array.chunks[3]}\n"
    assert len(files.names()) == 1 + -(-array.shape[2] // array.chunks[2]) * -(-array.shape[3] // array.chunks[3]) > 2
    for name in files.names():
        assert files.read(name, 0, 1 << 30) == (folder / "y.zarr" / name).read_bytes(), name


def test_the_examples_of_the_readme_work(store: ObjectStore, folder: Path) -> None:
    group = zarr.open_group(folder / "model.zarr", mode="w")
    group.create_array("conv1", data=RNG.standard_normal((2, 4, 3, 3)).astype(np.float32))
    store.upload(folder / "model.zarr", "model.zarr")
    found = re.search(r"^```bash\n(.*?)^```", README, re.DOTALL | re.MULTILINE)
    assert found
    for line in found[1].splitlines():
        assert f"s3://{BUCKET}/" in line
        assert run(store, folder, *line.split()[1:]).code == 0, line


_SECRETS = ("holds a user or a password", "environment")
USAGE = [
    (("run", "s3://bucket/x.npy", "1", "1", "1"), "a .npy is none", "give a .zarr"),
    (("info", "s3://bucket/x.onnx"), "a .onnx is none", "give a .zarr"),
    (("info", f"s3://key:{SECRET}@bucket/x.zarr"), *_SECRETS),
    (("info", f"https://{SECRET}@host/x.zarr"), *_SECRETS),
    (
        ("run", f"s3://key:{SECRET}@bucket/x.zarr", "1", "1", "1", "--debug"),
        "holds a user or a password",
        "environment",
    ),
    (
        ("run", "x.npy", "--weight", "w.npy", "-o", f"s3://k:{SECRET}@b/x.zarr"),
        "holds a user or a password",
        "environment",
    ),
    (("info", f"https://host/x.zarr?sig={SECRET}"), "has ? or # in it", "s3://"),
    (("info", "memory://x.zarr"), "no other process sees", "s3://"),
    (("info", "s3://"), "is no URL of a store", "s3://"),
    (("info", "s3://[/x.zarr"), "is no host", "s3://"),
    (("info", "s3://bucket/\udcff\x1b.zarr"), "is no URL of a store", "s3://"),
    (("info", "s3://bucket/*.zarr"), "patterns are of files", "one store"),
    (("info", "file://host/x.npy"), "of another machine", "file:///"),
    (("run", "x.npy", "--weight", "w.npy", "-o", "https://host/y.zarr"), "nothing is written to https://", "-o s3://"),
    (
        ("run", "x.npy", "--weight", "w.npy", "-o", "s3://bucket/y"),
        "no format that can be written",
        "-o s3://bucket/y.zarr",
    ),
    (("run", "x.npy", "--weight", "w.npy", "-o", "s3://bucket.zarr"), "is a bucket", "-o s3://"),
    (("run", "x.npy", "--weight", "w.npy", "-o", "s3://bucket"), "is a bucket", "-o s3://BUCKET/NAME.zarr"),
    (("run", "x.npy", "--weight", "w.npy", "-o", "s4://b/y.zarr"), "nothing is written to s4://", "-o s3://"),
    (("run", "x.npy", "--weight", "w.npy", "-o", "s3://b//c/y.zarr"), "an empty part of a path", "-o s3://b/c/y.zarr"),
    (("run", "x.npy", "--weight", "w.npy", "-o", "gs://b/./../y.zarr"), "an empty part", "-o gs://b/y.zarr"),
    (("run", "x.npy", "--weight", "w.npy", "-o", "s3://bucket/y.zarr::a"), "no array in one", "-o s3://bucket/y.zarr"),
    (
        ("run", "x.npy", "2", "4", "3", "--save-parameters", "s3://b/p.zarr"),
        "in a file of this machine",
        "parameters.npz",
    ),
    (("run", "*.npy", "--weight", "w.npy", "-o", "s3://bucket/out/"), "a folder of this machine", "-o FOLDER"),
    (("run", "s3://b/x.zarr", "2", "4", "3", "-o", "s3://b/x.zarr"), "would replace the input", "-o s3://b/other.zarr"),
    (
        ("run", "s3://b/g.zarr::x", "2", "4", "3", "-o", "s3a://b/g.zarr/y.zarr"),
        "would replace the input",
        "-o s3://b/other.zarr",
    ),
    (
        ("run", "x.npy", "--weight", "s3://b/g.zarr::w", "-o", "s3://b/g.zarr"),
        "the file of --weight",
        "-o s3://b/other.zarr",
    ),
]


@pytest.mark.parametrize(("words", "told", "hint"), USAGE, ids=range(len(USAGE)))
def test_what_no_url_can_be_is_refused_before_anything_is_asked(
    folder: Path, words: tuple[str, ...], told: str, hint: str
) -> None:
    done = conv2d(*words, folder=folder)
    assert (done.code, done.out) == (2, "")
    assert told in done.err
    assert f"hint: {hint}" in done.err or hint in done.err.partition("hint: ")[2]
    assert SECRET not in done.err


def test_a_file_url_is_a_path(folder: Path) -> None:
    zarr.create_array(folder / "a b.zarr", data=X)
    assert conv2d("info", f"file://{folder}/x.npy", "--get", "shape").out == "3 2 9 8\n"
    assert conv2d("info", f"file://localhost{folder}/a%20b.zarr", "--get", "shape").out == "3 2 9 8\n"
    out = f"file://{folder}/y.zarr"
    assert conv2d("run", "x.npy", "--weight", f"file://{folder}/w.npy", "-o", out, folder=folder).code == 0
    assert conv2d("run", "x.npy", "--weight", "w.npy", "-o", out, folder=folder).code == 4
    done = conv2d("run", "x.npy", "--weight", "w.npy", "-o", f"file://{folder}/w.npy", "-f", folder=folder)
    assert (done.code, "would replace the file of --weight" in done.err) == (2, True)


def test_what_is_missing_is_named(store: ObjectStore, folder: Path) -> None:
    for url, told, hint in (
        ("nonsense://b/x.zarr", "no protocol that fsspec knows", "s3://"),
        ("s3://no-such-bucket/x.zarr", "no such bucket", "zarr.json"),
        (store.url("no-such.zarr"), "there is no Zarr store", "zarr.json"),
        (f"{store.endpoint}/no-such.zarr", "there is no Zarr store\n", "zarr.json"),
        ("reference://b/x.zarr", "reference:// needs more than a URL says", "s3://"),
        ("dir://b/x.zarr", "dir:// needs more than a URL says", "s3://"),
        ("data://b/x.zarr", "no such names", "HOST"),
    ):
        done = run(store, folder, "info", url)
        assert (done.code, told in done.err, hint in done.err.partition("hint: ")[2]) == (4, True, True), done.err
    done = run(store, folder, "run", "x.npy", "--weight", "w.npy", "-o", "s3://no-such-bucket/y.zarr")
    assert (done.code, "there is no such bucket" in done.err) == (4, True)


def test_without_the_package_the_install_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    for missing in ("fsspec", "s3fs"):
        if missing == "s3fs":
            monkeypatch.delitem(pytest.importorskip("fsspec.registry")._registry, "s3", raising=False)
        remote_connection.file_system.cache_clear()
        monkeypatch.setitem(sys.modules, missing, None)
        with pytest.raises(MissingExtraError) as fault:
            RemoteFiles("s3://b/x.zarr").names()
        assert fault.value.hint == "pip install 'conv2d-cli[remote]'"
        monkeypatch.undo()
    remote_connection.file_system.cache_clear()


@pytest.mark.parametrize(
    "words", [("info", "URL"), ("run", "x.npy", "--weight", "w.npy", "-o", "URL"), ("run", "x.npy", "--weight", "URL")]
)
def test_refused_access_shows_no_credential(store: ObjectStore, folder: Path, words: tuple[str, ...]) -> None:
    url = store.url("refused.zarr")
    with store.answering(lambda *_: 403):
        done = run(store, folder, *(url if word == "URL" else word for word in words), "--debug")
    assert (done.code, done.out) == (4, "")
    assert "access was refused" in done.err
    assert not any(secret in done.err for secret in (SECRET, ACCESS, "Signature"))


@pytest.mark.parametrize("endpoint", ["http://127.0.0.1:9", "nonsense"])
def test_a_wrong_endpoint_is_told_soon(store: ObjectStore, folder: Path, endpoint: str) -> None:
    done = conv2d(
        "info", store.url("x.zarr"), folder=folder, stdin=None, **store.environment | {"AWS_ENDPOINT_URL": endpoint}
    )
    assert (done.code, "AWS_ENDPOINT_URL" in done.err.partition("hint: ")[2]) == (4, True), done.err


def test_an_existing_store_is_kept_without_force(store: ObjectStore, folder: Path) -> None:
    there = store.url("kept/y.zarr")
    store.files("kept/y.zarr").write("c/0/9", b"left by a run that was killed")
    words = ("run", "x.npy", "--weight", "w.npy", "-o", there)
    done = run(store, folder, *words)
    assert (done.code, "already exists" in done.err) == (4, True)
    assert run(store, folder, *words, "--force").code == 0
    assert len(RemoteFiles(there).names()) == 4


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
@pytest.mark.parametrize("hangs", ["GET", "PUT"])
def test_an_interrupt_ends_a_request_that_hangs(store: ObjectStore, folder: Path, hangs: str) -> None:
    zarr.create_array(folder / "x.zarr", data=X, chunks=(1, 2, 9, 8))
    url, there = store.upload(folder / "x.zarr", "hangs/x.zarr"), store.files("hangs/y.zarr")
    command = [*PROGRAM, "run", url, "--weight", "w.npy", "-o", there.url]
    place = {"GET": "hangs/x.zarr/c/2", "PUT": "hangs/y.zarr/c/2"}[hangs]
    begin = len(store.asked)
    with store.answering(lambda method, path: "hang" if method == hangs and path.startswith(place) else None):
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=os.environ | store.environment,
            stderr=subprocess.PIPE,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509
        )
        while not any(method == hangs and path.startswith(place) for method, path in store.asked[begin:]):
            assert process.poll() is None
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=60)
    assert (process.returncode, said) == (130, b"")
    assert there.names() == []


def test_a_run_that_fails_leaves_nothing(store: ObjectStore, folder: Path) -> None:
    there = store.files("fails/y.zarr")
    with store.answering(lambda method, path: 403 if method == "PUT" and "/c/2" in path else None):
        done = run(store, folder, "run", "x.npy", "--weight", "w.npy", "-o", there.url)
    assert (done.code, "access was refused" in done.err) == (4, True)
    assert there.names() == []


def test_files_of_this_machine_load_nothing_of_a_network(folder: Path) -> None:
    zarr.create_array(folder / "x.zarr", data=X)
    # Zarr's own library loads fsspec where it is installed.
    for input_, output, never in (("x.npy", "y.npy", {"fsspec"}), ("x.zarr", "y.zarr", set[str]())):
        code = (
            "import sys\nfrom conv2d_cli.cli.main import main\n"
            f"sys.argv = ['conv2d', 'run', {input_!r}, '--weight', 'w.npy', '-o', {output!r}]\n"
            "try:\n    main()\nfinally:\n    print(*{name.partition('.')[0] for name in sys.modules})"
        )
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=folder)
        assert ({"s3fs", "aiohttp", "botocore", "urllib3"} | never).isdisjoint(done.stdout.split())
