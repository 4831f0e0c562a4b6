"""A short run of what `tests/benchmarks/concurrency.py` does for 500 rounds, with twenty writers."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[1] / "benchmarks/concurrency.py"
KINDS = (
    *("writers-npy", "writers-npz-force", "writers-safetensors-force", "writers-zarr", "writers-png"),
    *("resumes-same", "resumes-other", "killed"),
    *("dying-writer-pipe", "dying-writer-fifo", "dying-writer-weight", "forks"),
)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="processes are forked")
def test_nothing_is_lost_and_nothing_hangs() -> None:
    words = [word for kind in KINDS for word in ("--kind", kind)]
    command = [sys.executable, "-P", "-W", "ignore", str(SCRIPT), "--rounds", str(len(KINDS)), "--writers", "6", *words]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert f"{len(KINDS)} rounds in " in ended.stdout
