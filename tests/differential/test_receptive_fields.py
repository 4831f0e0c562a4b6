"""Receptive fields against gradients: the rows and columns of the image that an output of torch depends on."""

from __future__ import annotations

from fractions import Fraction
from math import prod
from random import Random
from typing import Any, NamedTuple

import pytest

from conv2d_cli.network.notation import graph_of
from conv2d_cli.network.propagation import propagate
from conv2d_cli.report.network_analysis import stack_report

torch = pytest.importorskip("torch")
from torch_networks import Layer, Runner  # noqa: E402 - needs torch

STACKS, GRAPHS, CHANNELS = 20, 10, 4
Interval = tuple[int, int] | None


class Drawn(NamedTuple):
    """A network, and by how much all of it enlarges along each axis: after as many outputs their fields repeat."""

    layers: list[Layer]
    phases: tuple[int, int]


def pair(random: Random, values: tuple[int, ...]) -> list[int]:
    return [random.choice(values), random.choice(values)]


def window(random: Random) -> Layer:
    groups = random.choice((1, 1, 2, 4))
    return {
        "type": "Conv2d",
        "in_channels": CHANNELS,
        "out_channels": CHANNELS,
        "kernel_size": pair(random, (1, 2, 3, 4)),
        "stride": pair(random, (1, 1, 2)),
        "padding": pair(random, (0, 1, 2)),
        "dilation": pair(random, (1, 1, 2, 3)),
        "groups": groups,
    }


def transposed(random: Random) -> Layer:
    layer = window(random)
    return layer | {"type": "ConvTranspose2d", "stride": pair(random, (1, 2, 3))}


