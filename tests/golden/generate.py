"""Write the golden files with PyTorch 2.13: what its Conv2d computes, draws, prints and refuses.

    python tests/golden/generate.py

Every output that is not float data is of small integers, exact in float32 whatever the order of the sums.
"""

from __future__ import annotations

import hashlib
import json
import warnings
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import torch

FOLDER = Path(__file__).parent
MODES = ("zeros", "reflect", "replicate", "circular")
KERNELS = ((3, 3), (2, 2), (2, 3))
STRIDES = ((1, 1), (2, 2), (2, 1))
DILATIONS = ((1, 1), (2, 2), (1, 2))
# Groups to channels: whole, in two parts, and depthwise with a multiplier of 2.
CHANNELS = {1: (4, 3), 2: (4, 6), 4: (4, 8)}
IMAGE = (2, 4, 7, 6)
FLOATS = ("float16", "bfloat16", "float32", "float64", "complex64", "complex128")
INTEGERS = ("uint8", "int8", "int16", "int32", "int64")
REAL_LAYERS: tuple[dict[str, Any], ...] = (
    {"kernel_size": [3, 3], "padding": [1, 1]},
    {"kernel_size": [2, 3], "stride": [2, 1], "padding": [1, 0], "padding_mode": "circular"},
    {"kernel_size": [3, 2], "dilation": [2, 1], "groups": 2, "padding": "same", "padding_mode": "reflect"},
)


def main() -> None:
    """Write all golden files beside this one."""
    warnings.simplefilter("ignore")
    torch.manual_seed(0)
    arrays: dict[str, np.ndarray[Any, Any]] = {}
    manifest = {
        "torch": torch.__version__.partition("+")[0],
        "convolutions": convolutions(arrays),
        "real": real_data(arrays),
        "integers": whole_data(arrays),
        "empty": empty_batches(),
        "parameters": parameters(),
        "printed": printed(),
        "messages": messages(),
    }
    stored: dict[str, Any] = arrays
    np.savez_compressed(FOLDER / "arrays.npz", **stored)
    lines = json.dumps(manifest, separators=(",", ":")).replace("},{", "},\n{")
    (FOLDER / "manifest.json").write_text(lines + "\n", "utf-8")


def convolutions(arrays: dict[str, np.ndarray[Any, Any]]) -> list[dict[str, Any]]:
    """Return the layers of whole-number data; inputs, weights and one long row of outputs go into `arrays`."""
    generator = np.random.default_rng(2013)
    arrays["image"] = generator.integers(-4, 5, IMAGE).astype(np.int8)
    named: list[dict[str, Any]] = []
    for mode, groups, kernel, stride, dilation in product(MODES, CHANNELS, KERNELS, STRIDES, DILATIONS):
        paddings: list[Any] = [[1, 2]] if mode != "zeros" else [[0, 0], [2, 1]]
        if stride == (1, 1):
            paddings.append("same")
        shared = {"padding_mode": mode, "groups": groups, "kernel_size": kernel, "stride": stride, "dilation": dilation}
        named += [shared | {"padding": padding} for padding in paddings]
    named += [
        {
            "padding_mode": mode,
            "groups": 1,
            "kernel_size": kernel,
            "stride": [1, 1],
            "dilation": [1, 1],
            "padding": name,
        }
        for mode in MODES
        for kernel in ((1, 1), (4, 4), (5, 5), (4, 1))
        for name in ("same", "valid")
    ]
    outputs = []
    for layer in named:
        inner, outer = CHANNELS[layer["groups"]]
        key = f"weight_{outer}_{inner // layer['groups']}_{layer['kernel_size'][0]}_{layer['kernel_size'][1]}"
        if key not in arrays:
            arrays[key] = generator.integers(-4, 5, [int(size) for size in key.split("_")[1:]]).astype(np.int8)
        conv = module(layer, inner, outer, torch.float32)
        bias = conv.bias
        assert bias is not None
        with torch.no_grad():
            conv.weight.copy_(torch.from_numpy(arrays[key]))
            bias.copy_(torch.arange(outer) - 2)
            image = torch.from_numpy(arrays["image"]).float()
            batched, single = conv(image), conv(image[1])
        layer |= {"weight": key, "batched_shape": [*batched.shape], "unbatched_shape": [*single.shape]}
        outputs += [batched.numpy().ravel(), single.numpy().ravel()]
    values = np.concatenate(outputs)
    assert np.array_equal(values, values.astype(np.int16))
    arrays["outputs"] = values.astype(np.int16)
    return named


