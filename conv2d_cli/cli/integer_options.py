"""The options of `conv2d run` for integers; `integer_words.py` has what their words stand for."""

from __future__ import annotations

from typing import Annotated, NamedTuple

from conv2d_cli.cli import choices
from conv2d_cli.cli.options import INTEGERS, option, shared


class IntegerWords(NamedTuple):
    """The options as typed."""

    accumulate: str | None
    input_zero_point: str | None
    weight_zero_point: str | None
    on_overflow: str | None
    input_scale: str | None
    weight_scale: str | None
    output_scale: str | None
    output_zero_point: str | None
    output_dtype: str | None
    requantize: str | None


# Of a command that computes in the tensors' own type.
NO_INTEGER_WORDS = IntegerWords(*(None for _ in IntegerWords._fields))


def _integer_options(
    accumulate: Annotated[
        str | None,
        option(
            "--accumulate",
            metavar="T",
            section=INTEGERS,
            help="exact sums in int32 (if not given) or int64, not in the input's type",
            complete=choices.accumulators,
        ),
    ] = None,
    input_zero_point: Annotated[
        str | None, option("--input-zero-point", metavar="Z", section=INTEGERS, help="the element that stands for 0")
    ] = None,
    weight_zero_point: Annotated[
        str | None,
        option(
            "--weight-zero-point",
            metavar="Z",
            section=INTEGERS,
            help="the same: 3, or for each output channel 1,2,3 or a file",
        ),
    ] = None,
    on_overflow: Annotated[
        str | None,
        option(
            "--on-overflow",
            metavar="HOW",
            section=INTEGERS,
            help="of the accumulator: error (if not given), wrap, saturate",
            complete=choices.on_overflow,
        ),
    ] = None,
    input_scale: Annotated[
        str | None,
        option("--input-scale", metavar="S", section=INTEGERS, help="with the two others: requantise to 8 bits"),
    ] = None,
    weight_scale: Annotated[
        str | None,
        option(
            "--weight-scale", metavar="S", section=INTEGERS, help="0.02, or for each output channel 0.1,0.2 or a file"
        ),
    ] = None,
    output_scale: Annotated[
        str | None, option("--output-scale", metavar="S", section=INTEGERS, help="real value of a step of the output")
    ] = None,
    output_zero_point: Annotated[
        str | None,
        option(
            "--output-zero-point", metavar="Z", section=INTEGERS, help="the element of the output that stands for 0"
        ),
    ] = None,
    output_dtype: Annotated[
        str | None,
        option(
            "--output-dtype",
            metavar="T",
            section=INTEGERS,
            help="int8 or uint8, the input's if not given",
            complete=choices.quantized,
        ),
    ] = None,
    requantize: Annotated[
        str | None,
        option(
            "--requantize",
            metavar="HOW",
            section=INTEGERS,
            help="onnx (if not given): a float32 factor; tflite: a multiplier and a shift",
            complete=choices.requantizing,
        ),
    ] = None,
) -> IntegerWords:
    return IntegerWords(
        accumulate,
        input_zero_point,
        weight_zero_point,
        on_overflow,
        input_scale,
        weight_scale,
        output_scale,
        output_zero_point,
        output_dtype,
        requantize,
    )


integer_options = shared(_integer_options, "integer_options")
