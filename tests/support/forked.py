"""The program in processes forked from one that has loaded its modules: alone like new ones, and sooner there."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib import import_module
from typing import TYPE_CHECKING, NoReturn, Self

from terminal import Done, conv2d

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_MODULES = (
    *("cli.main", "cli.commands", "cli.help", "cli.info", "cli.run", "cli.shape", "cli.usage_errors"),
    *("cli.layer_words", "cli.output", "jobs.headers", "jobs.run", "layer.expression", "layer.faults", "layer.model"),
    *("report.analysis", "report.run"),
)
_STREAMS = ("stdin", "stdout", "stderr")


class Forking:
    """A process that forks one for each command line; where the system cannot, each is a new one."""

    def __init__(self, folder: Path) -> None:
        """Start it; streams of its processes are files in `folder`."""
        self._folder = folder
        folder.mkdir()
        # Threads of BLAS would be lost in a fork.
        environment = os.environ | {"OPENBLAS_NUM_THREADS": "1"}
        command = [sys.executable, "-W", "ignore", __file__]
        self._process = (
            subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment)
            if hasattr(os, "fork")
            else None
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._process is not None:
            self._process.communicate()

    def conv2d(self, arguments: Sequence[str], stdin: str, folder: Path) -> Done:
        """Run `conv2d` with arguments and return how it ended."""
        if self._process is None:
            return conv2d(*arguments, stdin=stdin.encode(), folder=folder)
        paths = [self._folder / name for name in _STREAMS]
        paths[0].write_text(stdin, encoding="utf-8")
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        json.dump([str(folder), [*map(str, paths)], [*arguments]], self._process.stdin)
        print(file=self._process.stdin, flush=True)
        code = int(self._process.stdout.readline())
        out, err = (path.read_text(encoding="utf-8", errors="replace") for path in paths[1:])
        return Done(code, out, err)


def _serve() -> None:
    for name in _MODULES:
        import_module(f"conv2d_cli.{name}")
    for line in sys.stdin:
        folder, paths, arguments = json.loads(line)
        process = os.fork()
        if process == 0:
            _become(folder, paths, arguments)
        _, status = os.waitpid(process, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


def _become(folder: str, paths: Sequence[str], arguments: Sequence[str]) -> NoReturn:
    """Go on as `conv2d` in a folder, with files for its streams."""
    flags = (os.O_RDONLY, *(os.O_WRONLY | os.O_CREAT | os.O_TRUNC,) * 2)
    for number, (path, flag) in enumerate(zip(paths, flags, strict=True)):
        os.dup2(os.open(path, flag, 0o600), number)
    # What the old one has read ahead is not for this process.
    sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115 - open until the process ends
    os.chdir(folder)
    sys.argv = ["conv2d", *arguments]
    code: object = 70
    try:
        import_module("conv2d_cli.cli.main").main()
    except SystemExit as ended:
        code = ended.code
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    os._exit(code if isinstance(code, int) else 0)


if __name__ == "__main__":
    _serve()
