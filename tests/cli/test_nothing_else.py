"""No network, no process, no code out of data, and no variable of the environment but those that README lists."""

from __future__ import annotations

import json
import os
import pickle
import re
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import zarr
from PIL import Image
from safetensors.numpy import save_file

from conv2d_cli.jobs.vectors.choices import FILES

README = (Path(__file__).parents[2] / "README.md").read_text("utf-8")
WATCHED = str(Path(__file__).parents[1] / "support" / "watched.py")
X: Any = np.ones((1, 3, 8, 8), np.float32)


class Hostile:
    """What makes a folder where it is unpickled."""

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, ("pwned",)


def watched(folder: Path, lines: list[list[str]], **environment: str) -> tuple[list[Any], set[str]]:
    (folder / "lines.json").write_text(json.dumps(lines))
    done = subprocess.run(
        [sys.executable, "-P", WATCHED, "lines.json", "results.json"],
        check=False,
        cwd=folder,
        env=os.environ | environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    found = json.loads((folder / "results.json").read_text())
    return found["lines"], set(found["keys"])


def sound_files(folder: Path) -> list[str]:
    np.save(folder / "x.npy", X)
    np.savez(folder / "x.npz", x=X)
    X.tofile(folder / "x.bin")
    save_file({"x": X}, folder / "x.safetensors")
    zarr.save(folder / "x.zarr", X)
    for name in ("x.png", "x.jpg", "x.tiff"):
        Image.new("RGB", (8, 8)).save(folder / name)
    return ["x.npy", "x.npz", "x.safetensors", "x.zarr", "x.png", "x.jpg", "x.tiff"]


def hostile_files(folder: Path) -> list[str]:
    """Write files that run a program where they are read carelessly, some of them under other names."""
    bomb = pickle.dumps(Hostile())
    objects = np.array([Hostile()], dtype=object)
    np.save(folder / "o.npy", objects)
    np.savez(folder / "o.npz", o=objects)
    for name in ("o.pkl", "o.pt", "o.joblib", "o.onnx", "renamed.npz", "renamed.safetensors", "renamed.png"):
        (folder / name).write_bytes(bomb)
    with zipfile.ZipFile(folder / "zip.pt", "w") as members:
        members.writestr("a/data.pkl", bomb)
    with zipfile.ZipFile(folder / "member.npz", "w") as members:
        members.writestr("a.npy", bomb)
    header = b"{'descr': __import__('os').mkdir('pwned'), 'fortran_order': False, 'shape': (1,)}\n"
    (folder / "header.npy").write_bytes(b"\x93NUMPY\x01\0" + len(header).to_bytes(2, "little") + header)
    for name, codec in (("pickle.zarr", {"id": "pickle"}), ("json.zarr", {"id": "json2"}), ("os.zarr", {"id": "os"})):
        (folder / name).mkdir()
        metadata = {
            "zarr_format": 2, "shape": [1], "chunks": [1], "dtype": "|O", "fill_value": None, "order": "C",
            "filters": [codec], "compressor": codec,
        }  # fmt: skip
        (folder / name / ".zarray").write_text(json.dumps(metadata))
        (folder / name / "0").write_bytes(bomb)
    # A file that Python would load, were its folder looked through.
    for name in ("numpy.py", "zarr.py", "conv2d_cli.py", "sitecustomize.py"):
        (folder / name).write_text("import os; os.mkdir('pwned')")
    return [path.name for path in folder.iterdir() if path.suffix != ".py"]


def test_sound_files(tmp_path: Path) -> None:
    files = sound_files(tmp_path)
    (tmp_path / "layers").write_text("Conv2d(3, 8, 3)\n" * 3)
    outputs = ("npy", "npz", "bin", "safetensors", "zarr", "png", "jpg", "tiff")
    lines = [
        ["shape", "3", "8", "3", "-i", "8"],
        ["shape", "3", "8", "3", "--format", "table", "-v"],
        ["shape", "--from", "layers", "--format", "csv"],
        ["shape", "0", "0", "0"],
        ["explain", "3", "8", "3", "-i", "8", "--format", "table"],
        ["help", "formats"],
        ["--help"],
        ["--version"],
        ["info"],
        ["run", "x.bin", "3", "8", "3", "--input-shape", "1,3,8,8", "--input-dtype", "float32", "--json"],
        *(["info", name] for name in files),
        *(["shape", "3", "8", "3", "-i", name] for name in files),
        *(["run", name, "3", "8", "3", "--get", "mean"] for name in files),
        *(["run", "x.npy", "3", "3", "3", "-o", f"y.{form}", "--save-parameters", f"{form}.npz"] for form in outputs),
        ["run", "*.npy", "3", "8", "3", "-o", "out"],
        ["trace", "x.npy", "3", "8", "3", "--at", "0,0,0,0"],
        *(["vectors", "3", "8", "3", "-i", "8", "--files", form, "-o", f"v{form}"] for form in FILES),
        *(["vectors", "--check", f"v{form}"] for form in FILES),
    ]
    found, keys = watched(tmp_path, lines)
    assert {str(line): events for line, (_, events) in zip(lines, found, strict=True) if events} == {}
    assert {str(line): code for line, (code, _) in zip(lines, found, strict=True) if code} == {str(lines[3]): 2}
    assert keys
    assert keys <= listed_variables()


def test_hostile_files(tmp_path: Path) -> None:
    files = hostile_files(tmp_path)
    texts = ("__import__('os').mkdir('pwned')", "Conv2d(__import__('os').mkdir('pwned'), 8, 3)")
    (tmp_path / "layers").write_text("".join(f"{text}\n" for text in texts))
    lines = [
        *(["info", name] for name in files),
        *(["run", name, "3", "8", "3"] for name in files),
        *(["trace", name, "3", "8", "3", "--at", "0,0,0,0"] for name in files),
        ["vectors", "--check", "."],
        *(["shape", text] for text in texts),
        ["run", "o.npy", "--weight", f"[[{texts[0]}]]"],
        ["shape", "--from", "layers"],
        ["shape", "3", "8", "3", "-p", texts[0]],
    ]
    found, _ = watched(tmp_path, lines, NUMCODECS_ALLOW_UNSAFE_PICKLE_DECODE="1")
    assert {str(line): events for line, (_, events) in zip(lines, found, strict=True) if events} == {}
    assert {code for code, _ in found} <= {0, 2, 3, 4}
    assert not (tmp_path / "pwned").exists()


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion(tmp_path: Path, shell: str) -> None:
    line = "conv2d shape --dtype f"
    environment = {
        "_CONV2D_COMPLETE": f"complete_{shell}", "COMP_WORDS": line, "COMP_CWORD": "3", "_TYPER_COMPLETE_ARGS": line,
        "_TYPER_COMPLETE_FISH_ACTION": "get-args",
    }  # fmt: skip
    ((_, events),), keys = watched(tmp_path, [[]], **environment)
    assert events == []
    assert keys <= listed_variables()


def test_bench_starts_pythons_and_nothing_else(tmp_path: Path) -> None:
    line = ["bench", "3", "8", "3", "-i", "8", "--rounds", "1", "--engines", "conv2d", "--threads", "1"]
    # It hands the environment on as a whole.
    ((code, events),), _ = watched(tmp_path, [line])
    assert code == 0
    assert events
    assert all(event.startswith(f"subprocess.Popen ({sys.executable!r}") for event in events), events


def listed_variables() -> set[str]:
    section = README.partition("## Environment\n")[2].partition("\n## ")[0]
    return set(re.findall(r"`([A-Z0-9_]+)`", section))
