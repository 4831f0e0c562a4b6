"""The words of `conv2d sweep` as what is swept and which rows are wanted, all of it checked before the first row."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, NamedTuple

from conv2d_cli.cli import conditions
from conv2d_cli.cli.layer_words import OPERANDS, LayerWords
from conv2d_cli.cli.number_options import integer
from conv2d_cli.cli.roofline import keys_with, machine_of, quantities_with, quantities_without
from conv2d_cli.errors import UsageError, cut, did_you_mean, nearest
from conv2d_cli.jobs.sweep import Order, Selection, Sweep, Tally, check_held
from conv2d_cli.layer.alternatives import Alternatives, alternatives_of
from conv2d_cli.layer.grid import Choices, Grid, grid_of
from conv2d_cli.layer.model import same_argument
from conv2d_cli.layer.text import input_shape_from, looks_like_expression
from conv2d_cli.report.measures import MEASURES, ON_A_MACHINE, QUANTITIES, condition_of, key_of, keys_of_a_size

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from conv2d_cli.arithmetic.formula import Formula
    from conv2d_cli.cli.output import Output
    from conv2d_cli.cli.roofline_options import RooflineOptions
    from conv2d_cli.cli.sweep_options import SweepOptions
    from conv2d_cli.report.roofline import Machine
    from conv2d_cli.report.shape import ShapeReport

    # Why each of these names has no value, and what gives it one.
    Missing = Mapping[str, tuple[str, str]]

_SIZE = "-i 224"
_TRUTHS = {"true": True, "false": False}
_SIDES = 4
# Of all other arguments the least value is 1.
_LEAST = {"padding": 0}
# What 1,2 and 1..4 are no alternatives of, or seldom.
_EXAMPLES = {
    "padding_mode": "zeros,reflect",
    "device": "cpu,cuda",
    "dtype": "float32,half",
    "input_shape": "224,448",
}


class Request(NamedTuple):
    """What is swept, which rows are wanted, the keys that rows are judged by, and what is counted meanwhile."""

    sweep: Sweep
    selection: Selection
    judged_by: tuple[str, ...]
    tally: Tally


def request_of(words: LayerWords, options: SweepOptions, roofline: RooflineOptions, output: Output) -> Request:
    """Return what a command line asks for.

    Raises:
        UsageError, LayerError, ShapeError: it asks for what cannot be, whatever the combination.
    """
    tally = Tally()
    _note_paddings(words, output)
    with words.own_words():
        grid = _grid(words)
        sizes = None if options.sizes is None else _sizes(options.sizes, words.option("input_shape"), grid)
    machine, missing = machine_of(roofline, output), _missing(roofline, has_size=sizes is not None)
    numbers = _Numbers(quantities_with(roofline), missing)
    formulas = [_formula(text, numbers) for text in options.where]
    selection = Selection(
        _orders("--sort", options.sort, numbers),
        None if options.top is None else min(integer("--top", options.top, least=1, example=10), sys.maxsize),
        _orders("--pareto", options.pareto, numbers),
    )
    for key in output.keys:
        _check_known(f"--get {key}", key, missing)
    sweep = Sweep(grid, sizes, _where(formulas, tally, machine), machine)
    check_held(sweep, selection)
    return Request(sweep, selection, _judged_by(selection, formulas), tally)


def _judged_by(selection: Selection, formulas: Sequence[Formula]) -> tuple[str, ...]:
    names = [order.name for order in (*selection.sort, *selection.pareto)]
    names += (name for formula in formulas for name in sorted(formula.names))
    return tuple(dict.fromkeys(map(key_of, names)))


def _grid(words: LayerWords) -> Grid:
    values = words.values
    options = {field: _alternatives(field, text, words) for field, text in words.options.items()}
    if len(values) == 1 and looks_like_expression(values[0]):
        return grid_of(_of_expression(values[0], options) | options)
    if len(values) != len(OPERANDS):
        from conv2d_cli.cli.layer_count import wrong_number

        raise wrong_number(words)
    operands = {field: _of_operand(place, words) for place, field in enumerate(OPERANDS)}
    return grid_of(operands | options)


def _of_operand(place: int, words: LayerWords) -> Alternatives:
    """Return the values of an operand; the hint of a fault is the whole line with it mended."""
    values, name = [*words.values], [*OPERANDS.values()][place]
    try:
        return alternatives_of(values[place], name)
    except UsageError as error:
        hint = error.hint or ""
        values[place] = hint.partition(", or ")[0].removeprefix(f"{name} ")
        line = words.typed.line(dict.fromkeys(words.positions), *values)
        raise UsageError(error.message, line) from None


def _alternatives(field: str, text: str, words: LayerWords) -> Alternatives:
    if field != "bias":
        return alternatives_of(text, words.option(field), _LEAST.get(field, 1), _EXAMPLES.get(field, ""))
    # Elsewhere it is a flag, or a file.
    words_given = [word.strip() for word in text.split(",")]
    other = next((word for word in words_given if word not in _TRUTHS), None)
    if other is not None:
        raise UsageError(f"--bias {cut(other)}: neither true nor false", "--bias true,false")
    return Alternatives(tuple((_TRUTHS[word],) for word in words_given))


def _note_paddings(words: LayerWords, output: Output) -> None:
    """Say what elsewhere would be four paddings of one layer, and here is hardly meant."""
    text = words.options.get("padding", "")
    sides = text.split(",")
    if len(sides) == _SIDES and len({*sides}) < _SIDES:
        output.note(f"-p {cut(text)} are four layers, some alike; four paddings of one layer are '({cut(text)})'")


def _of_expression(text: str, options: dict[str, Alternatives]) -> dict[str, Alternatives]:
    """Return the arguments of an expression, each a single value.

    Raises:
        UsageError, LayerError: it is none, or an option gives other values for what it says.
    """
    from conv2d_cli.layer.expression import arguments_of_expression, layer_of_expression

    try:
        layer = layer_of_expression(text)
    except UsageError as error:
        if ".." not in text:
            raise
        said = f"{cut(text)}: an expression is of one layer; several values stand in IN OUT KERNEL, or as options"
        raise UsageError(said, "conv2d sweep 3 64 1..7 -s 1,2") from error
    arguments, _ = arguments_of_expression(text)
    for field, alternatives in options.items():
        if field in arguments and not all(same_argument(field, arguments[field], value) for value in alternatives):
            raise UsageError(
                f"{field} is given twice: in the expression, and other values as an option",
                f"leave the option out, or {field} in the expression",
            )
    return {field: Alternatives(((getattr(layer, field),),)) for field in arguments}


def _sizes(text: str, option: str, grid: Grid) -> Choices:
    """Return sizes; of a range both ends are judged.

    Raises:
        UsageError, ShapeError: one of them is no size.
    """
    found = alternatives_of(text, option, example=_EXAMPLES["input_shape"])
    for part in found.parts:
        for value in {part[0], part[-1]}:
            if isinstance(value, str):
                raise UsageError(
                    f"{option} {cut(value)}: a sweep takes sizes, such as 224, 224x160 or 8x3x224x224", f"{option} 224"
                )
            channels = grid.choices["in_channels"][0]
            input_shape_from((value,) if isinstance(value, int) else value, channels, value)
    return Choices(found.parts, is_pair=False)


class _Numbers(NamedTuple):
    """What rows may be judged by beside the numbers of `shape`, and which of all these have no value."""

    more: tuple[str, ...]
    missing: Missing


def _formula(text: str, numbers: _Numbers) -> Formula:
    known = [name for name in (*QUANTITIES, *numbers.more) if name not in numbers.missing]
    return conditions.condition_of("--where", text, known, missing=numbers.missing)


def _where(formulas: Sequence[Formula], tally: Tally, machine: Machine | None) -> Callable[[ShapeReport], bool] | None:
    """Return whether all formulas hold for a row."""
    if not formulas:
        return None

    def nothing(reason: str) -> None:
        tally.without_value[reason] += 1

    conditions = [condition_of(formula, nothing, machine) for formula in formulas]
    return conditions[0] if len(conditions) == 1 else lambda report: all(holds(report) for holds in conditions)


def _orders(option: str, words: Sequence[str], numbers: _Numbers) -> tuple[Order, ...]:
    """Return what rows are judged by: `macs,-output_height`."""
    orders, known = [], (*MEASURES, *numbers.more)
    for word in (word.strip() for text in words for word in text.split(",")):
        sign = word[: word.startswith("-")]
        name = word.removeprefix(sign)
        if not name:
            raise UsageError(f"{option}: a comma separates keys, and one of them is empty", f"{option} parameters")
        said = f"{option} {cut(word)}"
        if name in known or name in ON_A_MACHINE:
            _check_known(said, name, numbers.missing)
        else:
            before = f"{option}={sign}" if sign else f"{option} "
            near = did_you_mean(name, known, before) if nearest(name, known) else "--get help lists the keys"
            raise UsageError(f"{said}: there is no number {cut(name)!r}", near)
        orders.append(Order(name, bool(sign)))
    return tuple(orders)


def _check_known(said: str, name: str, missing: Missing) -> None:
    if name in missing:
        why, hint = missing[name]
        raise UsageError(f"{said}: {why}", hint)


def _missing(roofline: RooflineOptions, *, has_size: bool) -> Missing:
    """Return what no layer has a value of, for want of a machine or of a size."""
    without_machine = quantities_without(roofline, has_size=has_size)
    if has_size:
        return without_machine
    keys = keys_of_a_size() | {*keys_with(roofline)}
    names = (*keys, *MEASURES)
    without_size = "depends on the size of the input, and -i is missing"
    return without_machine | {name: (f"{name} {without_size}", _SIZE) for name in names if key_of(name) in keys}
