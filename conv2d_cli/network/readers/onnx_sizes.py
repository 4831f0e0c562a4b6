"""Small tensors of numbers that an ONNX model works out from shapes, and which say other shapes: kept as formulas.

`Shape`, `Gather` and `Concat` in front of a `Reshape` are no layers. They are worked out anew for each input.
"""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from conv2d_cli.errors import ShapeError, shown

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from conv2d_cli.network.modules.base import Shape

    Array = np.ndarray[Any, Any]
    Function = Callable[[list[Array], Mapping[str, Any]], Array]

_MOST_ELEMENTS, _MOST_DEPTH = 65_536, 200
# ONNX's numbers of the types that a cast may make: of reals, of truths; all others are of whole numbers here.
_REAL, _TRUTH = frozenset({1, 10, 11, 16}), 9


class Given:
    """Numbers that stand in the model."""

    def __init__(self, values: Sequence[Any]) -> None:
        """Keep them."""
        self._values = tuple(values)

    def value(self, _shapes: Sequence[Shape]) -> tuple[Any, ...]:
        """Return them."""
        return self._values


class Sizes:
    """An operator on numbers, or, without arguments, the shape of a tensor of the graph."""

    def __init__(self, operator: str, arguments: Sequence[Sizes | Array], attributes: Mapping[str, Any]) -> None:
        """Keep what is to be done."""
        self._operator, self._arguments, self._attributes = operator, tuple(arguments), attributes
        inner = [one for one in arguments if isinstance(one, Sizes)]
        self.depth: int = 1 + max((one.depth for one in inner), default=0)
        self.sources: frozenset[int] = frozenset().union(*(one.sources for one in inner))
        self.tensor: int | None = None

    @classmethod
    def of(cls, tensor: int, attributes: Mapping[str, Any]) -> Sizes:
        """Return the shape of a tensor."""
        found = cls("Shape", (), attributes)
        found.tensor, found.sources = tensor, frozenset({tensor})
        return found

    @property
    def is_too_deep(self) -> bool:
        """Whether it would take more steps on one another than are taken."""
        return self.depth > _MOST_DEPTH

    def worked_out(self, shapes: Mapping[int, Shape], known: dict[int, Array]) -> Array:
        """Return the numbers for tensors of these shapes; `known` keeps each step, so that none is taken twice."""
        if id(self) not in known:
            if self.tensor is not None:
                first, last = self._attributes.get("start", 0), self._attributes.get("end")
                try:
                    arguments = [np.array(shapes[self.tensor][first:last], np.int64)]
                except (TypeError, OverflowError) as error:
                    raise ShapeError(f"Shape from {shown(first)} to {shown(last)} has no value") from error
            else:
                arguments = [
                    one.worked_out(shapes, known) if isinstance(one, Sizes) else one for one in self._arguments
                ]
            known[id(self)] = computed(self._operator, arguments, self._attributes)
        return known[id(self)]


class Bound:
    """Numbers that are worked out from what a node reads: `places` are the tensors, in order, at their places."""

    def __init__(self, sizes: Sizes, places: Mapping[int, int]) -> None:
        """Keep both."""
        self._sizes, self._places = sizes, places

    def value(self, shapes: Sequence[Shape]) -> tuple[Any, ...]:
        """Return the numbers.

        Raises:
            ShapeError: they have no value.
        """
        found: tuple[Any, ...] = tuple(self._array(shapes).reshape(-1).tolist())
        return found

    def value_shape(self, shapes: Sequence[Shape]) -> Shape:
        """Return the shape of the tensor that holds them.

        Raises:
            ShapeError: they have no value.
        """
        found: Shape = self._array(shapes).shape
        return found

    def array(self, shapes: Sequence[Shape]) -> Array:
        """Return the tensor that holds them.

        Raises:
            ShapeError: they have no value.
        """
        return self._array(shapes)

    def _array(self, shapes: Sequence[Shape]) -> Array:
        return self._sizes.worked_out({tensor: shapes[place] for tensor, place in self._places.items()}, {})


def computed(operator: str, arguments: list[Array], attributes: Mapping[str, Any]) -> Array:
    """Return what an operator makes of numbers.

    Raises:
        ShapeError: nothing, or more than sizes ever are.
    """
    try:
        with np.errstate(all="ignore"):
            found = np.asarray(FUNCTIONS[operator](arguments, attributes))
    except (ValueError, IndexError, TypeError, ZeroDivisionError, OverflowError, KeyError, AttributeError) as error:
        raise ShapeError(f"the sizes that {operator} works out have no value: {error}") from error
    return _small(found, found.shape)


def _small(found: Array, shape: Sequence[int]) -> Array:
    if any(size < 0 for size in shape) or prod(map(int, shape)) > _MOST_ELEMENTS:
        raise ShapeError(f"sizes are no tensor of {list(map(int, shape))[:8]}")
    return found


def _axes(arguments: list[Array], attributes: Mapping[str, Any]) -> tuple[int, ...] | None:
    given = arguments[1].reshape(-1).tolist() if len(arguments) > 1 else attributes.get("axes")
    return None if given is None else tuple(given)


