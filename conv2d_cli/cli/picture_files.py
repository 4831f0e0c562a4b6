"""`-o FILE` of what is drawn: which format is meant, and bytes on stdout."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from conv2d_cli.cli.output import is_terminal, write
from conv2d_cli.errors import FileError, UsageError, cut, one_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from conv2d_cli.cli.output import Output

# What a terminal cannot show.
_BINARY = frozenset({"png", "gif"})


def kind_of(typed: str, kinds: Sequence[str], *, is_special: bool, noun: str = "plot") -> str:
    """Return what a picture is written as: by the suffix of its file, into a pipe or a device the first of the kinds.

    `noun` is what the picture is called: a plot, a picture, an animation, a page.

    Raises:
        UsageError: the suffix is none of the kinds.
    """
    kind, _, stream = typed.partition(":")
    if stream == "-" and kind in kinds:
        return kind
    if stream == "-":
        raise UsageError(f"-o {cut(typed)}: {cut(kind)} is no format of {noun}s", f"-o {kinds[0]}:-")
    suffix = Path(typed).suffix.lower().removeprefix(".") if typed != "-" else kinds[0]
    if suffix in kinds:
        return suffix
    if is_special:
        return kinds[0]
    listed = one_of([f".{kind}" for kind in kinds])
    said = f"the suffix .{cut(suffix)} is no format of {noun}s" if suffix else "its name says no format"
    stem = typed if typed.isprintable() and Path(typed).name and len(typed) == len(cut(typed)) else noun
    raise UsageError(f"-o {cut(typed)}: {said}; it may end in {listed}", f"-o {Path(stem).with_suffix(f'.{kinds[0]}')}")


def is_stream(typed: str) -> bool:
    """Whether stdout is meant: `-`, or `png:-`."""
    return typed == "-" or typed.endswith(":-")


def check_stdout(file: str, kind: str, output: Output, noun: str = "plot") -> None:
    """Check that stdout can take a picture.

    Raises:
        UsageError: facts go there too, or it is a terminal, which shows no pixels.
    """
    if output.asked_for:
        raise UsageError(f"-o {file}: stdout takes the {noun} alone", f"-o {noun}.{kind}")
    if kind in _BINARY and is_terminal(sys.stdout):
        raise UsageError(f"-o {file}: a picture is not written to a terminal", f"-o {noun}.{kind}")


def bytes_to_stdout(content: bytes) -> None:
    """Write bytes to stdout.

    Raises:
        FileError: stdout is closed, or its disk is full.
    """
    if sys.stdout is None:
        raise FileError("stdout is closed", "give the command a place to write to")
    write("", flush=True)
    try:
        sys.stdout.buffer.write(content)
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        raise FileError(f"cannot write to stdout: {error.strerror}") from error
