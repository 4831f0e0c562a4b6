"""`conv2d run` as its users meet it: real processes on real files, through pipes, with every option."""

from __future__ import annotations

import io
import json
import os
import re
import shlex
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import numpy as np
import pytest
import terminal
from forked import conv2d
from reference import reference_conv2d
from terminal import PROGRAM, Done

import conv2d_cli

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.long

RUN_KEYS = [
    *("output_shape", "dtype", "min", "max", "mean", "first_values", "algorithm", "engine", "threads", "seconds"),
    *("gflops", "accumulator_bits_worst", "accumulator_bits", "overflow"),
]
DRAWN = "note: parameters drawn as torch.manual_seed({}) would draw them; --seed N changes it\n"


def assert_written(done: Done, name: str, what: str, before: str = "") -> None:
    """Check that a run was silent but for one line on stderr: what it wrote, how large it is and how long it took."""
    assert (done.code, done.out) == (0, "")
    line = rf"wrote {re.escape(name)}  {re.escape(what)}, [0-9.]+ (B|KiB|MiB) in [0-9.]+ (\u00b5s|us|ms|s)\n"
    assert re.fullmatch(re.escape(before) + line, done.err), done.err


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    generator = np.random.default_rng(7)
    np.save(tmp_path / "x.npy", generator.integers(-4, 5, (2, 4, 7, 9)).astype(np.float32))
    np.save(tmp_path / "w.npy", generator.integers(-4, 5, (6, 2, 3, 2)).astype(np.float32))
    np.save(tmp_path / "b.npy", generator.integers(-4, 5, 6).astype(np.float32))
    np.save(tmp_path / "i.npy", generator.integers(0, 9, (1, 4, 7, 9)).astype(np.uint8))
    return tmp_path


def test_the_numbers_of_a_file_are_those_of_the_reference(folder: Path) -> None:
    done = conv2d(
        *("run", "x.npy", "--weight", "w.npy", "--bias", "b.npy", "-g", "2", "-s", "2,1", "-p", "1,0", "-d", "1,2"),
        *("--padding-mode", "reflect", "-o", "y.npy"),
        folder=folder,
    )
    assert_written(done, "y.npy", "2x6x4x7 float32")
    x, weight, bias = (np.load(folder / name) for name in ("x.npy", "w.npy", "b.npy"))
    expected = reference_conv2d(
        *(x, weight, bias),
        stride=(2, 1),
        padding=(1, 0, 1, 0),
        dilation=(1, 2),
        groups=2,
        padding_mode="reflect",
    )
    y = np.load(folder / "y.npy")
    assert (y.shape, y.dtype) == (expected.shape, np.float32)
    assert np.array_equal(y, expected.astype(np.float32))


def test_drawn_parameters_are_those_of_the_seed_and_can_be_kept(folder: Path) -> None:
    done = conv2d(
        "run", "x.npy", "4", "6", "3", "--seed", "-7", "-o", "y.npy", "--save-parameters", "p.npz", folder=folder
    )
    said, kept_line = done.err[:-1].rsplit("\n", 1)
    assert kept_line == "wrote p.npz  weight and bias of seed -7: --weight reads them"
    assert_written(done._replace(err=f"{said}\n"), "y.npy", "2x6x5x7 float32", DRAWN.format(-7))
    weight, bias = conv2d_cli.init_parameters(conv2d_cli.Conv2d(4, 6, 3), seed=-7)
    with np.load(folder / "p.npz") as kept:
        assert np.array_equal(kept["weight"], weight)
        assert bias is not None
        assert np.array_equal(kept["bias"], bias)
    expected = conv2d_cli.conv2d(np.load(folder / "x.npy"), weight, bias)
    assert np.array_equal(np.load(folder / "y.npy"), expected)
    # The file that keeps them can be given back as it is: it holds a weight and a bias.
    for number, given in enumerate(
        (
            ("--weight", "p.npz::weight", "--bias", "p.npz::bias"),
            ("--weight", "p.npz", "--bias", "p.npz"),
            ("--weight", "p.npz"),
            ("4", "6", "3", "--weight", "p.npz"),
        )
    ):
        again = conv2d("run", "x.npy", *given, "-o", f"z{number}.npy", folder=folder)
        assert_written(again, f"z{number}.npy", "2x6x5x7 float32")
        assert np.array_equal(np.load(folder / f"z{number}.npy"), expected)
    assert conv2d("shape", "--weight", "p.npz", "--get", "out_channels,bias", folder=folder) == (0, "6\ntrue\n", "")


