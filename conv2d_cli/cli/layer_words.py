"""LAYER and its options, as typed, to a checked layer; faults are told in the words that were typed."""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

from conv2d_cli.errors import Conv2dError, DataError, Fault, LayerError, UsageError
from conv2d_cli.layer.expression import layer_of_expression, looks_like_expression
from conv2d_cli.layer.from_weight import check_weight, layer_of_weight
from conv2d_cli.layer.rules import FIELDS, LayerValues, layer_from
from conv2d_cli.layer.text import argument_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_OPERANDS = {"in_channels": "IN", "out_channels": "OUT", "kernel_size": "KERNEL"}
_OPTIONS = {
    field: "--no-bias" if field == "bias" else f"--{field.replace('_', '-')}"
    for field in FIELDS
    if field not in _OPERANDS
}
_FIELD_IN_HINT = re.compile(rf"\b({'|'.join(FIELDS)})=(?=\w)")


class LayerWords(NamedTuple):
    """What was typed about the layer: the operands, and the text of each option that was given."""

    operands: Sequence[str]
    options: dict[str, str]

    @property
    def given(self) -> bool:
        """Whether LAYER stands on the command line."""
        return bool(self.operands)

    def layer(self, *, bias: bool | None = None) -> LayerValues:
        """Return the layer that LAYER and the options describe; `bias` overrides its own when it is not None.

        Raises:
            UsageError: LAYER is neither three values nor one expression, or an option contradicts the expression.
            LayerError: the layer is wrong; it holds every fault.
        """
        with self.own_words():
            if len(self.operands) == 1 and looks_like_expression(self.operands[0]):
                layer = layer_of_expression(self.operands[0], self.arguments())
            elif len(self.operands) == len(_OPERANDS):
                named = zip(_OPERANDS, self.operands, strict=True)
                layer = layer_from({field: argument_of(field, text) for field, text in named} | self.arguments())
            else:
                raise _wrong_number(self.operands)
        return layer if bias is None else layer._replace(bias=bias)

    def layer_of_weight(self, shape: Sequence[int], *, bias: bool | None) -> LayerValues:
        """Return the layer that has a weight of this shape, and agrees with LAYER where that is given.

        Raises:
            UsageError, LayerError: as `layer`.
            DataError: the weight is not the layer's, or no weight at all.
        """
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
        """Tell faults as `--stride 0` where they were typed so, and as `stride=0` inside an expression."""
        typed = {field: f"{_OPTIONS[field]} {text}".rstrip() for field, text in self.options.items()}
        if len(self.operands) != 1:
            typed |= {
                field: f"{_OPERANDS[field]} {text}" for field, text in zip(_OPERANDS, self.operands, strict=False)
            }
        try:
            yield
        except LayerError as error:
            faults = [fault._replace(hint=self._hint(fault)) for fault in error.faults]
            raise LayerError(faults, typed) from None
        except DataError as error:
            raise DataError(error.message, error.hint and _as_options(error.hint)) from error

    def _hint(self, fault: Fault) -> str | None:
        if fault.hint is None or (len(self.operands) == 1 and fault.field not in self.options):
            return fault.hint
        return _as_options(fault.hint)


def _as_options(hint: str) -> str:
    return _FIELD_IN_HINT.sub(lambda match: f"{(_OPERANDS | _OPTIONS)[match[1]]} ", hint)


def layer_words(operands: Sequence[str] | None, *, no_bias: bool, **options: str | None) -> LayerWords:
    """Return what was typed about the layer."""
    given = {field: text for field, text in options.items() if text is not None}
    return LayerWords(operands or (), given | ({"bias": ""} if no_bias else {}))


def _wrong_number(operands: Sequence[str]) -> Conv2dError:
    if not operands:
        return UsageError(
            "LAYER is missing", 'give IN OUT KERNEL, as in 3 64 7, or one expression, "Conv2d(3, 64, 7, stride=2)"'
        )
    typed = " ".join(operands)
    quoted = (
        f'quote an expression: "{typed}"' if "(" in typed else "a pair is one word: 3x5 or 3,5; or write one expression"
    )
    return UsageError(
        f"LAYER is three values, IN OUT KERNEL, or one expression, but {len(operands)} were given: {typed}", quoted
    )
