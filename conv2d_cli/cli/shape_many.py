"""`conv2d shape --from`: many layers, one a line, and a result for each as it comes."""

from __future__ import annotations

import os
import shlex
from typing import TYPE_CHECKING, Any

from conv2d_cli.cli.layer_words import LAYER_OPTIONS
from conv2d_cli.cli.output import output_of, say, stdin_bytes, write
from conv2d_cli.cli.roofline import machine_of
from conv2d_cli.cli.sizes import shape_on
from conv2d_cli.cli.typed import PROGRAM
from conv2d_cli.errors import UsageError
from conv2d_cli.jobs.batch import open_lines, records_of_lines
from conv2d_cli.layer.text import input_shape_of, is_size

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from conv2d_cli.cli.assertions import Assertion
    from conv2d_cli.cli.output import Output
    from conv2d_cli.cli.shape_request import Request
    from conv2d_cli.layer.model import Conv2d
    from conv2d_cli.report.roofline import Machine

_FAILED = 1
_FORMATS = ("ndjson", "csv", "tsv", "table")


def _shape_for_all(text: str) -> Callable[[Conv2d], tuple[int, ...]]:
    """Return the shape of the input for each layer; a size that is none is told before any line is read."""
    if is_size(text):
        input_shape_of(text, 1)
    return shape_on(text)


def _of_whole(source: str, input_size: str | None) -> str:
    """Return the command that answers for all of a printed network; a size that names one layer's input is left out."""
    size = ("-i", input_size) if input_size is not None and is_size(input_size) else ()
    return f"{shlex.join([PROGRAM, 'stack', source, *size])} takes the whole network"


def show_many(source: str, request: Request) -> int:
    """Write one result a line; return 2 when a line was bad, else 1 when an assertion fails for one."""
    words, input_size = request.words, request.input_size
    if words.given or words.options or request.options.weight is not None:
        raise UsageError(
            "--from reads its layers from a file and takes none from the command line",
            words.typed.without(*LAYER_OPTIONS, "--weight", operands=True),
        )
    if request.output.json or request.output.get:
        raise UsageError(
            "--from writes one JSON object a line: no --json, and no --get", words.typed.without("--json", "--get")
        )
    chosen = request.output._replace(format=request.output.format or "ndjson")
    output = output_of(chosen, (), formats=_FORMATS)
    judged = Judged(request.assertions(), machine_of(request.roofline, output), output)
    rows = output.stream()
    with words.own_words():
        size = None if input_size is None else _shape_for_all(input_size)
    # Whoever writes the lines may wait for each answer; a file does not.
    flush = not os.path.isfile(source)  # noqa: PTH113 - a word that may be no path at all
    with open_lines(source, stdin_bytes()) as lines:
        for record in records_of_lines(lines, size, output.note, whole=_of_whole(source, input_size)):
            if "error" not in record:
                judged.add_to(record)
                write(rows.add(record), flush=flush)
                judged.judge(record)
                continue
            judged.code = UsageError.exit_code
            if output.format == "ndjson":
                write(rows.add(record), flush=flush)
                continue
            say("error", f"line {record['line']}: {record['error']}")
            if record["hint"]:
                say("hint", record["hint"])
    write(rows.end())
    return judged.code


class Judged:
    """What is made of each layer beside its facts: its least time on a machine, and whether what is asserted holds.

    `code` is the exit code: 1 once an assertion does not hold, 2 once one has no answer, or a line was bad.
    """

    def __init__(self, assertions: Sequence[Assertion], machine: Machine | None, output: Output) -> None:
        """Begin where all holds."""
        self._assertions = assertions
        self._machine = machine
        self._output = output
        self.code = 0

    def add_to(self, record: dict[str, Any]) -> None:
        """Add the least time of a layer to its record."""
        if self._machine is not None:
            from conv2d_cli.report.roofline import roofline_report

            record |= roofline_report(record, self._machine(record["dtype"]))._asdict()

    def judge(self, record: Mapping[str, Any]) -> None:
        """Tell what does not hold of a layer, and in which line it is."""
        if not self._assertions:
            return
        from conv2d_cli.cli.assertions import failures
        from conv2d_cli.report.quantities import quantities_of

        try:
            failed = failures(self._assertions, quantities_of(record), has_size=record["input_shape"] is not None)
        except UsageError as error:
            # The other lines are judged all the same.
            self.code = error.exit_code
            say("error", f"line {record['line']}: {error.message}", self._output.color)
            if error.hint:
                say("hint", error.hint, self._output.color)
            return
        for line in failed:
            self.code = max(self.code, _FAILED)
            say("error", f"line {record['line']}: {line}", self._output.color)
