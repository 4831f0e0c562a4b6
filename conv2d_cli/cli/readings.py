"""How tensors are read, from the words of the options: what a file does not say, and what is done before it is used."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from conv2d_cli.cli.number_options import choice, dtype_of, integer
from conv2d_cli.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from conv2d_cli.cli.reading_options import ReadingOptions
    from conv2d_cli.tensors.layout import Layout
    from conv2d_cli.tensors.preparation import Preparation
    from conv2d_cli.tensors.reading import Described, Reading

# What float32 can be divided by, and hold.
_LEAST_DEVIATION, _LARGEST_MEAN = 1e-30, 1e38
_MANY_PIXELS = 10**9
# What NumPy can count.
_MOST_ELEMENTS = 2**58
_USUAL_DTYPE = "float32"
_IMAGE_RANKS, _WEIGHT_RANKS, _ANY_RANK = frozenset({3, 4}), frozenset({2, 4}), frozenset(range(1, 33))
# As Keras has it, and of one image.
_OTHER_WORDS = {"channels_last": "NHWC", "channels_first": "NCHW", "hwc": "NHWC", "chw": "NCHW"}
_BIG_ENDIAN, _LITTLE_ENDIAN = ">", "<"


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
    word = _OTHER_WORDS.get(text.lower(), text.upper())
    return LAYOUTS[choice(name, word if word in LAYOUTS else text, tuple(LAYOUTS))]


def refuse_layout_of_picture(output: str) -> None:
    """Refuse `--output-layout` for an output that is a picture.

    Raises:
        UsageError: it is one.
    """
    from conv2d_cli.tensors.formats import FORMATS
    from conv2d_cli.tensors.location import format_meant

    meant = format_meant(output)
    if meant is not None and FORMATS[meant].is_picture:
        raise UsageError(
            f"--output-layout is of tensors: a .{meant} has an order of its own", "leave --output-layout out"
        )


def weight_layout_of(text: str | None) -> Layout | None:
    """Return the order of axes of a weight that an option names.

    Raises:
        UsageError: there is no such order.
    """
    from conv2d_cli.tensors.layout import WEIGHT_LAYOUTS

    if text is None:
        return None
    word = text.upper()
    return WEIGHT_LAYOUTS[choice("--weight-layout", word if word in WEIGHT_LAYOUTS else text, tuple(WEIGHT_LAYOUTS))]


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


def described_as(shape: str, dtype: str) -> Described:
    """Return what `--raw-shape` and `--raw-dtype` say of raw files, of any number of axes.

    Raises:
        UsageError: one is none.
    """
    from conv2d_cli.tensors.reading import Described

    sizes = _shape("--raw-shape", shape, _ANY_RANK, "N,C,H,W, or of any other number of axes")
    return Described(sizes, *_raw_dtype("--raw-dtype", dtype), owner="tensor")


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
        _numbers("--mean", options.mean, "0.485,0.456,0.406"),
        _numbers("--std", options.std, "0.229,0.224,0.225"),
    )
    if any(value < _LEAST_DEVIATION for value in preparation.deviation):
        raise UsageError(f"--std {options.std}: deviations are above 0, in float32 too", "--std 1")
    return preparation if any(preparation) else None


def _numbers(name: str, text: str | None, example: str) -> tuple[float, ...]:
    if text is None:
        return ()
    try:
        values = tuple(map(float, text.strip("[]() ").split(",")))
    except ValueError:
        values = (math.nan,)
    if not all(abs(value) < _LARGEST_MEAN for value in values):
        raise UsageError(f"{name} {text}: not finite numbers with commas between them", f"{name} {example}")
    return values
