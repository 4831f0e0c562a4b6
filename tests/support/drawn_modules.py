"""Layers of every module of the registry with the shapes of what goes in: most of them fit, and some do not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, get_args

from conv2d_cli.network.modules.elementwise import ActivationName, DropoutName

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from random import Random

Shape = tuple[int, ...]


class Drawn(NamedTuple):
    """A layer as the network format writes it, and what it is given."""

    layer: dict[str, Any]
    shapes: tuple[Shape, ...]


def rarely(random: Random) -> bool:
    return random.random() < 0.08


def shape_of(random: Random, channels: int, axes: int, wrong: tuple[int, ...] = (0, 1, 2, 3, 4)) -> Shape:
    """Return (N, C, ...) with so many axes behind the channels; unbatched or of a wrong rank now and then."""
    if rarely(random):
        axes = random.choice(wrong)
    batch = () if random.random() < 0.2 else (random.choice((1, 2, 3)),)
    return (*batch, channels, *(random.choice((1, 2, 3, 4, 5, 6, 7, 8, 9)) for _ in range(axes)))


def per_axis(random: Random, axes: int, values: tuple[int, ...]) -> int | list[int]:
    """Return one number, or one for each axis; now and then none that can be, but for paddings, which may crop."""
    if 0 not in values and random.random() < 0.02:
        return random.choice((-1, 0))
    if random.random() < 0.4:
        return random.choice(values)
    return [random.choice(values) for _ in range(axes)]


def other(random: Random, value: int) -> int:
    """Return the value; now and then another."""
    return max(1, value + random.choice((1, -1, 2))) if rarely(random) else value


def convolution(axes: int) -> Callable[[Random], Drawn]:
    def draw(random: Random) -> Drawn:
        groups = random.choice((1, 1, 2, 3))
        channels = groups * random.randint(1, 3)
        layer: dict[str, Any] = {
            "type": f"Conv{axes}d",
            "in_channels": channels,
            "out_channels": other(random, groups * random.randint(1, 3)),
            "kernel_size": per_axis(random, axes, (1, 2, 3, 3, 4)),
            "stride": per_axis(random, axes, (1, 1, 2, 3)),
            "padding": per_axis(random, axes, (0, 1, 2)),
            "dilation": per_axis(random, axes, (1, 1, 2)),
            "groups": other(random, groups),
            "bias": random.random() < 0.5,
            "padding_mode": random.choice(("zeros", "zeros", "zeros", "reflect", "replicate", "circular")),
        }
        if random.random() < 0.15:
            # Along one or three axes `same` is read for odd kernels alone.
            odd = {"kernel_size": per_axis(random, axes, (1, 3, 5))}
            layer |= odd | {"padding": random.choice(("same", "valid")), "stride": random.choice((1, 1, 1, 2))}
        return Drawn(layer, (shape_of(random, other(random, channels), axes),))

    return draw


def transposed(axes: int) -> Callable[[Random], Drawn]:
    def draw(random: Random) -> Drawn:
        layer, shapes = convolution(axes)(random)
        if isinstance(layer["padding"], str):
            layer["padding"] = 0
        del layer["padding_mode"]
        extra = per_axis(random, axes, (0, 0, 0, 1))
        return Drawn(layer | {"type": f"ConvTranspose{axes}d", "output_padding": extra}, shapes)

    return draw


def linear(random: Random) -> Drawn:
    features = random.randint(1, 6)
    layer = {"type": "Linear", "in_features": features, "out_features": random.randint(1, 6)}
    shape = tuple(random.randint(1, 4) for _ in range(random.randint(0, 4)))
    return Drawn(layer | {"bias": random.random() < 0.5}, ((*shape, other(random, features)),))


def axes_of(kind: str) -> int:
    """Return how many axes a module's window goes along, which its name ends with: 2 of MaxPool2d."""
    return int(kind[-2])


def pooling(kind: str) -> Callable[[Random], Drawn]:
    axes = axes_of(kind)

    def draw(random: Random) -> Drawn:
        layer: dict[str, Any] = {
            "type": kind,
            "kernel_size": per_axis(random, axes, (1, 2, 3, 4)),
            "padding": per_axis(random, axes, (0, 0, 1, 2)),
            "ceil_mode": random.random() < 0.5,
        }
        if random.random() < 0.7:
            layer["stride"] = per_axis(random, axes, (1, 2, 3))
        if kind.startswith("Max"):
            layer["dilation"] = per_axis(random, axes, (1, 1, 2))
        elif axes > 1 and random.random() < 0.3:
            layer["divisor_override"] = random.randint(0, 3)
        return Drawn(layer, (shape_of(random, 3, axes),))

    return draw


