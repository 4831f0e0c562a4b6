"""Which modules a command loads: start-up is a promise, and modules are what it is made of."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

# Other engines, which nothing loads unless it is asked for them.
ENGINES = ("torch", "onnxruntime", "onnx")
HEAVY = (
    "numpy",
    "PIL",
    "matplotlib",
    "rich",
    "pydantic",
    "pydantic_core",
    "safetensors",
    "ml_dtypes",
    "threadpoolctl",
    *ENGINES,
)

PROGRAM = """
import json, sys
from conv2d_cli.cli.main import main
sys.argv = ["conv2d", *json.loads(sys.argv[1])]
try:
    main()
except SystemExit as end:
    code = end.code
print(json.dumps([code, sorted(sys.modules)]), file=sys.stderr)
"""


def loaded_by(*arguments: str) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-P", "-c", PROGRAM, json.dumps(arguments)],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    code, modules = json.loads(done.stderr.splitlines()[-1])
    assert code == 0, done.stderr
    return set(modules)


@pytest.mark.parametrize("arguments", [("--version",), ("--help",), ("-V",), ("-h",)])
def test_help_and_version_load_nothing_heavy_and_no_command(arguments: tuple[str, ...]) -> None:
    modules = loaded_by(*arguments)
    assert modules.isdisjoint(HEAVY)
    assert modules.isdisjoint({"conv2d_cli.cli.shape", "conv2d_cli.cli.run", "conv2d_cli.cli.bench"})


@pytest.mark.parametrize(
    "arguments",
    [
        ("shape", "3", "64", "7", "-i", "224", "--json"),
        ("shape", "Conv2d(3, 64, 7, padding=same)", "-i", "224", "--get", "macs"),
        ("shape", "3", "64", "7", "--format", "csv", "-v"),
        ("shape", "3", "64", "7"),
        ("shape", "3", "64", "7", "--format", "plain"),
        ("explain", "3", "64", "7", "-i", "224", "--json"),
        ("explain", "3", "64", "7", "-i", "8", "--reconcile", "37632", "--format", "markdown"),
        ("solve", "3", "64", "7", "--for", "same-size", "--json"),
        ("sweep", "3", "16,64", "1..7", "-i", "224", "--format", "ndjson"),
        ("sweep", "3", "16,64", "1..7", "-i", "224", "--where", "macs > 1e3", "--pareto", "macs,-kernel_size"),
        ("stack", "resnet50", "--json"),
        ("stack", "resnet50", "-i", "64", "--format", "csv", "--depth", "1"),
        ("stack", "resnet50", "--assert", "macs > 0", "--get", "macs"),
        ("stack", "resnet50", "--format", "dot"),
        ("stack", "resnet50", "--html", "/dev/null"),
        ("draw", "resnet18", "--receptive-field", "--json"),
        ("draw", "resnet18", "--node", "layer3.0.conv1", "-o", "-"),
        ("shape", "3", "64", "7", "-i", "224", "--assert", "macs > 0", "--json"),
        ("shape", "3", "64", "7", "-i", "224", "--peak-flops", "1T", "--bandwidth", "1e9", "--get", "limited_by"),
        ("diff", "3,64,7", "3,64,5", "-i", "224", "--json"),
        ("draw", "3", "64", "7", "-i", "224", "-o", "-"),
        ("draw", "3", "64", "7", "-i", "224", "--animate", "-o", "svg:-"),
        ("draw", "3", "64", "7", "-i", "224", "--json"),
        ("draw", "3", "64", "7", "-i", "224", "--volume", "-o", "-"),
        ("draw", "ConvTranspose2d(64, 32, 2, stride=2)", "-i", "14", "-o", "-"),
        ("code", "3", "64", "7", "--for", "jax"),
        ("draw", "--interactive", "-o", "-"),
        ("code", "3", "64", "7", "-i", "224", "--for", "c", "--json"),
    ],
)
def test_facts_need_neither_arrays_nor_rich(arguments: tuple[str, ...]) -> None:
    modules = loaded_by(*arguments)
    # The layer is a Pydantic model, here too.
    assert modules.isdisjoint({*HEAVY} - {"pydantic", "pydantic_core"})
    assert "pydantic" in modules
    assert "conv2d_cli.cli.run" not in modules


@pytest.mark.parametrize(
    "arguments",
    [
        ("shape", "--help"),
        ("shape", "--get", "help"),
        ("help",),
        ("help", "padding"),
        ("help", "shape"),
        ("stack", "--help"),
        ("stack", "--get", "help"),
        ("compare", "--get", "help"),
        ("stack", "--list"),
        ("stack", "resnet50", "--print"),
        ("solve", "--get", "help"),
        ("solve", "-i", "224", "--output-size", "112"),
        ("solve", "-k", "3", "--limit", "2", "--format", "csv"),
        ("trace", "--get", "help"),
        ("draw", "--receptive-field", "--get", "help"),
        ("explain", "--get", "help"),
        ("draw", "--help"),
        ("draw", "--get", "help"),
        ("code", "--help"),
        ("code", "--get", "help"),
        ("sweep", "--get", "help"),
        ("vectors", "--get", "help"),
        ("diff", "--get", "help"),
        ("diff", "--help"),
        ("help", "formulas"),
        ("version",),
    ],
)
def test_what_judges_no_layer_needs_no_pydantic(arguments: tuple[str, ...]) -> None:
    modules = loaded_by(*arguments)
    assert modules.isdisjoint(HEAVY)
    assert "conv2d_cli.cli.run" not in modules


def test_the_table_needs_rich_but_no_arrays() -> None:
    modules = loaded_by("shape", "3", "64", "7", "--format", "table")
    assert "rich" in modules
    assert "numpy" not in modules


def test_a_picture_in_the_terminal_needs_no_arrays_and_one_with_numbers_no_rich(tmp_path: Path) -> None:
    drawn = loaded_by("draw", "3", "64", "7", "-i", "224", "--format", "table")
    assert "rich" in drawn
    assert drawn.isdisjoint({"numpy", "PIL", "matplotlib"})
    np.save(tmp_path / "x.npy", np.ones((1, 2, 5, 5), np.float32))
    written = loaded_by("draw", "--values", str(tmp_path / "x.npy"), "2", "3", "3", "-o", str(tmp_path / "y.svg"))
    assert "numpy" in written
    assert written.isdisjoint({"rich", "PIL", "matplotlib"})


@pytest.mark.parametrize("command", ["run", "bench", "compare", "trace", "vectors", "sweep"])
def test_help_of_what_computes_loads_no_numpy(command: str) -> None:
    assert loaded_by(command, "--help").isdisjoint(HEAVY)


def test_a_run_loads_no_other_engine(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.ones((1, 2, 5, 5), np.float32))
    arguments = ("run", str(tmp_path / "x.npy"), "2", "3", "3", "--get", "engine")
    for engine in ("numpy", "auto"):
        assert loaded_by(*arguments, "--engine", engine).isdisjoint(ENGINES)


def test_to_plan_for_another_engine_does_not_load_it(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.ones((1, 2, 5, 5), np.float32))
    for engine in ("onnxruntime", "torch"):
        if find_spec(engine) is not None:
            arguments = ("run", str(tmp_path / "x.npy"), "2", "3", "3", "--plan", "--engine", engine, "--json")
            assert loaded_by(*arguments).isdisjoint(ENGINES)


@pytest.mark.skipif(sys.platform != "linux" or Path("/dev/nvidiactl").exists(), reason="there may be a device")
def test_what_is_installed_is_told_without_loading_pytorch() -> None:
    assert "torch" not in loaded_by("info", "--json")


def test_the_package_alone_is_light() -> None:
    done = subprocess.run(
        [sys.executable, "-P", "-c", "import sys, conv2d_cli; print(*sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert set(done.stdout.split()).isdisjoint((*HEAVY, "typer", "conv2d_cli.layer", "conv2d_cli.engine"))
