"""Every module of the registry beside torch's: shapes, parameters, multiply-adds, and what both refuse."""

from __future__ import annotations

import warnings
from random import Random
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from drawn_modules import MODULES_DRAWN, Drawn

from conv2d_cli.errors import DataError, LayerError, ShapeError
from conv2d_cli.network.modules.registry import MODULES
from conv2d_cli.network.notation import graph_of
from conv2d_cli.network.propagation import propagate
from conv2d_cli.report.network_analysis import stack_report

torch = pytest.importorskip("torch")
from torch_networks import module_of  # noqa: E402 - needs torch

if TYPE_CHECKING:
    from collections.abc import Callable

DRAWN = 60
# Arguments that torch does not make up, and that change nothing here.
NEEDED = {"Threshold": {"threshold": 0.1, "value": 0.2}}
# What torch raises for arguments and inputs that it does not take.
REFUSALS = (ValueError, RuntimeError, TypeError, IndexError, AssertionError, NotImplementedError, ZeroDivisionError)


class Facts(NamedTuple):
    """What comes out of a layer, what it learns and what it works."""

    shape: tuple[int, ...]
    weights: int
    biases: int
    flops: int


class Written(torch.nn.Module):  # type: ignore[misc, name-defined]
    """What torch has no class for: learned tensors of some shapes, and a function of them and what goes in."""

    def __init__(self, function: Callable[..., Any], *shapes: tuple[int, ...]) -> None:
        super().__init__()
        self.function = function
        self.learned = torch.nn.ParameterList([torch.nn.Parameter(torch.zeros(shape)) for shape in shapes])

    def forward(self, *inputs: Any) -> Any:
        return self.function(*inputs, *self.learned)


def scaled(layer: dict[str, Any], image: Any) -> Any:
    axis, factors = layer["axis"], layer["num_features"]
    if not -image.dim() <= axis < image.dim() or image.shape[axis] != factors:
        # A factor of each element of the axis, and no broadcasting.
        raise ValueError(layer)
    return Written(lambda x, factor: (x.movedim(axis, -1) * factor).movedim(-1, axis), (factors,))


def with_token(layer: dict[str, Any], _image: Any) -> Any:
    shape = (layer["number"], layer["features"])
    return Written(lambda x, token: torch.cat([token.expand(len(x), *shape), x], 1), shape)


WRITTEN: dict[str, Callable[[dict[str, Any], Any], Any]] = {
    "Add": lambda *_: Written(torch.add),
    "Mul": lambda *_: Written(torch.mul),
    "MatMul": lambda *_: Written(torch.matmul),
    "Concat": lambda layer, _: Written(lambda *inputs: torch.cat(inputs, layer["axis"])),
    "Permute": lambda layer, _: Written(lambda x: x.permute(layer["dims"])),
    "Learned": lambda layer, _: Written(torch.add, tuple(layer["shape"])),
    "Scale": scaled,
    "Token": with_token,
    # torchvision's, which does nothing when a network is used.
    "StochasticDepth": lambda *_: Written(lambda x: x),
}


def module_for(layer: dict[str, Any], image: Any) -> Any:
    kind = layer["type"]
    if kind in WRITTEN:
        return WRITTEN[kind](layer, image)
    if kind == "MultiheadAttention":
        # Evaluated, it takes a path that the counter does not see.
        return module_of(layer, batch_first=True)
    return module_of(layer, **NEEDED.get(kind, {})).eval()


def by_torch(drawn: Drawn) -> Facts | None:
    """Return what torch makes of it; None where it refuses."""
    from torch.utils.flop_counter import FlopCounterMode

    inputs = [torch.zeros(shape) for shape in drawn.shapes]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            module, attends = module_for(drawn.layer, inputs[0]), drawn.layer["type"] == "MultiheadAttention"
            with FlopCounterMode(display=False) as counter:
                output = module(*inputs * 3)[0] if attends else module(*inputs)
    except REFUSALS:
        return None
    if not output.numel():
        # Here it is a fault where nothing is left of an input.
        return None
    learned = {name: one.numel() for name, one in module.named_parameters()}
    biases = sum(size for name, size in learned.items() if name.endswith("bias"))
    return Facts(tuple(output.shape), sum(learned.values()) - biases, biases, counter.get_total_flops())


def by_us(drawn: Drawn) -> Facts | None:
    """Return what we make of it; None where we refuse."""
    names = [f"input{number}" for number in range(len(drawn.shapes))]
    inputs = {name: [1] for name in names}
    try:
        graph = graph_of({"input": inputs, "layers": [drawn.layer | {"from": names}]}, "drawn")
    except (DataError, LayerError):
        return None
    passed = propagate(graph, drawn.shapes)
    if passed.misfits:
        assert all(isinstance(misfit.error, ShapeError) for misfit in passed.misfits)
        return None
    report = stack_report(passed)
    facts = (report.output_shape, report.weight_parameters, report.bias_parameters, report.flops)
    assert None not in facts
    return Facts(*facts)  # type: ignore[arg-type]


# Drawn in tests/network/test_torch_modules.py, with arguments and inputs that fit alone.
WITH_FITTING_INPUTS = {
    *("RNN", "LSTM", "GRU", "RNNCell", "LSTMCell", "GRUCell", "Embedding", "EmbeddingBag", "Fold", "Unfold"),
    *("InstanceNorm1d", "InstanceNorm2d", "InstanceNorm3d", "LocalResponseNorm", "CrossMapLRN2d", "RMSNorm", "GLU"),
    *("LPPool1d", "LPPool2d", "LPPool3d", "Unflatten"),
}


def test_every_module_is_drawn() -> None:
    assert MODULES_DRAWN.keys() == MODULES.keys() - WITH_FITTING_INPUTS


@pytest.mark.parametrize("kind", [*MODULES_DRAWN])
def test_a_module_is_torchs(kind: str) -> None:
    random, taken = Random(kind), 0
    for _ in range(DRAWN):
        drawn = MODULES_DRAWN[kind](random)
        found = by_us(drawn)
        assert found == by_torch(drawn), drawn
        taken += found is not None
    assert taken >= DRAWN // 6
