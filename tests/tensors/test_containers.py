"""Files that people take for tensors: told what they are and what to do, nothing is unpickled, and every hint works."""

from __future__ import annotations

import io
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from forked import conv2d
from hostile_files import place
from npy_bytes import npy_bytes
from odd_containers import CANARY, CHECKPOINT, ODD, SCRIPT, Odd, zipped

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from terminal import Done

_COMMAND = re.compile(r"(?:^|: )(?P<command>(?:python|gzip|xz|bzip2|tar|rename it to) .*)$")
_BY_NAME = {one.name: one for one in ODD}


def told(done: Done) -> tuple[str, str]:
    """Return the error and the hint of a process."""
    lines = dict(line.split(": ", 1) for line in done.err.splitlines() if ": " in line)
    return lines.get("error", ""), lines.get("hint", "")


def followed(hint: str, file: Path) -> Path | None:
    """Do what a hint says, and return the file that comes of it; None where it holds no command."""
    match = _COMMAND.search(hint)
    if match is None:
        return None
    command, _, inside = match["command"].partition(", the store is ")
    words = shlex.split(command)
    if command.startswith("rename"):
        file.rename(file.parent / words[-1])
        return file.parent / words[-1]
    if shutil.which(words[0]) is None and words[0] != "python":
        return None
    words[0] = sys.executable if words[0] == "python" else words[0]
    subprocess.run(words, check=True, cwd=file.parent, timeout=120)
    if words[-1] == file.name:
        return file.with_suffix("") if words[0] != "tar" else file.parent / "x.npy"
    return file.parent / words[-1] / shlex.split(inside)[0] if inside else file.parent / words[-1]


def test_there_are_many_and_each_name_is_one() -> None:
    assert len(_BY_NAME) == len(ODD) >= 60


@pytest.mark.parametrize("odd", ODD, ids=lambda odd: odd.name)
def test_it_is_told_what_it_is_and_nothing_is_unpickled(tmp_path: Path, odd: Odd) -> None:
    place(tmp_path / odd.name, odd.content)
    before = sorted(tmp_path.rglob("*"))
    shown = conv2d("info", odd.name, folder=tmp_path)
    assert shown.code == odd.code, shown
    assert odd.says in (shown.err if odd.code else shown.out)
    ran = conv2d("run", odd.name, "3", "8", "3", "-q", folder=tmp_path)
    assert ran.code == (odd.run_code or odd.code or 3), ran
    assert (odd.run_says or odd.says) in ran.err
    for done in (shown, ran):
        assert "Traceback" not in done.out + done.err
        assert "never retrieved" not in done.err
        assert done.code == 0 or all(told(done))
    assert sorted(tmp_path.rglob("*")) == before
    assert not (tmp_path / CANARY).exists()


@pytest.mark.parametrize("format_name", ["json", "ndjson", "csv", "tsv", "markdown", "plain", "table"])
@pytest.mark.parametrize("name", ["mixed.npz", "member.npz", "objects.npy", "mixed.zarr", "scales.safetensors"])
def test_what_cannot_be_read_is_listed_in_every_format(tmp_path: Path, name: str, format_name: str) -> None:
    odd = _BY_NAME[name]
    place(tmp_path / name, odd.content)
    done = conv2d("info", name, "--format", format_name, folder=tmp_path, COLUMNS="100")
    assert (done.code, done.err) == (0, "")
    assert odd.says in done.out


def rows(folder: Path, name: str) -> list[dict[str, Any]]:
    place(folder / name, _BY_NAME[name].content)
    done = conv2d("info", name, "--format", "ndjson", folder=folder)
    return [json.loads(line) for line in done.out.splitlines()]


def test_what_is_known_of_a_tensor_that_cannot_be_read_is_listed(tmp_path: Path) -> None:
    good, records = rows(tmp_path, "mixed.npz")
    assert good["unreadable"] is None
    facts = [records[key] for key in ("shape", "dtype", "elements", "bytes", "unreadable")]
    assert facts == [[2], "records of r, g, b", 2, 6, "records of r, g, b"]
    (objects,) = rows(tmp_path, "objects.npy")
    facts = [objects[key] for key in ("shape", "dtype", "elements", "bytes")]
    assert facts == [[1], "object", 1, None]
    good, unknown, broken = rows(tmp_path, "mixed.zarr")
    assert (good["name"], good["unreadable"]) == ("a", None)
    assert (unknown["name"], unknown["shape"], unknown["dtype"]) == ("b", [2, 3], "float31")
    assert (broken["name"], broken["shape"], broken["dtype"]) == ("c", None, None)
    good, eights = rows(tmp_path, "eights.safetensors")
    assert [(row["dtype"], row["bytes"], row["unreadable"]) for row in (good, eights)] == [
        ("float32", 4, None),
        ("float8_e4m3fn", 3, None),
    ]
    _, fours = rows(tmp_path, "scales.safetensors")
    assert (fours["dtype"], fours["elements"], fours["bytes"]) == ("F4", 4, 2)


