"""Recurrent layers: products with the step's input and with the state of the step before, gate by gate."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, ClassVar, Literal, NamedTuple, Self

from pydantic import model_validator

from conv2d_cli.errors import ShapeError
from conv2d_cli.network.modules.base import (
    Module,
    NotNegative,
    Parameters,
    Plane,
    Positive,
    Work,
    needs_axes,
    words_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from conv2d_cli.network.modules.base import Shape

# The products with the input, and as many with the state, that a step makes.
_GATES = {"RNN": 1, "GRU": 3, "LSTM": 4}
# Two vectors are learned for each gate: one is added to what the input gives, one to what the state gives.
_BIASES = 2


class _Cell(NamedTuple):
    """What one layer does in one direction at each step: the weights that it multiplies by, and the values added."""

    weights: int
    biases: int
    gated: int


def _cell(gates: int, features: int, hidden: int, projected: int, *, bias: bool) -> _Cell:
    state = projected or hidden
    weights = gates * hidden * (features + state) + projected * hidden
    return _Cell(weights, _BIASES * gates * hidden if bias else 0, gates * hidden)


class _Recurrent(Module, frozen=True):
    """What layers and their cells share."""

    positional: ClassVar[tuple[str, ...]] = ("input_size", "hidden_size")

    input_size: Positive | None = None
    hidden_size: Positive
    bias: bool = True
    nonlinearity: Literal["tanh", "relu"] = "tanh"

    def resolved(self, shapes: Sequence[Shape]) -> Self:
        """Return the module with the features of its input."""
        shape = shapes[0]
        if not shape:
            raise ShapeError(f"{self.kind} takes an input of features")
        if self.input_size not in {None, shape[-1]}:
            raise ShapeError(
                f"{self.kind} takes {self.input_size} features, but the last axis of {words_of(shape)} has {shape[-1]}",
                layer_hint=f"input_size={shape[-1]}",
            )
        return self if self.input_size is not None else self.model_copy(update={"input_size": shape[-1]})

    def cells(self) -> Iterator[tuple[int, _Cell]]:
        """Yield what the layers do in each direction, and how many are alike."""
        raise NotImplementedError

    @property
    def parameters(self) -> Parameters | None:
        """The weights and biases of all gates."""
        if self.input_size is None:
            return None
        all_of = self._all_of()
        return Parameters(all_of.weights, all_of.biases)

    def _all_of(self) -> _Cell:
        """Return what all layers do together, in closed form: a file may ask for any number of them."""
        cells = [*self.cells()]
        return _Cell(*(sum(times * cell[place] for times, cell in cells) for place in range(len(_Cell._fields))))

    def work(self, shapes: Sequence[Shape], _output: Shape) -> Work:
        """Return one multiply-add for each weight and step, and one operation for each value that a gate makes."""
        all_of, steps = self.resolved(shapes)._all_of(), prod(shapes[0][:-1])  # noqa: SLF001 - of the same class
        macs = steps * all_of.weights
        return Work(macs, macs, steps * all_of.biases, steps * all_of.gated)

    def plane(self, _planes: Sequence[Plane], _shapes: Sequence[Shape], _output: Shape) -> Plane | None:
        """Return None: a sequence has no plane."""
        return None


class Recurrent(_Recurrent, frozen=True):
    """`torch.nn.RNN`, `LSTM` and `GRU` of (L, N, input_size), of (N, L, input_size), or of (L, input_size).

    What comes out here is the first of torch's results, the output of every step; the last states are left out.
    """

    type: Literal["RNN", "LSTM", "GRU"]
    num_layers: Positive = 1
    batch_first: bool = False
    dropout: float = 0.0
    bidirectional: bool = False
    proj_size: NotNegative = 0

    @model_validator(mode="after")
    def _projection_is_small(self) -> Self:
        if self.proj_size and self.type != "LSTM":
            raise ValueError("only an LSTM has a proj_size")
        if self.proj_size >= self.hidden_size:
            raise ValueError("proj_size must be smaller than hidden_size")
        return self

    @property
    def _directions(self) -> int:
        return 2 if self.bidirectional else 1

    @property
    def _features(self) -> int:
        """What one direction gives at each step."""
        return self.proj_size or self.hidden_size

    def cells(self) -> Iterator[tuple[int, _Cell]]:
        """Yield the first layer and the others, into which comes what all directions gave."""
        deeper = self._features * self._directions
        for layers, features in ((1, self.input_size or 0), (self.num_layers - 1, deeper)):
            cell = _cell(_GATES[self.type], features, self.hidden_size, self.proj_size, bias=self.bias)
            yield layers * self._directions, cell

    def output_shape(self, shapes: Sequence[Shape]) -> Shape:
        """Return the shape with the features of both directions."""
        needs_axes(self.kind, shapes[0], least=2, most=3)
        self.resolved(shapes)
        return (*shapes[0][:-1], self._features * self._directions)


class RecurrentCell(_Recurrent, frozen=True):
    """`torch.nn.RNNCell`, `LSTMCell` and `GRUCell`: one step; what comes out here is the new state."""

    type: Literal["RNNCell", "LSTMCell", "GRUCell"]

    def cells(self) -> Iterator[tuple[int, _Cell]]:
        """Yield the only one."""
        gates = _GATES[self.type.removesuffix("Cell")]
        yield 1, _cell(gates, self.input_size or 0, self.hidden_size, 0, bias=self.bias)

    def output_shape(self, shapes: Sequence[Shape]) -> Shape:
        """Return (N, hidden_size)."""
        needs_axes(self.kind, shapes[0], least=1, most=2)
        self.resolved(shapes)
        return (*shapes[0][:-1], self.hidden_size)