def module(layer: dict[str, Any], inner: int, outer: int, dtype: torch.dtype) -> torch.nn.Conv2d:
    """Return torch's layer of the arguments."""
    known = ("kernel_size", "stride", "padding", "dilation", "groups", "padding_mode")
    given = {name: layer[name] for name in known if name in layer}
    arguments: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in given.items()
    }
    return torch.nn.Conv2d(inner, outer, dtype=dtype, **arguments)


def bits(tensor: torch.Tensor) -> np.ndarray[Any, Any]:
    """Return a tensor's bytes, last axis longest: NumPy has no bfloat16 of its own."""
    return np.asarray(tensor.detach().contiguous().view(torch.uint8).numpy())


def real_data(arrays: dict[str, np.ndarray[Any, Any]]) -> list[dict[str, Any]]:
    """Return layers on normally distributed data of every float and complex type."""
    layers: list[dict[str, Any]] = []
    for dtype, layer in product(FLOATS, REAL_LAYERS):
        conv = module(layer, 4, 4, getattr(torch, dtype))
        image = torch.randn(2, 4, 5, 6, dtype=torch.complex128).to(getattr(torch, dtype))
        key = f"real_{len(layers)}"
        bias = conv.bias
        assert bias is not None
        for name, tensor in (("x", image), ("w", conv.weight), ("b", bias), ("y", conv(image))):
            arrays[f"{key}_{name}"] = bits(tensor)
        layers.append(layer | {"dtype": dtype, "arrays": key})
    return layers


def whole_data(arrays: dict[str, np.ndarray[Any, Any]]) -> list[dict[str, Any]]:
    """Return layers on integers over the whole range of their types, where sums wrap."""
    generator = np.random.default_rng(5)
    layers: list[dict[str, Any]] = []
    for dtype, stride in product(INTEGERS, ([1, 1], [2, 1])):
        bounds = np.iinfo(dtype)
        shapes = {"x": (2, 4, 5, 6), "w": (3, 4, 3, 2), "b": (3,)}
        key = f"whole_{len(layers)}"
        tensors = {
            name: generator.integers(bounds.min, bounds.max, shape, dtype, endpoint=True)
            for name, shape in shapes.items()
        }
        x, weight, bias = (torch.from_numpy(tensors[name]) for name in shapes)
        tensors["y"] = torch.nn.functional.conv2d(x, weight, bias, stride, 1).numpy()
        arrays.update({f"{key}_{name}": array for name, array in tensors.items()})
        layers.append({"stride": stride, "padding": 1, "arrays": key})
    return layers


def empty_batches() -> list[dict[str, Any]]:
    """Return the shapes that come out of batches of none."""
    return [
        layer | {"output_shape": [*module(layer, 4, 4, torch.float32)(torch.zeros(0, 4, 5, 6)).shape]}
        for layer in REAL_LAYERS
    ]


def parameters() -> list[dict[str, Any]]:
    """Return digests of the bytes that a seed draws."""
    drawn = []
    layers: tuple[tuple[int, int, int | tuple[int, int], int, bool], ...] = (
        (3, 8, 3, 1, True),
        (4, 6, (2, 5), 2, True),
        (1, 1, 1, 1, True),
        (16, 32, 3, 4, False),
        (5, 7, (1, 3), 1, True),
    )
    seeds = (0, 1, -1, -(2**63), 2**32, 2**63, 2**64 - 1)
    for (inner, outer, kernel, groups, bias), dtype in product(layers, ("float16", "float32", "float64", "complex64")):
        for seed in seeds:
            torch.manual_seed(seed)
            conv = torch.nn.Conv2d(inner, outer, kernel, groups=groups, bias=bias, dtype=getattr(torch, dtype))
            digests = [
                None if tensor is None else hashlib.sha256(bits(tensor).tobytes()).hexdigest()[:24]
                for tensor in (conv.weight, conv.bias)
            ]
            drawn.append({"layer": [inner, outer, kernel], "groups": groups, "bias": bias} | {
                "dtype": dtype, "seed": seed, "digests": digests,
            })  # fmt: skip
    return drawn


def printed() -> list[dict[str, Any]]:
    """Return what `print(layer)` shows."""
    variants: list[dict[str, Any]] = [
        {},
        {"stride": 2, "padding": 3},
        {"padding": [1, 0], "dilation": [1, 2], "bias": False},
        {"padding": "same", "dilation": 2},
        {"padding": "valid", "stride": [2, 1], "padding_mode": "reflect"},
        {"groups": 4, "padding_mode": "circular", "padding": 1},
        {"groups": 2, "bias": False, "padding_mode": "replicate"},
        {"dtype": "float16", "device": "cpu"},
    ]
    shown = []
    for kernel, variant in product((1, [2, 3], 7), variants):
        ready: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value for name, value in variant.items()
        }
        if "dtype" in ready:
            ready["dtype"] = torch.float16
        layer = torch.nn.Conv2d(4, 8, tuple(kernel) if isinstance(kernel, list) else kernel, **ready)
        shown.append({"arguments": {"kernel_size": kernel} | variant, "text": repr(layer)})
    return shown