def test_one_that_is_named_is_read_beside_a_broken_one(tmp_path: Path) -> None:
    for name in ("mixed.zarr", "member.npz"):
        place(tmp_path / name, _BY_NAME[name].content)
        assert conv2d("info", f"{name}::a", "--get", "dtype", folder=tmp_path).out == "float32\n"
        done = conv2d("info", f"{name}::b", folder=tmp_path)
        assert done.code == 3, done


@pytest.mark.parametrize(
    "line",
    [
        "run {} 3 8 3",
        "run {}::weight 3 8 3",
        "run x.npy --weight {}",
        "run x.npy --weight {}::weight",
        "run x.npy 3 8 3 --bias {}",
        "shape --weight {}",
        "shape --weight {}::weight",
        "shape 3 8 3 -i ./{}",
        "info {}::weight",
    ],
)
@pytest.mark.parametrize("name", ["m.pth", "m", "pytorch_model.bin", "old.pth", "old.bin", "script.pt"])
def test_a_checkpoint_is_known_wherever_a_tensor_is_read(tmp_path: Path, name: str, line: str) -> None:
    place(tmp_path / name, _BY_NAME[name].content)
    (tmp_path / "x.npy").write_bytes(npy_bytes((1, 3, 8, 8), "<f4", bytes(768)))
    done = conv2d(*line.format(name).split(), folder=tmp_path)
    assert done.code == 3, done
    assert (SCRIPT if name == "script.pt" else CHECKPOINT) in done.err
    assert not (tmp_path / CANARY).exists()


@pytest.mark.parametrize("name", ["m.pth", "old.pth", "p4.pkl", "m.h5", "x.npy.gz", "objects.npy"])
def test_of_a_pipe_it_is_told_too(tmp_path: Path, name: str) -> None:
    content, (source, target) = _BY_NAME[name].content, os.pipe()
    assert isinstance(content, bytes)
    with os.fdopen(source, "rb") as reader, os.fdopen(target, "wb") as writer:
        writer.write(content)
        writer.close()
        command = [
            sys.executable,
            "-c",
            "from conv2d_cli.cli.main import main; main()",
            "run",
            "-",
            "3",
            "8",
            "3",
            "-q",
        ]
        done = subprocess.run(command, stdin=reader, capture_output=True, check=False, cwd=tmp_path, timeout=120)
    odd = _BY_NAME[name]
    assert done.returncode == 3
    assert (odd.run_says or odd.says) in done.stderr.decode()
    assert not (tmp_path / CANARY).exists()


def test_what_a_raw_file_holds_is_what_its_user_says(tmp_path: Path) -> None:
    (tmp_path / "x.bin").write_bytes(b"\x80\x04" + bytes(765) + b".")
    line = "run x.bin 3 8 3 --input-shape 3,8,8 --input-dtype float32 --get output_shape"
    assert conv2d(*line.split(), folder=tmp_path).out == "8 6 6\n"
    done = conv2d("run", "x.bin", "3", "8", "3", folder=tmp_path)
    assert (done.code, "says neither its shape nor its type" in done.err) == (2, True)


@pytest.mark.parametrize(
    ("name", "shape"),
    [
        ("a.csv", "1 1 2 3"),
        ("a.txt", "1 1 2 3"),
        ("a.tsv", "1 1 2 2"),
        ("a.npy", "1 1 2 3"),
        ("a.gif", "3 1 1"),
        ("gif.png", "3 1 1"),
        ("a.bmp", "3 1 1"),
        ("x.npy.gz", "1 3 8 8"),
        ("x.npy.xz", "1 3 8 8"),
        ("x.npy.bz2", "1 3 8 8"),
        ("x.tar", "1 3 8 8"),
        ("s.zarr.zip", "2 3"),
        ("inside.zip", "2 3"),
        ("s.zarr", "2 3"),
        ("x.npz", "1 3 8 8"),
        ("z.npy", "1 3 8 8"),
        ("t.npy", "1"),
        ("two.npy", "1 3 8 8\n1 3 8 8"),
        ("three.npy", "1 3 8 8\n2\n1 3 8 8"),
    ],
)
def test_what_the_hint_says_works(tmp_path: Path, name: str, shape: str) -> None:
    place(tmp_path / name, _BY_NAME[name].content)
    _, hint = told(conv2d("info", name, folder=tmp_path))
    made = followed(hint, tmp_path / name)
    if made is None:
        assert _COMMAND.search(hint)
        pytest.skip("the program of the hint is not installed")
    done = conv2d("info", str(made), "--get", "shape", folder=tmp_path)
    assert (done.code, done.out) == (0, f"{shape}\n"), done


