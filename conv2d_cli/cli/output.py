"""Facts to stdout, notes to stderr: formats, single values, and what the streams can show."""

from __future__ import annotations

import os
import shutil
import sys
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

from conv2d_cli.errors import FileError, UsageError
from conv2d_cli.layer.hints import nearest, one_of
from conv2d_cli.render.formats import FORMATS, render, render_rows
from conv2d_cli.render.progress import Progress
from conv2d_cli.render.screen import Screen
from conv2d_cli.render.values import bare

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

_COLORS = ("auto", "always", "never")


class Output(NamedTuple):
    """How a command's facts are shown: a format, or the keys of single values."""

    format: str
    keys: tuple[str, ...]
    color: str
    quiet: bool
    asked_for: bool

    @property
    def for_people(self) -> bool:
        """Whether the format has a place for formulas and samples."""
        return not self.keys and self.format in {"table", "markdown"}

    def show(self, record: Mapping[str, Any], formulas: Mapping[str, Sequence[str]] | None = None) -> None:
        """Write a record to stdout."""
        if self.keys:
            text = "".join(f"{bare(record[key])}\n" for key in self.keys)
        else:
            text = render(self.format, record, formulas or {}, _screen(self.color))
        write(text)

    def show_rows(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Write records of the same keys to stdout at once, and their single values one a line."""
        if self.keys:
            text = "".join(f"{bare(row[key])}\n" for row in rows for key in self.keys)
        else:
            text = render_rows(self.format, rows, _screen(self.color))
        write(text, flush=True)

    def text(self, text: str) -> None:
        """Write text between records to stdout."""
        write(text, flush=True)

    def progress(self, text: str) -> None:
        """Write a line to stderr where a person watches it."""
        if not self.quiet and sys.stderr is not None and sys.stderr.isatty():
            sys.stderr.write(f"{text}\n")
            sys.stderr.flush()

    def progress_line(self, *, shown: bool) -> Progress:
        """Return a progress line on stderr, which shows nothing unless a person watches it."""
        watched = shown and not self.quiet and sys.stderr is not None and sys.stderr.isatty()
        return Progress(sys.stderr if watched and os.environ.get("TERM") != "dumb" else None)

    def note(self, text: str) -> None:
        """Write a remark to stderr, unless the user wants none."""
        if not self.quiet and sys.stderr is not None:
            sys.stderr.write(f"note: {text}\n")


def output_of(
    known_keys: Sequence[str],
    *,
    format_name: str | None,
    json: bool,
    get: Sequence[str] | None,
    color: str,
    quiet: bool,
) -> Output:
    """Return the way to show facts that the options ask for.

    Raises:
        UsageError: an unknown format, key or colour, or options that exclude each other.
    """
    if format_name is not None and format_name not in FORMATS:
        raise UsageError(f"--format {format_name}: no such format", f"formats: {_near(format_name, FORMATS)}")
    if color not in _COLORS:
        raise UsageError(f"--color {color}: no such choice", f"choices: {one_of(_COLORS)}")
    if json and format_name not in {None, "json"}:
        raise UsageError(f"--json and --format {format_name} exclude each other", "give one of them")
    if get and (json or format_name):
        raise UsageError("--get and --format exclude each other", "--get prints bare values, one a line")
    for key in get or ():
        if key not in known_keys:
            raise UsageError(f"--get {key}: no such key", f"keys: {_near(key, known_keys)}")
    chosen = "json" if json else format_name or "table"
    return Output(chosen, tuple(get or ()), color, quiet, bool(json or format_name or get))


def _near(name: str, known: Sequence[str]) -> str:
    """Return the names that look like `name` or hold it, else all of them."""
    parts = [candidate for candidate in known if name and name.lower() in candidate]
    return nearest(name, known) or (one_of(parts) if parts else ", ".join(known))


def write(text: str, *, flush: bool = False) -> None:
    """Write text to stdout.

    Raises:
        FileError: stdout is closed, or its disk is full.
    """
    if sys.stdout is None:
        raise FileError("stdout is closed", "give the command a place to write to")
    try:
        sys.stdout.write(text)
        if flush:
            sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        raise FileError(f"cannot write to stdout: {error.strerror}") from error


def stdin_bytes() -> BinaryIO | None:
    """Return stdin as bytes; None when it is closed."""
    return None if sys.stdin is None else sys.stdin.buffer


def _screen(color: str) -> Screen:
    terminal = sys.stdout is not None and sys.stdout.isatty()
    width = shutil.get_terminal_size().columns if terminal else None
    return Screen(width, _wants_color(color, terminal=terminal))


def _wants_color(color: str, *, terminal: bool) -> bool:
    """Whether to colour: the option, then NO_COLOR and FORCE_COLOR (https://no-color.org), then the terminal."""
    if color != "auto":
        return color == "always"
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR"):
        return True
    return terminal and os.environ.get("TERM") != "dumb"
