"""Every combination of alternatives of a layer's arguments: each value is judged once, by the layer's own model."""

from __future__ import annotations

from itertools import chain
from math import prod
from typing import TYPE_CHECKING, Any

from conv2d_cli.errors import Fault, LayerError
from conv2d_cli.layer.alternatives import number_in
from conv2d_cli.layer.choices import FIELDS, REQUIRED, is_strided_same, undivided
from conv2d_cli.layer.model import Conv2d, layer_from, with_judged

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from conv2d_cli.layer.alternatives import Alternatives

_PAIRS = frozenset({"kernel_size", "stride", "padding", "dilation"})
_STRIDED_SAME = "padding=same is for a stride of 1"
_UNDIVIDED = "groups do not divide the channels"


class Choices:
    """The values of one argument in the form that the layer has them in; ranges are never written out."""

    def __init__(self, parts: Sequence[range | tuple[object, ...]], *, is_pair: bool) -> None:
        """Hold ranges, and single values in tuples."""
        self.parts, self.is_pair = parts, is_pair

    @property
    def number(self) -> int:
        """How many there are."""
        return sum(map(number_in, self.parts))

    def __iter__(self) -> Iterator[Any]:
        """Yield them; an integer of a range is meant for both axes of a pair."""
        return chain.from_iterable(
            zip(part, part, strict=True) if self.is_pair and isinstance(part, range) else part for part in self.parts
        )

    def __getitem__(self, place: int) -> Any:  # noqa: ANN401
        """Return the value at a place, counted from 0, without going through those before it."""
        for part in self.parts:
            number = number_in(part)
            if place < number:
                value = part[place]
                return (value, value) if self.is_pair and isinstance(part, range) else value
            place -= number
        raise IndexError(place)


class Grid:
    """The values of each argument that was given, in the order of `torch.nn.Conv2d`'s arguments."""

    def __init__(self, choices: dict[str, Choices]) -> None:
        """Hold values that have been judged."""
        self.choices = choices

    @property
    def number(self) -> int:
        """How many combinations there are, valid or not."""
        return prod(choices.number for choices in self.choices.values())

    def __iter__(self) -> Iterator[Conv2d | str]:
        """Yield the layer of each combination, or the reason why there is none; the last argument varies fastest.

        Every value has been judged alone, and two rules look at several: no layer is validated once more.
        """
        alike = with_judged(Conv2d(1, 1, 1), {field: choices[0] for field, choices in self.choices.items()})
        varied = {field: choices for field, choices in self.choices.items() if choices.number > 1}
        for values in _combinations([*varied.values()]):
            layer = with_judged(alike, dict(zip(varied, values)))  # noqa: B905 - as many as there are
            if is_strided_same(layer.padding, layer.stride):
                yield _STRIDED_SAME
            elif undivided(layer.groups, layer.in_channels, layer.out_channels):
                yield _UNDIVIDED
            else:
                yield layer

    def arguments_at(self, place: int) -> dict[str, Any]:
        """Return the arguments of the combination at a place, counted from 0, without going through those before it."""
        arguments = {}
        for field, choices in reversed(self.choices.items()):
            place, at = divmod(place, choices.number)
            arguments[field] = choices[at]
        return arguments


def grid_of(alternatives: Mapping[str, Alternatives]) -> Grid:
    """Return the grid of alternatives by argument.

    Raises:
        LayerError: a value is none that the argument can have, whatever the others are; it holds every such fault.

    >>> from conv2d_cli.layer.alternatives import alternatives_of
    >>> typed = {"in_channels": "3", "out_channels": "8,16", "kernel_size": "1..3..2"}
    >>> grid = grid_of({field: alternatives_of(text, field) for field, text in typed.items()})
    >>> grid.number, [(layer.out_channels, layer.kernel_size) for layer in grid]
    (4, [(8, (1, 1)), (8, (3, 3)), (16, (1, 1)), (16, (3, 3))])
    """
    choices, faults = dict[str, Choices](), list[Fault]()
    for field in FIELDS:
        if field in alternatives:
            parts = [_judged(field, part, faults) for part in alternatives[field].parts]
            choices[field] = Choices(parts, is_pair=field in _PAIRS)
    if faults:
        raise LayerError(faults)
    return Grid(choices)


def _judged(field: str, part: Sequence[object], faults: list[Fault]) -> range | tuple[object, ...]:
    """Return values as the layer has them; of a range both ends are judged, and what lies between is like them."""
    judged = []
    for value in (part[0], part[-1]) if isinstance(part, range) else part:
        # As many channels as groups, so that any number of groups is right.
        arguments = dict.fromkeys(REQUIRED, value if field == "groups" else 1) | {field: value}
        try:
            judged.append(getattr(layer_from(arguments), field))
        except LayerError as error:
            faults += (fault for fault in error.faults if fault.field == field)
            break
    return part if isinstance(part, range) else tuple(judged)


def _combinations(choices: Sequence[Choices]) -> Iterator[tuple[Any, ...]]:
    """Yield every combination; `itertools.product` would hold all values of all ranges."""
    if not choices:
        yield ()
        return
    *outer, last = choices
    for values in _combinations(outer):
        for value in last:
            yield (*values, value)
