"""Many layers, one a line: records or expressions in, one result or one error out for each, as they come."""

from __future__ import annotations

import json
import re
from contextlib import contextmanager
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from conv2d_cli.errors import Conv2dError, Fault, FileError, UsageError, shown
from conv2d_cli.layer.choices import FIELDS
from conv2d_cli.layer.expression import arguments_of_expression, name_in_front
from conv2d_cli.layer.model import layer_from
from conv2d_cli.limits import LINE_BYTES, SKIPPED_LINE_BYTES
from conv2d_cli.report.analysis import analyze
from conv2d_cli.report.record import SCHEMA_VERSION
from conv2d_cli.report.roofline import RooflineReport
from conv2d_cli.report.shape import ShapeReport

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from conv2d_cli.layer.model import Conv2d

    # A SIZE that holds for every line depends on the layer where it leaves the channels out.
    Size = Callable[[Conv2d], tuple[int, ...]]

# A layer is a few hundred bytes: a longer line is a mistake, and must not fill the memory.
# What a result says beyond its layer: read again, it is worked out again.
_RESULTS = frozenset({"schema_version", "line", *ShapeReport._fields, *RooflineReport._fields}) - {
    *FIELDS,
    "input_shape",
}
_SIZES = (list, str)
_NAMES = (str, int, type(None))
_SAID = (str, type(None))
_SAVE = "save the file as UTF-8"
_EXAMPLE = '{"in_channels": 3, "out_channels": 64, "kernel_size": 7}'
# Lines of `print(model)` that hold no Conv2d: the head of a block, another module under its name, a closing bracket.
# What is repeated is never given back: a line of blanks would be gone through once for each of them.
_PRINTED_MODEL = re.compile(
    r"\s*+(?:\)|(?:\([\w.-]++\):\s*+(?:\d++ x )?)?(?!Conv2d\()[A-Z]\w*+\()\s*+"
    r"|\s*+\([\w.-]++\):\s*+(?!.*Conv2d\().*\s*+"
)
_BEGINNING = re.compile(r"\s*+[A-Z]\w*+\(\s*+")
_NOTE = "this is print(model): its Conv2d lines are answered, other modules are left out"


@contextmanager
def open_lines(path: str, stdin: BinaryIO | None) -> Iterator[BinaryIO]:
    """Open a file of layers; `-` is stdin.

    Raises:
        FileError: it cannot be read.
    """
    if path == "-":
        if stdin is None:
            raise FileError("stdin is closed", "give a file instead of -")
        yield stdin
        return
    try:
        stream = Path(path).open("rb")  # noqa: SIM115 - closed below, after errors of opening are told
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise FileError(
            f"cannot read {path}: {reason}", "--from takes a file with one layer a line, or - for stdin"
        ) from error
    with stream:
        yield stream


def records_of_lines(
    stream: BinaryIO, size: Size | None, remark: Callable[[str], None] = lambda _: None, *, whole: str = ""
) -> Iterator[dict[str, Any]]:
    """Yield one record for each line that holds a layer: its facts, or `line`, `error` and `hint`.

    `size` gives the input's shape for lines that have no `input_shape` of their own. Blank lines and comments are
    skipped, and of a printed network the lines of other modules, which `remark` is told once, with what answers for the
    `whole` network where it begins in these lines.
    """
    told = False
    for number, line in _lines(stream):
        if line is None:
            message = f"the line goes on for more than {SKIPPED_LINE_BYTES} bytes: nothing behind it is read"
            yield _head(number) | _error(message, f"write {_EXAMPLE}")
            return
        if line.isspace() or line.lstrip().startswith(b"#"):
            continue
        try:
            text = _text(line, first=number == 1)
            if _PRINTED_MODEL.fullmatch(text):
                if not told:
                    remark(f"{_NOTE}; {whole}" if whole and _BEGINNING.fullmatch(text) else _NOTE)
                told = True
            else:
                yield _record(text, number, size)
        except Conv2dError as error:
            yield _head(number) | _error(error.message, error.hint)


def _head(number: int, name: object = None) -> dict[str, Any]:
    """Return what a record begins with; the name is the user's, and left out where there is none."""
    named = {} if name is None else {"name": name}
    return {"schema_version": SCHEMA_VERSION, "line": number, **named}


def _error(message: object, hint: object) -> dict[str, object]:
    return {"error": message, "hint": hint}


