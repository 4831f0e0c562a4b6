"""The real program in a real process: its exit code and what it wrote."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from pathlib import Path

PROGRAM = [sys.executable, "-P", "-c", "from conv2d_cli.cli.main import main; main()"]


class Done(NamedTuple):
    """How a process ended."""

    code: int
    out: str
    err: str


def conv2d(*arguments: str, stdin: bytes | None = None, folder: Path | None = None, **environment: str) -> Done:
    """Run `conv2d` with arguments and return how it ended; stdin is empty unless given."""
    done = subprocess.run(
        [*PROGRAM, *arguments],
        input=stdin or b"",
        capture_output=True,
        check=False,
        cwd=folder,
        env=os.environ | environment,
        timeout=120,
    )
    return Done(done.returncode, done.stdout.decode(), done.stderr.decode())