def pooling(random: Random) -> Layer:
    kernel = pair(random, (1, 2, 3))
    return {
        "type": "AvgPool2d",
        "kernel_size": kernel,
        "stride": pair(random, (1, 2)),
        "padding": [k // 2 for k in kernel],
    }


def pointwise(random: Random) -> Layer:
    return window(random) | {"kernel_size": 1, "padding": 0, "dilation": 1}


def nearest(random: Random) -> Layer:
    return {"type": "Upsample", "scale_factor": random.choice((2, 3)), "mode": "nearest"}


def bilinear(random: Random) -> Layer:
    return {"type": "Upsample", "scale_factor": random.choice((2, 3)), "mode": "bilinear"}


def padded(random: Random) -> Layer:
    return {"type": "ZeroPad2d", "padding": [random.choice((0, 1, 3)) for _ in range(4)]}


KINDS = (window, window, window, transposed, transposed, pooling, pointwise, nearest, bilinear, padded)


def enlarged_by(layer: Layer) -> tuple[int, int]:
    if layer["type"] == "ConvTranspose2d":
        rows, columns = layer["stride"]
        return rows, columns
    factor = layer.get("scale_factor", 1)
    return factor, factor


def drawn_stack(random: Random) -> Drawn:
    layers = [random.choice(KINDS)(random) for _ in range(random.randint(2, 5))]
    rows, columns = zip(*map(enlarged_by, layers), strict=True)
    return Drawn(layers, (prod(rows), prod(columns)))


def same(random: Random, **extra: Any) -> Layer:
    """Return a convolution that keeps the size."""
    kernel, dilation = pair(random, (1, 3, 5)), pair(random, (1, 2))
    padding = [step * (size - 1) // 2 for size, step in zip(kernel, dilation, strict=True)]
    return window(random) | {"kernel_size": kernel, "dilation": dilation, "padding": padding, "stride": 1} | extra


def halves(random: Random) -> Layer:
    return random.choice(
        (
            same(random) | {"stride": 2},
            {"type": "AvgPool2d", "kernel_size": 2},
            {"type": "AvgPool2d", "kernel_size": 3, "stride": 2, "padding": 1},
            pointwise(random) | {"stride": 2},
        )
    )


def doubles(random: Random) -> Layer:
    up = {"type": "ConvTranspose2d", "in_channels": CHANNELS, "out_channels": CHANNELS, "stride": [2, 2]}
    return random.choice(
        (
            up | {"kernel_size": 2},
            up | {"kernel_size": 4, "padding": 1},
            up | {"kernel_size": 3, "padding": 1, "output_padding": 1},
            # Every other output is made from nothing.
            up | {"kernel_size": 1, "output_padding": 1},
            {"type": "Upsample", "scale_factor": 2, "mode": "nearest"},
        )
    )


def branch(random: Random, name: str) -> list[Layer]:
    """Return layers that read the stem and keep its size, some at half of it in between."""
    middle = [halves(random), same(random), doubles(random)] if random.random() < 0.6 else [same(random)]
    layers = [*middle, *([same(random)] if random.random() < 0.5 else [])]
    layers[0] = layers[0] | {"from": "stem"}
    layers[-1] = layers[-1] | {"name": name}
    return layers


def drawn_graph(random: Random) -> Drawn:
    names = ["one", "two", "three"][: random.randint(2, 3)]
    join = random.choice(("Add", "Concat"))
    # The stem itself is a branch without layers.
    read = [*names, "stem"] if random.random() < 0.3 else names
    after = same(random, in_channels=CHANNELS * (len(read) if join == "Concat" else 1), groups=1)
    layers = [
        same(random, name="stem") | {"stride": random.choice((1, 2))},
        *(layer for name in names for layer in branch(random, name)),
        {"type": join, "from": read},
        *([after] if random.random() < 0.7 else []),
    ]
    return Drawn(layers, (2, 2))


def seen_by(image: Any, outputs: Any, axis: int) -> Interval:
    """Return the rows (axis 0) or columns of the image that some outputs depend on."""
    (gradient,) = torch.autograd.grad(outputs.sum(), image, retain_graph=True)
    return interval((gradient != 0)[0].any(dim=0).any(dim=1 - axis))


def interval(depends: Any) -> Interval:
    found = depends.nonzero().flatten().tolist()
    assert not found or (found[0] > 0 and found[-1] < len(depends) - 1), "the image is too small to tell"
    return (found[0], found[-1]) if found else None


def check_axis(fields: list[Interval], first: int, phases: int, said: tuple[int, Fraction, int | None]) -> None:
    """Check the fields of outputs from `first` on, of two turns of all phases, against what is said of their axis."""
    size, stride, start = said
    turn = fields[:phases]
    assert max((field[1] - field[0] + 1 for field in turn if field), default=0) == size
    for here, there in zip(turn, fields[phases : 2 * phases], strict=True):
        assert (here is None) == (there is None)
        if here and there:
            assert {there[0] - here[0], there[1] - here[1]} == {int(stride * phases)}
    # `first` is a whole number of turns behind output 0, whose field is cut off by no border in what is said.
    if start is not None:
        assert fields[0] is not None
        assert fields[0][0] - first * stride == start


def check(drawn: Drawn) -> None:
    graph = graph_of({"layers": drawn.layers}, "drawn")
    passed = propagate(graph, [(1, CHANNELS, 512, 512)])
    assert not passed.misfits, drawn.layers
    report = stack_report(passed)
    assert report.receptive_field is not None
    assert report.effective_stride is not None
    strides = [Fraction(stride) for stride in report.effective_stride]
    start = report.nodes[-1].receptive_field_start
    most = max(phases * stride for phases, stride in zip(drawn.phases, strides, strict=True))
    side = 4 * -(-(2 * max(report.receptive_field) + 6 * int(most) + 24) // 4)
    image = torch.ones(1, CHANNELS, side, side, dtype=torch.float64, requires_grad=True)
    output, starts = Runner(drawn.layers)(image), []
    for axis, phases in enumerate(drawn.phases):
        # All phases of the other axis together: where an output is made from nothing along one, it is so along both.
        lines = output.transpose(2, 3) if axis else output
        along, across = (
            size // 2 // period * period for size, period in zip(lines.shape[2:], (phases, 1), strict=True)
        )
        others = lines[0, :, :, across : across + drawn.phases[1 - axis]]
        fields = [seen_by(image, others[:, along + step], axis) for step in range(2 * phases)]
        said = (report.receptive_field[axis], strides[axis], None if start is None else start[axis])
        check_axis(fields, along, phases, said)
        starts.append(fields[0])
    assert (None in starts) == (start is None)


@pytest.mark.parametrize("seed", range(STACKS))
def test_stacks(seed: int) -> None:
    check(drawn_stack(Random(seed)))


@pytest.mark.parametrize("seed", range(GRAPHS))
def test_graphs_with_branches(seed: int) -> None:
    check(drawn_graph(Random(seed)))
