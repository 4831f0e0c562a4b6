"""`--plot x=macs,y=parameters,color=kernel_size` and `-o plot.svg`: what is to be drawn, and as what."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conv2d_cli.cli.roofline import without_machine
from conv2d_cli.errors import UsageError, cut, nearest, one_of
from conv2d_cli.report.measures import ON_A_MACHINE, QUANTITIES, key_of, keys_of_a_size
from conv2d_cli.report.plot import LARGER, SMALLER, PlotRequest, axis_of
from conv2d_cli.report.quantities import AXES, PLANES
from conv2d_cli.report.roofline import RooflineReport
from conv2d_cli.report.shape import ShapeReport

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from conv2d_cli.report.plot import Axis

    # The keys that each part may name.
    Known = Mapping[str, Sequence[str]]

EXAMPLE = "--plot x=macs,y=parameters"
_AXES = ("x", "y")
_USUAL = {"x": "macs", "y": "parameters"}
_PARTS = (*_AXES, "color")
_SIGNS = {"-": LARGER, "+": SMALLER}
# Keys of pairs and the beginning of the names of their halves.
_HALVES = {key: plane for plane, key in PLANES.items()}


def request_of(text: str, more: Sequence[str] = (), *, has_size: bool = True) -> PlotRequest:
    """Return what `--plot` asks for; `more` are keys that these records have beside those of `shape`.

    Unless `has_size`, nothing can be drawn that depends on the size of the input.

    Raises:
        UsageError: it is not x=KEY,y=KEY or x=KEY,y=KEY,color=KEY with keys that can be drawn.
    """
    parts = _parts_of(text)
    numbers = (*QUANTITIES, *(key for key in ON_A_MACHINE if key in more))
    colors = tuple(dict.fromkeys((*numbers, *ShapeReport._fields, *more)))
    known = {"x": numbers, "y": numbers, "color": colors}
    x, y = (_axis(name, parts, known, more, has_size=has_size) for name in _AXES)
    color = parts.get("color")
    _refuse_without_machine(f"--plot color={color}", color, more, has_size=has_size)
    if color is not None and color not in colors:
        raise UsageError(f"--plot color={cut(color)}: no such key", _meant("color", "", color, parts, known))
    return PlotRequest(x, y, color)


def _refuse_without_machine(said: str, key: str | None, more: Sequence[str], *, has_size: bool) -> None:
    if key in RooflineReport._fields and key not in more:
        raise without_machine(said, has_size=has_size)


def _axis(name: str, parts: Mapping[str, str], known: Known, more: Sequence[str], *, has_size: bool) -> Axis:
    value = parts[name]
    better = _SIGNS.get(value[:1])
    sign, key = (value[0], value[1:]) if better else ("", value)
    said = f"--plot {name}={cut(value)}"
    _refuse_without_machine(said, key, more, has_size=has_size)
    if key in known[name]:
        if not has_size and key_of(key) in (*keys_of_a_size(), *more):
            raise UsageError(f"{said}: it depends on the size of the input, and -i is missing", "-i 224")
        return axis_of(key, better)
    if key in _HALVES:
        halves = [f"{sign}{_HALVES[key]}_{axis}" for axis in AXES]
        raise UsageError(
            f"{said}: a pair, of which an axis shows one half",
            one_of(_written(parts, name, half, known) for half in halves),
        )
    if key in (*ShapeReport._fields, *more):
        raise UsageError(f"{said}: not a number, which an axis shows", f"{EXAMPLE},color={key}")
    raise UsageError(
        f"{said}: no such key" if value else f"{said}: a key is missing", _meant(name, sign, key, parts, known)
    )


def _parts_of(text: str) -> dict[str, str]:
    parts: dict[str, str] = {}
    if not text.strip():
        raise UsageError("--plot: it is empty, and says which keys are drawn", EXAMPLE)
    for word in text.split(","):
        name, sign, value = (part.strip() for part in word.partition("="))
        if not sign:
            raise UsageError(
                f"--plot {cut(text)}: {cut(word) or 'an empty part'} is not x=KEY, y=KEY or color=KEY", EXAMPLE
            )
        if name not in _PARTS:
            near = nearest(name, _PARTS)
            hint = f"did you mean {near[0]}={cut(value)}?" if near else EXAMPLE
            raise UsageError(f"--plot {cut(text)}: {cut(name)}= is none of x=, y= and color=", hint)
        if name in parts:
            raise UsageError(f"--plot {cut(text)}: {name}= is given twice", EXAMPLE)
        parts[name] = value
    for name, other in zip(_AXES, reversed(_AXES), strict=True):
        if name not in parts:
            given = parts.get(other, "")
            given = given if given.lstrip("+-") in (*QUANTITIES, *ON_A_MACHINE) else "macs"
            example = {other: given, name: "parameters" if given != "parameters" else "macs"}
            raise UsageError(f"--plot {cut(text)}: {name}= is missing", f"--plot x={example['x']},y={example['y']}")
    return parts


def _meant(name: str, sign: str, key: str, parts: Mapping[str, str], known: Known) -> str:
    """Return the whole option with what was probably meant in its place."""
    near = [_written(parts, name, f"{sign}{other}", known) for other in nearest(key.lstrip("+-"), known[name])]
    return f"did you mean {one_of(near)}?" if near else f"{EXAMPLE}; conv2d sweep --get help lists the keys"


def _written(parts: Mapping[str, str], name: str, value: str, known: Known) -> str:
    """Return the whole option with a part in its place, and the others mended where they are wrong too."""
    mended = {one: _mended(one, text, known[one]) for one, text in parts.items()} | {name: value}
    return f"--plot {','.join(f'{one}={cut(each)}' for one, each in mended.items() if each)}"


def _mended(name: str, text: str, known: Sequence[str]) -> str:
    """Return a part that is right, else what is near to it; else the usual axis, and no colour."""
    sign = text[:1] if name in _AXES and text[:1] in _SIGNS else ""
    key = text.removeprefix(sign)
    near = [key] if key in known else nearest(key, known)
    return f"{sign}{near[0]}" if near else _USUAL.get(name, "")
