"""Parameters against bytes that PyTorch 2.13 drew: `torch.manual_seed(seed); torch.nn.Conv2d(...)`."""

from __future__ import annotations

import hashlib
import tracemalloc

import numpy as np
import pytest

from conv2d_cli.engine import initialisation
from conv2d_cli.engine.initialisation import init_parameters
from conv2d_cli.errors import DataError, UsageError
from conv2d_cli.layer.model import Conv2d
from conv2d_cli.numpy_dtypes import numpy_dtype

SMALL = Conv2d(4, 2, (1, 2), groups=2)
# Little-endian bytes of weight and bias of SMALL with seed 42.
DRAWN = {
    "float32": ("ccb8c33e667bd43e20e5efbd1c2aeb3eb05ce0bd38a2ce3d104579be2858963e", "ccace13e0ecfbbbe"),
    "float64": (
        (
            "99842b683247dcbfe3d514a247f9dbbf7157cc702a17d8bfd7a769ce86a2dcbf"
            "1f0f4344cecc9a3f3f6501cdbcc597bf93ab22eb9422dd3fe7dadbaaae70db3f"
        ),
        "3229dab639a7dabffcbebeb2d082d7bf",
    ),
    "float16": ("1e36a4367faf593703af752ecab3b334", "0d37deb5"),
    "bfloat16": ("c43ed43ef0bdeb3ee0bdcf3d79be963e", "e23ebcbe"),
    "complex64": (
        (
            "ccb8c33e667bd43e20e5efbd1c2aeb3eb05ce0bd38a2ce3d104579be2858963e"
            "ccace13e0ecfbbbea483de3eb0a6bf3d9422bd3e50ae8a3d5ce1763e609490bd"
        ),
        "c658c53e385b973da4056fbe0882023e",
    ),
    "complex128": (
        (
            "99842b683247dcbfe3d514a247f9dbbf7157cc702a17d8bfd7a769ce86a2dcbf"
            "1f0f4344cecc9a3f3f6501cdbcc597bf93ab22eb9422dd3fe7dadbaaae70db3f"
            "3129dab639a7dabffbbebeb2d082d7bf97051ee3d5f2d5bf47b55839f2e7bfbf"
            "39fb89e0d7ebd53f011366004ab6d73f2762f30f005abfbfff249af0a4c8bc3f"
        ),
        "8e65d5c6685cdabff0633c0754c0c93fc05a3b2f5897bf3f30f142cd7b0eb0bf",
    ),
}


@pytest.mark.parametrize("dtype", DRAWN)
def test_a_small_layer_has_torch_s_bits(dtype: str) -> None:
    weight, bias = init_parameters(SMALL, 42, dtype)
    assert bias is not None
    assert (weight.shape, bias.shape) == ((2, 2, 1, 2), (2,))
    assert weight.dtype == bias.dtype == numpy_dtype(dtype)
    assert (weight.tobytes().hex(), bias.tobytes().hex()) == DRAWN[dtype]


@pytest.mark.parametrize(
    ("seed", "dtype", "digest"),
    [
        (0, "float32", "c39a20cbf0a0c9b2305782237802cc9959ec46c76034ec0d7c7e9e4704119a0a"),
        (-1, "float64", "9cb866220048d073a835d89ab80a56b955267f7c30f2a03fcbe811bf67ac673d"),
        (2**64 - 1, "float64", "9cb866220048d073a835d89ab80a56b955267f7c30f2a03fcbe811bf67ac673d"),
        (2**32 + 7, "bfloat16", "38136234080ccc78a383d8e2f1938ea2276e586af289d801c99e2275b0d3b0cf"),
        (-(2**63), "float16", "1636f419c245a04475eb2bbfd9ef53723daf3ffc3557c1bcc0b312dbfb029d27"),
        (7, "complex64", "1e8b103ae368d9a3f306baebc853d3074af150bbf4a771b84a106bbe56a34626"),
    ],
)
@pytest.mark.parametrize("drawn_at_once", [initialisation._DRAWN_AT_ONCE, 10_001])
def test_a_large_layer_has_torch_s_bits(
    seed: int, dtype: str, digest: str, drawn_at_once: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(initialisation, "_DRAWN_AT_ONCE", drawn_at_once)
    weight, bias = init_parameters(Conv2d(96, 512, (3, 5), groups=2), seed, dtype)
    assert bias is not None
    assert hashlib.sha256(weight.tobytes() + bias.tobytes()).hexdigest() == digest


def test_a_half_that_rounds_up_to_the_bound_becomes_its_opposite() -> None:
    # fan_in 4, so the bound is 0.5; 300,000 draws reach it in bfloat16.
    weight, _ = init_parameters(Conv2d(4, 75_000, 1), 0, "bfloat16")
    assert weight.astype("f4").max() < 0.5
    assert weight.astype("f4").min() == -0.5


def test_the_argument_s_type_comes_before_the_layer_s_and_that_before_float32() -> None:
    double = SMALL.model_copy(update={"dtype": "float64"})
    assert init_parameters(SMALL)[0].dtype == np.float32
    assert init_parameters(double)[0].dtype == np.float64
    assert init_parameters(double, dtype="half")[0].dtype == np.float16
    assert init_parameters(double, dtype=np.complex64)[0].dtype == np.complex64


def test_seed_0_is_the_default() -> None:
    assert init_parameters(SMALL)[0].tobytes() == init_parameters(SMALL, 0)[0].tobytes()
    assert init_parameters(SMALL)[0].tobytes() != init_parameters(SMALL, 1)[0].tobytes()


def test_without_bias_there_is_none() -> None:
    weight, bias = init_parameters(SMALL.model_copy(update={"bias": False}), 42)
    assert bias is None
    assert weight.tobytes().hex() == DRAWN["float32"][0]


@pytest.mark.parametrize("seed", [-(2**63) - 1, 2**64])
def test_a_seed_out_of_range_is_refused(seed: int) -> None:
    with pytest.raises(UsageError) as caught:
        init_parameters(SMALL, seed)
    assert caught.value.lines() == [
        (
            f"Overflow when unpacking long long: the seed {seed} is out of range",
            "give a seed from -2^63 to 2^64 - 1",
        )
    ]


@pytest.mark.parametrize("dtype", ["int32", "bool", "uint8", "no such type"])
def test_types_that_hold_no_parameters_are_refused(dtype: str) -> None:
    with pytest.raises(UsageError) as caught:
        init_parameters(SMALL, dtype=dtype)
    assert caught.value.lines() == [
        (
            f"Only Tensors of floating point and complex dtype can require gradients, but dtype={dtype}",
            "dtype=float32, float64, float16, bfloat16, complex64 or complex128",
        )
    ]


def test_types_that_numpy_lacks_are_refused() -> None:
    with pytest.raises(DataError, match="complex32 cannot be computed with"):
        init_parameters(SMALL, dtype="complex32")


def test_a_large_layer_needs_little_more_than_its_own_bytes() -> None:
    layer = Conv2d(1024, 4096, 1, bias=False)
    init_parameters(SMALL)
    tracemalloc.start()
    try:
        weight, _ = init_parameters(layer)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < weight.nbytes + 24 * initialisation._DRAWN_AT_ONCE
