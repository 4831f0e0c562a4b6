"""Parameters drawn for random layers and seeds: the bits of `torch.manual_seed(N); torch.nn.Conv2d(...)`."""

from __future__ import annotations

from random import Random
from typing import Any

import numpy as np
import pytest

from conv2d_cli import Conv2d, init_parameters
from conv2d_cli.errors import UsageError

torch = pytest.importorskip("torch")

ODD_SEEDS = (0, 1, -1, -2, -(2**31), -(2**63), 2**31, 2**32 - 1, 2**32, 2**32 + 7, 2**40 + 3, 2**63, 2**64 - 1)


def draw_layer(random: Random) -> dict[str, Any]:
    groups = random.choice((1, 1, 2, 3, 8))
    return {
        "in_channels": groups * random.randint(1, 12),
        "out_channels": groups * random.randint(1, 12),
        "kernel_size": (random.randint(1, 7), random.randint(1, 7)),
        "groups": groups,
        "bias": random.random() < 0.7,
    }


def bits(tensor: Any) -> bytes | None:
    return None if tensor is None else tensor.detach().contiguous().view(torch.uint8).numpy().tobytes()


@pytest.mark.parametrize("dtype", ["float32", "float64", "float16", "complex64", "bfloat16", "complex128"])
def test_the_bits_are_those_of_torch(dtype: str) -> None:
    random = Random(40)
    seeds = [*ODD_SEEDS, *(random.randint(-(2**63), 2**64 - 1) for _ in range(200))]
    for seed in seeds:
        arguments = draw_layer(random)
        torch.manual_seed(seed)
        theirs = torch.nn.Conv2d(**arguments, dtype=getattr(torch, dtype))
        weight, bias = init_parameters(Conv2d(**arguments, dtype=dtype), seed)
        assert weight.tobytes() == bits(theirs.weight), (arguments, seed)
        assert (None if bias is None else bias.tobytes()) == bits(theirs.bias), (arguments, seed)
        assert weight.shape == tuple(theirs.weight.shape)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_large_layer_too(dtype: str) -> None:
    torch.manual_seed(7)
    theirs = torch.nn.Conv2d(256, 128, 3, dtype=getattr(torch, dtype))
    weight, bias = init_parameters(Conv2d(256, 128, 3, dtype=dtype), 7)
    assert bias is not None
    assert np.array_equal(weight, theirs.weight.detach().numpy())
    assert np.array_equal(bias, theirs.bias.detach().numpy())


@pytest.mark.parametrize("seed", [2**64, -(2**63) - 1])
def test_seeds_out_of_range_are_refused_by_both(seed: int) -> None:
    with pytest.raises(UsageError, match="Overflow when unpacking long"):
        init_parameters(Conv2d(1, 1, 1), seed)
    with pytest.raises((ValueError, RuntimeError), match="Overflow when unpacking long"):
        torch.manual_seed(seed)
