"""The options that say how tensors are read; `readings.py` has what their words stand for."""

from __future__ import annotations

from typing import Annotated, NamedTuple

from conv2d_cli.cli import choices
from conv2d_cli.cli.options import INPUT, PARAMETERS, PICTURES, RESULT, option, shared


class ReadingOptions(NamedTuple):
    """The options as typed."""

    cast: str | None
    input_shape: str | None
    input_dtype: str | None
    input_offset: str | None
    layout: str | None
    output_layout: str | None
    normalize: bool
    mean: str | None
    std: str | None
    gray: bool
    drop_alpha: bool
    as_stored: bool
    max_pixels: str | None
    weight_shape: str | None
    weight_dtype: str | None
    weight_layout: str | None
    bias_dtype: str | None
    per_channel: bool
    flip: bool


def _reading_options(
    cast: Annotated[
        str | None,
        option(
            "--cast",
            metavar="HOW",
            section=INPUT,
            help="what --dtype may lose: saturate or wrap, truncate; two with a comma",
            complete=choices.casts,
        ),
    ] = None,
    input_shape: Annotated[
        str | None,
        option("--input-shape", metavar="SHAPE", section=INPUT, help="of a raw .bin: 3,224,224, or with a batch"),
    ] = None,
    input_dtype: Annotated[
        str | None,
        option(
            "--input-dtype",
            metavar="T",
            section=INPUT,
            help="element type of a raw .bin; '>i2' is big-endian",
            complete=choices.dtypes,
        ),
    ] = None,
    input_offset: Annotated[
        str | None,
        option("--input-offset", metavar="BYTES", section=INPUT, help="what stands before the elements of a raw .bin"),
    ] = None,
    layout: Annotated[
        str | None,
        option(
            "--layout",
            metavar="NHWC",
            section=INPUT,
            help="axes of INPUT and OUTPUT; NCHW if not given",
            complete=choices.layouts,
        ),
    ] = None,
    output_layout: Annotated[
        str | None,
        option(
            "--output-layout",
            metavar="NCHW",
            section=RESULT,
            help="axes of OUTPUT, if they are others",
            complete=choices.layouts,
        ),
    ] = None,
    *,
    normalize: Annotated[
        bool, option("--normalize", section=PICTURES, help="divide integers by the largest of their type")
    ] = False,
    mean: Annotated[
        str | None, option("--mean", metavar="M,...", section=PICTURES, help="subtracted then: 0.485,0.456,0.406")
    ] = None,
    std: Annotated[
        str | None, option("--std", metavar="S,...", section=PICTURES, help="divided by after that: 0.229,0.224,0.225")
    ] = None,
    gray: Annotated[bool, option("--gray", section=PICTURES, help="make three channels one: their luma")] = False,
    drop_alpha: Annotated[bool, option("--drop-alpha", section=PICTURES, help="leave the last channel out")] = False,
    as_stored: Annotated[
        bool, option("--as-stored", section=PICTURES, help="turn no picture as its orientation says")
    ] = False,
    max_pixels: Annotated[
        str | None,
        option(
            "--max-pixels",
            metavar="N",
            section=PICTURES,
            help="read pictures of up to N pixels, 89 million if not given",
        ),
    ] = None,
    weight_shape: Annotated[
        str | None, option("--weight-shape", metavar="SHAPE", section=PARAMETERS, help="of a raw .bin: O,I,kh,kw")
    ] = None,
    weight_dtype: Annotated[
        str | None,
        option(
            "--weight-dtype",
            metavar="T",
            section=PARAMETERS,
            help="element type of a raw .bin",
            complete=choices.dtypes,
        ),
    ] = None,
    weight_layout: Annotated[
        str | None,
        option(
            "--weight-layout",
            metavar="HWIO",
            section=PARAMETERS,
            help="axes of the weight: OIHW, HWIO, OHWI, CHWN",
            complete=choices.weight_layouts,
        ),
    ] = None,
    bias_dtype: Annotated[
        str | None,
        option(
            "--bias-dtype",
            metavar="T",
            section=PARAMETERS,
            help="element type of a raw .bin, else the weight's",
            complete=choices.dtypes,
        ),
    ] = None,
    per_channel: Annotated[
        bool, option("--per-channel", section=PARAMETERS, help="convolve each channel with the one kernel")
    ] = False,
    flip: Annotated[
        bool, option("--flip", section=PARAMETERS, help="true convolution: the kernel turned by half")
    ] = False,
) -> ReadingOptions:
    return ReadingOptions(
        cast,
        input_shape,
        input_dtype,
        input_offset,
        layout,
        output_layout,
        normalize,
        mean,
        std,
        gray,
        drop_alpha,
        as_stored,
        max_pixels,
        weight_shape,
        weight_dtype,
        weight_layout,
        bias_dtype,
        per_channel,
        flip,
    )


reading_options = shared(_reading_options, "reading_options")
reading_options_of_inputs = shared(_reading_options, "reading_options", without=("output_layout",))
