"""From the words of `conv2d compare` to what its job is asked for, checked before any file is looked at."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from conv2d_cli.cli.number_options import dtype_of, integer, seed_of
from conv2d_cli.cli.output import stdin_bytes
from conv2d_cli.cli.readings import described_as, layout_of
from conv2d_cli.cli.run_request import Operands, operand_readings
from conv2d_cli.errors import UsageError
from conv2d_cli.jobs.compare.request import Request, raw_row
from conv2d_cli.jobs.compare.tolerance import Tolerance
from conv2d_cli.jobs.run import request as run
from conv2d_cli.tensors.conversion import casts_of
from conv2d_cli.tensors.layout import NCHW
from conv2d_cli.tensors.location import format_meant, is_stream
from conv2d_cli.tensors.reading import Reading

if TYPE_CHECKING:
    from conv2d_cli.cli.compare_options import CompareOptions
    from conv2d_cli.cli.layer_words import LayerWords
    from conv2d_cli.cli.reading_options import ReadingOptions

# What says something of a layer's operands, and nothing of its results.
_OF_OPERANDS = (
    *("normalize", "mean", "std", "gray", "drop_alpha", "as_stored", "max_pixels", "per_channel", "flip"),
    *("input_shape", "input_dtype", "input_offset", "weight_shape", "weight_dtype", "weight_layout", "bias_dtype"),
)


def request_of(files: tuple[str, str], words: LayerWords, options: CompareOptions, readings: ReadingOptions) -> Request:
    """Return the request that the command line makes.

    Raises:
        UsageError, LayerError: an option or the layer is none.
    """
    _check_streams(files, options)
    tolerance = _tolerance(options)
    has_layer = words.given or any(text is not None for text in (options.input, options.weight, options.bias))
    dtype = dtype_of("--dtype", words.options.get("dtype"), drawn=has_layer and options.weight is None)
    layer = _layer(words, options, readings, dtype) if has_layer else None
    if not has_layer:
        _check_without_layer(words, options, readings)
    return Request(
        *files,
        reading=_reading(files, options, readings, dtype),
        tolerance=tolerance,
        equal_nan=not options.no_equal_nan,
        layer=layer,
        stdin=stdin_bytes(),
    )


def _reading(files: tuple[str, str], options: CompareOptions, readings: ReadingOptions, dtype: str | None) -> Reading:
    said = [name for name, text in _raw_options(options) if text is not None]
    if said and all(format_meant(typed) not in {None, "bin"} for typed in files):
        names = " and ".join(said)
        raise UsageError(f"{names}: neither file is raw, both say that themselves", f"leave {names} out")
    if options.raw_dtype is not None and options.raw_shape is None:
        dtype = dtype_of("--raw-dtype", options.raw_dtype, stored=True)
        raise UsageError("--raw-shape and --raw-dtype go together", f"--raw-shape {raw_row(files, dtype)[0]}")
    if options.raw_shape is not None and options.raw_dtype is None:
        raise UsageError("--raw-shape and --raw-dtype go together", "--raw-dtype float32")
    raw = None
    if options.raw_shape is not None and options.raw_dtype is not None:
        raw = described_as(options.raw_shape, options.raw_dtype)
    return Reading(dtype, casts_of(readings.cast), raw, layout_of("--layout", readings.layout) or NCHW)


def _raw_options(options: CompareOptions) -> tuple[tuple[str, str | None], ...]:
    return ("--raw-shape", options.raw_shape), ("--raw-dtype", options.raw_dtype)


def _layer(words: LayerWords, options: CompareOptions, readings: ReadingOptions, dtype: str | None) -> run.Request:
    layer = words.layer() if words.given else None
    if options.input is None:
        raise UsageError(
            "the input of the layer is missing: without it nobody knows what should come out", "--input FILE"
        )
    operands = Operands(options.input, options.weight, options.bias)
    reading, weight_reading, bias_reading = operand_readings(operands, layer, readings, dtype)
    return run.Request(
        input=options.input,
        layer=layer,
        arguments=words.arguments(),
        weight=options.weight,
        bias=options.bias,
        input_reading=reading,
        weight_reading=weight_reading,
        bias_reading=bias_reading,
        output_layout=reading.layout,
        flip=readings.flip,
        per_channel=readings.per_channel,
        seed=seed_of(options.seed),
        stdin=stdin_bytes(),
    )


def _check_without_layer(words: LayerWords, options: CompareOptions, readings: ReadingOptions) -> None:
    """Refuse what is said of a layer where there is none."""
    given = [words.spelled(field) for field in words.options if field != "dtype"]
    given += [f"--{name.replace('_', '-')}" for name in _OF_OPERANDS if getattr(readings, name) not in {None, False}]
    given += ["--seed"] if options.seed is not None else []
    if given:
        raise UsageError(f"{given[0]} is of a layer, and neither LAYER nor --input is given", f"leave {given[0]} out")


def _check_streams(files: tuple[str, str], options: CompareOptions) -> None:
    typed = [*files, *(text for text in (options.input, options.weight, options.bias) if text is not None)]
    if sum(map(is_stream, typed)) > 1:
        raise UsageError("only one tensor can be read from stdin", "give files for the others")


def _tolerance(options: CompareOptions) -> Tolerance | None:
    """Return the tolerance; of what is given the other parts are 0, and None where nothing is."""
    if options.rtol is None and options.atol is None and options.ulp is None:
        return None
    rtol, atol = (_number(name, text) for name, text in (("--rtol", options.rtol), ("--atol", options.atol)))
    return Tolerance(rtol, atol, 0 if options.ulp is None else integer("--ulp", options.ulp, least=0))


def _number(name: str, text: str | None) -> float:
    try:
        value = 0.0 if text is None else float(text)
    except ValueError:
        value = math.nan
    if not 0 <= value < math.inf:
        raise UsageError(f"{name} {text}: not a number of 0 or more", f"{name} 1e-5")
    return value
