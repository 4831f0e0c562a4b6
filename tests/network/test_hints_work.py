"""What is proposed for a layer that does not fit, a value of its own or another input: with it the layer fits."""

from __future__ import annotations

import re
from ast import literal_eval
from random import Random
from typing import TYPE_CHECKING, Any

import pytest
from drawn_modules import MODULES_DRAWN, Drawn

from conv2d_cli.errors import DataError, LayerError
from conv2d_cli.network.misfits import MisfitError
from conv2d_cli.network.notation import graph_of
from conv2d_cli.network.propagation import Propagated, propagate

if TYPE_CHECKING:
    from collections.abc import Sequence

DRAWN = 120
# What two tensors of other layers have to be no value of this one says; another number of axes is no value either.
_WITHOUT_VALUE = (
    "cannot be broadcast",
    "no matrices that",
    "differ in more than",
    "takes an input of",
    "an input has 3",
)
_SCALAR = "a single number"
_SIZE = re.compile(r"input_shape=(?:input([0-9])=)?([0-9]+(?:x[0-9]+)*)")
_VALUE = re.compile(r"(\w+)=(\[[^\]]*\]|\([^)]*\)|'[^']*'|-?[0-9]+)")


def passed_on(layer: dict[str, Any], shapes: Sequence[tuple[int, ...]]) -> Propagated | None:
    """Return what comes of a layer that reads inputs of these shapes; None where it is none."""
    names = [f"input{number}" for number in range(len(shapes))]
    content = {"input": {name: [1] for name in names}, "layers": [layer | {"name": "wrong", "from": names}]}
    try:
        return propagate(graph_of(content, "drawn"), shapes)
    except (DataError, LayerError):
        return None


def values_in(hint: str) -> dict[str, Any]:
    """Return the arguments that a hint proposes; of alternatives the first."""
    own = hint.partition("wrong: ")[2].partition(", or ")[0]
    values = {name: literal_eval(value) for name, value in _VALUE.findall(own)}
    return {name: list(value) if isinstance(value, tuple) else value for name, value in values.items()}


def goes_on(passed: Propagated | None, message: str) -> bool:
    """Whether a layer fits now, or has another fault, whatever its numbers."""
    if passed is None:
        return False
    return not passed.misfits or without_numbers(MisfitError(passed).message) != without_numbers(message)


def without_numbers(message: str) -> str:
    """Return what a message says is wrong, behind the layer and what came in."""
    return re.sub(r"-?[0-9]+(?:x[0-9]+)*", "", message.partition(": ")[2])


def check(drawn: Drawn, passed: Propagated) -> bool:
    """Check all that is proposed, and return whether anything is."""
    message, hint = MisfitError(passed).lines()[0]
    values, sizes = values_in(hint or ""), _SIZE.findall(hint or "")
    if not values and not sizes:
        assert any(words in message for words in (*_WITHOUT_VALUE, _SCALAR)), (message, hint)
        return False
    if values:
        assert goes_on(passed_on(drawn.layer | values, drawn.shapes), message), (drawn, message, hint)
    for number, size in sizes:
        shapes = [*drawn.shapes]
        shapes[int(number or 0)] = tuple(map(int, size.split("x")))
        assert goes_on(passed_on(drawn.layer, shapes), message), (drawn, message, hint)
    return True


@pytest.mark.parametrize("kind", [*MODULES_DRAWN])
def test_what_is_proposed_for_a_drawn_layer_works(kind: str) -> None:
    random, refused, proposed = Random(kind), 0, 0
    for _ in range(DRAWN):
        drawn = MODULES_DRAWN[kind](random)
        passed = passed_on(drawn.layer, drawn.shapes)
        if passed is not None and passed.misfits:
            refused += 1
            proposed += check(drawn, passed)
    assert proposed or not refused or kind in {"Add", "Mul", "MatMul", "Softmax2d", "Dropout1d"}
