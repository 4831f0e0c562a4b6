"""The two layers of `conv2d diff`, each a word, on one SIZE or on one each; and how what differs is shown."""

from __future__ import annotations

import re
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

from conv2d_cli.cli.diff_sizes import SIDES, both_facts
from conv2d_cli.cli.layer_words import OPERANDS, LayerWords
from conv2d_cli.cli.output import screen_of
from conv2d_cli.errors import LayerError, UsageError, cut
from conv2d_cli.layer.text import integers_of, looks_like_expression
from conv2d_cli.render.formats import render
from conv2d_cli.render.streams import Columns
from conv2d_cli.report.diff import DiffReport, DiffRow, diff_record, differences
from conv2d_cli.report.record import record_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from conv2d_cli.cli.options import LayerOptions
    from conv2d_cli.cli.output import Output

_USUAL = ("3,64,7", "3,64,5")
_COUNT = re.compile(r"[1-9][0-9]{0,5}")
# What is larger was hardly meant for channels or a kernel.
_LARGE = 10**6


def compared(layers: Sequence[str], sizes: Sequence[str], layer_options: LayerOptions) -> DiffReport:
    """Return what differs between two layers.

    Raises:
        UsageError: they are not two, or one of them, or its size, is wrong.
        FileError, DataError: a size is a file that cannot be read, or does not fit.
    """
    typed = layer_options.typed
    if len(layers) != len(SIDES):
        raise UsageError(_not_two(layers), typed.line(dict.fromkeys(typed.operands()), *_meant(layers)))
    words = [_words(layers, layer_options, place) for place in range(len(SIDES))]
    found = []
    for side, own in zip(SIDES, words, strict=True):
        with _told_of(side, alike=layers[0] == layers[1]):
            found.append(own.layer())
    before, after = both_facts(found, sizes, words)
    return DiffReport(str(found[0]), str(found[1]), differences(before, after))


def _words(layers: Sequence[str], layer_options: LayerOptions, place: int) -> LayerWords:
    """Return the words of one layer.

    Raises:
        UsageError: it is neither three values nor an expression.
    """
    text = layers[place]
    if looks_like_expression(text):
        return LayerWords([text], layer_options.given, layer_options.typed, first=place)
    stripped = text.strip()
    values = stripped[1:-1] if stripped[:1] + stripped[-1:] == "()" else stripped
    if values.count(",") < len(OPERANDS) - 1:
        raise UsageError(
            f"{cut(text) or repr(text)}: a layer is IN,OUT,KERNEL in one word, or one quoted expression",
            layer_options.typed.line(dict.fromkeys(layer_options.typed.operands()), *_meant(layers)),
        )
    # The word is a call without its name.
    return LayerWords([f"Conv2d({values})"], layer_options.given, layer_options.typed, first=place)


@contextmanager
def _told_of(side: str, *, alike: bool) -> Iterator[None]:
    """Say of which layer a fault is, unless it is one of both."""
    try:
        yield
    except LayerError as error:
        # All that is wrong with the layer is told at once.
        raise UsageError(error.message if alike else f"{side}: {error.message}", error.hint) from error


def _not_two(layers: Sequence[str]) -> str:
    if not layers:
        return "two layers are missing: IN,OUT,KERNEL in one word, or one quoted expression, each"
    were = "one was" if len(layers) == 1 else f"{len(layers)} words were"
    return f"two layers are compared, each one word, but {were} given: {cut(' '.join(layers))}"


def _meant(layers: Sequence[str]) -> tuple[str, ...]:
    """Return two layers for what was typed: `3 64 7 3 64 5` are two of three words; what is none becomes one."""
    size = len(OPERANDS)
    words = [*layers]
    if len(words) in {size, 2 * size} and all(map(_COUNT.fullmatch, words)):
        words = [",".join(words[:size]), ",".join(words[size:])]
    return tuple(_layer_or(words[place] if place < len(words) else "", usual) for place, usual in enumerate(_USUAL))


def _layer_or(word: str, usual: str) -> str:
    """Return a word that is a layer, one that is made of it, or else the usual one."""
    if looks_like_expression(word):
        return word if _is_expression(word) else usual
    sizes = integers_of(word)
    is_layer = isinstance(sizes, tuple) and len(sizes) == len(OPERANDS) and all(1 <= size < _LARGE for size in sizes)
    return ",".join(map(str, sizes)) if is_layer and isinstance(sizes, tuple) else usual


def _is_expression(word: str) -> bool:
    from conv2d_cli.layer.expression import layer_of_expression

    try:
        layer_of_expression(word, {})
    except (UsageError, LayerError):
        return False
    return True


def show(report: DiffReport, output: Output) -> None:
    """Write what differs to stdout; a note on stderr where nothing does."""
    if output.format == "json" and not output.keys:
        output.text(render("json", diff_record(report), screen_of(sys.stdout, output.color)))
    elif not report.changes:
        if output.format in {"csv", "tsv"} and not output.keys:
            # A reader of tables expects the columns.
            output.text(output.stream(Columns((), (), DiffRow._fields)).end())
        output.note("nothing differs")
    elif output.is_table:
        output.show(report)
    else:
        output.show_rows([record_of(row) for row in report.changes])