def test_the_summary_is_shown_without_an_output_or_asked_for(folder: Path) -> None:
    done = conv2d("run", "x.npy", "--weight", "[[1]]", "-g", "4", "--json", folder=folder)
    assert done.code == 3
    typed = "[[[[1]]],[[[2]]],[[[0]]],[[[1]]]]"
    done = conv2d("run", "i.npy", "4", "4", "1", "-g", "4", "--weight", typed, "--json", "-o", "y.npy", folder=folder)
    record = json.loads(done.out)
    x = np.load(folder / "i.npy")
    expected = x * np.array([1, 2, 0, 1], np.uint8)[:, None, None]
    assert list(record) == ["schema_version", *RUN_KEYS]
    assert np.array_equal(np.load(folder / "y.npy"), expected)
    assert record["output_shape"] == [1, 4, 7, 9]
    assert record["dtype"] == "uint8"
    assert record["min"] == int(expected.min())
    assert record["max"] == int(expected.max())
    assert record["mean"] == float(expected.mean())
    assert record["threads"] >= 1
    table = conv2d("run", "x.npy", "4", "6", "3", folder=folder)
    assert [line.split()[0] for line in table.out.splitlines()] == RUN_KEYS
    assert record["first_values"] == expected.reshape(-1)[:8].tolist()
    assert record["engine"] == "numpy"
    assert conv2d("run", "x.npy", "4", "6", "3", "-q", "--get", "output_shape", folder=folder) == (0, "2 6 5 7\n", "")


def test_a_table_shows_the_first_values(folder: Path) -> None:
    np.save(folder / "v.npy", np.arange(12, dtype=np.int16).reshape(1, 3, 4))
    out = conv2d("run", "v.npy", "--weight", "[[1]]", folder=folder).out
    assert "0 1 2 3 4 5 6 7" in next(line for line in out.splitlines() if "first_values" in line)


@pytest.mark.parametrize(
    ("x", "shape", "min_", "mean"),
    [
        (np.zeros((0, 4, 7, 9), np.float32), "0 6 5 7", "", ""),
        (np.full((4, 7, 9), np.nan, np.float32), "6 5 7", "nan", "nan"),
        (np.zeros((1, 4, 7, 9), np.complex64), "1 6 5 7", "", None),
    ],
)
def test_what_has_no_least_value_says_so(
    tmp_path: Path,
    x: np.ndarray,
    shape: str,
    min_: str,
    mean: str | None,
) -> None:
    np.save(tmp_path / "x.npy", x)
    done = conv2d(
        *("run", "x.npy", "4", "6", "3", "-q", "--get", "output_shape", "--get", "min", "--get", "max"),
        *(() if mean is None else ("--get", "mean")),
        folder=tmp_path,
    )
    assert done == (0, "".join(f"{line}\n" for line in [shape, min_, min_, *([] if mean is None else [mean])]), "")


def test_pipes_from_end_to_end(folder: Path) -> None:
    content = (folder / "x.npy").read_bytes()
    first = subprocess.run(
        [*PROGRAM, "run", "-", "4", "6", "3", "-q", "-o", "-"],
        input=content,
        capture_output=True,
        check=True,
        timeout=60,
    )
    weight, bias = conv2d_cli.init_parameters(conv2d_cli.Conv2d(4, 6, 3), seed=0)
    expected = conv2d_cli.conv2d(np.load(folder / "x.npy"), weight, bias)
    assert np.array_equal(np.load(io.BytesIO(first.stdout)), expected)
    done = conv2d("run", "npy:-", "6", "2", "1", "-q", "--get", "output_shape", stdin=first.stdout)
    assert done == (0, "2 2 5 7\n", "")
    weight_piped = conv2d(
        "run",
        "x.npy",
        "--weight",
        "-",
        "-g",
        "2",
        "--get",
        "dtype",
        stdin=(folder / "w.npy").read_bytes(),
        folder=folder,
    )
    assert weight_piped == (0, "float32\n", "")


