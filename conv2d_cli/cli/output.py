"""Facts to stdout, notes to stderr: formats, single values, and what the streams can show."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

from conv2d_cli.cli.choices import COLORS
from conv2d_cli.errors import FileError, UsageError, did_you_mean, nearest
from conv2d_cli.render.escaping import printable
from conv2d_cli.render.formats import FORMATS, render, render_rows
from conv2d_cli.render.screen import Screen
from conv2d_cli.render.values import bare, mapping_of

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from typing import Any, Literal, TextIO

    from conv2d_cli.cli.options import OutputOptions
    from conv2d_cli.render.progress import Progress
    from conv2d_cli.render.streams import Columns, RowStream
    from conv2d_cli.report.keys import Key
    from conv2d_cli.report.roofline import OnMachine
    from conv2d_cli.report.shape import ShapeReport

_OTHER_WIDTH = 80


class Output(NamedTuple):
    """How a command's facts are shown: a format, or the keys of single values."""

    format: str
    keys: tuple[str, ...]
    color: str
    quiet: bool
    verbose: bool
    asked_for: bool

    @property
    def is_table(self) -> bool:
        """Whether facts are shown as a screen for people."""
        return not self.keys and self.format == "table"

    def show(
        self,
        report: NamedTuple | Mapping[str, Any],
        *,
        shape: ShapeReport | None = None,
        remarks: Sequence[str] = (),
        needs_size: Collection[str] = (),
        least_time: OnMachine | None = None,
    ) -> None:
        """Write a report to stdout, and a layer's least time behind it; `shape` and `remarks` stand around a screen.

        Raises:
            UsageError: a single value was asked for that is one of `needs_size`: unknown, since no SIZE was given.
        """
        if not self.keys:
            screen = screen_of(sys.stdout, self.color, is_table=self.is_table)
            text = render(
                *(self.format, report, screen),
                verbose=self.verbose,
                shape=shape,
                remarks=remarks,
                least_time=least_time,
            )
            self.text(text)
            return
        unknown = next((key for key in self.keys if key in needs_size), None)
        if unknown is not None:
            # An empty line would let a script go on.
            raise UsageError(f"--get {unknown}: it depends on the size of the input, and -i is missing", "-i 224")
        self.show_rows([report if least_time is None else {**mapping_of(report), **least_time.report._asdict()}])

    def show_rows(self, reports: Sequence[NamedTuple | Mapping[str, Any]]) -> None:
        """Write reports of one kind to stdout at once, and their single values one a line."""
        if self.keys:
            records = [report._asdict() if isinstance(report, tuple) else report for report in reports]
            values = (bare(record[key]) for record in records for key in self.keys)
            exact = not is_terminal(sys.stdout)
            text = "".join(f"{value if exact else printable(value)}\n" for value in values)
        else:
            text = render_rows(self.format, reports, screen_of(sys.stdout, self.color, is_table=self.is_table))
        self.text(text)

    def text_of_record(self, record: Mapping[str, Any]) -> None:
        """Write one record that is no report: it holds others."""
        write(render(self.format, record, screen_of(sys.stdout, self.color)))

    def stream(self, columns: Columns | None = None) -> RowStream:
        """Return the way to show records that come one by one; those of lines if `columns` is None."""
        from conv2d_cli.render.streams import LINES, row_stream

        return row_stream(self.format, screen_of(sys.stdout, self.color, is_table=self.is_table), columns or LINES)

    def text(self, text: str) -> None:
        """Write text to stdout at once."""
        write(text, flush=True)

    def progress(self, text: str) -> None:
        """Write a line to stderr where a person watches it."""
        if not self.quiet and sys.stderr is not None and sys.stderr.isatty():
            sys.stderr.write(f"{printable(text)}\n")
            sys.stderr.flush()

    def progress_line(self, *, shown: bool) -> Progress:
        """Return a progress line on stderr, which shows nothing unless a person watches it."""
        from conv2d_cli.render.progress import Progress

        watched = shown and not self.quiet and sys.stderr is not None and sys.stderr.isatty()
        return Progress(sys.stderr if watched and os.environ.get("TERM") != "dumb" else None)

    def note(self, text: str) -> None:
        """Write a remark to stderr, unless the user wants none."""
        if not self.quiet:
            say("note", text, self.color)

    def done(self, text: str) -> None:
        """Say on stderr what was written, unless the user wants no notes."""
        if not self.quiet and sys.stderr is not None:
            sys.stderr.write(f"{printable(text)}\n")


