"""`conv2d solve LAYER --for QUESTION`: the argument, or the input, with which a layer does what is wanted."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from conv2d_cli.cli.layer_words import OPTIONS
from conv2d_cli.cli.number_options import bytes_of
from conv2d_cli.cli.output import output_of
from conv2d_cli.cli.sizes import shape_on
from conv2d_cli.cli.solve_meant import as_search, dilated_by_2, example, with_layer, with_value
from conv2d_cli.cli.solve_options import OF_A_SEARCH
from conv2d_cli.cli.typed import PROGRAM
from conv2d_cli.errors import UsageError, cut, did_you_mean, one_of
from conv2d_cli.layer.asked import Asked
from conv2d_cli.layer.questions import QUESTIONS
from conv2d_cli.layer.text import integers_of
from conv2d_cli.report.analysis import analyze
from conv2d_cli.report.shape import ShapeReport

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from conv2d_cli.cli.layer_words import LayerWords
    from conv2d_cli.cli.options import OutputOptions
    from conv2d_cli.cli.output import Output
    from conv2d_cli.cli.solve_options import SolveOptions
    from conv2d_cli.layer.asked import Question, Solved
    from conv2d_cli.layer.model import Conv2d

_MOST_LINES = 2


def solve_layer(words: LayerWords, options: SolveOptions, output_options: OutputOptions) -> int:
    """Write the facts of each layer that answers the question.

    Raises:
        UsageError, LayerError, ShapeError: the layer, the question or the input is wrong.
        UnsolvableError: nothing does what is wanted.
    """
    typed = words.typed
    output = output_of(output_options, ("schema_version", *ShapeReport._fields))
    of_a_search = typed.option(OF_A_SEARCH)
    if not words.given:
        raise UsageError("LAYER is missing: three values, IN OUT KERNEL, or one expression", with_layer(words, options))
    if of_a_search is not None:
        searching = as_search(words, options.input_size)
        meant = searching if options.question is None else typed.without(*OF_A_SEARCH)
        raise UsageError(f"{of_a_search.name} is of a search, without LAYER", meant)
    name, _, text = (options.question or "").partition("=")
    if name in QUESTIONS and QUESTIONS[name].value and not text and (line := with_value(words, name)):
        raise UsageError(f"--for {name}: its value stands behind =", line)
    layer = words.layer()
    fitting = [example(one, layer) for one in QUESTIONS if options.input_size or not QUESTIONS[one].needs_size(layer)]
    question = _question(name, fitting)
    asked = _asked(name, text, question, layer)
    if options.input_size is None and question.needs_size(layer):
        raise UsageError(f"--for {name} depends on the size of the input, and -i is missing", "-i 224")
    with words.own_words():
        shape = None if options.input_size is None else shape_on(options.input_size)(layer)
        _show(question.answers(asked._replace(input_shape=shape)), question, output)
    return 0


def _question(name: str, fitting: Sequence[str]) -> Question:
    """Return the question of a name; `fitting` are those that the layer can be asked, with examples of their values."""
    if not name:
        raise UsageError("--for is missing: what LAYER is to become", f"--for {one_of(fitting)}")
    if name not in QUESTIONS:
        raise UsageError(f"--for {cut(name)}: no such question", did_you_mean(name, fitting, "--for "))
    return QUESTIONS[name]


def _asked(name: str, text: str, question: Question, layer: Conv2d) -> Asked:
    """Return the question with its value.

    Raises:
        UsageError: it has none where it takes one, or one that is wrong.
    """
    asked = Asked(layer, None)
    if not question.value:
        if text:
            raise UsageError(f"--for {name}={text}: the question takes no value", f"--for {name}")
        return asked
    if question.value == "bytes":
        return asked._replace(budget=_budget(name, text))
    value = integers_of(text)
    pixels = (value, value) if isinstance(value, int) else value
    if pixels is None or len(pixels) != len(asked.pixels) or min(pixels) < 1:
        raise UsageError(
            f"--for {name}={text}: a whole number of pixels, or two, HxW" if text else f"--for {name} takes pixels",
            f"--for {name}={dilated_by_2(layer)}",
        )
    return asked._replace(pixels=(pixels[0], pixels[1]))


def _budget(name: str, text: str) -> int:
    try:
        return bytes_of(text) or 0
    except UsageError as error:
        _, _, problem = error.message.rpartition(": ")
        said = f"--for {name}={cut(text)}: {problem}" if text else f"--for {name} takes a number of bytes"
        raise UsageError(said, f"--for {name}=16GiB") from None


def _show(solved: Iterable[Solved], question: Question, output: Output) -> None:
    """Write what was worked out and the line that shows it to stderr, or where a screen begins; facts to stdout."""
    found = [*solved]
    reports = [analyze(one.layer, one.input_shape) for one in found]
    output.note(f"{found[0].field}={one_of(one.value for one in found)} {question.says}")
    if question.several and not output.keys:
        output.show_rows(reports)
    else:
        for report in reports:
            output.show(report, needs_size=_unknown(report) if report.input_shape is None else ())
    # All groups of a layer would be a page of lines that differ in one number.
    for one in found if len(found) <= _MOST_LINES else ():
        output.note(shlex.join(shape_words(one.layer, one.input_shape)))


def _unknown(report: ShapeReport) -> set[str]:
    # A bias that does not exist has no shape, whatever the size.
    return {key for key, value in report._asdict().items() if value is None} - {"bias_shape"}


def shape_words(layer: Conv2d, shape: tuple[int, ...] | None) -> list[str]:
    """Return the command line that shows a layer on its input.

    >>> from conv2d_cli import Conv2d
    >>> " ".join(shape_words(Conv2d(3, 64, 7, stride=2, padding=(0, 1, 1, 0)), (1, 3, 224, 224)))
    'conv2d shape 3 64 7 -s 2 -p 0,1,1,0 -i 1x3x224x224'
    """
    words = [PROGRAM, "shape", str(layer.in_channels), str(layer.out_channels), _value(layer.kernel_size)]
    usual = {"stride": (1, 1), "padding": (0, 0), "dilation": (1, 1), "groups": 1, "padding_mode": "zeros"}
    for field, (option, *_) in OPTIONS.items():
        value = getattr(layer, field, None)
        if field == "bias":
            words += [] if layer.bias else [option]
        elif value not in {None, usual.get(field)}:
            words += [option, _value(value)]
    return words if shape is None else [*words, "-i", "x".join(map(str, shape))]


def _value(value: object) -> str:
    """Return a value as one word: `2`, `2x1`, `0,0,1,1`, `same`."""
    if not isinstance(value, tuple):
        return str(value)
    if len(value) > len(("H", "W")):
        return ",".join(map(str, value))
    return str(value[0]) if len({*value}) == 1 else "x".join(map(str, value))
