"""Every class of torch.nn that is known, printed and run by torch with arguments drawn: shape, parameters, products."""

from __future__ import annotations

import random
import warnings
from typing import TYPE_CHECKING, Any

import pytest

from conv2d_cli.network.modules.registry import TORCH
from conv2d_cli.network.network import Network
from conv2d_cli.report.network_analysis import stack_report

if TYPE_CHECKING:
    from collections.abc import Callable

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.filterwarnings("ignore")

nn = torch.nn
Draw = random.Random
Made = tuple[Any, tuple[int, ...]]
DRAWS = 12
AXES = (1, 2, 3)


def sizes(draw: Draw, axes: int) -> tuple[int, ...]:
    return tuple(draw.randint(4, 9) for _ in range(axes))


def image(draw: Draw, channels: int, axes: int) -> tuple[int, ...]:
    """Return the shape of an input along so many axes, with a batch or without."""
    return (*([draw.randint(1, 3)] if draw.random() < 0.7 else []), channels, *sizes(draw, axes))


def each(draw: Draw, axes: int, least: int, most: int) -> int | tuple[int, ...]:
    """Return one number for all axes, or one for each."""
    return draw.randint(least, most) if draw.random() < 0.5 else tuple(draw.randint(least, most) for _ in range(axes))


def transposed(axes: int) -> Callable[[Draw], Made]:
    def make(draw: Draw) -> Made:
        groups = draw.choice([1, 2])
        arguments = {"stride": each(draw, axes, 1, 3), "padding": each(draw, axes, 0, 2), "groups": groups}
        arguments |= {"dilation": each(draw, axes, 1, 2), "bias": draw.random() < 0.5}
        layer = getattr(nn, f"ConvTranspose{axes}d")(2 * groups, 3 * groups, each(draw, axes, 2, 4), **arguments)
        return layer, image(draw, 2 * groups, axes)

    return make


def max_pool(axes: int) -> Callable[[Draw], Made]:
    def make(draw: Draw) -> Made:
        arguments: dict[str, Any] = {"stride": draw.choice([None, 1, 2]), "dilation": draw.choice([1, 2])}
        layer = getattr(nn, f"MaxPool{axes}d")(
            draw.choice([2, 3]), padding=1, ceil_mode=draw.random() < 0.5, **arguments
        )
        return layer, image(draw, 3, axes)

    return make


def avg_pool(axes: int) -> Callable[[Draw], Made]:
    def make(draw: Draw) -> Made:
        return getattr(nn, f"AvgPool{axes}d")(each(draw, axes, 2, 3), each(draw, axes, 1, 3), 1), image(draw, 3, axes)

    return make


def power_pool(axes: int) -> Callable[[Draw], Made]:
    def make(draw: Draw) -> Made:
        kernel = draw.randint(2, 3) if axes == 1 else each(draw, axes, 2, 3)
        layer = getattr(nn, f"LPPool{axes}d")(2, kernel, draw.choice([None, 2]), draw.random() < 0.5)
        return layer, image(draw, 3, axes)

    return make


def adaptive_pool(kind: str, axes: int) -> Callable[[Draw], Made]:
    def make(draw: Draw) -> Made:
        size: Any = draw.randint(1, 4)
        if axes > 1 and draw.random() < 0.5:
            size = tuple(draw.choice([None, 1, 3]) for _ in range(axes))
        return getattr(nn, f"Adaptive{kind}Pool{axes}d")(size), image(draw, 3, axes)

    return make


def pad(kind: str, axes: int) -> Callable[[Draw], Made]:
    def make(draw: Draw) -> Made:
        sides: Any = draw.randint(0, 2)
        if draw.random() < 0.6:
            sides = tuple(draw.randint(0 if kind in {"Reflection", "Circular"} else -1, 3) for _ in range(2 * axes))
        value = (0.5,) if kind == "Constant" else ()
        return getattr(nn, f"{kind}Pad{axes}d")(sides, *value), image(draw, 2, axes)

    return make


def instance_norm(axes: int) -> Callable[[Draw], Made]:
    def make(draw: Draw) -> Made:
        return getattr(nn, f"InstanceNorm{axes}d")(4, affine=draw.random() < 0.5), image(draw, 4, axes)

    return make


