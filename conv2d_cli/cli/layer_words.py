"""LAYER and its options, as typed, to a checked layer; faults and hints are told in the words that were typed."""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

from conv2d_cli.errors import Conv2dError, DataError, LayerError, ShapeError, UsageError
from conv2d_cli.layer.choices import REQUIRED
from conv2d_cli.layer.model import Conv2d, layer_from
from conv2d_cli.layer.text import argument_of, integers_of, looks_like_expression

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from conv2d_cli.cli.typed import Typed

_OPERANDS = dict(zip(REQUIRED, ("IN", "OUT", "KERNEL"), strict=True))
_OPTIONS = {
    "stride": ("-s", "--stride"),
    "padding": ("-p", "--padding"),
    "dilation": ("-d", "--dilation"),
    "groups": ("-g", "--groups"),
    "bias": ("--no-bias",),
    "padding_mode": ("--padding-mode",),
    "device": ("--device",),
    "dtype": ("--dtype",),
    "input_shape": ("-i", "--input"),
    "algorithm": ("--algorithm",),
    "accuracy": ("--accuracy",),
    "threads": ("--threads",),
}
# An argument in a hint, as Python has it: `stride=2`, `stride=(2, 1)`, `padding='same'`, `input_shape=1x3x8x8`.
_IN_HINT = re.compile(rf"\b(?P<field>{'|'.join((*_OPERANDS, *_OPTIONS))})=(?P<value>\([^)]*\)|'[^']*'|\w+)")
_QUOTED = re.compile(r"'(\w+)'")


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

    def layer(self, *, bias: bool | None = None) -> Conv2d:
        """Return the layer that LAYER and the options describe; `bias` overrides its own when it is not None.

        Raises:
            UsageError: LAYER is neither three values nor one expression, or an option contradicts the expression.
            LayerError: the layer is wrong; it holds every fault.
        """
        with self.own_words():
            values = self._values()
            if len(values) == 1 and looks_like_expression(values[0]):
                from conv2d_cli.layer.expression import layer_of_expression

                layer = layer_of_expression(values[0], self.arguments())
            elif len(values) == len(_OPERANDS):
                named = {field: argument_of(field, text) for field, text in zip(_OPERANDS, values, strict=True)}
                layer = layer_from(named | self.arguments())
            else:
                raise self._wrong_number()
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
            mended = {match["field"]: match for fault in error.faults for match in _first(fault.hint)}
            faults = [fault._replace(hint=self._hint(fault.field, fault.hint, mended)) for fault in error.faults]
            raise LayerError(faults, self._spelled()) from None
        except (DataError, ShapeError, UsageError) as error:
            mended = {match["field"]: match for match in _first(error.hint)}
            raise type(error)(error.message, self._hint("", error.hint, mended)) from error

    def _values(self) -> Sequence[str]:
        """Return the operands; `3,64,7` in one word are three."""
        if len(self.operands) == 1 and "x" not in self.operands[0].lower():
            numbers = integers_of(self.operands[0])
            if isinstance(numbers, tuple) and len(numbers) == len(_OPERANDS):
                return [str(number) for number in numbers]
        return self.operands

    def _spelled(self) -> dict[str, str]:
        """Return what was typed for each argument."""
        typed = {field: f"{_OPERANDS[field]} {text}" for field, text in zip(_OPERANDS, self._values(), strict=False)}
        if len(typed) == 1:
            typed = {}
        return typed | {field: self.typed.spelled(_OPTIONS[field]) or "" for field in self.options}

    def _hint(self, field: str, hint: str | None, mended: dict[str, re.Match[str]]) -> str | None:
        """Return a hint in the words of the command line; for an operand, the whole line with all that is mended."""
        if hint is None:
            return None
        is_expression = len(self._values()) == 1
        if any(match["field"] in _OPERANDS for match in _first(hint)) and self.operands and not is_expression:
            return self._line(mended)
        if (
            is_expression
            and field not in self.options
            and not any(match["field"] == "input_shape" for match in _IN_HINT.finditer(hint))
        ):
            return hint
        return _QUOTED.sub(r"\1", _IN_HINT.sub(self._as_option, hint))

    def _as_option(self, match: re.Match[str]) -> str:
        if match["field"] in _OPERANDS:
            return match[0]
        option = self.typed.option(_OPTIONS[match["field"]])
        return f"{option.name if option else _OPTIONS[match['field']][0]} {_as_word(match['value'])}"

    def _line(self, mended: dict[str, re.Match[str]]) -> str:
        replaced: dict[int, str | None] = {}
        added: list[str] = []
        values = [*self._values()]
        for field, match in mended.items():
            if field in _OPERANDS:
                values[REQUIRED.index(field)] = _as_word(match["value"])
                continue
            option = self.typed.option(_OPTIONS[field])
            replaced |= dict.fromkeys(option.positions if option else ())
            added += self._as_option(match).split(" ", 1)
        positions = self.typed.operands()[self.first :]
        words = values if len(self.operands) == len(values) else [" ".join(values)]
        replaced |= dict(zip(positions, words, strict=False))
        return self.typed.line(replaced, *added)

    def _wrong_number(self) -> Conv2dError:
        if not self.operands:
            return UsageError(
                "LAYER is missing: three values, IN OUT KERNEL, or one expression",
                f"{self._example('3', '64', '7')}, or {self._example('Conv2d(3, 64, 7, stride=2)')}",
            )
        typed = " ".join(self.operands)
        if "(" in typed:
            hint = self._example(typed)
        elif len(self.operands) > len(_OPERANDS):
            # One value more is a kernel of two.
            inner, outer, *kernel = self.operands
            hint = f"a pair is one word: {self._example(inner, outer, 'x'.join(kernel[:2]))}"
        else:
            hint = self._example(*self.operands, *("3", "64", "3")[len(self.operands) :])
        count = len(self.operands)
        number = f"{count} {'was' if count == 1 else 'were'} given"
        return UsageError(f"LAYER is three values, IN OUT KERNEL, or one expression, but {number}: {typed}", hint)

    def _example(self, *operands: str) -> str:
        """Return the command line with other operands for the layer."""
        positions = self.typed.operands()[self.first :]
        return self.typed.line(dict.fromkeys(positions), *operands)


def _first(hint: str | None) -> Iterator[re.Match[str]]:
    """Yield the first alternative of each argument that a hint names."""
    seen: set[str] = set()
    for match in _IN_HINT.finditer(hint or ""):
        if match["field"] not in seen:
            seen.add(match["field"])
            yield match


def _as_word(value: str) -> str:
    """Return a value as one word of a command line: `2x1` for `(2, 1)`."""
    numbers = value.strip("()").split(", ")
    if value.startswith("("):
        return ("x" if len(numbers) == len(("H", "W")) else ",").join(numbers)
    return value.strip("'")
