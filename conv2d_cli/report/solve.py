"""What `conv2d solve` answers with: numbers of one axis that go together, and which of them are searched."""

from __future__ import annotations

from operator import index
from typing import TYPE_CHECKING, NamedTuple

from conv2d_cli.arithmetic.search import Question, Values, solutions
from conv2d_cli.errors import Fault, LayerError, shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    Alternatives = int | Iterable[int]

# What is searched of a number that is left open; paddings go up to the kernel less 1.
OPEN: dict[str, range | None] = {
    "input_size": range(1, 4097),
    "kernel_size": range(1, 16),
    "stride": range(1, 9),
    "padding": None,
    "dilation": range(1, 9),
    "output_size": range(1, 4097),
}
OPEN_PADDING = "0..kernel_size-1"


class SolutionRow(NamedTuple):
    """Numbers of one axis that go together, in elements; `padding` is that of each side.

    `unused` are the elements of the input after the last window, which the stride never reaches.
    """

    input_size: int
    kernel_size: int
    stride: int
    padding: int
    dilation: int
    output_size: int
    unused: int


def least_of(key: str) -> int:
    """Return the smallest value that a number can have."""
    return 0 if key == "padding" else 1


def question_of(given: Mapping[str, Sequence[Sequence[int]]]) -> Question:
    """Return the question in which numbers are one of those given, by key; the others are open.

    Values come in parts: ranges, or several values.

    Raises:
        LayerError: a number has no value, or one that is too small.
    """
    faults = [fault for key, parts in given.items() if (fault := _fault(key, parts))]
    if faults:
        raise LayerError(faults)
    chosen = {
        key: Values(given[key]) if key in given else None if usual is None else Values([usual])
        for key, usual in OPEN.items()
    }
    return Question(**chosen)  # type: ignore[arg-type] # the padding alone may be None


def _fault(key: str, parts: Sequence[Sequence[int]]) -> Fault | None:
    least, values = least_of(key), [part for part in parts if part]
    if not values:
        return Fault(key, "", "has no value at all", hint=f"{key}={max(1, least)}")
    too_small = min(min(part[0], part[-1]) for part in values)
    if too_small >= least:
        return None
    return Fault(key, shown(too_small), f"must be {least} or more", hint=f"{key}={least}")


def searched(given: Iterable[str]) -> dict[str, str]:
    """Return the ranges that are searched of what is not given.

    >>> searched(["input_size", "output_size", "dilation"])
    {'kernel_size': '1..15', 'stride': '1..8', 'padding': '0..kernel_size-1'}
    """
    known = {*given}
    return {
        key: OPEN_PADDING if usual is None else f"{usual[0]}..{usual[-1]}"
        for key, usual in OPEN.items()
        if key not in known
    }


def rows_of(question: Question) -> Iterator[SolutionRow]:
    """Yield the answers to a question, simplest first, as they are found."""
    for axis in solutions(question):
        size, kernel, stride, dilation, padding, _ = axis
        yield SolutionRow(size, kernel, stride, padding, dilation, axis.output, axis.unused)


def solve(
    *,
    input_size: Alternatives | None = None,
    kernel_size: Alternatives | None = None,
    stride: Alternatives | None = None,
    padding: Alternatives | None = None,
    dilation: Alternatives | None = None,
    output_size: Alternatives | None = None,
) -> Iterator[SolutionRow]:
    """Yield all numbers of one axis that go together, simplest first: each a value, several, or left open.

    What is open is searched in kernels 1 to 15, strides and dilations 1 to 8, paddings of each side from 0 to the
    kernel less 1, and sizes 1 to 4096. The order is that of dilation, then stride, kernel, padding and input size, each
    upwards. Ranges may be of any length.

    Raises:
        LayerError: a number has no value, or one that is too small.

    >>> from conv2d_cli import solve
    >>> for row in solve(input_size=224, output_size=112, kernel_size=(3, 7), dilation=1):
    ...     print(row.stride, row.kernel_size, row.padding, row.unused)
    2 3 1 0
    2 7 3 0
    """
    named = {
        "input_size": input_size,
        "kernel_size": kernel_size,
        "stride": stride,
        "padding": padding,
        "dilation": dilation,
        "output_size": output_size,
    }
    given = {key: [_part(key, value)] for key, value in named.items() if value is not None}
    return rows_of(question_of(given))


def _part(key: str, value: Alternatives) -> Sequence[int]:
    if isinstance(value, range):
        return value if value.step > 0 else value[::-1]
    try:
        # NumPy's integers are as good.
        return [*map(index, value)] if hasattr(value, "__iter__") else [index(value)]
    except TypeError:
        raise LayerError([Fault(key, shown(value), "neither a whole number nor several", hint=f"{key}=3")]) from None