def recurrent(kind: str) -> Callable[[Draw], Made]:
    def make(draw: Draw) -> Made:
        arguments: dict[str, Any] = {"num_layers": draw.randint(1, 3), "bias": draw.random() < 0.5}
        arguments |= {"batch_first": draw.random() < 0.5, "bidirectional": draw.random() < 0.5, "dropout": 0.1}
        if kind == "LSTM":
            arguments["proj_size"] = draw.choice([0, 2])
        shape = (*([draw.randint(1, 3)] if draw.random() < 0.7 else []), 5, 3)
        return getattr(nn, kind)(3, draw.randint(3, 6), **arguments), shape

    return make


def cell(kind: str) -> Callable[[Draw], Made]:
    def make(draw: Draw) -> Made:
        return getattr(nn, kind)(3, draw.randint(2, 6), bias=draw.random() < 0.5), (draw.randint(1, 4), 3)

    return make


def unflatten(draw: Draw) -> Made:
    size = draw.choice([(2, 6), (3, -1), (12,), (1, 2, 2, 3)])
    dim, shape = draw.choice([(1, (3, 12, 2)), (-1, (3, 12)), (0, (12, 2))])
    return nn.Unflatten(dim, draw.choice([tuple, list, torch.Size])(size)), shape


def fold(draw: Draw) -> Made:
    size, kernel, stride, padding = sizes(draw, 2), draw.randint(1, 3), draw.randint(1, 2), draw.randint(0, 1)
    columns = nn.Unfold(kernel, padding=padding, stride=stride)(torch.zeros(1, 3, *size))
    return nn.Fold(size, kernel, padding=padding, stride=stride), (2, *columns.shape[1:])


def attention(draw: Draw) -> Made:
    width = draw.choice([4, 8])
    layer = nn.MultiheadAttention(width, draw.choice([1, 2, 4]), bias=draw.random() < 0.5, batch_first=True)
    return layer, (draw.randint(1, 3), draw.randint(2, 6), width)


def encoder(draw: Draw) -> Made:
    layer = nn.TransformerEncoderLayer(
        *(8, draw.choice([1, 2, 4]), draw.randint(3, 9)),
        activation=draw.choice(["relu", "gelu", nn.GELU()]),
        batch_first=True,
        norm_first=draw.random() < 0.5,
        bias=draw.random() < 0.5,
    )
    norm = draw.choice([None, nn.LayerNorm(8), nn.RMSNorm(8)])
    whole = layer if draw.random() < 0.3 else nn.TransformerEncoder(layer, draw.randint(1, 3), norm)
    return whole, (draw.randint(1, 3), draw.randint(2, 6), 8)


CASES: dict[str, Callable[[Draw], Made]] = {
    **{f"ConvTranspose{axes}d": transposed(axes) for axes in AXES},
    **{f"MaxPool{axes}d": max_pool(axes) for axes in AXES},
    **{f"AvgPool{axes}d": avg_pool(axes) for axes in AXES},
    **{f"LPPool{axes}d": power_pool(axes) for axes in AXES},
    **{f"Adaptive{kind}Pool{axes}d": adaptive_pool(kind, axes) for kind in ("Avg", "Max") for axes in AXES},
    **{
        f"{kind}Pad{axes}d": pad(kind, axes)
        for kind in ("Zero", "Constant", "Reflection", "Replication", "Circular")
        for axes in AXES
    },
    **{f"InstanceNorm{axes}d": instance_norm(axes) for axes in AXES},
    **{kind: recurrent(kind) for kind in ("RNN", "LSTM", "GRU")},
    **{f"{kind}Cell": cell(f"{kind}Cell") for kind in ("RNN", "LSTM", "GRU")},
    "LocalResponseNorm": lambda draw: (nn.LocalResponseNorm(draw.randint(1, 5), k=2.0), (2, 6, *sizes(draw, 2))),
    "CrossMapLRN2d": lambda draw: (nn.CrossMapLRN2d(draw.randint(1, 5)), (2, 6, *sizes(draw, 2))),
    "RMSNorm": lambda draw: (nn.RMSNorm(draw.choice([8, (3, 8)]), elementwise_affine=draw.random() < 0.7), (2, 3, 8)),
    "Embedding": lambda draw: (nn.Embedding(9, draw.randint(1, 5), padding_idx=0, max_norm=1.0), sizes(draw, 2)),
    "EmbeddingBag": lambda draw: (
        nn.EmbeddingBag(9, draw.randint(1, 5), mode=draw.choice(["sum", "mean", "max"])),
        sizes(draw, 2),
    ),
    "GLU": lambda draw: (nn.GLU(draw.choice([1, -1, 2])), (3, 4, 6)),
    "Unflatten": unflatten,
    "Unfold": lambda draw: (nn.Unfold(each(draw, 2, 1, 3), each(draw, 2, 1, 2), 1, 2), image(draw, 3, 2)),
    "Fold": fold,
    "MultiheadAttention": attention,
    "TransformerEncoder": encoder,
}
# Of images, and drawn in whole models by `test_printed_against_torch.py`.
ELSEWHERE = frozenset(
    {
        *("Convolution2d", "Convolution1d", "Convolution3d", "Linear", "BatchNorm2d", "GroupNorm", "LayerNorm"),
        *("Activation", "PReLU", "Nothing", "Flatten", "Upsample", "PixelShuffle", "PixelUnshuffle"),
    }
)