def _quotient(arguments: list[Array], _: Mapping[str, Any]) -> Array:
    one, other = arguments
    if one.dtype.kind == "f" or other.dtype.kind == "f":
        return np.asarray(one / other)
    if not other.all():
        raise ZeroDivisionError("a division by 0")
    # Towards 0, as in C.
    return np.asarray(np.abs(one) // np.abs(other) * np.sign(one) * np.sign(other))


def _cast(arguments: list[Array], attributes: Mapping[str, Any]) -> Array:
    to = attributes["to"]
    return arguments[0].astype(np.float64 if to in _REAL else np.bool_ if to == _TRUTH else np.int64)


def _slice(arguments: list[Array], attributes: Mapping[str, Any]) -> Array:
    starts, ends, axes, steps = (
        arguments[place].reshape(-1).tolist() if len(arguments) > place else attributes.get(name)
        for place, name in enumerate(("starts", "ends", "axes", "steps"), 1)
    )
    if starts is None or ends is None:
        raise ValueError("Slice has neither starts nor ends")
    key = [slice(None)] * arguments[0].ndim
    for number, axis in enumerate(axes if axes is not None else range(len(starts))):
        key[axis] = slice(starts[number], ends[number], steps[number] if steps is not None else 1)
    return arguments[0][tuple(key)]


def _filled(arguments: list[Array], attributes: Mapping[str, Any]) -> Array:
    shape = tuple(arguments[0].reshape(-1).tolist())
    _small(arguments[0], shape)
    return np.full(shape, attributes["filled"])


def _range(arguments: list[Array], _: Mapping[str, Any]) -> Array:
    start, limit, step = (one.item() for one in arguments)
    _small(arguments[0], [max(0, int((limit - start) / step))])
    return np.arange(start, limit, step)


def _expand(arguments: list[Array], _: Mapping[str, Any]) -> Array:
    target = arguments[1].reshape(-1).tolist()
    _small(arguments[0], target)
    return arguments[0] * np.ones(target, arguments[0].dtype)


def _reshape(arguments: list[Array], _: Mapping[str, Any]) -> Array:
    shape = arguments[0].shape
    target = arguments[1].reshape(-1).tolist()
    return arguments[0].reshape([shape[axis] if size == 0 else size for axis, size in enumerate(target)])


def _squeeze(arguments: list[Array], attributes: Mapping[str, Any]) -> Array:
    return np.squeeze(arguments[0], _axes(arguments, attributes))


def _unsqueeze(arguments: list[Array], attributes: Mapping[str, Any]) -> Array:
    return np.expand_dims(arguments[0], _axes(arguments, attributes) or ())


def _reduced(function: Any) -> Function:  # noqa: ANN401 - one of NumPy's
    def reduce(arguments: list[Array], attributes: Mapping[str, Any]) -> Array:
        keeps = bool(attributes.get("keepdims", 1))
        return np.asarray(function(arguments[0], axis=_axes(arguments, attributes), keepdims=keeps))

    return reduce


def _plain(function: Any) -> Function:  # noqa: ANN401 - one of NumPy's
    return lambda arguments, _: np.asarray(function(*arguments))


FUNCTIONS: dict[str, Function] = {
    "Shape": lambda arguments, _: arguments[0],
    "Size": lambda arguments, _: np.asarray(arguments[0].size),
    "Identity": lambda arguments, _: arguments[0],
    "Gather": lambda arguments, attributes: np.take(
        arguments[0], arguments[1].astype(np.int64), attributes.get("axis", 0)
    ),
    "Concat": lambda arguments, attributes: np.concatenate(arguments, attributes["axis"]),
    "Cast": _cast,
    "Slice": _slice,
    "Squeeze": _squeeze,
    "Unsqueeze": _unsqueeze,
    "Reshape": _reshape,
    "Expand": _expand,
    "ConstantOfShape": _filled,
    "Range": _range,
    "Div": _quotient,
    "Add": _plain(np.add),
    "Sub": _plain(np.subtract),
    "Mul": _plain(np.multiply),
    "Mod": _plain(np.mod),
    "Pow": _plain(np.power),
    "Min": _plain(lambda *all_: np.minimum.reduce(all_)),
    "Max": _plain(lambda *all_: np.maximum.reduce(all_)),
    "Neg": _plain(np.negative),
    "Abs": _plain(np.abs),
    "Sqrt": _plain(np.sqrt),
    "Floor": _plain(np.floor),
    "Ceil": _plain(np.ceil),
    "Round": _plain(np.round),
    "Equal": _plain(np.equal),
    "Less": _plain(np.less),
    "Greater": _plain(np.greater),
    "LessOrEqual": _plain(np.less_equal),
    "GreaterOrEqual": _plain(np.greater_equal),
    "And": _plain(np.logical_and),
    "Or": _plain(np.logical_or),
    "Not": _plain(np.logical_not),
    "Where": _plain(np.where),
    "ReduceProd": _reduced(np.prod),
    "ReduceSum": _reduced(np.sum),
    "ReduceMin": _reduced(np.min),
    "ReduceMax": _reduced(np.max),
}
