"""The options that say how tensors are read: what a file does not say, and what is done to it before it is used."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Annotated, NamedTuple

from conv2d_cli.cli import choices
from conv2d_cli.cli.number_options import choice, dtype_of, integer
from conv2d_cli.cli.options import INPUT, PARAMETERS, PICTURES, RESULT, option, shared
from conv2d_cli.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from conv2d_cli.tensors.layout import Layout
    from conv2d_cli.tensors.preparation import Preparation
    from conv2d_cli.tensors.reading import Described, Reading

_MANY_PIXELS = 10**9
# What NumPy can count.
_MOST_ELEMENTS = 2**58
_USUAL_DTYPE = "float32"
_IMAGE_RANKS, _WEIGHT_RANKS = frozenset({3, 4}), frozenset({2, 4})
# As Keras has it, and of one image.
_OTHER_WORDS = {"channels_last": "NHWC", "channels_first": "NCHW", "hwc": "NHWC", "chw": "NCHW"}
_BIG_ENDIAN, _LITTLE_ENDIAN = ">", "<"


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


def input_reading(options: ReadingOptions, dtype: str | None, of_size: Callable[[str, int], str]) -> Reading:
    """Return how the input is read as a `dtype`; `of_size` is the shape that a raw file's size allows.

    It is asked with an element type and the bytes that stand before the elements.

    Raises:
        UsageError: an option is none, or one is missing.
    """
    from conv2d_cli.tensors.conversion import casts_of
    from conv2d_cli.tensors.layout import NCHW
    from conv2d_cli.tensors.reading import Reading

    return Reading(
        dtype,
        casts_of(options.cast),
        _described(options, of_size),
        layout_of("--layout", options.layout) or NCHW,
        options.as_stored,
        None
        if options.max_pixels is None
        else integer("--max-pixels", options.max_pixels, least=1, example=_MANY_PIXELS),
        _preparation(options),
    )


def parameter_readings(options: ReadingOptions, dtype: str | None) -> tuple[Reading, Reading]:
    """Return how weight and bias are read as a `dtype`.

    Raises:
        UsageError: an option is none, or one is missing.
    """
    from conv2d_cli.tensors.conversion import casts_of
    from conv2d_cli.tensors.layout import OIHW
    from conv2d_cli.tensors.reading import Described, Reading

    reading = Reading(dtype, casts_of(options.cast))
    weight = bias = None
    if options.weight_shape is not None or options.weight_dtype is not None:
        if options.weight_shape is None or options.weight_dtype is None:
            missing = "--weight-shape O,I,kh,kw" if options.weight_shape is None else "--weight-dtype float32"
            raise UsageError("--weight-shape and --weight-dtype go together", missing)
        shape = _shape("--weight-shape", options.weight_shape, _WEIGHT_RANKS, "O,I,kh,kw")
        weight = Described(shape, *_raw_dtype("--weight-dtype", options.weight_dtype), owner="weight")
    if options.bias_dtype is not None:
        bias = Described(None, *_raw_dtype("--bias-dtype", options.bias_dtype), owner="bias")
    elif weight is not None:
        bias = weight._replace(shape=None, owner="bias")
    layout = weight_layout_of(options.weight_layout) or OIHW
    return reading._replace(described=weight, layout=layout), reading._replace(described=bias)


def layout_of(name: str, text: str | None) -> Layout | None:
    """Return the order of axes of images that an option names.

    Raises:
        UsageError: there is no such order.
    """
    from conv2d_cli.tensors.layout import LAYOUTS

    if text is None:
        return None
    return LAYOUTS[choice(name, _OTHER_WORDS.get(text.lower(), text.upper()), tuple(LAYOUTS))]


def weight_layout_of(text: str | None) -> Layout | None:
    """Return the order of axes of a weight that an option names.

    Raises:
        UsageError: there is no such order.
    """
    from conv2d_cli.tensors.layout import WEIGHT_LAYOUTS

    return None if text is None else WEIGHT_LAYOUTS[choice("--weight-layout", text.upper(), tuple(WEIGHT_LAYOUTS))]


def _described(options: ReadingOptions, of_size: Callable[[str, int], str]) -> Described | None:
    from conv2d_cli.tensors.reading import Described

    shape, dtype = options.input_shape, options.input_dtype
    offset = 0 if options.input_offset is None else integer("--input-offset", options.input_offset, least=0)
    if shape is None and dtype is None:
        if options.input_offset is not None:
            given = f"--input-shape {of_size(_USUAL_DTYPE, offset)} --input-dtype {_USUAL_DTYPE} with it"
            raise UsageError("--input-offset is of a raw file, whose shape and type are said too", given)
        return None
    if dtype is None:
        raise UsageError("--input-shape and --input-dtype go together", "--input-dtype float32")
    name, order = _raw_dtype("--input-dtype", dtype)
    if shape is None:
        raise UsageError("--input-shape and --input-dtype go together", f"--input-shape {of_size(name, offset)}")
    sizes = _shape("--input-shape", shape, _IMAGE_RANKS, "C,H,W or N,C,H,W")
    return Described(sizes, name, order, offset)


def _raw_dtype(option_name: str, text: str) -> tuple[str, str]:
    """Return our name of a type that a raw file has, and the order of its bytes."""
    name = dtype_of(option_name, text, stored=True)
    assert name is not None  # noqa: S101 - a text was given
    order = _BIG_ENDIAN if text.lstrip().startswith(_BIG_ENDIAN) else _LITTLE_ENDIAN
    return name, order


def _shape(option_name: str, text: str, ranks: frozenset[int], words: str) -> tuple[int, ...]:
    from conv2d_cli.layer.text import integers_of

    found = integers_of(text)
    sizes = (found,) if isinstance(found, int) else found
    if sizes is None or min(sizes) < 0 or len(sizes) not in ranks or math.prod(sizes) > _MOST_ELEMENTS:
        raise UsageError(
            f"{option_name} {text}: no shape of the form {words}", "sizes with commas between them, such as 1,3,224,224"
        )
    return sizes


def _preparation(options: ReadingOptions) -> Preparation | None:
    from conv2d_cli.tensors.preparation import Preparation

    if (options.mean is not None or options.std is not None) and not options.normalize:
        raise UsageError("--mean and --std come after --normalize", "--normalize with them")
    preparation = Preparation(
        options.drop_alpha,
        options.gray,
        options.normalize,
        _numbers("--mean", options.mean),
        _numbers("--std", options.std),
    )
    if any(value == 0 for value in preparation.deviation):
        raise UsageError(f"--std {options.std}: nothing is divided by 0", "--std 1")
    return preparation if any(preparation) else None


def _numbers(name: str, text: str | None) -> tuple[float, ...]:
    if text is None:
        return ()
    try:
        values = tuple(map(float, text.split(",")))
    except ValueError:
        values = (math.nan,)
    if not all(map(math.isfinite, values)):
        raise UsageError(f"{name} {text}: not numbers with commas between them", f"{name} 0.485,0.456,0.406")
    return values