@pytest.mark.parametrize(
    "x",
    [
        np.asfortranarray(np.arange(60.0).reshape(3, 4, 5)),
        np.arange(60.0).astype(">f8").reshape(3, 4, 5),
        np.arange(120.0).reshape(3, 4, 10)[:, :, ::2],
    ],
)
def test_any_order_of_bytes_gives_the_same_numbers(tmp_path: Path, x: np.ndarray) -> None:
    np.save(tmp_path / "x.npy", x)
    (tmp_path / "x.npy").chmod(0o444)
    assert conv2d("run", "x.npy", "3", "2", "2", "-q", "-o", "y.npy", folder=tmp_path).code == 0
    parameters = conv2d_cli.init_parameters(conv2d_cli.Conv2d(3, 2, 2, dtype="float64"), seed=0)
    assert np.array_equal(np.load(tmp_path / "y.npy"), conv2d_cli.conv2d(x, *parameters))


@pytest.mark.parametrize("dtype", ["float16", "float64", "bfloat16", "complex128"])
def test_dtype_casts_every_tensor(folder: Path, dtype: str) -> None:
    done = conv2d("run", "x.npy", "--weight", "w.npy", "-g", "2", "--dtype", dtype, "--get", "dtype", folder=folder)
    assert done == (0, f"{dtype}\n", "")


def test_bfloat16_files_go_round(folder: Path) -> None:
    assert conv2d("run", "x.npy", "4", "6", "3", "--dtype", "bfloat16", "-o", "y.npy", folder=folder).code == 0
    assert np.load(folder / "y.npy").dtype == np.dtype("V2")
    assert conv2d("run", "y.npy", "6", "2", "1", folder=folder).err.endswith(
        "hint: --dtype bfloat16 reads two-byte elements as bfloat16\n"
    )
    done = conv2d("run", "y.npy", "6", "2", "1", "--dtype", "bfloat16", "--get", "dtype", "-q", folder=folder)
    assert done == (0, "bfloat16\n", "")


def test_a_bias_may_be_read_where_the_weight_is_drawn(folder: Path) -> None:
    done = conv2d("run", "x.npy", "4", "6", "3", "--bias", "b.npy", "-q", "-o", "y.npy", folder=folder)
    assert done.code == 0
    weight, _ = conv2d_cli.init_parameters(conv2d_cli.Conv2d(4, 6, 3), seed=0)
    expected = conv2d_cli.conv2d(np.load(folder / "x.npy"), weight, np.load(folder / "b.npy"))
    assert np.array_equal(np.load(folder / "y.npy"), expected)


def test_what_was_written_is_said_unless_nobody_wants_to_know(folder: Path) -> None:
    done = conv2d("run", "x.npy", "4", "6", "3", "-o", "y.npy", "-q", folder=folder)
    assert done == (0, "", "")
    done = conv2d("run", "x.npy", "4", "6", "3", "-o", "y.npy", "-f", "--json", folder=folder)
    assert done.err.startswith(DRAWN.format(0) + "wrote y.npy  2x6x5x7 float32, ")
    assert json.loads(done.out)["output_shape"] == [2, 6, 5, 7]
    assert "wrote" not in conv2d("run", "x.npy", "4", "6", "3", folder=folder).err


def test_a_weight_alone_has_no_bias(folder: Path) -> None:
    for layer in ((), ("4", "6", "3x2")):
        done = conv2d("run", "x.npy", *layer, "--weight", "w.npy", "-g", "2", "-o", "y.npy", "-f", folder=folder)
        assert_written(done, "y.npy", "2x6x5x8 float32")
        expected = conv2d_cli.conv2d(np.load(folder / "x.npy"), np.load(folder / "w.npy"), groups=2)
        assert np.array_equal(np.load(folder / "y.npy"), expected)


