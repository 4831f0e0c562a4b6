"""`conv2d run --engine` and `bench --engine` by real commands: files, pipes, folders, tiles and plans."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import numpy as np
import pytest
import terminal
from engines_here import OTHERS, WITH_OTHERS
from forked import conv2d

from conv2d_cli import Conv2d, prepare

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Any

pytestmark = pytest.mark.long

LAYER = ("4", "6", "3", "-p", "1", "--padding-mode", "circular", "--weight", "w.npy", "--bias", "b.npy")
# Above this an image is convolved in tiles.
WHOLE_BYTES = 64 << 20
# A process in which a package cannot be imported.
BLOCKED = "import sys; sys.modules[sys.argv.pop(1)] = None; from conv2d_cli.cli.main import main; main()"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    random = np.random.default_rng(1)
    shapes = {"x": (2, 4, 9, 8), "w": (6, 4, 3, 3), "b": (6,)}
    for name, shape in shapes.items():
        np.save(tmp_path / f"{name}.npy", random.standard_normal(shape).astype("f4"))
    (tmp_path / "frames").mkdir()
    for number in range(3):
        np.save(tmp_path / f"frames/f{number}.npy", random.standard_normal((1, 4, 9, 8)).astype("f4"))
    np.save(tmp_path / "i.npy", random.integers(0, 9, (1, 4, 7, 9)).astype(np.uint8))
    np.save(tmp_path / "iw.npy", random.integers(0, 9, (6, 4, 3, 3)).astype(np.uint8))
    return tmp_path


def written(folder: Path, *arguments: str) -> bytes:
    done = conv2d("run", *arguments, "-o", "y.npy", "--force", "-q", folder=folder)
    assert (done.code, done.out, done.err) == (0, "", "")
    return (folder / "y.npy").read_bytes()


@WITH_OTHERS
def test_files_pipes_and_folders_have_the_same_bytes(engine: Any, folder: Path) -> None:
    arguments = (*LAYER, "--engine", engine, "--threads", "1")
    by_file = written(folder, "frames/f1.npy", *arguments)
    content = (folder / "frames/f1.npy").read_bytes()
    done = conv2d("run", "-", *arguments, "-o", "piped.npy", "-q", stdin=content, folder=folder)
    assert (done.code, done.err) == (0, "")
    assert (folder / "piped.npy").read_bytes() == by_file
    assert conv2d("run", "frames", *arguments, "-o", "out", "-q", folder=folder).code == 0
    assert (folder / "out/f1.npy").read_bytes() == by_file
    # The library gives them too.
    weight, bias, x = (np.load(folder / name) for name in ("w.npy", "b.npy", "frames/f1.npy"))
    layer = Conv2d(4, 6, 3, padding=1, padding_mode="circular")
    assert prepare(layer, weight, bias, engine=engine, threads=1)(x).tobytes() == np.load(folder / "y.npy").tobytes()
    # And nearly those of ours.
    ours = written(folder, "frames/f1.npy", *LAYER)
    assert len(ours) == len(by_file)
    assert np.allclose(np.frombuffer(ours[-1000:], "f4"), np.frombuffer(by_file[-1000:], "f4"), rtol=1e-4, atol=1e-4)


@WITH_OTHERS
def test_the_report_and_the_plan_name_the_engine(engine: str, folder: Path) -> None:
    arguments = ("x.npy", *LAYER, "--engine", engine)
    record = json.loads(conv2d("run", *arguments, "--json", folder=folder).out)
    assert (record["engine"], record["algorithm"], record["output_shape"]) == (engine, None, [2, 6, 9, 8])
    plan = json.loads(conv2d("run", *arguments, "--plan", "--json", folder=folder).out)
    assert (plan["engine"], plan["algorithm"], plan["blocks"]) == (engine, None, None)
    assert "circular padding" in plan["reason"]
    assert plan["peak_bytes"] > 10 << 20
    done = conv2d("run", *arguments, "--get", "engine,algorithm", folder=folder)
    assert done == (0, f"{engine}\n\n", "")
    assert f"note: {engine}: " in conv2d("run", *arguments, "-v", "-o", "y.npy", folder=folder).err


@WITH_OTHERS
def test_what_it_lacks_numpy_computes_and_the_plan_says_so(engine: str, folder: Path) -> None:
    arguments = ("i.npy", "--weight", "iw.npy", "--engine", engine)
    plan = json.loads(conv2d("run", *arguments, "--plan", "--json", folder=folder).out)
    assert plan["engine"] == "numpy"
    assert plan["reason"].startswith(f"{engine} does not compute uint8; ")
    assert written(folder, *arguments) == written(folder, "i.npy", "--weight", "iw.npy")
    summed = ("--accumulate", "int32")
    plan = json.loads(conv2d("run", *arguments, *summed, "--plan", "--json", folder=folder).out)
    assert plan["engine"] == "numpy"
    assert plan["reason"].startswith("numpy alone has integer arithmetic; ")


@WITH_OTHERS
def test_a_large_image_in_tiles_has_the_same_bytes_by_file_and_pipe(engine: Any, folder: Path) -> None:
    x = np.random.default_rng(5).integers(-9, 9, (1, 1, 2920, 2950)).astype("f4")
    assert 2 * x.nbytes > WHOLE_BYTES
    np.save(folder / "large.npy", x)
    arguments = ("--weight", "[[1,0,-1],[2,0,-2],[1,0,-1]]", "-p", "1", "--padding-mode", "reflect", "--threads", "1")
    by = (*arguments, "--engine", engine)
    assert conv2d("run", "large.npy", *by, "--plan", "--get", "tiles", folder=folder).out.startswith("rows=")
    by_file = written(folder, "large.npy", *by)
    content = (folder / "large.npy").read_bytes()
    assert conv2d("run", "-", *by, "-o", "piped.npy", "-q", stdin=content, folder=folder).code == 0
    assert (folder / "piped.npy").read_bytes() == by_file
    # Whole sums have the same bytes by every engine.
    assert written(folder, "large.npy", *arguments) == by_file


@pytest.mark.parametrize("name", OTHERS)
def test_an_engine_that_is_missing_is_told_at_once(name: str, folder: Path) -> None:
    for arguments in (("run", "none.npy", *LAYER), ("bench", "2", "4", "3", "-i", "8")):
        done = subprocess.run(
            [sys.executable, "-P", "-c", BLOCKED, name, *arguments, "--engine", name],
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
        )
        assert (done.returncode, done.stdout) == (4, "")
        assert done.stderr.startswith(f"error: --engine {name}")
        assert f"hint: pip install 'conv2d-cli[{name}]'" in done.stderr


@pytest.mark.parametrize("name", OTHERS)
def test_an_engine_that_cannot_be_loaded_is_told_and_the_others_work(name: str, folder: Path) -> None:
    (folder / "broken").mkdir()
    (folder / "broken" / f"{name}.py").write_text('raise OSError("libcompute.so.7: no such file\\nand more")')
    broken: dict[str, Any] = {"PYTHONPATH": str(folder / "broken")}
    done = terminal.conv2d("run", "x.npy", *LAYER, "--engine", name, "-o", "y.npy", folder=folder, **broken)
    assert (done.code, done.out) == (4, "")
    words = f"{name} is installed, but cannot be loaded: libcompute.so.7: no such file"
    assert done.err == f"error: {words}\nhint: --engine numpy, in Python engine='numpy'\n"
    assert not (folder / "y.npy").exists()
    if name == "torch":
        done = terminal.conv2d("run", "x.npy", *LAYER, "--device", "cuda", folder=folder, **broken)
        assert done == (4, "", f"error: device cuda: {words}\nhint: --device cpu\n")
    assert terminal.conv2d("run", "x.npy", *LAYER, "-o", "y.npy", "-q", folder=folder, **broken) == (0, "", "")
    assert terminal.conv2d("info", "--get", "execution_providers,devices", **broken).code == 0


def test_auto_starts_nothing_for_a_little_work(folder: Path) -> None:
    plan = json.loads(conv2d("run", "x.npy", *LAYER, "--engine", "auto", "--plan", "--json", folder=folder).out)
    assert plan["engine"] == "numpy"
    assert plan["algorithm"]
    assert written(folder, "x.npy", *LAYER, "--engine", "auto") == written(folder, "x.npy", *LAYER)


@pytest.mark.parametrize(
    ("arguments", "says", "hint"),
    [
        (("--engine", "pytorch"), "--engine pytorch: no such engine", "--engine torch"),
        (("--engine", ""), "no such engine", "numpy"),
        (("--engine", "Torch"), "--engine Torch: no such engine", "--engine torch"),
        (("--engine", "\udcff"), "no such engine", "numpy"),
        (("--engine", "x" * 100_000), "no such engine", "numpy"),
        (("--engine",), "--engine takes a value", "--engine numpy"),
    ],
)
@pytest.mark.parametrize("command", ["run", "bench"])
def test_a_mistaken_engine_is_refused_before_files_are_opened(
    command: str, arguments: tuple[str, ...], says: str, hint: str, folder: Path
) -> None:
    first = ("none.npy", *LAYER) if command == "run" else ("2", "4", "3", "-i", "8")
    done = conv2d(command, *first, *arguments, folder=folder)
    assert (done.code, done.out) == (2, "")
    assert says in done.err
    assert hint in done.err
    assert "Traceback" not in done.err


@WITH_OTHERS
@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--accuracy", "exact"), "exact sums are made by numpy alone"),
        (("--algorithm", "im2col"), "chooses its algorithm itself, im2col is one of numpy's"),
    ],
)
def test_what_numpy_alone_has_is_refused_with_a_hint_that_works(
    engine: str, arguments: tuple[str, ...], says: str, folder: Path
) -> None:
    for words in (("run", "x.npy", *LAYER, "--plan"), ("bench", "2", "4", "3", "-i", "8")):
        done = conv2d(*words, "--engine", engine, *arguments, folder=folder)
        assert (done.code, done.out) == (2, "")
        assert done.err.startswith(f"error: --engine {engine}")
        assert says in done.err
        assert "hint: --engine numpy\n" in done.err
    assert conv2d("run", "x.npy", *LAYER, "--engine", "numpy", *arguments, "--plan", folder=folder).code == 0


@WITH_OTHERS
@pytest.mark.parametrize("prepared", [(), ("--prepared",)])
def test_bench_says_who_carries_it_out(engine: str, prepared: tuple[str, ...]) -> None:
    layer = ("2", "4", "3", "-i", "8", "--rounds", "1", "--threads", "1", "--accuracy", "strict")
    arguments = (*layer, "--engines", f"conv2d,{engine}", *prepared)
    rows = json.loads(terminal.conv2d("bench", *arguments, "--engine", engine, "--json").out)["rows"]
    assert [(row["engine"], row["carried_out_by"], row["algorithm"]) for row in rows] == [
        ("conv2d", engine, None),
        (engine, engine, None),
    ]
    assert [row["prepared"] for row in rows] == [bool(prepared)] * 2
    assert all(row["median_ms"] > 0 and row["error_units"] <= 4 for row in rows)
    # The same call of the same engine.
    assert rows[0]["error_units"] == rows[1]["error_units"]
    lines = terminal.conv2d("bench", *arguments, "--engine", engine).out.splitlines()
    assert any(f"conv2d strict by {engine} " in line for line in lines)
