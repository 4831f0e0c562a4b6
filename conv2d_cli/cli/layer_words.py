"""LAYER and its options, as typed, to a checked layer; faults and hints are told in the words that were typed."""

from __future__ import annotations

import re
import shlex
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

from conv2d_cli.errors import DataError, DeviceError, LayerError, MemoryLimitError, ShapeError, UsageError, cut
from conv2d_cli.layer.choices import FIELDS, REQUIRED
from conv2d_cli.layer.model import Conv2d, layer_from
from conv2d_cli.layer.text import argument_of, looks_like_expression

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from conv2d_cli.cli.typed import Typed

OPERANDS = dict(zip(REQUIRED, ("IN", "OUT", "KERNEL"), strict=True))
OPTIONS = {
    "stride": ("-s", "--stride"),
    "padding": ("-p", "--padding"),
    "dilation": ("-d", "--dilation"),
    "groups": ("-g", "--groups"),
    "bias": ("--no-bias",),
    "padding_mode": ("--padding-mode",),
    "device": ("--device",),
    "dtype": ("--dtype",),
    "input_shape": ("-i", "--input", "--input-size"),
    "algorithm": ("--algorithm",),
    "accuracy": ("--accuracy",),
    "threads": ("--threads",),
}
LAYER_OPTIONS = tuple(name for field in FIELDS[len(REQUIRED) :] for name in OPTIONS[field])
# An argument in a hint, as Python has it: `stride=2`, `stride=(2, 1)`, `padding='same'`, `input_shape=1x3x8x8`.
_IN_HINT = re.compile(rf"\b(?P<field>{'|'.join((*OPERANDS, *OPTIONS))})=(?P<value>\([^)]*\)|'[^']*'|\w+)")
# What the engine, or a job, says of an argument; other errors of usage are in the words of the command line already.
_OF_AN_ARGUMENT = re.compile(r"\A(?:algorithm|accuracy|threads|groups|device)=")
_QUOTED = re.compile(r"'(\w+)'")
# Where commas part alternatives, four paddings have brackets.
_OF_ALTERNATIVES = "sweep"
_BETWEEN_VALUES = re.compile(r"\s*,\s*|\s+")