def test_a_plan_is_shown_and_nothing_done(folder: Path) -> None:
    done = conv2d("run", "x.npy", "4", "6", "3", "-o", "y.npy", "--plan", "--json", folder=folder)
    record = json.loads(done.out)
    assert done.err == ""
    assert not (folder / "y.npy").exists()
    assert record["schema_version"] == 1
    assert record["input_shape"] == [2, 4, 7, 9]
    assert record["weight_shape"] == [6, 4, 3, 3]
    assert record["bias_shape"] == [6]
    assert record["output_shape"] == [2, 6, 5, 7]
    assert record["dtype"] == "float32"
    assert record["parameters_from"] == "seed 0"
    assert record["algorithm"] == "small"
    assert record["accuracy"] == "strict"
    assert record["macs"] == 2 * 6 * 5 * 7 * 4 * 9
    assert record["input_bytes"] == 2 * 4 * 7 * 9 * 4
    assert record["parameter_bytes"] == (6 * 4 * 9 + 6) * 4
    assert record["output_bytes"] == 2 * 6 * 5 * 7 * 4
    assert record["peak_bytes"] > record["input_bytes"] + record["output_bytes"] + record["scratch_bytes"]
    assert record["memory_limit_bytes"] is None
    files = conv2d(
        *("run", "x.npy", "--weight", "w.npy", "-g", "2", "--plan", "--memory-limit", "1.5GiB"),
        *("--get", "parameters_from", "--get", "bias_shape", "--get", "memory_limit_bytes"),
        folder=folder,
    )
    assert files.out == f"files\n\n{3 * 2**29}\n"


def test_verbose_says_which_algorithm_and_why(folder: Path) -> None:
    done = conv2d("run", "x.npy", "4", "6", "3", "-v", "--algorithm", "im2col", "-o", "y.npy", folder=folder)
    assert done.err.startswith(DRAWN.format(0) + "note: im2col: windows are copied to columns for ")
    assert "36 products per output are added in float32" in done.err


@pytest.mark.parametrize(
    ("line", "code", "words"),
    [
        # Whether there is PyTorch, and for a GPU, is the machine's: nowhere is it quietly the CPU.
        ("x.npy 4 6 3 --device cuda:99", 4, "error: device cuda:99"),
        ("missing.npy 4 6 3 --device cuda:99", 4, "error: device cuda:99"),
        ("x.npy 4 6 3 --device cuda --engine numpy", 2, "error: --engine numpy computes on the CPU alone, and not on"),
        ("x.npy 4 6 3 --device cuda --accuracy exact", 2, "error: device cuda: exact sums are made on the CPU alone"),
        ("x.npy 4 6 3 --device meta", 2, "error: device meta: convolutions run on cpu, cuda, cuda:N and mps"),
        ("x.npy --weight w.npy --device gpu", 2, "error: device gpu: convolutions run on cpu, cuda, cuda:N and mps"),
        ("i.npy --weight w.npy --accumulate int32 --device cuda", 2, "error: device cuda: integers are accumulated on"),
    ],
)
def test_a_device_that_cannot_be_used_is_refused_before_any_file(
    folder: Path, line: str, code: int, words: str
) -> None:
    done = conv2d("run", *line.split(), folder=folder)
    assert (done.code, done.out) == (code, "")
    assert done.err.startswith(words)
    assert done.err.endswith(("hint: --device cpu\n", "hint: pip install 'conv2d-cli[torch]'\n"))


def test_a_device_of_an_expression_is_mended_there(folder: Path) -> None:
    done = conv2d("run", "x.npy", "Conv2d(4, 6, 3, device='meta')", folder=folder)
    assert done.err.endswith("hint: device='cpu'\n")
    done = conv2d("run", "x.npy", "Conv2d(4, 6, 3, device='cpu:0')", "--get", "engine", folder=folder)
    assert (done.code, done.out) == (0, "numpy\n")


