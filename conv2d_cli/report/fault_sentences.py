"""The sentences on faults of a layer, and on inputs that it cannot take, with names where their numbers stand.

They are for what finds faults by other means, as a page in a browser does, and has to tell them alike. Each sentence is
asked for with numbers that stand nowhere else in it, and these are replaced: `stride={given}: the stride must be ...`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from conv2d_cli.arithmetic.padding import same_padding, same_padding_where_stride_divides
from conv2d_cli.errors import LayerError, ShapeError, one_of
from conv2d_cli.layer.model import layer_from
from conv2d_cli.report.analysis import analyze

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


# Whole numbers that stand in no sentence by themselves.
_BATCH, _IN, _OUT, _KH, _KW, _H, _W = 7_001, 31_337, 42_043, 50_051, 60_077, 11_113, 13_337
_RIGHT, _NEGATIVE, _GROUPS = 80_039, -70_079, 90_001
# Beyond what torch counts in, and beyond what it pads by.
_LARGE, _LONG = 2**63 + 123_457, 2**62 + 123_457
_WORD = "a word"
_LAYER: dict[str, object] = {"in_channels": _IN, "out_channels": _OUT, "kernel_size": (_KH, _KW)}
# A hint that is nothing but an input.
_SIZE = re.compile(r"input_shape=([0-9]+(?:x[0-9]+){3})")
# The least of each argument, one number or one for each axis.
_COUNTS = {"in_channels": 1, "out_channels": 1, "groups": 1}
_PAIRS = {"kernel_size": 1, "stride": 1, "padding": 0, "dilation": 1}


class Sentence(NamedTuple):
    """What is wrong, and what would be right; names in braces stand for numbers, or for several together."""

    message: str
    hint: str


class _Case(NamedTuple):
    """A layer with a fault in an argument, or of which all is right but its input; and names by what they stand for."""

    key: str
    arguments: Mapping[str, object]
    names: Mapping[str, object]
    field: str | None = None
    size: tuple[int, ...] | str = ()


def fault_sentences() -> dict[str, Sentence]:
    """Return the sentences by argument and situation.

    >>> fault_sentences()["stride.negative"].hint
    'stride={mended}'
    """
    cases = (*_numbers(), *_words(), *_strided_same(), *_undivided(), *_sizes(), *_wide_padding())
    alternatives = Sentence(one_of(("{first}", "{last}")), "")
    return {case.key: _sentence(case) for case in cases} | {"alternatives": alternatives}


def _sentence(case: _Case) -> Sentence:
    message, hint = _told(case)
    names = {str(value): name for name, value in case.names.items()}
    size = _SIZE.fullmatch(hint)
    if size:
        names[size[1]] = "fitting"
    if not names:
        return Sentence(message, hint)
    longest_first = sorted(names, key=len, reverse=True)
    number = re.compile(rf"(?<![0-9])(?:{'|'.join(map(re.escape, longest_first))})(?![0-9])")
    named = (number.sub(lambda found: f"{{{names[found[0]]}}}", text) for text in (message, hint))
    return Sentence(*named)


def _told(case: _Case) -> tuple[str, str]:
    try:
        analyze(layer_from({**_LAYER, **case.arguments}), case.size)
    except LayerError as error:
        fields = [fault.field for fault in error.faults]
        message, hint = error.lines()[fields.index(case.field or "")]
    except ShapeError as error:
        message, hint = error.message, error.hint
    return message, hint or ""


def _numbers() -> Iterator[_Case]:
    """Yield numbers that are too small, and too large."""
    for field, least in (_COUNTS | _PAIRS).items():
        for situation, part in _wrong_numbers(least).items():
            given: object = (_RIGHT, part) if field in _PAIRS else part
            mended = {"mended": (_RIGHT, least)} if field in _PAIRS else {}
            # Of zero no sentence tells which number it is.
            names = {"given": given} | ({"part": part} if part else {}) | mended
            key = f"{field}.{situation}"
            yield _Case(key, {field: given}, _of_the_weight(field, given) | names, field)
            # torch's sentence may tell other arguments too, where all of them are numbers.
            other = "out_channels" if field == "in_channels" else "in_channels"
            yield _Case(f"{key}.beside_words", {field: given, other: _WORD}, names, field)


def _wrong_numbers(least: int) -> dict[str, int]:
    return {"negative": _NEGATIVE, "large": _LARGE} | ({"zero": 0} if least else {})


def _of_the_weight(field: str, given: object) -> dict[str, object]:
    layer = _LAYER | {field: given}
    kernel = layer["kernel_size"]
    assert isinstance(kernel, tuple)  # noqa: S101 - in each of the cases
    height, width = kernel
    weight = [layer["out_channels"], layer["in_channels"], height, width]
    return {"weight": weight, "kernel_height": height, "kernel_width": width}


def _words() -> Iterator[_Case]:
    """Yield what is no number, and too much padding for torch, which counts its sides."""
    sides = (_RIGHT, _RIGHT, _RIGHT, _LONG)
    yield _Case("padding.long", {"padding": sides}, {"given": sides, "part": _LONG, "side": 3}, "padding")
    for field in _COUNTS | _PAIRS:
        yield _Case(f"{field}.words", {field: _WORD}, {"given": repr(_WORD)}, field)


def _strided_same() -> Iterator[_Case]:
    """Yield `same` with a stride, by what is offered instead."""
    stride, odd, even = (2, 3), (20_011, 30_011), (20_012, 30_012)
    both = tuple(same_padding(kernel, 1)[0] for kernel in odd)
    (top, bottom), (left, right) = (
        same_padding_where_stride_divides(kernel, step, 1) for kernel, step in zip(even, stride, strict=True)
    )
    cases: tuple[tuple[str, object, dict[str, object]], ...] = (
        ("both", odd, {"both": both}),
        ("sides", even, {"sides": (top, left, bottom, right)}),
        ("kernel_unknown", 0, {}),
    )
    for situation, kernel, names in cases:
        arguments = {"padding": "same", "stride": stride, "kernel_size": kernel}
        yield _Case(f"padding.same.{situation}", arguments, {"stride": stride} | names, "padding")


def _undivided() -> Iterator[_Case]:
    """Yield groups that do not divide input channels, output channels or both."""
    # A prime, so that one other number of groups divides both.
    prime = _IN
    for situation, inner, outer in (
        ("both", 2 * prime, 3 * prime),
        ("in", 2 * prime, _GROUPS * prime),
        ("out", _GROUPS * prime, 3 * prime),
    ):
        arguments = {"in_channels": inner, "out_channels": outer, "groups": _GROUPS}
        yield _Case(f"groups.{situation}", arguments, arguments | {"fitting": one_of((1, prime))}, "groups")


def _sizes() -> Iterator[_Case]:
    """Yield inputs that are none, or too small; all that is offered is another size."""
    given, meant = f"{_BATCH}x{_IN}x?x{_W}", f"-7x{_IN}x{_H}x{_W}"
    yield _Case("input.words", {}, {"given": given, "in_channels": _IN}, size=given)
    yield _Case("input.words_meant", {}, {"given": meant}, size=meant)
    names: dict[str, object] = {"eh": _KH, "ew": _KW, "ph": _H + 20, "pw": _W + 40}
    yield _Case("input.too_small", {"padding": (10, 20)}, names, size=(_BATCH, _IN, _H, _W))
    empty = (_BATCH, _IN, 0, _W)
    arguments, names = {"kernel_size": 1, "padding": 1}, {"shape": [*empty]}
    yield _Case("input.empty", arguments, names, size=empty)
    for mode in ("reflect", "replicate"):
        yield _Case(f"input.nothing.{mode}", arguments | {"padding_mode": mode}, names, size=empty)


def _wide_padding() -> Iterator[_Case]:
    """Yield padding that is wider than what it is made of, and what is offered instead."""
    shape, before, after = (_BATCH, _IN, _H, _W), 10_007, 20_021
    names = {"asked": after, "sides": (before, after), "shape": [*shape]}
    rows = {"padding": (before, 0, after, 0)}
    for mode, kept in (("reflect", 1), ("circular", 0)):
        for axis, size, padding in (("rows", _H, rows), ("columns", _W, {"padding": (0, before, 0, after)})):
            # The window is larger than the input, too.
            arguments = padding | {"padding_mode": mode}
            of_axis = {"size": size, "most": size - kept}
            yield _Case(f"input.wide.{mode}.{axis}", arguments, names | of_axis, size=shape)
    wide = rows | {"padding_mode": "circular"}
    yield _Case("input.padding_within", wide | {"kernel_size": 1}, {"padding": (before, 0, _H, 0)}, size=shape)
    yield _Case("input.other_mode", wide | {"kernel_size": (_H + before + after, 1)}, {}, size=shape)
