"""The program in processes forked from one that has loaded its modules: alone like new ones, and sooner there."""

from __future__ import annotations

import atexit
import gc
import json
import os
import subprocess
import sys
import tempfile
import threading
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages
from typing import TYPE_CHECKING, NoReturn

import terminal
from terminal import Done

import conv2d_cli

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_STREAMS = ("stdin", "stdout", "stderr")
# What the program loads when a file needs it, and takes longest.
_LIBRARIES = ("rich.console", "rich.table", "rich.text", "rich.padding", "zarr", "PIL.Image")


class _Forking:
    """A process that forks one for each command line; streams of its processes are files."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory()
        # Threads of BLAS would be lost in a fork.
        environment = os.environ | {"OPENBLAS_NUM_THREADS": "1"}
        command = [sys.executable, "-W", "ignore", __file__]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
        )
        atexit.register(self._end)

    def _end(self) -> None:
        self._process.communicate()
        self._folder.cleanup()

    def ended(self, arguments: Sequence[str], stdin: bytes, folder: str, environment: Mapping[str, str]) -> Done:
        paths = [Path(self._folder.name, name) for name in _STREAMS]
        code = self.code(arguments, stdin, folder, environment, paths[1:])
        out, err = (path.read_bytes().decode(errors="replace") for path in paths[1:])
        return Done(code, out, err)

    def code(
        self,
        arguments: Sequence[str],
        stdin: bytes,
        folder: str,
        environment: Mapping[str, str],
        streams: Sequence[Path],
    ) -> int:
        """Return the exit code of a command line that writes to these two streams."""
        paths = [Path(self._folder.name, _STREAMS[0]), *streams]
        paths[0].write_bytes(stdin)
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        json.dump([folder, [*map(str, paths)], [*arguments], {**environment}], self._process.stdin)
        print(file=self._process.stdin, flush=True)
        return int(self._process.stdout.readline())


_of_thread = threading.local()


def conv2d(*arguments: str, stdin: bytes | None = None, folder: Path | None = None, **environment: str) -> Done:
    """Run `conv2d` as `terminal.conv2d` does, on one thread of BLAS; where the system cannot fork, in a new process."""
    if not hasattr(os, "fork"):
        return terminal.conv2d(*arguments, stdin=stdin, folder=folder, **environment)
    return _forking().ended(arguments, stdin or b"", str(folder or Path.cwd()), environment)


def on_terminal(*arguments: str, stdin: bytes | None = None, folder: Path | None = None, **environment: str) -> Done:
    """Run `conv2d` with both streams on one terminal; what is seen there is `out`, exactly as it was written."""
    import pty
    import tty

    ours, theirs = pty.openpty()
    tty.setraw(theirs)
    seen = bytearray()

    def watch() -> None:
        with suppress(OSError):
            while part := os.read(ours, 1 << 16):
                seen.extend(part)

    watcher = threading.Thread(target=watch)
    watcher.start()
    streams = [Path(os.ttyname(theirs))] * 2
    code = _forking().code(arguments, stdin or b"", str(folder or Path.cwd()), environment, streams)
    os.close(theirs)
    watcher.join()
    os.close(ours)
    return Done(code, seen.decode(errors="surrogateescape"), "")


def _forking() -> _Forking:
    if not hasattr(_of_thread, "forking"):
        _of_thread.forking = _Forking()
    forking: _Forking = _of_thread.forking
    return forking


def _serve() -> None:
    for module in walk_packages(conv2d_cli.__path__, "conv2d_cli."):
        if module.name != "conv2d_cli.__main__":
            import_module(module.name)
    for library in _LIBRARIES:
        with suppress(ImportError):
            import_module(library)
    # What is loaded stays shared: a collection in a forked process would copy it, page by page.
    gc.freeze()
    for line in sys.stdin:
        folder, paths, arguments, environment = json.loads(line)
        process = os.fork()
        if process == 0:
            os.environ.update(environment)
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
