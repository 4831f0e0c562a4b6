"""The shipped networks beside torchvision's: output shapes, parameters by name, and multiply-adds."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import pytest
from torchvision_models import models

from conv2d_cli.network.network import Network
from conv2d_cli.network.shipped import SHIPPED
from conv2d_cli.network.smallest_input import smallest_side
from conv2d_cli.report.network_analysis import node_reports, stack_report

if TYPE_CHECKING:
    from conv2d_cli.report.stack import NodeReport

torch = pytest.importorskip("torch")

# All but `mobilenet_v1`, which torchvision has not.
NAMES = tuple(name for name in SHIPPED if name != "mobilenet_v1")
SIZES = ((1, 3, 192, 192), (2, 3, 231, 257))


@cache
def model_of(name: str) -> Any:
    arguments: dict[str, Any] = {"aux_logits": False, "init_weights": False} if name == "googlenet" else {}
    with torch.device("meta"):
        return getattr(models(), name)(weights=None, **arguments).eval()


def shapes_by_hooks(model: Any, size: tuple[int, ...]) -> tuple[dict[str, tuple[int, ...]], int]:
    """Return the shape that comes out of each convolution and linear layer, and the multiply-adds of all."""
    from torch.utils.flop_counter import FlopCounterMode

    shapes: dict[str, tuple[int, ...]] = {}
    handles = [
        module.register_forward_hook(lambda _, __, output, name=name: shapes.update({name: tuple(output.shape)}))
        for name, module in model.named_modules()
        if isinstance(module, torch.nn.Conv2d | torch.nn.Linear)
    ]
    counter = FlopCounterMode(display=False)
    with torch.no_grad(), counter:
        model(torch.empty(size, device="meta"))
    for handle in handles:
        handle.remove()
    return shapes, counter.get_total_flops() // 2


def parameters_by_module(model: Any) -> dict[str, int]:
    """Return the parameters of each module itself; a layer scale is a parameter of its block in torchvision."""
    found = {}
    for name, module in model.named_modules():
        own = dict(module.named_parameters(recurse=False))
        scale = own.pop("layer_scale", None)
        if scale is not None:
            found[f"{name}.layer_scale"] = scale.numel()
        if own:
            found[name] = sum(one.numel() for one in own.values())
    return found


def nodes_of(name: str, size: tuple[int, ...]) -> tuple[NodeReport, ...]:
    passed = Network.read(name).on(size)
    assert not passed.misfits
    return node_reports(passed)


@pytest.mark.parametrize("size", SIZES, ids=lambda size: "x".join(map(str, size)))
@pytest.mark.parametrize("name", NAMES)
def test_shapes_and_work(name: str, size: tuple[int, ...]) -> None:
    shapes, macs = shapes_by_hooks(model_of(name), size)
    nodes = nodes_of(name, size)
    assert {node.name: node.output_shape for node in nodes if node.type in {"Conv2d", "Linear"}} == shapes
    assert stack_report(Network.read(name).on(size)).macs == macs
    assert len(shapes) > 5


@pytest.mark.parametrize("name", NAMES)
def test_parameters_of_each_module(name: str) -> None:
    assert {node.name: node.parameters for node in nodes_of(name, SIZES[0]) if node.parameters} == parameters_by_module(
        model_of(name)
    )


def takes(model: Any, side: int) -> bool:
    try:
        with torch.no_grad():
            model(torch.empty((1, 3, side, side), device="meta"))
    except RuntimeError:
        return False
    return True


@pytest.mark.parametrize("name", NAMES)
def test_the_smallest_input_is_the_first_square_that_torch_takes(name: str) -> None:
    side = smallest_side(Network.read(name).graph, [(1, 3, 224, 224)])
    assert side is not None
    # All smaller ones are tried without torch.
    assert [size for size in range(max(1, side - 2), side + 1) if takes(model_of(name), size)] == [side]