def adaptive(kind: str) -> Callable[[Random], Drawn]:
    axes = axes_of(kind)

    def draw(random: Random) -> Drawn:
        size = random.choice((1, 2, 3, 12, [random.choice((None, 1, 2, 3, 4)) for _ in range(axes)]))
        # A mean to 1x1 takes more axes than are documented.
        return Drawn({"type": kind, "output_size": size}, (shape_of(random, 3, axes, wrong=(axes,)),))

    return draw


def batch_norm(kind: str, axes: tuple[int, ...]) -> Callable[[Random], Drawn]:
    def draw(random: Random) -> Drawn:
        channels = random.randint(1, 5)
        layer = {"type": kind, "num_features": channels, "affine": random.random() < 0.7}
        layer |= {"track_running_stats": random.random() < 0.8}
        # Without values for each channel torch does not look at num_features; here it is held to what it says.
        given = other(random, channels) if layer["affine"] else channels
        shape = (random.randint(2, 3), given, *(2 for _ in range(random.choice(axes))))
        return Drawn(layer, (shape[1:] if layer["affine"] and rarely(random) else shape,))

    return draw


def group_norm(random: Random) -> Drawn:
    groups = random.choice((1, 2, 3))
    channels = groups * random.randint(1, 3)
    layer = {"type": "GroupNorm", "num_groups": other(random, groups), "num_channels": channels}
    layer |= {"affine": random.random() < 0.7}
    shape = (2, other(random, channels) if layer["affine"] else channels, *(2 for _ in range(random.randint(0, 3))))
    return Drawn(layer, (shape,))


def layer_norm(random: Random) -> Drawn:
    shape = tuple(random.randint(1, 4) for _ in range(random.randint(1, 4)))
    wanted: Any = [other(random, size) for size in shape[-random.randint(1, len(shape)) :]]
    if len(wanted) == 1 and random.random() < 0.5:
        wanted = wanted[0]
    layer = {"type": "LayerNorm", "normalized_shape": wanted, "elementwise_affine": random.random() < 0.7}
    return Drawn(layer | {"bias": random.random() < 0.5}, (shape[1:] if rarely(random) else shape,))


def any_shape(random: Random) -> Shape:
    return tuple(random.randint(1, 4) for _ in range(random.randint(0, 5)))


def plain(kind: str) -> Callable[[Random], Drawn]:
    return lambda random: Drawn({"type": kind}, (any_shape(random),))


def prelu(random: Random) -> Drawn:
    shape = any_shape(random)
    channels = shape[1] if len(shape) > 1 else 1
    return Drawn({"type": "PReLU", "num_parameters": random.choice((1, channels, channels, 5))}, (shape,))


def flatten(random: Random) -> Drawn:
    layer = {"type": "Flatten", "start_dim": random.randint(-3, 3), "end_dim": random.randint(-3, 3)}
    return Drawn(layer, (any_shape(random),))


def upsample(random: Random) -> Drawn:
    layer: dict[str, Any] = {
        "type": "Upsample",
        "mode": random.choice(("nearest", "nearest-exact", "bilinear", "bicubic")),
    }
    if random.random() < 0.5:
        layer["size"] = per_axis(random, 2, (1, 2, 5, 8))
    if "size" not in layer or rarely(random):
        layer["scale_factor"] = random.choice((1, 2, 3, 0.5, 1.5, 0.1, [2.0, 0.5], [0.7, 3.0], -1))
    if random.random() < 0.3:
        layer["align_corners"] = random.random() < 0.5
    # Of sequences and volumes nothing is known here, so that three axes are not drawn for nearest.
    batch = () if layer["mode"].startswith("bi") and rarely(random) else (2,)
    return Drawn(layer, ((*batch, 3, *(random.randint(1, 9) for _ in range(2))),))


def pixel_shuffle(random: Random) -> Drawn:
    factor = random.choice((1, 2, 3))
    return Drawn(
        {"type": "PixelShuffle", "upscale_factor": factor}, (shape_of(random, other(random, 2 * factor**2), 2),)
    )


def pixel_unshuffle(random: Random) -> Drawn:
    factor = random.choice((1, 2, 3))
    return Drawn({"type": "PixelUnshuffle", "downscale_factor": factor}, (shape_of(random, 2, 2),))


def padding(kind: str) -> Callable[[Random], Drawn]:
    axes = axes_of(kind)

    def draw(random: Random) -> Drawn:
        sides = (0, 1, 2, 3) if random.random() < 0.6 else (-2, -1, 0, 1, 2, 5)
        many = [random.choice(sides) for _ in range(2 * axes)]
        layer: dict[str, Any] = {"type": kind, "padding": many if random.random() < 0.6 else random.choice(sides)}
        # A constant is put around any number of axes, documented or not.
        is_constant = kind.startswith(("Zero", "Constant"))
        wrong = (axes,) if is_constant else tuple({0, 1, 2, 3, 4} - {axes})
        value = {"value": 0.5} if kind.startswith("Constant") else {}
        return Drawn(layer | value, (shape_of(random, 2, axes, wrong),))

    return draw


