"""One node of an ONNX model as builders of modules see it: what goes in, and attributes that are checked by us."""

from __future__ import annotations

from math import prod
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from conv2d_cli.errors import DataError, one_of, shown
from conv2d_cli.network.readers.onnx_sizes import Given, Sizes
from conv2d_cli.tensors.onnx_model import LARGEST_SIZE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np

    from conv2d_cli.network.modules.base import Module, Shape
    from conv2d_cli.tensors.onnx_model import Place

# A tensor with more elements is no size.
MOST_NUMBERS = 4096


class Tensor(NamedTuple):
    """A tensor that is made when the network runs: its number in the graph."""

    number: int


class Constant(NamedTuple):
    """A tensor that stands in the model. `origins` are the initializers that it is made from, `values` its elements.

    `values` is None where there are many, or where they are outside the file.
    """

    dims: Shape
    is_floating: bool
    origins: frozenset[str]
    values: np.ndarray[Any, Any] | None = None

    @property
    def size(self) -> int:
        """How many elements it has."""
        return prod(self.dims)


Value = Tensor | Constant | Sizes


class Learned(NamedTuple):
    """A constant that a node has learned, as a bias or else as a weight."""

    constant: Constant
    is_bias: bool = False


class Made(NamedTuple):
    """What a builder makes: a module, and the values that it reads, in order.

    `learned` are its constants, `computed` its arguments that are worked out from shapes, and `unknown` says that
    nobody here knows the operator.
    """

    module: Module
    reads: tuple[Value, ...]
    learned: tuple[Learned, ...] = ()
    computed: Mapping[str, Sizes] = MappingProxyType({})
    unknown: bool = False


class Call(NamedTuple):
    """A node: where it is, its attributes, and its operands, None for one that is left out."""

    place: Place
    attributes: Mapping[str, Any]
    operands: Sequence[Value | None]
    opset: int
    outputs: int
    output: int = 0

    @property
    def operator(self) -> str:
        """Its name in ONNX."""
        return self.place.operator

    def fault(self, words: str, hint: str | None = None) -> DataError:
        """Return what is wrong with it."""
        return DataError(f"{self.place}: {words}", hint)

    def operand(self, number: int) -> Value | None:
        """Return an operand; None where it is left out."""
        return self.operands[number] if number < len(self.operands) else None

    def needed(self, number: int) -> Value:
        """Return an operand.

        Raises:
            DataError: it is left out.
        """
        found = self.operand(number)
        if found is None:
            raise self.fault(f"input {number} is missing")
        return found

    def constant(self, number: int) -> Constant | None:
        """Return an operand that stands in the model; None where it is left out, or made when the network runs."""
        found = self.operand(number)
        return found if isinstance(found, Constant) else None

    def numbers(self, number: int) -> Given | Sizes | None:
        """Return the numbers of an operand: those that stand there, or how they are worked out; None where neither."""
        found = self.operand(number)
        if isinstance(found, Constant):
            return None if found.values is None else Given(found.values.reshape(-1).tolist())
        return found if isinstance(found, Sizes) else None

    def integer(self, name: str, default: int, *, least: int = -LARGEST_SIZE, most: int = LARGEST_SIZE) -> int:
        """Return an attribute that is a whole number.

        Raises:
            DataError: it is none, or too small or too large.
        """
        value = self.attributes.get(name, default)
        if type(value) is not int or not least <= value <= most:
            bounds = f"of {least} or more" if most == LARGEST_SIZE else f"from {least} to {most}"
            raise self.fault(f"{name} is {shown(value)}, and must be a whole number {bounds}", f"{name}={default}")
        return value

    def integers(
        self, name: str, count: int | None, default: Sequence[int] | None, *, least: int = -LARGEST_SIZE
    ) -> tuple[int, ...]:
        """Return an attribute that is a list of a given length, of whole numbers.

        Raises:
            DataError: it is none, or missing where it has no default.
        """
        value = self.attributes.get(name, default)
        if value is None:
            raise self.fault(f"the attribute {name} is missing")
        right = isinstance(value, tuple | list) and all(
            type(one) is int and least <= one <= LARGEST_SIZE for one in value
        )
        if not right or (count is not None and len(value) != count):
            many = "whole numbers" if count is None else f"{count} whole numbers"
            bounds = "" if least < -1 else f" of {least} or more"
            hint = None if default is None else f"{name}={[*default]}"
            raise self.fault(f"{name} is {shown(value)}, and must be {many}{bounds}", hint)
        return tuple(value)

    def word(self, name: str, choices: Sequence[str], default: str) -> str:
        """Return an attribute that is one of some words.

        Raises:
            DataError: it is none of them.
        """
        value = self.attributes.get(name, default)
        if value not in choices:
            raise self.fault(f"{name} is {shown(value)}, and must be {one_of(choices)}", f"{name}={default}")
        return str(value)