@pytest.mark.parametrize(("limit", "code"), [("1", 5), ("1kB", 5), ("64GB", 0), ("1TiB", 0)])
def test_a_memory_limit_refuses_before_reading(folder: Path, limit: str, code: int) -> None:
    done = conv2d("run", "x.npy", "4", "6", "3", "-q", "--memory-limit", limit, "-o", "y.npy", folder=folder)
    assert done.code == code
    assert (folder / "y.npy").exists() == (code == 0)
    if code:
        assert done.err.startswith("error: this run takes about ")
        assert "--plan shows the parts" in done.err


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux publishes the peak in /proc")
@pytest.mark.parametrize(
    ("shape", "words"),
    [
        ((1, 3, 900, 900), "3 16 7 -o y.npy"),
        ((4, 256, 28, 28), "256 256 3 -p 1 -o y.npy"),
        # Read ahead and written behind: in chunks, in tiles, as another type, and to a store.
        ((40, 8, 400, 400), "8 8 3 -p 1 -o y.npy"),
        ((4, 8, 1100, 1100), "8 8 3 -p 1 -o y.npy"),
        ((40, 8, 400, 400), "8 8 3 -p 1 --dtype float64 -o y.npy"),
        ((4, 8, 1100, 1100), "8 8 3 -p 1 -o y.zarr"),
    ],
)
def test_the_peak_stays_inside_the_plan(tmp_path: Path, shape: tuple[int, ...], words: str) -> None:
    np.save(tmp_path / "x.npy", np.ones(shape, np.float32))
    # In a process of its own: what one that was forked holds already is no part of this run.
    plan = terminal.conv2d("run", "x.npy", *words.split(), "--plan", "--get", "peak_bytes", folder=tmp_path)
    planned = int(plan.out)
    tell = "import atexit; atexit.register(lambda: print(open('/proc/self/status').read()));"
    program = [sys.executable, "-P", "-c", tell + PROGRAM[-1], "run", "x.npy", *words.split(), "-q"]
    out = subprocess.run(program, capture_output=True, text=True, check=True, cwd=tmp_path, timeout=60).stdout
    status = dict(line.split(":", 1) for line in out.splitlines() if ":" in line)
    peak = int(status["VmHWM"].split()[0]) * 1024
    assert planned / 2 < peak <= planned


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT", "SIGHUP", "SIGQUIT", "SIGALRM", "SIGUSR1", "SIGXCPU"])
def test_a_signal_ends_it_and_leaves_nothing(tmp_path: Path, name: str) -> None:
    sent: signal.Signals = getattr(signal, name)
    np.save(tmp_path / "x.npy", np.ones((64, 64, 112, 112), np.float16))
    with subprocess.Popen(
        [*PROGRAM, "run", "x.npy", "64", "256", "3", "-o", "y.npy"],
        cwd=tmp_path,
        stderr=subprocess.PIPE,
        # Whatever this process ignores, as it does under nohup; nothing else runs here meanwhile.
        preexec_fn=lambda: signal.signal(sent, signal.SIG_DFL),  # noqa: PLW1509
    ) as process:
        assert process.stderr is not None
        assert process.stderr.readline().startswith(b"note: parameters drawn")
        time.sleep(0.3)
        process.send_signal(sent)
        assert process.wait(timeout=60) == 128 + sent
        assert process.stderr.read() == b""
    assert [path.name for path in tmp_path.iterdir()] == ["x.npy"]


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
def test_a_signal_that_is_ignored_stays_so(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.ones((8, 64, 112, 112), np.float16))
    ignoring = f"trap '' HUP; exec {shlex.join(PROGRAM)} run x.npy 64 64 3 -o y.npy"
    with subprocess.Popen(["/bin/sh", "-c", ignoring], cwd=tmp_path, stderr=subprocess.PIPE) as process:
        assert process.stderr is not None
        assert process.stderr.readline().startswith(b"note: parameters drawn")
        process.send_signal(signal.SIGHUP)
        assert process.wait(timeout=60) == 0
    assert (tmp_path / "y.npy").exists()
