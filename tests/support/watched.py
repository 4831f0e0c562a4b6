"""Command lines in one process that is watched: what they do beyond files, and which variables of ours they read.

python watched.py LINES.json RESULTS.json
"""

from __future__ import annotations

import json
import os
import sys
import sysconfig
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from types import CodeType, FrameType

# An event loop has a pair of sockets of its own, which no other process sees.
_ALLOWED = frozenset({"socket.__new__"})
_NETWORK = ("socket.", "urllib.", "http.", "ftplib.", "smtplib.", "webbrowser.")
_PROCESSES = ("subprocess.", "os.system", "os.exec", "os.posix_spawn", "os.spawn", "os.fork", "pty.")
_CODE = ("pickle.", "marshal.loads", "code.__new__", "import", "exec")
_LIBRARY = sysconfig.get_paths()["stdlib"]
_READ_ANNOTATIONS = frozenset(str(Path(_LIBRARY, name)) for name in ("inspect.py", "typing.py", "annotationlib.py"))
_FROM_FILES = tuple(str(Path(place).resolve()) for place in sys.path if place)
_events: list[str] = []
_keys: set[str] = set()


def _watch(name: str, arguments: tuple[Any, ...]) -> None:
    if name in _ALLOWED:
        if name == "socket.__new__" and arguments[1] not in {1, 0}:
            _events.append(f"{name} of family {arguments[1]}")
    elif name.startswith((*_NETWORK, *_PROCESSES)) or (name.startswith(_CODE) and not _is_import(name, arguments)):
        _events.append(f"{name} {str(arguments)[:200]}")


def _is_import(name: str, arguments: tuple[Any, ...]) -> bool:
    """Whether code is that of an installed module, or is made while one is loaded."""
    if name == "import":
        path = arguments[1]
        return path is None or str(Path(path).resolve()).startswith((*_FROM_FILES, _LIBRARY))
    if name == "exec":
        code: CodeType = arguments[0]
        if code.co_filename.startswith((*_FROM_FILES, _LIBRARY, "<frozen")):
            return True
        # Annotations are text of our own, which the library reads.
        if sys._getframe(2).f_code.co_filename in _READ_ANNOTATIONS:
            return True
    frame: FrameType | None = sys._getframe()
    while frame is not None:
        # Tuples with names, and classes of data, are made of text by the library.
        if frame.f_code.co_filename.startswith("<frozen importlib"):
            return True
        frame = frame.f_back
    return False


class _Environment(type(os.environ)):  # type: ignore[misc]
    """The environment, which remembers what our own modules ask it for."""

    def __getitem__(self, key: str) -> str:
        _note(key)
        value: str = super().__getitem__(key)
        return value

    def __contains__(self, key: object) -> bool:
        _note(str(key))
        return bool(super().__contains__(key))


def _is_of_the_library(path: str) -> bool:
    """Whether code is Python's own, and not of a package that is installed in its folder."""
    return path.startswith((_LIBRARY, "<frozen os", "<frozen _coll")) and "site-packages" not in path


def _note(key: str) -> None:
    frame: FrameType | None = sys._getframe(2)
    while frame is not None and _is_of_the_library(frame.f_code.co_filename):
        frame = frame.f_back
    if frame is not None and "conv2d_cli" in Path(frame.f_code.co_filename).parts:
        _keys.add(key)


def main() -> None:
    lines, results = json.loads(Path(sys.argv[1]).read_text()), Path(sys.argv[2])
    os.environ.__class__ = _Environment
    sys.addaudithook(_watch)
    from conv2d_cli.cli.main import main as conv2d

    found = []
    for line in lines:
        _events.clear()
        sys.argv = ["conv2d", *line]
        try:
            conv2d()
            code: object = 0
        except SystemExit as ended:
            code = ended.code
        found.append([code, [*_events]])
    results.write_text(json.dumps({"lines": found, "keys": sorted(_keys)}))


if __name__ == "__main__":
    main()
