"""`conv2d run` on many files and on raw ones, and `conv2d info`, in real processes."""

from __future__ import annotations

import io
import json
import os
import re
import signal
import subprocess
import sys
import time
from importlib.util import find_spec
from typing import TYPE_CHECKING

import numpy as np
import pytest
from forked import conv2d
from npy_bytes import npy_bytes
from PIL import Image
from terminal import PROGRAM

from conv2d_cli import __version__

if TYPE_CHECKING:
    from pathlib import Path

MANY_KEYS = ["files", "written", "skipped", "failed", "seconds", "gflops"]
TENSOR_KEYS = ["file", "format", "name", "shape", "dtype", "elements", "bytes", "unreadable"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "frames").mkdir()
    for number in range(4):
        values = np.random.default_rng(number).standard_normal((3, 9, 8)).astype("f4")
        np.save(tmp_path / "frames" / f"f{number}.npy", values)
        if number == 0:
            values.tofile(tmp_path / "raw.bin")
    return tmp_path


def test_a_pattern_is_expanded_here_and_each_output_is_that_of_its_file(folder: Path) -> None:
    done = conv2d("run", "frames/*.npy", "3", "8", "3", "-o", "out", folder=folder)
    assert (done.code, done.out) == (0, "")
    drawn = r"note: parameters drawn as torch\.manual_seed\(0\) would draw them; --seed N changes it\n"
    assert re.fullmatch(drawn + r"wrote 4 of 4 files in [0-9.e-]+ s\n", done.err)
    assert conv2d("run", "frames/f2.npy", "3", "8", "3", "-o", "y.npy", "-q", folder=folder).code == 0
    assert (folder / "out/f2.npy").read_bytes() == (folder / "y.npy").read_bytes()


def test_a_summary_of_many_and_the_gravest_code(folder: Path) -> None:
    (folder / "frames/bad.npy").write_bytes(b"nothing")
    done = conv2d("run", "frames", "3", "8", "3", "-o", "out", "--json", folder=folder)
    record = json.loads(done.out)
    assert list(record) == ["schema_version", *MANY_KEYS]
    assert (done.code, record["written"], record["failed"]) == (3, 4, 1)
    assert "error: frames/bad.npy: " in done.err
    again = conv2d(
        *("run", "frames", "3", "8", "3", "-o", "out", "--resume", "--get", "skipped", "--get", "written", "-q"),
        folder=folder,
    )
    assert (again.code, again.out) == (3, "4\n0\n")


def test_plans_of_many_have_a_row_each(folder: Path) -> None:
    (folder / "frames/bad.npy").write_bytes(b"nothing")
    done = conv2d("run", "frames/*.npy", "3", "8", "3", "--plan", "--format", "ndjson", folder=folder)
    records = [json.loads(line) for line in done.out.splitlines()]
    assert [record["file"] for record in records] == [f"frames/f{number}.npy" for number in range(4)]
    assert all(record["output_shape"][-3] == 8 for record in records)
    assert done.code == 3
    assert "error: frames/bad.npy: " in done.err
    named = conv2d("run", "frames", "3", "8", "3", "--plan", "--get", "file", "--get", "macs", folder=folder)
    assert len(named.out.splitlines()) == 8


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (("frames", "3", "8", "3"), 2, "many files need a folder"),
        (("frames", "3", "8", "3", "-o", "-"), 2, "many files need a folder"),
        (("frames", "3", "8", "3", "-o", "out", "--memory-limit", "20MB"), 5, "4 of 4 files failed"),
        (("frames/*.png", "3", "8", "3", "-o", "out"), 4, "no file matches frames/*.png"),
        (("frames/f0.npy", "3", "8", "3", "--resume"), 2, "--resume is for many files"),
        (("frames", "3", "0", "3", "-o", "out"), 2, "error: OUT 0: the number of output channels must be 1 or more"),
        (("frames", "3", "8", "3", "-o", "raw.bin"), 4, "cannot make the folder raw.bin"),
        (("raw.bin", "3", "8", "3"), 2, "says neither its shape nor its type"),
        (("raw.bin", "3", "8", "3", "--input-shape", "3,9,8"), 2, "go together"),
        (
            ("raw.bin", "3", "8", "3", "--input-shape", "9,8", "--input-dtype", "float32"),
            2,
            "no shape of the form C,H,W",
        ),
        (
            ("raw.bin", "3", "8", "3", "--input-shape", "3,9,9", "--input-dtype", "float32"),
            3,
            "3x9x9 float32 is 972 bytes, the file has 864",
        ),
        (
            ("raw.bin", "3", "8", "3", "--input-shape", "3,9,7", "--input-dtype", "float32"),
            3,
            "3x9x7 float32 is 756 bytes, the file has 864",
        ),
        (
            ("raw.bin", "3", "8", "3", "--input-shape", "3,9,32", "--input-dtype", "bool"),
            3,
            "bool, which nothing is computed in",
        ),
    ],
)
def test_what_is_refused(folder: Path, arguments: tuple[str, ...], code: int, says: str) -> None:
    done = conv2d("run", *arguments, folder=folder)
    assert (done.code, done.out) == (code, "")
    assert says in done.err


