"""`--plot x=macs,y=parameters,color=kernel_size` and `-o plot.svg`: what is to be drawn, and as what."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from conv2d_cli.errors import UsageError, cut, did_you_mean, nearest, one_of
from conv2d_cli.report.plot import LARGER, SMALLER, PlotRequest, axis_of, needs_size, quantities
from conv2d_cli.report.shape import ShapeReport

if TYPE_CHECKING:
    from collections.abc import Sequence

EXAMPLE = "--plot x=macs,y=parameters"
_PARTS = ("x", "y", "color")
_SIGNS = {"-": LARGER, "+": SMALLER}
# Keys of pairs and the beginning of the names of their halves.
_HALVES = {
    "kernel_size": "kernel",
    "stride": "stride",
    "dilation": "dilation",
    "input_shape": "input",
    "output_shape": "output",
    "effective_kernel_size": "effective_kernel",
    "receptive_field": "receptive_field",
}


def request_of(text: str, more: Sequence[str] = (), *, has_size: bool = True) -> PlotRequest:
    """Return what `--plot` asks for; `more` are names of numbers that these records have beside those of `shape`.

    Unless `has_size`, nothing can be drawn that depends on the size of the input.

    Raises:
        UsageError: it is not x=KEY,y=KEY or x=KEY,y=KEY,color=KEY with keys that can be drawn.
    """
    parts = _parts_of(text)
    numbers = (*quantities(), *more)
    axes = []
    for name in _PARTS[:2]:
        value = parts[name]
        better = _SIGNS.get(value[:1])
        key = value[1:] if better else value
        if key not in numbers:
            raise _no_axis(name, value[: 1 if better else 0], key, numbers)
        if not has_size and key in needs_size():
            raise UsageError(f"--plot {name}={value}: it depends on the size of the input, and -i is missing", "-i 224")
        axes.append(axis_of(key, better))
    color = parts.get("color")
    colors = dict.fromkeys((*numbers, *ShapeReport._fields))
    if color is not None and color not in colors:
        raise UsageError(f"--plot color={cut(color)}: no such key", _hint(color, [*colors], "color="))
    return PlotRequest(axes[0], axes[1], color)


def kind_of(typed: str, kinds: Sequence[str], *, is_special: bool) -> str:
    """Return what a plot is written as: by the suffix of its file, into a pipe or a device the first of the kinds.

    Raises:
        UsageError: the suffix is none of the kinds.
    """
    kind, _, stream = typed.partition(":")
    if stream == "-" and kind in kinds:
        return kind
    suffix = Path(typed).suffix.lower().removeprefix(".") if typed != "-" else kinds[0]
    if suffix in kinds:
        return suffix
    if is_special:
        return kinds[0]
    listed = one_of([f".{kind}" for kind in kinds])
    said = f"the suffix .{cut(suffix)} is no format of plots" if suffix else "its name says no format"
    raise UsageError(f"-o {cut(typed)}: {said}; it may end in {listed}", f"-o plot.{kinds[0]}")


def is_stream(typed: str) -> bool:
    """Whether stdout is meant: `-`, or `png:-`."""
    return typed == "-" or typed.endswith(":-")


def _parts_of(text: str) -> dict[str, str]:
    parts: dict[str, str] = {}
    for word in text.split(","):
        name, sign, value = (part.strip() for part in word.partition("="))
        if not sign:
            raise UsageError(
                f"--plot {cut(text)}: {cut(word) or 'an empty part'} is not x=KEY, y=KEY or color=KEY", EXAMPLE
            )
        if name not in _PARTS:
            hint = did_you_mean(name, _PARTS) if nearest(name, _PARTS) else EXAMPLE
            raise UsageError(f"--plot {cut(text)}: {cut(name) or 'nothing'}= is none of x=, y= and color=", hint)
        if name in parts:
            raise UsageError(f"--plot {cut(text)}: {name}= is given twice", EXAMPLE)
        parts[name] = value
    for name, other in zip(_PARTS[:2], ("y", "x"), strict=True):
        if name not in parts:
            given = parts.get(other, "macs")
            example = {other: given, name: "parameters" if given != "parameters" else "macs"}
            raise UsageError(f"--plot {cut(text)}: {name}= is missing", f"--plot x={example['x']},y={example['y']}")
    return parts


def _no_axis(name: str, sign: str, key: str, numbers: Sequence[str]) -> UsageError:
    said = f"--plot {name}={sign}{cut(key)}"
    if key in _HALVES:
        near = [f"{name}={sign}{_HALVES[key]}{side}" for side in ("_height", "_width")]
        return UsageError(f"{said}: a pair, of which an axis shows one half", one_of(near))
    if key in ShapeReport._fields:
        return UsageError(f"{said}: not a number, which an axis shows", f"--plot x=macs,y=parameters,color={key}")
    return UsageError(f"{said}: no such key", _hint(key, numbers, f"{name}={sign}"))


def _hint(key: str, known: Sequence[str], before: str) -> str:
    return did_you_mean(key, known, before) if nearest(key, known) else "conv2d sweep --get help lists the keys"