class LayerWords(NamedTuple):
    """What was typed about the layer: its operands, of which `first` is the first, and the text of each option."""

    operands: Sequence[str]
    options: dict[str, str]
    typed: Typed
    first: int = 0

    @property
    def given(self) -> bool:
        """Whether LAYER stands on the command line."""
        return bool(self.operands)

    @property
    def values(self) -> Sequence[str]:
        """The operands; `3,64,7` in one word are three, and `(3, 64, (3, 5))` is what stands behind `Conv2d`."""
        if len(self.operands) == 1 and not looks_like_expression(self.operands[0]):
            text = self.operands[0].strip()
            return [f"Conv2d{text}"] if text[:1] + text[-1:] == "()" else _BETWEEN_VALUES.split(text)
        return self.operands

    @property
    def positions(self) -> list[int]:
        """Where the operands of the layer stand among the words."""
        return self.typed.operands()[self.first :]

    def layer(self, *, bias: bool | None = None) -> Conv2d:
        """Return the layer that LAYER and the options describe; `bias` overrides its own when it is not None.

        Raises:
            UsageError: LAYER is neither three values nor one expression, or an option contradicts the expression.
            LayerError: the layer is wrong; it holds every fault.
        """
        values = self.values
        is_expression = len(values) == 1 and looks_like_expression(values[0])
        if not is_expression and (len(values) != len(OPERANDS) or any("(" in value for value in values[:-1])):
            from conv2d_cli.cli.layer_count import wrong_number

            raise wrong_number(self)
        self._refuse_ranges()
        with self.own_words():
            if is_expression:
                from conv2d_cli.layer.expression import layer_of_expression

                layer = layer_of_expression(values[0], self.arguments())
            else:
                named = {field: argument_of(field, text) for field, text in zip(OPERANDS, values, strict=True)}
                layer = layer_from(named | self.arguments())
        return layer if bias is None else layer.model_copy(update={"bias": bias})

    def layer_of_weight(self, shape: Sequence[int], *, bias: bool | None) -> Conv2d:
        """Return the layer that has a weight of this shape, and agrees with LAYER where that is given.

        Raises:
            UsageError, LayerError: as `layer`.
            DataError: the weight is not the layer's, or no weight at all.
        """
        from conv2d_cli.layer.from_weight import check_weight, layer_of_weight

        if self.given:
            layer = self.layer(bias=bias)
            with self.own_words():
                check_weight(layer, shape)
            return layer
        with self.own_words():
            return layer_of_weight(shape, self.arguments() | {"bias": bool(bias)})

    def arguments(self) -> dict[str, object]:
        """Return what the options give, by argument."""
        return {field: argument_of(field, text) for field, text in self.options.items()} | (
            {"bias": False} if "bias" in self.options else {}
        )

    @contextmanager
    def own_words(self) -> Iterator[None]:
        """Tell faults as `-s 0` where they were typed so, as `stride=0` inside an expression, and hints alike."""
        try:
            yield
        except LayerError as error:
            mended = [match for fault in error.faults for match in _first(fault.hint)]
            faults = [fault._replace(hint=self._hint(fault.hint, mended)) for fault in error.faults]
            raise LayerError(faults, self.told()) from None
        except (DataError, DeviceError, MemoryLimitError, ShapeError) as error:
            raise type(error)(error.message, self._hint(error.hint, [*_first(error.hint)])) from error
        except UsageError as error:
            if error.hint is None or not _OF_AN_ARGUMENT.match(error.hint):
                raise
            raise UsageError(error.message, self._hint(error.hint, [])) from error

    def _refuse_ranges(self) -> None:
        size = self.typed.option(OPTIONS["input_shape"])
        sizes = size.value if size else None
        if any(".." in text for text in (*self.values, *self.options.values(), sizes or "")):
            from conv2d_cli.cli.layer_ranges import refuse_ranges

            refuse_ranges(self, sizes)

    def spelled(self, field: str) -> str:
        """Return what was typed for an argument that an option gives: `-s 2`."""
        return cut(self.typed.spelled(OPTIONS[field]) or "")

    def option(self, field: str) -> str:
        """Return the name of an argument's option, as it was typed or else its first: `-s`."""
        option = self.typed.option(OPTIONS[field])
        return option.name if option else OPTIONS[field][0]

    def told(self) -> dict[str, str]:
        """Return what was typed for each argument: `KERNEL 7`, `-s 2`."""
        values = self.values
        operands = (
            {}
            if len(values) == 1
            else {field: cut(f"{OPERANDS[field]} {text}") for field, text in zip(OPERANDS, values, strict=False)}
        )
        return operands | {field: self.spelled(field) for field in self.options}

    def _hint(self, hint: str | None, mended: Sequence[re.Match[str]]) -> str | None:
        """Return a hint in the words of the command line; for an operand, the whole line with all that is mended."""
        if hint is None:
            return None
        inside = self._inside()
        of_operands = any(match["field"] in OPERANDS for match in _first(hint))
        if of_operands and self.given and not inside:
            return self._line(mended)

        def as_typed(match: re.Match[str]) -> str:
            return match[0] if match["field"] in inside or match["field"] in OPERANDS else self._as_option(match)

        translated = _IN_HINT.sub(as_typed, hint)
        return translated if translated == hint else _QUOTED.sub(r"\1", translated)

    def _inside(self) -> set[str]:
        """Return the arguments that an expression gives, which are mended there."""
        values = self.values
        if len(values) != 1 or not looks_like_expression(values[0]):
            return set()
        from conv2d_cli.layer.expression import CONSTRUCTORS, CONV2D, arguments_of_expression, kind_of

        constructor = CONSTRUCTORS.get(kind_of(values[0]) or "", CONV2D)
        try:
            arguments, faults = arguments_of_expression(values[0], constructor)
        except UsageError:
            return set(FIELDS)
        return {*arguments, *(fault.field for fault in faults), *OPERANDS} - self.options.keys()

    def _as_option(self, match: re.Match[str]) -> str:
        return f"{self.option(match['field'])} {shlex.quote(self._as_word(match))}"

    def _as_word(self, match: re.Match[str]) -> str:
        """Return a value as one word of the command line: `2x1` for `(2, 1)`; a comma may part alternatives there."""
        value = match["value"]
        if not value.startswith("("):
            return value.strip("'")
        numbers = value.strip("()").split(", ")
        if len(numbers) == len(("H", "W")):
            return "x".join(numbers)
        return f"({','.join(numbers)})" if self.typed.command == _OF_ALTERNATIVES else ",".join(numbers)

    def _line(self, mended: Sequence[re.Match[str]]) -> str:
        replaced: dict[int, Sequence[str] | None] = {}
        added: list[str] = []
        values = [*self.values]
        for match in mended:
            if match["field"] in OPERANDS:
                values[REQUIRED.index(match["field"])] = self._as_word(match)
                continue
            option = self.typed.option(OPTIONS[match["field"]])
            replaced |= dict.fromkeys(option.positions if option else ())
            added += [self.option(match["field"]), self._as_word(match)]
        replaced |= {place: (value,) for place, value in zip(self.positions, values, strict=False)}
        if len(self.operands) < len(values):
            replaced[self.positions[0]] = values
        return self.typed.line(replaced, *added)


def _first(hint: str | None) -> Iterator[re.Match[str]]:
    """Yield the first alternative of each argument that a hint names."""
    seen: set[str] = set()
    for match in _IN_HINT.finditer(hint or ""):
        if match["field"] not in seen:
            seen.add(match["field"])
            yield match