def test_a_hint_names_no_file_that_is_there(tmp_path: Path) -> None:
    place(tmp_path / "a.csv", b"1,2\n")
    (tmp_path / "a.npy").write_bytes(b"mine")
    _, hint = told(conv2d("info", "a.csv", folder=tmp_path))
    assert hint.endswith(" a.csv a-1.npy")


def _checkpoints(torch: Any) -> dict[str, tuple[Any, dict[str, Any]]]:
    layer = torch.nn.Conv2d(3, 8, 3)
    old = {"_use_new_zipfile_serialization": False}
    state, ones = layer.state_dict(), torch.ones(2, 3)
    return {
        "state.pth": (state, {}),
        "old.pt": (state, old),
        "pytorch_model.bin": (state, {}),
        "half.pth": (layer.bfloat16().state_dict(), {}),
        "it's $odd.pth": (state, {}),
        "nested.ckpt": ({"state_dict": state, "epoch": 3, "lr": [0.1]}, {}),
        "deep.pt": ({"model": {"conv": state}, "step": 1}, {}),
        "shared.pt": ({"a": ones, "b": ones.t(), "c": ones[0]}, {}),
        "bare.pt": (ones, {}),
        "list.pt": ([ones, (ones, 7)], {}),
    }


_NAMES: dict[str, Sequence[str]] = {
    "deep.pt": ("model.conv.bias", "model.conv.weight"),
    "shared.pt": ("a", "b", "c"),
    "bare.pt": ("tensor",),
    "list.pt": ("0", "1.0"),
}


@pytest.mark.parametrize("name", [
    "state.pth", "old.pt", "pytorch_model.bin", "half.pth", "it's $odd.pth", "nested.ckpt", "deep.pt", "shared.pt",
    "bare.pt", "list.pt",
])  # fmt: skip
def test_a_real_checkpoint_becomes_safetensors_by_the_hint(tmp_path: Path, name: str) -> None:
    torch = pytest.importorskip("torch")
    saved, options = _checkpoints(torch)[name]
    torch.save(saved, tmp_path / name, **options)
    error, hint = told(conv2d("info", name, folder=tmp_path))
    assert CHECKPOINT in error
    made = followed(hint, tmp_path / name)
    assert made is not None
    done = conv2d("info", str(made), "--get", "name", folder=tmp_path)
    assert done.out.split() == list(_NAMES.get(name, ("bias", "weight")))


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::UserWarning")
@pytest.mark.parametrize("name", ["script.pt", "program.pt2"])
def test_a_real_program_becomes_safetensors_by_the_hint(tmp_path: Path, name: str) -> None:
    torch = pytest.importorskip("torch")
    layer = torch.nn.Conv2d(3, 8, 3)
    if name == "script.pt":
        torch.jit.trace(layer, torch.ones(1, 3, 8, 8)).save(tmp_path / name)
    else:
        torch.export.save(torch.export.export(layer, (torch.ones(1, 3, 8, 8),)), tmp_path / name)
    error, hint = told(conv2d("info", name, folder=tmp_path))
    assert _BY_NAME[name].says in error
    made = followed(hint, tmp_path / name)
    assert made is not None
    assert conv2d("info", str(made), "--get", "name", folder=tmp_path).out.split() == ["bias", "weight"]


def test_a_checkpoint_of_objects_is_not_offered_what_torch_refuses(tmp_path: Path) -> None:
    place(tmp_path / "objects.pth", _BY_NAME["objects.pth"].content)
    _, hint = told(conv2d("info", "objects.pth", folder=tmp_path))
    assert hint.startswith(f"it holds objects of {os.mkdir.__module__}.mkdir, not tensors alone")


@pytest.mark.parametrize("seed", range(3))
def test_arrays_saved_one_after_another_are_counted(tmp_path: Path, seed: int) -> None:
    draw = np.random.default_rng(seed)
    stream, count = io.BytesIO(), int(draw.integers(2, 9))
    for _ in range(count):
        array = draw.standard_normal(draw.integers(0, 5, draw.integers(0, 4)))
        np.save(stream, np.asfortranarray(array) if seed else array)
    (tmp_path / "x.npy").write_bytes(stream.getvalue())
    error, hint = told(conv2d("info", "x.npy", folder=tmp_path))
    assert error == f"x.npy: {count} arrays follow one another in it"
    made = followed(hint, tmp_path / "x.npy")
    assert made is not None
    assert conv2d("info", str(made), "--get", "name", folder=tmp_path).out.split() == [f"arr_{n}" for n in range(count)]


def test_an_archive_with_arrays_is_one_whatever_else_it_holds(tmp_path: Path) -> None:
    content = zipped(x_DOT_npy=npy_bytes((2,), "<f4", bytes(8)), data_DOT_pkl=b"\x80\x02.", zarr_DOT_json=b"{}")
    (tmp_path / "x.npz").write_bytes(content)
    assert conv2d("info", "x.npz", "--get", "shape", folder=tmp_path).out == "2\n"
