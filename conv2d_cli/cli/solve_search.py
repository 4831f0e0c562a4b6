"""`conv2d solve` without a layer: all numbers of one axis that go together, as they are found."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from conv2d_cli.arithmetic.search import Values
from conv2d_cli.cli.number_options import integer
from conv2d_cli.cli.output import output_of
from conv2d_cli.cli.solve_options import NAMES, OF_A_LAYER
from conv2d_cli.cli.solve_output import stream
from conv2d_cli.errors import LayerError, UsageError, cut
from conv2d_cli.layer.alternatives import alternatives_of
from conv2d_cli.report.solve import OPEN, SolutionRow, least_of, question_of, rows_of, searched

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from conv2d_cli.cli.options import LayerOptions, OutputOptions
    from conv2d_cli.cli.output import Output
    from conv2d_cli.cli.solve_options import SolveOptions
    from conv2d_cli.cli.typed import Typed

# A screenful: a search may have a million answers.
_ON_SCREEN = 50
_NO_ANSWER = 1


def search(layer_options: LayerOptions, options: SolveOptions, output_options: OutputOptions) -> int:
    """Write all answers to the numbers that are given; return 1 when there is none.

    Raises:
        UsageError: nothing is given, or what is no alternative of a number.
    """
    typed = layer_options.typed
    output = output_of(output_options, ("schema_version", *SolutionRow._fields))
    other = typed.option(OF_A_LAYER)
    if other is not None:
        raise UsageError(f"{other.name} is of a LAYER, and there is none", typed.without(*OF_A_LAYER))
    limit = None if options.limit is None else integer("--limit", options.limit, least=1, example=10)
    texts = {**options._asdict(), **layer_options.given}
    given = {key: _parts(key, text, typed) for key in OPEN if (text := texts.get(key)) is not None}
    if not given:
        raise UsageError(
            "nothing is given: a LAYER with --for, or some numbers of one axis", "conv2d solve -i 224 --output-size 112"
        )
    try:
        question = question_of(given)
    except LayerError as error:
        raise _in_words(error, typed) from None
    _tell_ranges(given, output)
    most = _ON_SCREEN if limit is None and output.is_table else limit
    rows = rows_of(question)
    number = stream(islice(rows, most), output, {key: _rank(key, given) for key in SolutionRow._fields})
    if not number:
        from conv2d_cli.cli.solve_none import tell_nearest

        tell_nearest(question, typed, output)
        return _NO_ANSWER
    if limit is None and number == most and next(rows, None) is not None:
        output.note(f"the first {number}: --limit N shows more")
    return 0


def _parts(key: str, text: str, typed: Typed) -> Sequence[Sequence[int]]:
    """Return the parts of one option's alternatives, ranges and values.

    Raises:
        UsageError: one of them is no whole number.
    """
    option = spelled(key, typed)
    ranges, alone = list[range](), list[int]()
    for part in alternatives_of(text, option, least_of(key)).parts:
        if isinstance(part, range):
            ranges.append(part)
            continue
        value = part[0][0] if isinstance(part[0], tuple) and len(part[0]) == 1 else part[0]
        if isinstance(value, tuple):
            # Of a shape the last two are height and width.
            numbers = dict.fromkeys(max(least_of(key), number) for number in value[-2:])
            raise UsageError(
                f"{option} {cut(text)}: one axis at a time is solved, and has one number",
                f"{option} {','.join(map(str, numbers))}",
            )
        if isinstance(value, str):
            raise UsageError(
                f"{option} {cut(text)}: {cut(value)} is no whole number, and no range of them",
                f"{option} {'7,14 or 200..256' if key.endswith('_size') and key != 'kernel_size' else '1,3,5 or 1..7'}",
            )
        alone.append(value)
    return [*ranges, alone]


def spelled(key: str, typed: Typed) -> str:
    """Return the option of a number as it was typed, or its first name."""
    option = typed.option(NAMES[key])
    return option.name if option else NAMES[key][0]


def _in_words(error: LayerError, typed: Typed) -> UsageError:
    """Return the first fault in the words of the command line, with its smallest value raised."""
    fault = error.faults[0]
    said = cut(typed.spelled(NAMES[fault.field]) or "")
    return UsageError(f"{said}: {fault.problem}", f"{spelled(fault.field, typed)} {least_of(fault.field)}")


def _tell_ranges(given: Iterable[str], output: Output) -> None:
    """Say which ranges are searched of the numbers that are open."""
    ranges = searched(given)
    if ranges:
        output.note("searched: " + ", ".join(f"{key} {values}" for key, values in ranges.items()))


def _rank(key: str, given: Mapping[str, Sequence[Sequence[int]]]) -> int:
    """Return what goes first where it is narrow: what is left over, then what has one value, which was typed."""
    if key == "unused":
        return 2
    return int(key in given and Values(given[key]).number == 1)
