"""Start-up of the commands against the imports they cannot do without, in one run, interleaved.

Run with the Python that conv2d is installed for: python tests/benchmarks/start_up.py [--rounds 20]
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from functools import partial
from importlib.util import find_spec
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))

from interleaved import medians

CONV2D = str(Path(sys.executable).with_name("conv2d"))
TYPER = [sys.executable, "-c", "import typer"]
MODEL = [
    sys.executable,
    "-c",
    "import typer; from pydantic import BaseModel; M = type('M', (BaseModel,), {'__annotations__': {'x': int}})",
]
TORCH = [sys.executable, "-c", "import torch"]
SHAPE = [CONV2D, "shape", "3", "64", "7", "-s", "2", "-p", "3", "-i", "224", "--json"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=20)
    rounds = parser.parse_args().rounds
    commands = {
        "version": [CONV2D, "--version"],
        "help": [CONV2D, "--help"],
        "shape": SHAPE,
        "typer": TYPER,
        "model": MODEL,
    }
    if find_spec("torch"):
        commands["torch"] = TORCH
    start = partial(subprocess.run, check=True, stdout=subprocess.DEVNULL)
    median = medians({name: partial(start, command) for name, command in commands.items()}, rounds)
    for name, seconds in median.items():
        print(f"{name:8} {seconds * 1000:7.1f} ms")
    print(f"--version / typer       {median['version'] / median['typer']:.2f}  (at most 1.3)")
    print(f"--help / typer          {median['help'] / median['typer']:.2f}  (at most 1.3)")
    print(f"shape --json / model    {median['shape'] / median['model']:.2f}  (at most 1.25)")
    if "torch" in median:
        print(f"torch / shape --json    {median['torch'] / median['shape']:.2f}  (at least 6)")


if __name__ == "__main__":
    main()
