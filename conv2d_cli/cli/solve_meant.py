"""Which line was meant where what is of a search and what is of a LAYER stand together, or half a question does."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from conv2d_cli.cli.layer_words import OPERANDS, LayerWords
from conv2d_cli.cli.solve_options import NAMES, OF_A_LAYER, OF_A_SEARCH
from conv2d_cli.cli.typed import normal
from conv2d_cli.errors import LayerError, UsageError, nearest
from conv2d_cli.layer.forward import padding_sides
from conv2d_cli.layer.questions import QUESTIONS, times
from conv2d_cli.layer.text import integers_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from conv2d_cli.cli.solve_options import SolveOptions
    from conv2d_cli.layer.model import Conv2d

_KERNEL = "7"
# What a layer has where nothing is said, and a search leaves open.
_USUAL = {"stride": (1, 1), "padding": (0, 0), "dilation": (1, 1)}


def as_search(words: LayerWords, size: str | None) -> str:
    """Return the line that searches one axis with the numbers of the layer; where H and W differ, with either."""
    typed = words.typed
    try:
        numbers = _numbers_of(words.layer(), {*words.options})
        left_out = {*OF_A_LAYER, *(name for key in _USUAL for name in NAMES[key])}
    except (UsageError, LayerError):
        # What is wrong with it is told when its turn comes.
        kernel = integers_of(words.values[-1])
        numbers, left_out = {"kernel_size": (kernel,) if isinstance(kernel, int) else ()}, {*OF_A_LAYER}
    if size is not None and ".." not in size:
        found = integers_of(size)
        numbers["input_size"] = (found,) if isinstance(found, int) else (found or ())[-2:]
        left_out |= {*NAMES["input_size"]}
    if typed.option(NAMES["kernel_size"]):
        numbers["kernel_size"] = ()
    added = [word for key, some in numbers.items() if some for word in (NAMES[key][0], _alternatives(some))]
    removed = [place for option in typed.options() if normal(option.name) in left_out for place in option.positions]
    return typed.line(dict.fromkeys([*typed.operands(), *removed]), *added)


def _numbers_of(layer: Conv2d, typed: set[str]) -> dict[str, tuple[int, ...]]:
    """Return H and W of each argument that says more than nothing; of padding where both sides are alike."""
    numbers = {"kernel_size": layer.kernel_size} | {
        field: getattr(layer, field)
        for field, usual in _USUAL.items()
        if field in typed or getattr(layer, field) != usual
    }
    if "padding" in numbers:
        rows, columns = padding_sides(layer)
        alike = [sides[0] for sides in (rows, columns) if sides is not None and sides[0] == sides[1]]
        numbers["padding"] = tuple(alike) if len(alike) == len(("H", "W")) else ()
    return numbers


def _alternatives(numbers: Sequence[int]) -> str:
    """Return `3`, or `3,5` where they differ."""
    return ",".join(map(str, dict.fromkeys(numbers)))


def with_layer(words: LayerWords, options: SolveOptions) -> str:
    """Return the line that asks its question about a layer, with the kernel that was typed, and a size if it takes one.

    Options that are of a search alone are left out.
    """
    typed, size = words.typed, tuple[str, ...]()
    kernel = options.kernel_size if integers_of(options.kernel_size or "") else None
    groups = integers_of(words.options.get("groups", ""))
    channels = (str(groups), str(groups)) if isinstance(groups, int) and groups > 1 else ("3", "64")
    operands = (*channels, kernel or _KERNEL)
    places = [one.positions for one in typed.options() if normal(one.name) in OF_A_SEARCH]
    replaced: dict[int, Sequence[str] | None] = dict.fromkeys(place for some in places for place in some)
    with suppress(UsageError, LayerError):
        # What else is wrong is told when its turn comes.
        layer = LayerWords(operands, words.options, typed).layer()
        name, question = _whole(options.question or "", layer)
        replaced |= _asking(words, question)
        size = ("-i", "224") if options.input_size is None and QUESTIONS[name].needs_size(layer) else ()
    return typed.line(replaced, *operands, *size)


def _whole(question: str, layer: Conv2d) -> tuple[str, str]:
    """Return a question that there is, its name alone and with a value where it takes one."""
    name, _, value = question.partition("=")
    known = name if name in QUESTIONS else next(iter([*nearest(name, QUESTIONS), *QUESTIONS]))
    return known, question if known == name and value and QUESTIONS[name].value else example(known, layer)


def example(name: str, layer: Conv2d) -> str:
    """Return a question, with a value that has an answer where it takes one."""
    examples = {"": "", "bytes": "=16GiB", "pixels": f"={dilated_by_2(layer)}"}
    return name + examples[QUESTIONS[name].value]


def dilated_by_2(layer: Conv2d) -> str:
    """Return what the kernel sees with a dilation of 2."""
    return times([2 * kernel - 1 for kernel in layer.kernel_size])


def with_value(words: LayerWords, name: str) -> str | None:
    """Return the line in which the word behind a question is its value, where that word is one too many for LAYER.

    `--for receptive-field 31 3 64 7` was meant for `--for receptive-field=31 3 64 7`.
    """
    option = words.typed.option({"--for"})
    behind = option.positions[-1] + 1 if option else 0
    if len(words.values) != len(OPERANDS) + 1 or behind not in words.positions:
        return None
    value = words.typed.words[behind]
    return words.typed.line({**_asking(words, f"{name}={value}"), behind: None})


def _asking(words: LayerWords, question: str) -> dict[int, Sequence[str] | None]:
    """Return what replaces the words of `--for`."""
    option = words.typed.option({"--for"})
    first, *others = option.positions if option else (0,)
    return {first: ("--for", question), **dict.fromkeys(others)}
