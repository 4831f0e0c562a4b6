"""Start-up of the commands against the imports they cannot do without, in one run, interleaved.

Run with the Python that conv2d is installed for: python tests/benchmarks/start_up.py [--rounds 20]

Bytecode is written, as in an installation: without it every start compiles what has changed.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from functools import partial
from importlib.util import find_spec
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))

from interleaved import medians

CONV2D = str(Path(sys.executable).with_name("conv2d"))
TYPER = [sys.executable, "-c", "import typer"]
# What the validator and the command line cost before the first line of our own runs.
MODEL = [
    sys.executable,
    "-c",
    "import typer\nfrom pydantic import BaseModel\nclass Two(BaseModel):\n    first: int\n    second: str",
]
TORCH = [sys.executable, "-c", "import torch"]
# What `conv2d stack resnet50` answers, by a script; torchvision imports only where its missing operators are defined.
_TORCHINFO_SCRIPT = """
import torch
kept = torch.library.Library("torchvision", "DEF")
for name in ("nms", "qnms"):
    kept.define(name + "(Tensor a, Tensor b, float c) -> Tensor")
import torchvision, torchinfo
torchinfo.summary(torchvision.models.resnet50(), (1, 3, 224, 224), verbose=1)
"""
TORCHINFO = [sys.executable, "-c", _TORCHINFO_SCRIPT]
ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
SHAPE = [CONV2D, "shape", "3", "64", "7", "-s", "2", "-p", "3", "-i", "224"]
# As the shells ask for the words that may follow `conv2d shape --padding-mode re`.
COMPLETIONS = {
    "bash": {"_CONV2D_COMPLETE": "complete_bash", "COMP_WORDS": "conv2d shape --padding-mode re", "COMP_CWORD": "3"},
    "zsh": {"_CONV2D_COMPLETE": "complete_zsh", "_TYPER_COMPLETE_ARGS": "conv2d shape --padding-mode re"},
    "fish": {
        "_CONV2D_COMPLETE": "complete_fish",
        "_TYPER_COMPLETE_ARGS": "conv2d shape --padding-mode re",
        "_TYPER_COMPLETE_WORD_TO_COMPLETE": "re",
        "_TYPER_COMPLETE_FISH_ACTION": "get-args",
    },
}
# What is measured, over what, and how much it may be.
LIMITS = (
    ("json", "model", 1.2),
    ("table", "model", 1.4),
    ("stack", "json", 1.5),
    ("version", "typer", 1.3),
    *((shell, "typer", 1.3) for shell in COMPLETIONS),
    ("help", "typer", 2.0),
)


def complete(shell: str) -> None:
    done = subprocess.run([CONV2D], check=True, capture_output=True, env=ENVIRONMENT | COMPLETIONS[shell])
    assert b"replicate" in done.stdout, done


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=20)
    rounds = parser.parse_args().rounds
    commands = {
        "version": [CONV2D, "--version"],
        "help": [CONV2D, "--help"],
        "json": [*SHAPE, "--json"],
        "table": [*SHAPE, "--format", "table"],
        "stack": [CONV2D, "stack", "resnet50", "--json"],
        "network": [CONV2D, "stack", "resnet50"],
        "typer": TYPER,
        "model": MODEL,
    }
    if find_spec("torch"):
        commands["torch"] = TORCH
    if find_spec("torchinfo") and find_spec("torchvision"):
        commands["torchinfo"] = TORCHINFO
    start = partial(subprocess.run, check=True, stdout=subprocess.DEVNULL, env=ENVIRONMENT)
    started = {name: partial(start, command) for name, command in commands.items()}
    median = medians(started | {shell: partial(complete, shell) for shell in COMPLETIONS}, rounds)
    for name, seconds in median.items():
        print(f"{name:8} {seconds * 1000:7.1f} ms")
    for name, base, limit in LIMITS:
        print(f"{name + ' / ' + base:16} {median[name] / median[base]:5.2f}  (at most {limit})")
    if "torch" in median:
        print(f"torch / json     {median['torch'] / median['json']:5.2f}  (at least 6)")
    if "torchinfo" in median:
        print(f"torchinfo / network {median['torchinfo'] / median['network']:5.2f}  (at least 8)")


if __name__ == "__main__":
    main()