def messages() -> list[dict[str, Any]]:
    """Return torch's words for each class of fault, and when it says them."""
    layer: dict[str, Any] = {"in_channels": 4, "out_channels": 6, "kernel_size": 3}
    faults: list[tuple[dict[str, Any], list[int]]] = [
        *((layer | {"groups": groups}, [1, 4, 8, 9]) for groups in (0, -2, 3, 4)),
        *((layer | {"padding": padding}, [1, 4, 8, 9]) for padding in ("SAME", "full", "")),
        *((layer | {"padding": "same", "stride": stride}, [1, 4, 8, 9]) for stride in (2, [1, 2])),
        *((layer | {"padding_mode": mode}, [1, 4, 8, 9]) for mode in ("constant", "Reflect", None)),
        (layer | {"kernel_size": -1}, [1, 4, 8, 9]),
        (layer | {"kernel_size": [3, -2]}, [1, 4, 8, 9]),
        (layer | {"out_channels": -6}, [1, 4, 8, 9]),
        (layer | {"in_channels": -4}, [1, 4, 8, 9]),
        (layer | {"kernel_size": 0}, [2, 4, 8, 9]),
        (layer | {"kernel_size": [0, 3]}, [2, 4, 8, 9]),
        *((layer | {"padding": padding}, [1, 4, 8, 9]) for padding in (-1, [1, -1], [1, 1, 1], 2**62, 2**63)),
        *((layer | {"stride": stride}, [1, 4, 8, 9]) for stride in (0, -1, [1, 0], [1, 1, 1], 2**63)),
        *((layer | {"dilation": dilation}, [1, 4, 8, 9]) for dilation in (-1, [1, -2], [1, 1, 1])),
        *((layer, shape) for shape in ([], [4], [8, 9], [1, 1, 4, 8, 9])),
        *(
            (layer | {"groups": groups}, shape)
            for groups in (1, 2)
            for shape in ([2, 3, 8, 9], [5, 8, 9], [0, 1, 8, 9])
        ),
        *((layer | {"dilation": [2, 1]}, shape) for shape in ([1, 4, 4, 9], [4, 8, 2], [0, 4, 1, 1])),
        (layer | {"padding": 2}, [2, 4, 0, 9]),
        (layer | {"padding": [2, 1]}, [4, 9, 0]),
        *(
            (layer | {"padding": padding, "padding_mode": mode}, shape)
            for mode, padding in (("reflect", 5), ("reflect", [5, 1]), ("circular", 6), ("circular", [1, 6]))
            for shape in ([1, 4, 5, 5], [4, 5, 5])
        ),
        *(
            (layer | {"padding": 1, "padding_mode": mode}, [1, 4, 0, 5])
            for mode in ("reflect", "replicate", "circular")
        ),
        (layer | {"padding": 1, "padding_mode": "reflect"}, [1, 1, 4, 8, 9]),
        *((layer | {"padding": 1, "padding_mode": mode}, [1, 4, 2, 9]) for mode in ("circular", "replicate")),
        *(
            (layer | {"kernel_size": 5, "padding": 1, "padding_mode": mode}, [1, 4, 2, 9])
            for mode in ("circular", "replicate")
        ),
        *(
            (layer | {"padding": 1, "padding_mode": mode}, [1, 3, 8, 9])
            for mode in ("reflect", "replicate", "circular")
        ),
    ]
    told = []
    for arguments, shape in faults:
        stage, message = "construction", None
        ready: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value for name, value in arguments.items()
        }
        try:
            conv = torch.nn.Conv2d(**ready, dtype=torch.float64)
            stage = "forward"
            conv(torch.zeros(shape, dtype=torch.float64))
        except (ValueError, TypeError, RuntimeError, NotImplementedError, IndexError) as error:
            message = _words(str(error))
        told.append({"arguments": arguments, "input_shape": shape, "stage": stage, "message": message})
    return told


def _words(message: str) -> str:
    """Return what is said, without the place in PyTorch's own source that it was said from."""
    first = message.partition("\n")[0]
    return first.rpartition(' with error "')[2]


if __name__ == "__main__":
    main()