def output_of(options: OutputOptions, known_keys: Sequence[str], *, formats: Sequence[str] = FORMATS) -> Output:
    """Return the way to show facts that the options ask for.

    Raises:
        UsageError: an unknown format, key or colour, or options that exclude each other.
    """
    asked, keys = options.format, tuple(key.strip() for word in options.get for key in word.split(","))
    if asked is not None and asked not in formats:
        raise UsageError(f"--format {asked}: no such format", did_you_mean(asked, formats, "--format "))
    if options.color not in COLORS:
        raise UsageError(f"--color {options.color}: no such choice", did_you_mean(options.color, COLORS, "--color "))
    if options.json and asked not in {None, "json"}:
        raise UsageError(f"--json and --format {asked} exclude each other", f"--json, or --format {asked} alone")
    if keys and (options.json or asked):
        other = f"--format {asked}" if asked else "--json"
        raise UsageError(f"--get and {other} exclude each other", f"leave {other} out: --get prints bare values")
    for key in keys:
        if key not in known_keys:
            hint = did_you_mean(key, known_keys, "--get ") if nearest(key, known_keys) else "--get help lists the keys"
            raise UsageError(f"--get {key}: no such key", hint)
    chosen = "json" if options.json else asked or ("table" if is_terminal(sys.stdout) else "plain")
    asked_for = bool(options.json or asked or keys)
    return Output(chosen, keys, options.color, options.quiet, options.verbose, asked_for)


def asks_for_keys(options: OutputOptions) -> bool:
    """Whether the keys themselves are asked for: `--get help`."""
    return options.get == ("help",)


def show_keys(fields: Sequence[str], keys: Mapping[str, Key] | None = None) -> None:
    """Write each key with what it means to stdout; `keys` where they mean more than of one layer."""
    from conv2d_cli.report.keys import KEYS

    keys = keys or KEYS
    width = max(map(len, fields))
    write("".join(f"{field:{width}}  {keys[field].description}\n" for field in fields))


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


def say(kind: Literal["error", "hint", "note"], text: str, color: str = "auto") -> None:
    """Write an error, a hint or a note to stderr, if anybody is there to read it."""
    if sys.stderr is None:
        return
    from conv2d_cli.render.messages import message

    try:
        sys.stderr.write(message(kind, text, screen_of(sys.stderr, color)))
        sys.stderr.flush()
    except OSError:
        # Nobody is left to tell; the exit code still does.
        return


def stdin_bytes() -> BinaryIO | None:
    """Return stdin as bytes; None when it is closed."""
    return None if sys.stdin is None else sys.stdin.buffer


def is_terminal(stream: TextIO | None) -> bool:
    """Whether a stream goes to a terminal."""
    return stream is not None and stream.isatty()


def screen_of(stream: TextIO | None, color: str, *, is_table: bool = False) -> Screen:
    """Return what a stream can show; a table off a terminal is as wide as COLUMNS says, or 80."""
    terminal = is_terminal(stream)
    width = _width() if terminal or is_table else None
    unicode = width is None or _holds_drawing(stream)
    return Screen(width, _wants_color(color, terminal=terminal), unicode, exact=not terminal)


def _width() -> int:
    """Return the columns of the terminal, as COLUMNS or the system says."""
    from shutil import get_terminal_size

    return get_terminal_size((_OTHER_WIDTH, 24)).columns


def _holds_drawing(stream: TextIO | None) -> bool:
    from conv2d_cli.render.ascii import DRAWN

    try:
        DRAWN.encode(getattr(stream, "encoding", None) or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def _wants_color(color: str, *, terminal: bool) -> bool:
    """Whether to colour: the option, then NO_COLOR and FORCE_COLOR (https://no-color.org), then the terminal."""
    if color != "auto":
        return color == "always"
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR"):
        return True
    return terminal and os.environ.get("TERM") != "dumb"
