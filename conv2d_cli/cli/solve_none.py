"""What is said where a search has no answer: what comes nearest, what stops it, and lines that have an answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conv2d_cli.arithmetic.search import nearest
from conv2d_cli.arithmetic.solve import paddings_of_output, sizes_of_output
from conv2d_cli.arithmetic.window import Axis
from conv2d_cli.cli.output import say
from conv2d_cli.cli.solve_options import NAMES

if TYPE_CHECKING:
    from conv2d_cli.arithmetic.search import Question
    from conv2d_cli.cli.output import Output
    from conv2d_cli.cli.typed import Typed


def tell_nearest(question: Question, typed: Typed, output: Output) -> None:
    """Write to stderr why a question has no answer, and what has one."""
    found = nearest(question)
    sides = (("below", found.below, found.wanted_below), ("above", found.above, found.wanted_above))
    near = [(side, axis, wanted) for side, axis, wanted in sides if axis is not None]
    if near:
        say("error", "no numbers in these ranges go together", output.color)
        for side, axis, wanted in near:
            output.note(f"nearest {side}: {_described(axis)}; {_takes(axis, wanted)}")
        lines = [line for _, axis, wanted in near for line in _lines(axis, wanted, typed)]
    else:
        axis = _smallest(question)
        size, padding = question.input_size.largest, axis.before
        said = f"an input of {size} with padding {padding} has {size + 2 * padding}"
        say("error", f"no window fits: the smallest spans {axis.effective_kernel}, and {said}", output.color)
        lines = [_line("input_size", axis.size, typed)]
    say("hint", ", or ".join(dict.fromkeys(lines)), output.color)


def _described(axis: Axis) -> str:
    return (
        f"output_size {axis.output} of input_size {axis.size}, kernel_size {axis.kernel}, stride {axis.stride}, "
        f"padding {axis.before}, dilation {axis.dilation}"
    )


def _takes(axis: Axis, wanted: int) -> str:
    """Return which input, or which padding, gives the wanted output to the nearest numbers."""
    ways = [f"{what} {_interval(values)}" for what, values in _ways(axis, wanted).items()]
    return f"{wanted} takes {' or '.join(ways)}"


def _ways(axis: Axis, wanted: int) -> dict[str, range]:
    size, kernel, stride, dilation, padding, _ = axis
    sizes = sizes_of_output(wanted, kernel, stride, dilation, 2 * padding)
    both = paddings_of_output(wanted, size, kernel, stride, dilation)
    found = {
        "input_size": range(max(1, sizes.start), sizes.stop),
        "padding": range(-(-both.start // 2), (both.stop - 1) // 2 + 1),
    }
    return {what: values for what, values in found.items() if values}


def _interval(values: range) -> str:
    return str(values[0]) if len(values) == 1 else f"{values[0]}..{values[-1]}"


def _lines(axis: Axis, wanted: int, typed: Typed) -> list[str]:
    """Return the line with the nearest output, and with an input or a padding that gives the wanted one."""
    ways = _ways(axis, wanted)
    # One way is enough: the input that lies nearer, or else the padding.
    changes = [(what, min(values, key=lambda one: abs(one - axis.size))) for what, values in ways.items()][:1]
    return [_line("output_size", axis.output, typed), *(_line(what, value, typed) for what, value in changes)]


def _smallest(question: Question) -> Axis:
    """Return the smallest window, on the smallest input that has the least output with it."""
    kernel, stride, dilation = question.kernel_size.least, question.stride.least, question.dilation.least
    padding = question.paddings(kernel).largest
    size = sizes_of_output(question.output_size.least, kernel, stride, dilation, 2 * padding).start
    return Axis(max(1, size), kernel, stride, dilation, padding, padding)


def _line(key: str, value: int, typed: Typed) -> str:
    """Return the line as typed with another value of a number."""
    option = typed.option(NAMES[key])
    if option is None:
        return typed.line({}, NAMES[key][0], str(value))
    first, *others = option.positions
    return typed.line({first: (option.name, str(value)), **dict.fromkeys(others)})
