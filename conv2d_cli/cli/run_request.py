"""From the words of `conv2d run` to what its job is asked for; all of it is checked before any file is looked at."""

from __future__ import annotations

import os
import sys
from functools import partial
from math import isqrt, prod
from typing import TYPE_CHECKING, NamedTuple

from conv2d_cli.arithmetic.counts import weight_shape
from conv2d_cli.backends.api import of_the_cpu, place_of
from conv2d_cli.cli import choices
from conv2d_cli.cli.algorithms import algorithm_of
from conv2d_cli.cli.integer_words import integers_of
from conv2d_cli.cli.number_options import bytes_of, choice, dtype_of, integer, seed_of
from conv2d_cli.cli.output import is_terminal, stdin_bytes
from conv2d_cli.cli.readings import input_reading, layout_of, parameter_readings, refuse_layout_of_picture
from conv2d_cli.cli.usage_errors import FALSE
from conv2d_cli.dtypes import DEFAULT_DTYPE, find_dtype
from conv2d_cli.errors import UsageError, cut
from conv2d_cli.jobs.headers import is_typed
from conv2d_cli.jobs.run.request import Request
from conv2d_cli.tensors.location import format_meant, is_stream
from conv2d_cli.tensors.recognition import is_foreign

if TYPE_CHECKING:
    from collections.abc import Sequence

    from conv2d_cli.backends.api import Place
    from conv2d_cli.cli.integer_options import IntegerWords
    from conv2d_cli.cli.layer_words import LayerWords
    from conv2d_cli.cli.output import Output
    from conv2d_cli.cli.reading_options import ReadingOptions
    from conv2d_cli.cli.run_options import RunOptions
    from conv2d_cli.layer.model import Conv2d
    from conv2d_cli.tensors.reading import Reading


# What raw weights mostly are, by the bytes of an element.
_TYPES_OF_BYTES = {1: "int8", 2: "float16", 4: "float32", 8: "float64"}


def request_of(
    input_: str,
    words: LayerWords,
    options: RunOptions,
    readings: ReadingOptions,
    integer_words: IntegerWords,
    output: Output,
) -> Request:
    """Return the request that the command line makes.

    Raises:
        UsageError, LayerError: an option or the layer is none.
    """
    _check_streams(options.output_file, output)
    _check_words(input_, words, options)
    layer = words.layer() if words.given else None
    dtype = dtype_of("--dtype", words.options.get("dtype"), drawn=options.weight is None)
    if options.flush_subnormals and options.accuracy != "exact":
        raise UsageError("--flush-subnormals is of exact arithmetic", "--flush-subnormals --accuracy exact")
    if readings.output_layout is not None and options.output_file is not None:
        refuse_layout_of_picture(options.output_file)
    reading, weight_reading, bias_reading = operand_readings(
        Operands(input_, options.weight, options.bias), layer, readings, dtype
    )
    integers = integers_of(integer_words, dtype)
    place = _place(words, layer, options, accumulates=integers is not None)
    if integers is not None and readings.bias_dtype is None:
        # A raw bias has the accumulator's type, and not the weight's.
        bias_reading = bias_reading._replace(described=None)
    return Request(
        input=input_,
        layer=layer,
        arguments=words.arguments(),
        weight=options.weight,
        bias=options.bias,
        input_reading=reading,
        weight_reading=weight_reading,
        bias_reading=bias_reading,
        output_layout=layout_of("--output-layout", readings.output_layout) or reading.layout,
        flip=readings.flip,
        per_channel=readings.per_channel,
        seed=seed_of(options.seed),
        output=options.output_file,
        save_parameters=options.save_parameters,
        force=options.force,
        engine=place.engine,
        device=place.device,
        accuracy=choice("--accuracy", options.accuracy, choices.accuracies()),
        flush_subnormals=options.flush_subnormals,
        algorithm=algorithm_of(options.algorithm, options.accuracy, layer),
        integers=integers,
        threads=None if options.threads is None else integer("--threads", options.threads, least=1),
        memory_limit=bytes_of(options.memory_limit),
        stdin=stdin_bytes(),
        stdout=None if sys.stdout is None else sys.stdout.buffer,
    )


def _place(words: LayerWords, layer: Conv2d | None, options: RunOptions, *, accumulates: bool) -> Place:
    """Return who computes and where, before any file is read: PyTorch says at once whether it sees a device."""
    device = layer.device if layer else words.arguments().get("device")
    with words.own_words():
        of_cpu = of_the_cpu(options.accuracy, options.algorithm, accumulates=accumulates)
        return place_of(options.engine, None if device is None else str(device), "--engine ", of_cpu)


class Operands(NamedTuple):
    """The files of a convolution, as typed."""

    input: str
    weight: str | None
    bias: str | None


