"""From the words of `conv2d run` to what its job is asked for; all of it is checked before any file is looked at."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from conv2d_cli.cli import choices
from conv2d_cli.cli.algorithms import algorithm_of
from conv2d_cli.cli.output import is_terminal, stdin_bytes
from conv2d_cli.cli.run_options import bytes_of, choice, described, dtype_of, integer, seed_of
from conv2d_cli.errors import UsageError
from conv2d_cli.jobs.run import Request
from conv2d_cli.tensors.location import is_stream

if TYPE_CHECKING:
    from conv2d_cli.cli.layer_words import LayerWords
    from conv2d_cli.cli.output import Output
    from conv2d_cli.cli.run_options import RunOptions


def request_of(input_: str, words: LayerWords, options: RunOptions, output: Output) -> Request:
    """Return the request that the command line makes.

    Raises:
        UsageError, LayerError: an option or the layer is none.
    """
    _check_streams(options.output_file, output)
    layer = words.layer() if words.given else None
    return Request(
        input=input_,
        layer=layer,
        arguments=words.arguments(),
        weight=options.weight,
        bias=options.bias,
        dtype=dtype_of("--dtype", words.options.get("dtype")),
        seed=seed_of(options.seed),
        output=options.output_file,
        save_parameters=options.save_parameters,
        force=options.force,
        accuracy=choice("--accuracy", options.accuracy, choices.accuracies()),
        algorithm=algorithm_of(options.algorithm, options.accuracy, layer),
        threads=None if options.threads is None else integer("--threads", options.threads, least=1),
        memory_limit=bytes_of(options.memory_limit),
        described=described(options.input_shape, options.input_dtype),
        stdin=stdin_bytes(),
        stdout=None if sys.stdout is None else sys.stdout.buffer,
    )


def _check_streams(output_file: str | None, output: Output) -> None:
    if output_file is None or not is_stream(output_file):
        return
    if output.asked_for:
        raise UsageError("-o - and a summary would both go to stdout", "-o FILE, or no --json, --format and --get")
    if is_terminal(sys.stdout):
        raise UsageError("refusing to write binary to a terminal", "-o FILE")
