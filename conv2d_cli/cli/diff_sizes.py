"""The facts of both layers of `conv2d diff` on one SIZE, or on one each; one that does not fit is mended for both."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from conv2d_cli.cli.sizes import shape_on
from conv2d_cli.errors import ShapeError, UsageError
from conv2d_cli.report.analysis import analyze

if TYPE_CHECKING:
    from collections.abc import Sequence

    from conv2d_cli.cli.layer_words import LayerWords
    from conv2d_cli.cli.typed import Typed
    from conv2d_cli.layer.model import Conv2d
    from conv2d_cli.report.shape import ShapeReport

SIDES = ("the first layer", "the second layer")
_NAMES = ("-i", "--input")
_SIZE_IN_HINT = re.compile(r"\b(?:input_shape=)?(?P<size>\d+(?:x\d+)*)\b")


def both_facts(layers: Sequence[Conv2d], sizes: Sequence[str], words: Sequence[LayerWords]) -> list[ShapeReport]:
    """Return the facts of each layer, without a size where none was typed.

    Raises:
        UsageError: a size is none, or does not fit a layer; or there are too many.
        FileError, DataError: it is a file that cannot be read, or does not fit.
    """
    if len(sizes) > len(layers):
        raise UsageError(f"-i stands {len(sizes)} times: once for both layers, or once for each", f"-i {sizes[-1]}")
    typed = [*sizes, *sizes][: len(layers)]
    if not sizes:
        return [analyze(layer) for layer in layers]
    # Both may be of one file, and stdin is read once.
    shapes = {size: shape_on(size) for size in sizes}
    found = []
    for side, layer, size, own in zip(SIDES, layers, typed, words, strict=True):
        with own.own_words():
            # What is no size fits neither layer.
            who = ""
            try:
                shape = shapes[size](layer)
                who = f"{side}: "
                found.append(analyze(layer, shape))
            except ShapeError as error:
                mended = _mended(layers, sizes)
                hint = error.hint if mended is None else _line(own.typed, mended)
                raise UsageError(f"{who}{error.message}", hint) from error
    return found


def _facts(layer: Conv2d, size: str) -> ShapeReport:
    return analyze(layer, shape_on(size)(layer))


def _mended(layers: Sequence[Conv2d], sizes: Sequence[str]) -> list[str] | None:
    """Return sizes that fit: one for both layers where one was typed and they have the same channels, or one each."""
    shared = len(sizes) == 1 and len({layer.in_channels for layer in layers}) == 1
    if not shared:
        each = [_fitting([layer], sizes[min(place, len(sizes) - 1)]) for place, layer in enumerate(layers)]
        known = [size for size in each if size is not None]
        return known if len(known) == len(each) else None
    both = _fitting(layers, sizes[0])
    return None if both is None else [both]


def _fitting(layers: Sequence[Conv2d], size: str) -> str | None:
    """Return a size that all of these take, found by what each would rather have; None where none is told."""
    for layer in (*layers, *layers):
        try:
            _facts(layer, size)
        except ShapeError as error:
            match = _SIZE_IN_HINT.search(error.hint or "")
            if match is None:
                return None
            size = match["size"]
    try:
        for layer in layers:
            _facts(layer, size)
    except ShapeError:
        return None
    return size


def _line(typed: Typed, sizes: Sequence[str]) -> str:
    places = [place for option in typed.options() if option.name in _NAMES for place in option.positions]
    return typed.line(dict.fromkeys(places), *(word for size in sizes for word in ("-i", size)))