def operand_readings(
    operands: Operands, layer: Conv2d | None, readings: ReadingOptions, dtype: str | None
) -> tuple[Reading, Reading, Reading]:
    """Return how input, weight and bias are read.

    Raises:
        UsageError: an option says nothing here, or what a raw file holds is not said.
    """
    input_, weight, _ = operands
    _check_meant(operands, readings, dtype)
    reading = input_reading(readings, dtype, partial(_shape_of_size, input_, layer))
    weight_reading, bias_reading = parameter_readings(readings, dtype)
    if reading.described is None and _is_raw(input_):
        raise UsageError(
            f"{input_} says neither its shape nor its type",
            f"--input-shape {_shape_of_size(input_, layer, DEFAULT_DTYPE)} --input-dtype {DEFAULT_DTYPE}",
        )
    if weight_reading.described is None and weight is not None and _is_raw(weight):
        raise _nothing_said_of_weight(weight, layer)
    return reading, weight_reading, bias_reading


def how_drawn(request: Request) -> str:
    """Say where parameters that no file gives come from."""
    return f"parameters drawn as torch.manual_seed({request.seed}) would draw them; --seed N changes it"


def _check_words(input_: str, words: LayerWords, options: RunOptions) -> None:
    """Refuse what is a word of another kind than it stands for, before it is looked for as a file."""
    if input_.isdigit() and len(words.operands) == len(("OUT", "KERNEL")) and not os.path.exists(input_):  # noqa: PTH110
        first = words.typed.operands()[0]
        raise UsageError("INPUT is missing: a tensor file, or - for stdin", words.typed.line({first: ("FILE", input_)}))
    if options.bias is not None and options.bias.lower() in FALSE and not os.path.exists(options.bias):  # noqa: PTH110
        given = words.typed.option({"--bias"})
        without = dict.fromkeys(given.positions if given else ())
        raise UsageError(
            f"--bias {options.bias}: the bias is a tensor file, and its absence another option",
            words.typed.line(without, "--no-bias"),
        )


def _is_raw(path: str) -> bool:
    return format_meant(path) == "bin" and not is_foreign(path)


def _nothing_said_of_weight(path: str, layer: Conv2d | None) -> UsageError:
    """Return the fault of a raw weight without a shape; the hint has that of the layer, in a type of its size."""
    message = f"{path} says neither its shape nor its type: --weight-shape and --weight-dtype do"
    if layer is None:
        return UsageError(message, "its shape is output channels, input channels of a group, kernel height and width")
    shape = weight_shape(layer.out_channels, layer.in_channels, layer.groups, layer.kernel_size)
    try:
        size = os.path.getsize(path)  # noqa: PTH202
    except (OSError, ValueError):
        size = 0
    element, rest = divmod(size, prod(shape))
    dtype = DEFAULT_DTYPE if rest else _TYPES_OF_BYTES.get(element, DEFAULT_DTYPE)
    return UsageError(message, f"--weight-shape {','.join(map(str, shape))} --weight-dtype {dtype}")


def _check_raw(path: str | None, said: Sequence[tuple[str, str | None]]) -> None:
    """Refuse what is said of a raw file where there is none."""
    names = " and ".join(name for name, text in said if text is not None)
    if names and path is None:
        raise UsageError(f"{names}: no such file is given", f"leave {names} out")
    if names and path is not None and (is_typed(path) or format_meant(path) not in {None, "bin"}):
        raise UsageError(f"{names}: {cut(path)} is no raw file, and says that itself", f"leave {names} out")


def _of_input(readings: ReadingOptions) -> tuple[tuple[str, str | None], ...]:
    return (
        ("--input-shape", readings.input_shape),
        ("--input-dtype", readings.input_dtype),
        ("--input-offset", readings.input_offset),
    )


def _check_meant(operands: Operands, readings: ReadingOptions, dtype: str | None) -> None:
    """Refuse options that say nothing here: of a file with a header what its header says, of what is not given."""
    of_weight = (("--weight-shape", readings.weight_shape), ("--weight-dtype", readings.weight_dtype))
    _check_raw(operands.input, _of_input(readings))
    _check_raw(operands.weight, of_weight)
    _check_raw(operands.bias, (("--bias-dtype", readings.bias_dtype),))
    if readings.cast is not None and dtype is None:
        raise UsageError("--cast is what --dtype may lose, and there is none", "leave --cast out")
    if readings.weight_layout is not None and operands.weight is None:
        raise UsageError("--weight-layout is of a weight that --weight gives", "leave --weight-layout out")


def _shape_of_size(path: str, layer: Conv2d | None, dtype: str, offset: int = 0) -> str:
    """Return the shape of one square image that a raw file has room for, else what such a shape is made of."""
    found = find_dtype(dtype)
    try:
        size = os.path.getsize(path) - offset  # noqa: PTH202
        elements, rest = divmod(max(0, size), found.bytes if found else 1)
    except (OSError, ValueError):
        return "1,3,224,224"
    channels = layer.in_channels if layer else 1
    side = isqrt(elements // channels)
    return f"1,{channels},{side},{side}" if side * side * channels == elements and not rest else f"N,{channels},H,W"


def _check_streams(output_file: str | None, output: Output) -> None:
    if output_file is None or not is_stream(output_file):
        return
    if output.asked_for:
        raise UsageError("-o - and a summary would both go to stdout", "-o FILE, or no --json, --format and --get")
    if is_terminal(sys.stdout):
        raise UsageError("refusing to write binary to a terminal", "-o FILE")