def test_raw_files_and_raw_pipes(folder: Path) -> None:
    described = ("--input-shape", "3,9,8", "--input-dtype", "float32", "-q")
    assert conv2d("run", "frames/f0.npy", "3", "8", "3", "-q", "-o", "y.npy", folder=folder).code == 0
    right = np.load(folder / "y.npy")
    assert conv2d("run", "raw.bin", "3", "8", "3", *described, "-o", "y.bin", folder=folder).code == 0
    assert (folder / "y.bin").read_bytes() == right.tobytes()
    content = (folder / "raw.bin").read_bytes()
    assert conv2d("run", "bin:-", "3", "8", "3", *described, "-o", "z.bin", stdin=content, folder=folder).code == 0
    assert (folder / "z.bin").read_bytes() == right.tobytes()


def test_what_is_installed() -> None:
    record = json.loads(conv2d("info", "--json").out)
    assert record["version"] == __version__
    assert "conv2d" in record["engines"]
    versions = dict(one.split("==") for one in record["engine_versions"])
    assert versions["numpy"] == np.__version__
    assert {*versions} == {"numpy", *(name for name in ("onnxruntime", "torch", "scipy") if find_spec(name))}
    assert bool(record["execution_providers"]) == ("onnxruntime" in versions)
    assert record["devices"][:1] == ["cpu"] * ("torch" in versions)
    assert [one.split("==")[0] for one in record["dask"]] == [one for one in ("dask", "distributed") if find_spec(one)]
    named = {one.partition(":")[0] for one in record["missing"]}
    assert named.isdisjoint(versions)
    assert {"onnxruntime", "torch", "scipy"} <= named | {*versions}
    assert {"npy", "npz", "bin", "safetensors"} <= {*record["formats"]}


def test_what_a_file_holds(folder: Path) -> None:
    np.savez(folder / "two.npz", a=np.zeros((2, 3)), b=np.zeros(4, "V2"))
    record = json.loads(conv2d("info", "frames/f0.npy", "--json", folder=folder).out)
    assert list(record) == ["schema_version", *TENSOR_KEYS]
    assert (record["shape"], record["dtype"], record["bytes"]) == ([3, 9, 8], "float32", 864)
    rows = json.loads(conv2d("info", "two.npz", "--json", folder=folder).out)
    assert "b" in json.dumps(rows)
    assert conv2d("info", "two.npz::a", "--get", "shape", folder=folder).out == "2 3\n"
    assert conv2d("info", "two.npz::c", folder=folder).code == 3
    assert conv2d("info", "none.npy", folder=folder).code == 4


def test_a_tebibyte_is_told_of_at_once(folder: Path) -> None:
    header = npy_bytes((2**18, 2**20), "<f4", b"")
    with (folder / "sparse.npy").open("wb") as stream:
        stream.write(header)
        try:
            stream.truncate(len(header) + 2**40)
        except OSError:
            pytest.skip("the file system holds no such file")
    assert conv2d("info", "sparse.npy", "--get", "bytes", folder=folder).out == f"{2**40}\n"


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_it_soon_and_leaves_nothing(folder: Path, number: signal.Signals, code: int) -> None:
    np.save(folder / "x.npy", np.zeros((8, 16, 600, 600), np.float32))
    command = [*PROGRAM, "run", "x.npy", "16", "16", "9", "-o", "y.npy"]
    process = subprocess.Popen([sys.executable, *command[1:]], cwd=folder, stderr=subprocess.PIPE)
    assert process.stderr is not None
    # It says so when all is decided, and begins.
    assert process.stderr.readline().startswith(b"note: parameters drawn")
    time.sleep(0.2)
    process.send_signal(number)
    started = time.monotonic()
    _, errors = process.communicate(timeout=30)
    assert (process.returncode, errors) == (code, b"")
    assert time.monotonic() - started < 5
    assert not list(folder.glob(".conv2d-*"))
    assert not (folder / "y.npy").exists()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux says where libtiff is")
def test_of_broken_pictures_only_our_own_words_are_said(folder: Path) -> None:
    stream = io.BytesIO()
    pixels = np.random.default_rng(0).integers(0, 255, (40, 50, 3), np.uint8)
    Image.fromarray(pixels).save(stream, "TIFF", compression="tiff_adobe_deflate")
    content = stream.getvalue()
    # Of its compressed pixels, and of its tags: how many samples a pixel has.
    cut, tag = content[:100] + bytes(40) + content[140:], b"\x15\x01\x03\x00\x01\x00\x00\x00"
    assert tag in content
    for number, changed in enumerate((cut, content.replace(tag + b"\x03", tag + b"\x77"))):
        (folder / "frames" / f"b{number}.tif").write_bytes(changed)
    done = conv2d("run", "frames/*.tif", "3", "8", "3", "-o", "out", "--dtype", "float32", "-q", folder=folder)
    assert done.code == 3
    assert "error: frames/b0.tif: it is no sound picture: " in done.err
    assert {line.split(": ")[0] for line in done.err.splitlines()} == {"error", "hint"}
