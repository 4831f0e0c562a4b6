"""What README.md shows is what its reader gets."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

README = (Path(__file__).parent.parent / "README.md").read_text("utf-8")
CONSOLES = re.findall(r"^```console\n(.*?)^```", README, re.DOTALL | re.MULTILINE)
EXAMPLES = [
    (command, output)
    for console in CONSOLES
    for command, output in re.findall(r"^\$ (.+)\n((?:(?!\$ ).*\n)*)", console, re.MULTILINE)
]
PYTHON = re.findall(r"^```python\n(.*?)^```", README, re.DOTALL | re.MULTILINE)


def test_there_are_examples() -> None:
    assert len(EXAMPLES) == sum(console.count("\n$ ") + 1 for console in CONSOLES) >= 5
    assert len(PYTHON) == 1


@pytest.mark.skipif(os.name == "nt", reason="written for a POSIX shell")
@pytest.mark.parametrize(("command", "output"), EXAMPLES)
def test_every_example_prints_what_stands_below_it(command: str, output: str) -> None:
    program = f'conv2d() {{ "{sys.executable}" -P -c "from conv2d_cli.cli.main import main; main()" "$@"; }}\n'
    done = subprocess.run(
        ["/bin/sh", "-c", program + command],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.stdout == output


def test_the_python_example_runs() -> None:
    subprocess.run([sys.executable, "-P", "-c", PYTHON[0] + "assert y.shape == report.output_shape"], check=True)