def attention(random: Random) -> Drawn:
    heads = random.choice((1, 2, 3))
    features = other(random, heads * random.randint(1, 3))
    layer = {"type": "MultiheadAttention", "embed_dim": features, "num_heads": heads, "bias": random.random() < 0.5}
    shape = (*((2,) if random.random() < 0.7 else ()), random.randint(1, 5), other(random, features))
    return Drawn(layer, ((2, *shape) if rarely(random) else shape,))


def matrix_product(random: Random) -> Drawn:
    batch = tuple(random.randint(1, 3) for _ in range(random.randint(0, 2)))
    rows, depth, columns = (random.randint(1, 5) for _ in range(3))
    left = batch if random.random() < 0.8 else batch[1:]
    return Drawn({"type": "MatMul"}, ((*left, rows, depth), (*batch, other(random, depth), columns)))


def broadcast(kind: str) -> Callable[[Random], Drawn]:
    def draw(random: Random) -> Drawn:
        shape = any_shape(random)
        lesser = tuple(1 if random.random() < 0.3 else other(random, size) for size in shape)
        return Drawn({"type": kind}, (shape, lesser[random.choice((0, 0, 1)) :]))

    return draw


def concat(random: Random) -> Drawn:
    shape = any_shape(random)
    along = random.randint(-2, 2)
    layer = {"type": "Concat", "axis": along}
    place = along % len(shape) if shape else 0
    second = tuple(random.randint(1, 4) if axis == place else other(random, size) for axis, size in enumerate(shape))
    return Drawn(layer, (shape, second))


def permute(random: Random) -> Drawn:
    shape = any_shape(random)
    order = [*range(len(shape) - 1 if rarely(random) and shape else len(shape))]
    random.shuffle(order)
    return Drawn({"type": "Permute", "dims": order}, (shape,))


def scale(random: Random) -> Drawn:
    shape = any_shape(random)
    axis = random.randint(-2, 2)
    wanted = shape[axis] if -len(shape) <= axis < len(shape) else 2
    return Drawn({"type": "Scale", "num_features": other(random, wanted) or 1, "axis": axis}, (shape,))


def token(random: Random) -> Drawn:
    shape = (random.randint(1, 3), random.randint(1, 5), random.randint(1, 5))
    return Drawn({"type": "Token", "number": random.randint(1, 3), "features": other(random, shape[-1])}, (shape,))


def learned(random: Random) -> Drawn:
    first, (shape, lesser) = broadcast("Learned")(random)
    return Drawn(first | {"shape": [size or 1 for size in lesser]}, (shape,))


AXES = (1, 2, 3)
# By the names of the registry: one that is missing here is a module that nothing has been compared for.
MODULES_DRAWN: Mapping[str, Callable[[Random], Drawn]] = {
    **{f"Conv{axes}d": convolution(axes) for axes in AXES},
    **{f"ConvTranspose{axes}d": transposed(axes) for axes in AXES},
    "Linear": linear,
    **{kind: pooling(kind) for axes in AXES for kind in (f"MaxPool{axes}d", f"AvgPool{axes}d")},
    **{kind: adaptive(kind) for axes in AXES for kind in (f"AdaptiveAvgPool{axes}d", f"AdaptiveMaxPool{axes}d")},
    "BatchNorm1d": batch_norm("BatchNorm1d", (0, 1, 1, 1, 2)),
    "BatchNorm2d": batch_norm("BatchNorm2d", (1, 2, 2, 2, 3)),
    "BatchNorm3d": batch_norm("BatchNorm3d", (2, 3, 3, 3)),
    "SyncBatchNorm": batch_norm("SyncBatchNorm", (0, 1, 2, 3)),
    "GroupNorm": group_norm,
    "LayerNorm": layer_norm,
    **{kind: plain(kind) for kind in (*get_args(ActivationName), "Identity", *get_args(DropoutName))},
    "PReLU": prelu,
    "Flatten": flatten,
    "Upsample": upsample,
    "PixelShuffle": pixel_shuffle,
    "PixelUnshuffle": pixel_unshuffle,
    **{
        kind: padding(kind)
        for axes in AXES
        for kind in (f"{side}Pad{axes}d" for side in ("Zero", "Constant", "Reflection", "Replication", "Circular"))
    },
    "MultiheadAttention": attention,
    "MatMul": matrix_product,
    "Scale": scale,
    "Token": token,
    "Learned": learned,
    "Add": broadcast("Add"),
    "Mul": broadcast("Mul"),
    "Concat": concat,
    "Permute": permute,
}