def called(module: Any, given: Any) -> Any:
    """Return the first tensor that comes out."""
    found = module(given, given, given) if isinstance(module, nn.MultiheadAttention) else module(given)
    while isinstance(found, tuple):
        found = found[0]
    return found


def run(module: Any, shape: tuple[int, ...]) -> tuple[tuple[int, ...], int]:
    """Return the shape that torch gives, and the operations that its counter sees."""
    from torch.nn.attention import SDPBackend, sdpa_kernel
    from torch.utils.flop_counter import FlopCounterMode

    is_lookup = isinstance(module, nn.Embedding | nn.EmbeddingBag)
    given = torch.zeros(shape, dtype=torch.long if is_lookup else torch.float32)
    before = torch.backends.mha.get_fastpath_enabled()
    # Fused kernels are no products to the counter.
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        with (
            torch.no_grad(),
            torch.backends.mkldnn.flags(enabled=False),
            sdpa_kernel(SDPBackend.MATH),
            FlopCounterMode(display=False) as counter,
        ):
            return tuple(called(module, given).shape), int(counter.get_total_flops())
    finally:
        torch.backends.mha.set_fastpath_enabled(before)


@pytest.mark.parametrize("name", CASES)
def test_figures_are_those_of_torch(name: str) -> None:
    draw, checked = Draw(name), 0
    for _ in range(DRAWS):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                module, shape = CASES[name](draw)
                output, flops = run(module.eval(), shape)
            except (RuntimeError, ValueError):
                # Torch cannot do it.
                continue
        text = str(module)
        passed = Network.read(f"{text}\n").on(shape)
        assert not passed.misfits, (text, shape)
        report = stack_report(passed)
        assert report.output_shape == output, (text, shape)
        assert report.parameters == sum(one.numel() for one in module.parameters()), text
        assert report.flops == flops, (text, shape)
        assert report.unknown == (), text
        checked += 1
    assert checked >= DRAWS // 3


def test_every_class_is_drawn() -> None:
    drawn = {kind for cls in TORCH for kind in {*CASES} if kind in cls.model_fields["type"].annotation.__args__}  # type: ignore[union-attr]
    left = {
        cls.__name__
        for cls in TORCH
        if cls.__name__ not in ELSEWHERE and not drawn & {*cls.model_fields["type"].annotation.__args__}  # type: ignore[union-attr]
    }
    assert left == set()


def test_what_attention_hides_is_assumed() -> None:
    module = nn.Transformer(8, 2, 2, 2, 16)
    network = Network.read(str(module))
    report = stack_report(network.on())
    assert report.parameters == sum(one.numel() for one in module.parameters())
    assert "encoder.layers.0.self_attn" in report.assumed
    assert "Transformer" in report.unknown
    told = stack_report(Network.read(str(module), assume=False).on())
    assert "encoder.layers.0.self_attn" in told.unknown
    assert (told.parameters or 0) < (report.parameters or 0)
