"""The words of `conv2d sweep` as what is swept and which rows are wanted, all of it checked before the first row."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, NamedTuple

from conv2d_cli.cli import conditions
from conv2d_cli.cli.layer_words import OPERANDS, LayerWords
from conv2d_cli.cli.number_options import integer
from conv2d_cli.errors import UsageError, cut, did_you_mean, nearest
from conv2d_cli.jobs.sweep import Order, Selection, Sweep, Tally, check_held
from conv2d_cli.layer.alternatives import Alternatives, alternatives_of
from conv2d_cli.layer.grid import Choices, Grid, grid_of
from conv2d_cli.layer.model import Conv2d, same_argument
from conv2d_cli.layer.text import input_shape_from, looks_like_expression
from conv2d_cli.report.analysis import analyze
from conv2d_cli.report.measures import MEASURES, QUANTITIES, condition_of, key_of

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from conv2d_cli.arithmetic.formula import Formula
    from conv2d_cli.cli.output import Output
    from conv2d_cli.cli.sweep_options import SweepOptions
    from conv2d_cli.report.shape import ShapeReport

_SIZE = "-i 224"
_TRUTHS = {"true": True, "false": False}
_SIDES = 4


class Request(NamedTuple):
    """What is swept, which rows are wanted, the keys that rows are judged by, and what is counted meanwhile."""

    sweep: Sweep
    selection: Selection
    judged_by: tuple[str, ...]
    tally: Tally


def request_of(words: LayerWords, options: SweepOptions, output: Output) -> Request:
    """Return what a command line asks for.

    Raises:
        UsageError, LayerError, ShapeError: it asks for what cannot be, whatever the combination.
    """
    tally = Tally()
    _note_paddings(words, output)
    with words.own_words():
        grid = _grid(words)
        sizes = None if options.sizes is None else _sizes(options.sizes, words.option("input_shape"))
    unknown = () if sizes is not None else _needs_size()
    formulas = [_formula(text, unknown) for text in options.where]
    selection = Selection(
        _orders("--sort", options.sort, unknown),
        None if options.top is None else min(integer("--top", options.top, least=1, example=10), sys.maxsize),
        _orders("--pareto", options.pareto, unknown),
    )
    asked = next((key for key in output.keys if key in unknown), None)
    if asked is not None:
        raise UsageError(f"--get {asked}: {_without_size(asked)}", _SIZE)
    names = [order.name for order in (*selection.sort, *selection.pareto)]
    names += (name for formula in formulas for name in sorted(formula.names))
    judged_by = tuple(dict.fromkeys(map(key_of, names)))
    sweep = Sweep(grid, sizes, _where(formulas, tally))
    check_held(sweep, selection)
    return Request(sweep, selection, judged_by, tally)


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
        return alternatives_of(text, words.option(field))
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

    layer = layer_of_expression(text)
    arguments, _ = arguments_of_expression(text)
    for field, alternatives in options.items():
        if field in arguments and not all(same_argument(field, arguments[field], value) for value in alternatives):
            raise UsageError(
                f"{field} is given twice: in the expression, and other values as an option",
                f"leave the option out, or {field} in the expression",
            )
    return {field: Alternatives(((getattr(layer, field),),)) for field in arguments}


def _sizes(text: str, option: str) -> Choices:
    """Return sizes; of a range both ends are judged.

    Raises:
        UsageError, ShapeError: one of them is no size.
    """
    found = alternatives_of(text, option)
    for part in found.parts:
        for value in {part[0], part[-1]}:
            if isinstance(value, str):
                raise UsageError(
                    f"{option} {cut(value)}: a sweep takes sizes, such as 224, 224x160 or 8x3x224x224", f"{option} 224"
                )
            input_shape_from((value,) if isinstance(value, int) else value, 1, value)
    return Choices(found.parts, is_pair=False)


def _formula(text: str, unknown: Collection[str]) -> Formula:
    missing = {name: (_without_size(name), _SIZE) for name in QUANTITIES if key_of(name) in unknown}
    return conditions.condition_of("--where", text, [*({*QUANTITIES} - missing.keys())], missing=missing)


def _where(formulas: Sequence[Formula], tally: Tally) -> Callable[[ShapeReport], bool] | None:
    """Return whether all formulas hold for a row."""
    if not formulas:
        return None

    def nothing(reason: str) -> None:
        tally.without_value[reason] += 1

    conditions = [condition_of(formula, nothing) for formula in formulas]
    return conditions[0] if len(conditions) == 1 else lambda report: all(holds(report) for holds in conditions)


def _orders(option: str, words: Sequence[str], unknown: Collection[str]) -> tuple[Order, ...]:
    """Return what rows are judged by: `macs,-output_height`."""
    orders = []
    for word in (word.strip() for text in words for word in text.split(",")):
        sign = word[: word.startswith("-")]
        name = word.removeprefix(sign)
        if not name:
            raise UsageError(f"{option}: a comma separates keys, and one of them is empty", f"{option} parameters")
        _check(f"{option} {cut(word)}", name, MEASURES, unknown, f"{option}={sign}" if sign else f"{option} ")
        orders.append(Order(name, bool(sign)))
    return tuple(orders)


def _check(said: str, name: str, known: Sequence[str], unknown: Collection[str], before: str = "") -> None:
    """Check that a name is one of those known, and has a value without a size where none was given.

    `before` is what stands in front of near ones: the option, and the sign of an order that is reversed.
    """
    if name not in known:
        near = did_you_mean(name, known, before) if nearest(name, known) else "--get help lists the keys"
        raise UsageError(f"{said}: there is no number {cut(name)!r}", near)
    if key_of(name) in unknown:
        raise UsageError(f"{said}: {_without_size(name)}", _SIZE)


def _without_size(name: str) -> str:
    return f"{name} depends on the size of the input, and -i is missing"


def _needs_size() -> frozenset[str]:
    """Return the keys that no layer has without a size."""
    facts = analyze(Conv2d(1, 1, 1))._asdict()
    return frozenset(key for key, value in facts.items() if value is None)
