"""What README.md shows is what its reader gets."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from safetensors.numpy import save_file

from conv2d_cli.cli.commands import COMMANDS
from conv2d_cli.report.keys import KEYS

pytestmark = pytest.mark.long

README = (Path(__file__).parent.parent / "README.md").read_text("utf-8")
# Its commands read what those before them have written.
GOLDEN = re.search(r"^## Golden reference\n.*?(?=^## )", README, re.DOTALL | re.MULTILINE)


def examples_in(text: str) -> list[tuple[str, str]]:
    return [
        (command, output)
        for console in re.findall(r"^```console\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
        for command, output in re.findall(r"^\$ (.+)\n((?:(?!\$ ).*\n)*)", console, re.MULTILINE)
    ]


EXAMPLES = [example for example in examples_in(README) if GOLDEN is None or example not in examples_in(GOLDEN[0])]
# The first two blocks install the program, which a test cannot do once more.
SHELL = [
    line
    for block in re.findall(r"^```sh\n(.*?)^```", README, re.DOTALL | re.MULTILINE)[2:]
    for line in block.splitlines()
]
RUNS = [line for line in SHELL if not line.startswith(("conv2d bench --suite", "conv2d bench --calibrate"))]
PYTHON = re.findall(r"^```python\n(.*?)^```", README, re.DOTALL | re.MULTILINE)
PROGRAM = f'conv2d() {{ "{sys.executable}" -P -c "from conv2d_cli.cli.main import main; main()" "$@"; }}\n'


def in_shell(line: str, folder: Path | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["/bin/sh", "-c", PROGRAM + line],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=120,
        cwd=folder,
        env=os.environ | {"COLUMNS": "80"},
    )


def test_there_are_examples() -> None:
    assert len(examples_in(README)) == len(re.findall(r"^\$ ", README, re.MULTILINE))
    assert len(EXAMPLES) >= 10
    assert len(RUNS) >= 10
    assert len(PYTHON) == 1


@pytest.mark.skipif(os.name == "nt", reason="written for a POSIX shell")
@pytest.mark.parametrize(("command", "output"), EXAMPLES)
def test_every_example_prints_what_stands_below_it(command: str, output: str) -> None:
    assert in_shell(command).stdout == output


@pytest.mark.skipif(os.name == "nt", reason="written for a POSIX shell")
def test_five_commands_from_a_layer_to_a_checked_result(tmp_path: Path) -> None:
    assert GOLDEN is not None
    commands = examples_in(GOLDEN[0])
    assert len(commands) == 5
    for command, output in commands:
        if command.split()[1] in COMMANDS:
            assert in_shell(command, tmp_path).stdout == output


@pytest.mark.skipif(os.name == "nt", reason="written for a POSIX shell")
@pytest.mark.parametrize("line", RUNS)
def test_every_other_line_runs(line: str, tmp_path: Path) -> None:
    make_files(tmp_path)
    # Nobody has every peer, and one round is as true as fifteen.
    measured = " --rounds 1 --threads 1" if line.startswith("conv2d bench") else ""
    command = re.sub(r" --engines \S+", "", line.partition("  #")[0].rstrip())
    done = in_shell(command + measured, tmp_path)
    assert done.returncode == 0, done.stdout


def make_files(folder: Path) -> None:
    """Make the files that the lines read."""
    draw = np.random.default_rng(5)

    def tensor(*shape: int) -> np.ndarray:
        return draw.standard_normal(shape, np.float32)

    image = tensor(1, 3, 32, 32)
    np.save(folder / "x.npy", image)
    np.savez(folder / "x.npz", image=image, other=image)
    np.save(folder / "w.npy", tensor(64, 3, 7, 7))
    np.save(folder / "b.npy", tensor(64))
    np.save(folder / "gray.npy", tensor(1, 1, 32, 32))
    save_file({"conv1.weight": tensor(64, 3, 7, 7)}, folder / "model.safetensors")
    np.save(folder / "q.npy", draw.integers(0, 256, (1, 3, 32, 32), np.uint8))
    np.save(folder / "w8.npy", draw.integers(-128, 128, (8, 3, 3, 3), np.int8))
    np.save(folder / "b32.npy", draw.integers(-1000, 1000, 8, np.int32))
    tensor(3, 224, 224).tofile(folder / "x.bin")
    (folder / "big.bin").write_bytes(bytes(16) + np.arange(64, dtype=">i2").tobytes())
    np.save(folder / "nhwc.npy", tensor(1, 32, 32, 3))
    np.save(folder / "hwio.npy", tensor(7, 7, 3, 64))
    Image.fromarray(draw.integers(0, 256, (32, 32, 3), np.uint8)).save(folder / "photo.png")
    (folder / "frames").mkdir()
    np.save(folder / "frames" / "one.npy", image)


def test_the_python_example_runs() -> None:
    subprocess.run([sys.executable, "-P", "-c", PYTHON[0] + "assert y.shape == report.output_shape"], check=True)


def test_keys_are_described_as_everywhere() -> None:
    rows = [line for line in README.splitlines() if re.match(r"\| `\w+` \| .* \| .* \|$", line)]
    described = dict(re.findall(r"^\| `(\w+)` \| (.*) \|$", "\n".join(rows), re.MULTILINE))
    assert len(described) >= 15
    for name, text in described.items():
        assert text == f"{KEYS[name].says} | {KEYS[name].unit}".rstrip()
