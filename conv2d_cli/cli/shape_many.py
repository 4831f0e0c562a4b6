"""`conv2d shape --from`: many layers, one a line, and a result for each as it comes."""

from __future__ import annotations

import os
import shlex
from typing import TYPE_CHECKING

from conv2d_cli.cli.layer_words import LAYER_OPTIONS, LayerWords
from conv2d_cli.cli.output import output_of, say, stdin_bytes, write
from conv2d_cli.cli.sizes import shape_on
from conv2d_cli.cli.typed import PROGRAM
from conv2d_cli.errors import UsageError
from conv2d_cli.jobs.batch import open_lines, records_of_lines
from conv2d_cli.layer.text import input_shape_of, is_size

if TYPE_CHECKING:
    from collections.abc import Callable

    from conv2d_cli.cli.options import OutputOptions
    from conv2d_cli.layer.model import Conv2d

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


def show_many(
    source: str, input_size: str | None, words: LayerWords, output_options: OutputOptions, weight: str | None
) -> int:
    """Write one result a line; return 2 when a line was bad."""
    if words.given or words.options or weight is not None:
        raise UsageError(
            "--from reads its layers from a file and takes none from the command line",
            words.typed.without(*LAYER_OPTIONS, "--weight", operands=True),
        )
    if output_options.json or output_options.get:
        raise UsageError(
            "--from writes one JSON object a line: no --json, and no --get", words.typed.without("--json", "--get")
        )
    chosen = output_options._replace(format=output_options.format or "ndjson")
    output = output_of(chosen, (), formats=_FORMATS)
    rows = output.stream()
    failed = False
    with words.own_words():
        size = None if input_size is None else _shape_for_all(input_size)
    # Whoever writes the lines may wait for each answer; a file does not.
    flush = not os.path.isfile(source)  # noqa: PTH113 - a word that may be no path at all
    with open_lines(source, stdin_bytes()) as lines:
        for record in records_of_lines(lines, size, output.note, whole=_of_whole(source, input_size)):
            bad = "error" in record
            failed |= bad
            if not bad or output.format == "ndjson":
                write(rows.add(record), flush=flush)
                continue
            say("error", f"line {record['line']}: {record['error']}")
            if record["hint"]:
                say("hint", record["hint"])
    write(rows.end())
    return UsageError.exit_code if failed else 0
