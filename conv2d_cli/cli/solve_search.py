"""`conv2d solve` without a layer: all numbers of one axis that go together, as they are found."""

from __future__ import annotations

import sys
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
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from conv2d_cli.cli.options import LayerOptions, OutputOptions
    from conv2d_cli.cli.output import Output
    from conv2d_cli.cli.solve_options import SolveOptions
    from conv2d_cli.cli.typed import Typed

# A screenful: a search may have a million answers.
_ON_SCREEN = 50
_NO_ANSWER = 1
_EXAMPLE = "conv2d solve -i 224 --output-size 112"


def search(layer_options: LayerOptions, options: SolveOptions, output_options: OutputOptions) -> int:
    """Write all answers to the numbers that are given; return 1 when there is none.

    Raises:
        UsageError: nothing is given, or what is no alternative of a number.
    """
    typed = layer_options.typed
    output = output_of(output_options, ("schema_version", *SolutionRow._fields))
    told = {**options._asdict(), **layer_options.given}
    texts = {key: text for key in OPEN if (text := told.get(key)) is not None}
    other = typed.option(OF_A_LAYER)
    if other is not None:
        meant = typed.without(*OF_A_LAYER) if texts else _EXAMPLE
        raise UsageError(f"{other.name} is of a LAYER, and there is none", meant)
    limit = None if options.limit is None else integer("--limit", options.limit, least=1, example=10)
    given = {key: _parts(key, text, typed) for key, text in texts.items()}
    if not given:
        raise UsageError("nothing is given: a LAYER with --for, or some numbers of one axis", _EXAMPLE)
    try:
        question = question_of(given)
    except LayerError as error:
        raise _in_words(error, given, typed) from None
    _tell_ranges(given, output)
    most = _ON_SCREEN if limit is None and output.is_table else limit and min(limit, sys.maxsize)
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


def _in_words(error: LayerError, given: Mapping[str, Sequence[Sequence[int]]], typed: Typed) -> UsageError:
    """Return the first fault in the words of the command line, with all but what is too small."""
    fault = error.faults[0]
    said = cut(typed.spelled(NAMES[fault.field]) or "")
    least = least_of(fault.field)
    kept = [text for part in given[fault.field] for text in _from(least, part)] or [str(least)]
    return UsageError(f"{said}: {fault.problem}", f"{spelled(fault.field, typed)} {','.join(kept)}")


def _from(least: int, part: Sequence[int]) -> Iterator[str]:
    """Yield the values of a part that are no smaller, as they are typed.

    >>> [*_from(1, range(-4, 8, 2))], [*_from(1, range(0, 2))], [*_from(0, [3, -1])], [*_from(1, range(-9, 1))]
    (['2..6..2'], ['1'], ['3'], [])
    """
    if not isinstance(part, range):
        yield from (str(value) for value in part if value >= least)
        return
    # Ranges may be longer than Python counts.
    first, last, step = part.start + max(0, -((part.start - least) // part.step)) * part.step, part[-1], part.step
    if first <= last:
        yield str(first) if first == last else f"{first}..{last}" + (f"..{step}" if step > 1 else "")


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