def _lines(stream: BinaryIO) -> Iterator[tuple[int, bytes | None]]:
    """Yield (number, line), a line cut to one byte more than the longest, and None at last for one without an end."""
    number = 0
    while line := stream.readline(LINE_BYTES + 1):
        number += 1
        yield number, line
        skipped = 0
        while len(line) > LINE_BYTES and not line.endswith(b"\n"):
            skipped += len(line)
            if skipped > SKIPPED_LINE_BYTES:
                yield number, None
                return
            line = stream.readline(LINE_BYTES + 1)


def _record(text: str, number: int, size: Size | None) -> dict[str, Any]:
    arguments, faults, name = _read(text)
    if isinstance(arguments.get("error"), str) and isinstance(arguments.get("hint"), _SAID):
        # A line that failed before stays what it is.
        return _head(number, name) | _error(arguments["error"], arguments.get("hint"))
    try:
        return _head(number, name) | _report(arguments, faults, size)._asdict()
    except Conv2dError as error:
        return _head(number, name) | _error(error.message, error.hint)


def _read(text: str) -> tuple[dict[str, object], list[Fault], object]:
    """Return the arguments that a line gives, the faults of reading them, and the name of the layer, if it has one.

    Raises:
        UsageError: the line is neither a JSON object nor an expression.
    """
    if text.lstrip().startswith("{"):
        arguments, faults = _object(text)
        return arguments, faults, _name_of(arguments)
    if "(" in text:
        arguments, faults = arguments_of_expression(text)
        return arguments, faults, name_in_front(text)
    raise UsageError(f"{shown(text.strip())} is neither an object nor a Conv2d expression", f"write {_EXAMPLE}")


def _name_of(arguments: dict[str, object]) -> object:
    """Take the name out of a record's arguments.

    Raises:
        UsageError: it is neither a text nor a number: lists may be nested deeper than a format can write.
    """
    name = arguments.pop("name", None)
    if isinstance(name, _NAMES) or (isinstance(name, float) and isfinite(name)):
        return name
    raise UsageError(f"name={shown(name)} is neither a text nor a number", 'name="conv1"')


def _report(arguments: dict[str, object], faults: list[Fault], size: Size | None) -> ShapeReport:
    given_shape = arguments.pop("input_shape", None)
    layer = layer_from(arguments, faults)
    if given_shape is None:
        return analyze(layer, size and size(layer))
    if isinstance(given_shape, _SIZES):
        return analyze(layer, given_shape)
    raise UsageError(f"input_shape={shown(given_shape)} is neither a list nor a SIZE", "input_shape=[1, 3, 224, 224]")


def _text(line: bytes, *, first: bool) -> str:
    if len(line) > LINE_BYTES:
        raise UsageError(f"the line is longer than {LINE_BYTES} bytes", f"write {_EXAMPLE}")
    if b"\0" in line:
        raise UsageError("the line holds bytes of 0, as UTF-16 and binary files do", _SAVE)
    try:
        return line.decode("utf-8-sig" if first else "utf-8")
    except UnicodeDecodeError as error:
        raise UsageError(f"the line is not UTF-8: {error.reason} at byte {error.start}", _SAVE) from error


def _object(text: str) -> tuple[dict[str, object], list[Fault]]:
    """Return a record's arguments, and the faults of its keys.

    Raises:
        UsageError: the text is no JSON object.
    """
    try:
        arguments = _decode(text)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{shown(text.strip())} is not JSON: {_reason(error)}", f"write {_EXAMPLE}") from error
    if not arguments.keys().isdisjoint(_RESULTS):
        arguments = {key: value for key, value in arguments.items() if key not in _RESULTS}
    faults = []
    if type(arguments.get("bias", True)) is not bool:
        faults.append(Fault("bias", shown(arguments.pop("bias")), "bias must be true or false", hint="bias=true"))
    return arguments, faults


def _reason(error: Exception) -> str:
    if isinstance(error, RecursionError):
        return "nested too deeply"
    # Only of integers Python says its own limit, and how to raise it.
    return str(error) if isinstance(error, json.JSONDecodeError | _NoJsonError) else "a number of thousands of digits"


class _NoJsonError(ValueError):
    """What Python's reader takes and JSON does not have."""


def _refuse_constant(name: str) -> None:
    raise _NoJsonError(f"it has no {name}")


def _without_repeats(pairs: list[tuple[str, object]]) -> dict[str, object]:
    unique = dict(pairs)
    if len(unique) != len(pairs):
        raise _NoJsonError("a key is repeated")
    return unique


_decode = json.JSONDecoder(object_pairs_hook=_without_repeats, parse_constant=_refuse_constant).decode
