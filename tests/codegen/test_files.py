"""Generated programs as people run them: parameters that `run` has kept, a file in, a file out, names of any kind."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import numpy as np
import pytest
from forked import conv2d
from generated_code import COMPILER, WARNINGS, require

from conv2d_cli import Conv2d
from conv2d_cli.codegen.api import source
from conv2d_cli.codegen.registry import TARGETS

if TYPE_CHECKING:
    from pathlib import Path

    from conv2d_cli.layer.choices import PaddingMode

pytestmark = pytest.mark.long

LAYER = ("4", "6", "3x2", "-s", "2", "-p", "1,0,2,1", "-g", "2")
HOSTILE = ("a\"b'c\\ ;#$(x).", "new\nline.", "*/ ??/\n??'??=.", "%s%n{x}{{.", "é☃\udcff.", "-", "\\", "\t\x7f\x1b[31m.")


# Processes that load PyTorch or JAX take seconds: all files and types go through the program for NumPy.
KEPT = [
    *((target, "p.npz", "float32") for target in TARGETS if target != "c"),
    *(("numpy", kept, dtype) for kept, dtype in (("p.npz", "bfloat16"), ("p.safetensors", "float32"))),
    *((target, "p.safetensors", "bfloat16") for target in ("numpy", "pytorch")),
]


@pytest.mark.parametrize(("target", "kept", "dtype"), KEPT)
def test_programs_in_python_read_what_run_has_kept(target: str, kept: str, dtype: str, tmp_path: Path) -> None:
    require(target)
    np.save(tmp_path / "x.npy", np.random.default_rng(3).standard_normal((2, 4, 7, 8), np.float32))
    words = (*LAYER, "--dtype", dtype)
    made = conv2d("run", "x.npy", *words, "--save-parameters", kept, "-o", "y.npy", "-q", folder=tmp_path)
    assert (made.code, made.err) == (0, "")
    written = conv2d("code", *words, "--for", target, "--weights", kept, "-o", "layer.py", folder=tmp_path)
    assert (written.code, written.out) == (0, "")
    assert written.err.startswith("wrote layer.py: pip install numpy")
    # Frameworks warn, and say so on stderr.
    subprocess.run([sys.executable, "layer.py", "x.npy", "z.npy"], cwd=tmp_path, check=True, capture_output=True)
    told = ("--dtype", dtype) if dtype == "bfloat16" else ()
    done = conv2d("compare", "y.npy", "z.npy", *told, "--rtol", "1e-5", "--atol", "1e-5", "-q", folder=tmp_path)
    assert done.code == 0, done.out + done.err


@pytest.mark.skipif(COMPILER is None, reason="no C compiler is installed: programs in C are not run")
@pytest.mark.parametrize("size", [(), ("-i", "2x4x7x8")])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_program_in_c_reads_what_run_has_kept(dtype: str, size: tuple[str, ...], tmp_path: Path) -> None:
    x = np.random.default_rng(3).integers(-4, 5, (2, 4, 7, 8)).astype(dtype)
    np.save(tmp_path / "x.npy", x)
    x.tofile(tmp_path / "x.bin")
    made = conv2d("run", "x.npy", *LAYER, "--save-parameters", "p.bin", "-o", "y.bin", folder=tmp_path)
    assert made.code == 0
    given_back = made.err.splitlines()[-1].rpartition("seed 0: ")[2].split()
    again = conv2d("run", "x.npy", *LAYER, *given_back, "-o", "again.bin", folder=tmp_path)
    assert (again.code, (tmp_path / "again.bin").read_bytes()) == (0, (tmp_path / "y.bin").read_bytes())
    words = (*LAYER, "--dtype", dtype, "--for", "c", "--weights", "p.bin", *size)
    assert conv2d("code", *words, "-o", "layer.c", folder=tmp_path).code == 0
    run_c("layer.c", "x.bin", "z.bin", *(() if size else ("7", "8")), folder=tmp_path)
    y, z = (np.fromfile(tmp_path / name, dtype) for name in ("y.bin", "z.bin"))
    assert np.allclose(y, z, rtol=1e-5, atol=1e-5)


NO_SIZES = ("0", "-4", "", "4x", "abc", "99999999999999999999", "4611686018427387904")
# Images of 16 elements that have too few rows or columns to pad two from.
TOO_SMALL: dict[PaddingMode, tuple[tuple[str, str], ...]] = {
    "zeros": (),
    "replicate": (),
    "reflect": (("2", "8"), ("16", "1")),
    "circular": (("1", "16"), ("16", "1")),
}


@pytest.mark.skipif(COMPILER is None, reason="no C compiler is installed: programs in C are not run")
@pytest.mark.parametrize("mode", TOO_SMALL)
def test_a_program_in_c_refuses_sizes_that_are_none(mode: PaddingMode, tmp_path: Path) -> None:
    for name, count in {"x.bin": 16, "parameters.weight.bin": 9, "parameters.bias.bin": 1}.items():
        np.ones(count, np.float32).tofile(tmp_path / name)
    text = source(Conv2d(1, 1, 3, padding=2, padding_mode=mode), "c")
    (tmp_path / "layer.c").write_text(text, "ascii")
    run_c("layer.c", "x.bin", "y.bin", "4", "4", folder=tmp_path)
    refused = [*((size, "4") for size in NO_SIZES), *(("4", size) for size in NO_SIZES), *TOO_SMALL[mode]]
    for size in (*refused, ("3", "4"), ("2147483647", "2147483647")):
        done = subprocess.run(
            [tmp_path / "layer", "x.bin", "y.bin", *size], cwd=tmp_path, check=False, capture_output=True, text=True
        )
        assert (done.returncode, done.stderr.count("size")) == (1, 1), (size, done.stderr)


def test_constants_of_c_that_an_int_cannot_hold_are_added_as_longer_ones(tmp_path: Path) -> None:
    if COMPILER is None:
        pytest.skip("no C compiler is installed: programs in C are not run")
    (tmp_path / "layer.c").write_text(source(Conv2d(1, 1, 3, padding=2_000_000_000), "c"), "ascii")
    subprocess.run([COMPILER, *WARNINGS, "-c", "layer.c"], cwd=tmp_path, check=True)


def run_c(source_file: str, *words: str, folder: Path) -> None:
    assert COMPILER is not None
    subprocess.run([COMPILER, *WARNINGS, "-O1", "-o", "layer", source_file], cwd=folder, check=True)
    subprocess.run([folder / "layer", *words], cwd=folder, check=True)


@pytest.mark.parametrize("name", HOSTILE)
def test_names_of_files_stay_names_in_python(name: str, tmp_path: Path) -> None:
    layer, file = Conv2d(1, 1, 1, bias=False), str(tmp_path / name.replace("/", "")) + ".npz"
    with open(os.fsencode(file), "wb") as stream:  # noqa: PTH123 - a name that is no text
        np.savez(stream, weight=np.full((1, 1, 1, 1), 3, np.float32))
    for target in ("numpy", "pytorch", "onnx"):
        text = source(layer, target, weights=file)
        assert text.isascii()
        names = {"__name__": "generated"}
        code = compile(text, target, "exec")
        if target == "numpy":
            exec(code, names)  # noqa: S102 - what it says is what is tested
            assert names["WEIGHTS"] == file
            run = names["run"]
            assert callable(run)
            assert run(np.ones((1, 1, 1), np.float32)) == 3


@pytest.mark.skipif(COMPILER is None, reason="no C compiler is installed: programs in C are not run")
def test_names_of_files_stay_names_in_c(tmp_path: Path) -> None:
    np.ones((1, 1, 2, 2), np.float32).tofile(tmp_path / "x.bin")
    name = "".join(HOSTILE).replace("/", "")
    with open(os.fsencode(tmp_path / f"{name}.weight.bin"), "wb") as stream:  # noqa: PTH123 - a name that is no text
        stream.write(np.full(1, 3, np.float32).tobytes())
    text = source(Conv2d(1, 1, 1, bias=False), "c", weights=f"{name}.bin", input_shape=(1, 1, 2, 2))
    (tmp_path / "layer.c").write_text(text, "ascii")
    run_c("layer.c", "x.bin", "y.bin", folder=tmp_path)
    assert [*np.fromfile(tmp_path / "y.bin", np.float32)] == [3, 3, 3, 3]
