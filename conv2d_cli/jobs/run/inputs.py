"""The input of a run, as its layer takes it: a picture made float where the weights are, and misfits explained."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from conv2d_cli.dtypes import DTYPES
from conv2d_cli.errors import DataError, ShapeError
from conv2d_cli.jobs.headers import holds_of_file, is_typed
from conv2d_cli.layer.forward import UNBATCHED, geometry_of
from conv2d_cli.layer.from_weight import groups_for
from conv2d_cli.tensors.layout import WEIGHT_LAYOUTS, weight_layout_seen
from conv2d_cli.tensors.location import is_stream
from conv2d_cli.tensors.opening import open_source
from conv2d_cli.tensors.preparation import has_alpha

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conv2d_cli.arithmetic.geometry import Geometry
    from conv2d_cli.jobs.run.operands import Kernel
    from conv2d_cli.jobs.run.request import Request
    from conv2d_cli.layer.model import Conv2d
    from conv2d_cli.tensors.reading import Reading
    from conv2d_cli.tensors.source import Header, Source

# What the pixels of a picture become where the weights are drawn, or floats.
_PICTURES_BECOME = "float32"


@contextmanager
def opened_input(request: Request) -> Iterator[Source]:
    """Open the input of a request; a picture of integers becomes float32 where the weights are floats, or drawn.

    Raises:
        FileError: it cannot be read.
        DataError: it is no tensor, or none that can be read as it is asked for.
    """
    with open_source(request.input, request.input_reading, stdin=request.stdin) as source:
        if not (source.is_picture and DTYPES[source.dtype].kind in "iu" and _becomes_float(request)):
            yield source
            return
    # A layer may say what its parameters are drawn in.
    drawn = request.layer.dtype if request.layer is not None and request.weight is None else None
    with open_source(request.input, request.input_reading._replace(dtype=drawn or _PICTURES_BECOME)) as source:
        yield source


def _becomes_float(request: Request) -> bool:
    if request.dtype is not None or request.integers is not None:
        return False
    if request.weight is None:
        return True
    if is_typed(request.weight):
        # Of whole numbers the hint says which types hold them.
        return "." in request.weight
    if is_stream(request.weight):
        return False
    holds = holds_of_file(request.weight, request.weight_reading)
    return holds in DTYPES and DTYPES[holds].kind in "fc"


def remarks_of(request: Request, source: Source, weight: Kernel | None) -> list[str]:
    """Return in words what is done to the tensors that was not asked for, and what was asked for and does nothing."""
    remarks = [] if request.node is None else [f"{request.node}, its groups and all else included"]
    if source.is_picture and request.dtype is None and source.holds != source.dtype:
        normalized = request.input_reading.preparation is not None and request.input_reading.preparation.normalize
        if not normalized:
            remarks.append(
                f"the pixels, {source.holds}, become {source.dtype}, as the weights are floats; --normalize scales them"
            )
    seen = layout_of_weight_seen(request, weight)
    if seen is not None:
        remarks.append(f"{request.weight} looks like {seen}; --weight-layout {seen} reads it so")
    if request.flip:
        remarks.append("true convolution: the kernel is turned by half")
    preparation = request.input_reading.preparation
    if preparation is not None and preparation.normalize and DTYPES[source.holds].kind in "fc":
        remarks.append(f"the input is {source.holds}: --normalize divides integers alone")
    return remarks


def layout_of_weight_seen(request: Request, weight: Kernel | None) -> str | None:
    """Return the order of axes that a weight may have been meant in, where nobody has said another or the layer."""
    ours = request.layer is None and request.weight_reading.layout.is_ours
    return None if weight is None or weight.is_matrix or not ours else weight_layout_seen(weight.shape)


def geometry_of_run(request: Request, layer: Conv2d, source: Source, weight: Kernel | None) -> Geometry:
    """Return the layer on its input; of a weight alone the groups or the order of its axes may be wrong."""
    seen = layout_of_weight_seen(request, weight)
    try:
        return geometry_of(layer, source.shape) if seen else geometry_on(layer, source.header, request.input_reading)
    except ShapeError as error:
        if seen is not None and weight is not None and len(source.shape) >= UNBATCHED:
            inputs = WEIGHT_LAYOUTS[seen].of_file(weight.shape)[1] * layer.groups
            last = source.shape[-1] == inputs != source.shape[-3] and request.input_reading.layout.is_ours
            hint = f"--layout NHWC --weight-layout {seen}" if last else f"--weight-layout {seen}"
            raise DataError(f"the weight looks like {seen}: {error.message}", hint) from error
        channels = source.shape[-3] if len(source.shape) >= UNBATCHED else layer.in_channels
        if weight is None or request.layer is not None or channels == layer.in_channels:
            raise
        raise DataError(error.message, _weight_that_fits(request, weight, layer.groups, channels)) from error


def _weight_that_fits(request: Request, weight: Kernel, groups: int, channels: int) -> str:
    """Return what makes a weight fit an input with this number of channels."""
    if weight.is_matrix:
        return "--per-channel, which convolves each channel with the one kernel"
    if request.weight_reading.layout.is_ours:
        for name, layout in WEIGHT_LAYOUTS.items():
            outputs, inputs, *_ = layout.of_file(weight.shape)
            if inputs * groups == channels and outputs % groups == 0:
                return f"--weight-layout {name}"
    fitting = groups_for(weight.shape, channels)
    taken = weight.shape[1]
    return (
        f"the weight takes {taken} channels a group: give an input of {taken}"
        if fitting is None
        else f"groups={fitting}"
    )


def geometry_on(layer: Conv2d, header: Header, reading: Reading, *, prepares: bool = True) -> Geometry:
    """Return a layer on an input that is read so, and say of one that does not fit how it would.

    `prepares` says whether the command can prepare a picture.

    Raises:
        DataError: it does not fit.
        ShapeError: nor does it in any other way that is known.
    """
    try:
        return geometry_of(layer, header.shape)
    except ShapeError as error:
        option = None if header.is_picture and not prepares else _option_that_fits(layer, header, reading)
        if option is None:
            raise
        why, hint = option
        raise DataError(f"{why}: {error.message}", hint) from error


def _option_that_fits(layer: Conv2d, header: Header, reading: Reading) -> tuple[str, str] | None:
    """Return why an input may not fit, and the option that mends it."""
    shape, wanted = header.shape, layer.in_channels
    if len(shape) < UNBATCHED or shape[-3] == wanted:
        return None
    if header.is_picture:
        alpha = has_alpha(shape[-3])
        colours = shape[-3] - alpha
        if alpha and colours == wanted:
            return "its last channel is alpha", "--drop-alpha"
        if wanted == 1 and colours == 3:  # noqa: PLR2004 - red, green and blue
            return "it is in colour", "--gray --drop-alpha" if alpha else "--gray"
        return None
    if reading.layout.is_ours and layout_seen(shape, wanted):
        return "it looks like NHWC", "--layout NHWC"
    return None


def layout_seen(shape: tuple[int, ...], channels: int) -> bool:
    """Whether an input that does not fit has the layer's `channels` last, as in NHWC.

    >>> layout_seen((1, 224, 224, 3), 3), layout_seen((1, 3, 224, 224), 3)
    (True, False)
    """
    return len(shape) >= UNBATCHED and shape[-3] != channels and shape[-1] == channels
