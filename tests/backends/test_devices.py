"""Devices: which is meant, whether PyTorch sees it, what is said where it does not; then real ones, where there are.

Those that the machine lacks are played by `torch.cuda` with its answers about numbers and names replaced.
"""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from random import Random
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from bounds import UNITS, judged, units_of
from random_layers import draw_valid

from conv2d_cli import Conv2d, Conv2dError, DeviceError, MissingExtraError, UsageError, prepare
from conv2d_cli.backends import devices
from conv2d_cli.backends.api import Wanted, decide, place_of, words_of
from conv2d_cli.layer.forward import geometry_of
from conv2d_cli.numpy_dtypes import numpy_dtype

if TYPE_CHECKING:
    Array = np.ndarray[Any, Any]

torch: Any = import_module("torch") if find_spec("torch") else None
needs_torch = pytest.mark.skipif(torch is None, reason="needs torch")
WEIGHT = np.ones((1, 1, 3, 3), np.float32)
CARDS = ("NVIDIA One", "NVIDIA Two")


@pytest.mark.parametrize("device", [None, "cpu", "cpu:0"])
@pytest.mark.parametrize(("engine", "means"), [(None, "numpy"), ("numpy", "numpy"), ("auto", "auto")])
def test_on_the_cpu_an_engine_is_as_named(device: str | None, engine: str | None, means: str) -> None:
    assert place_of(engine, device) == (means, "cpu")


@pytest.mark.parametrize(
    ("engine", "device", "words"),
    [
        ("numpy", "cuda", "--engine numpy computes on the CPU alone, and not on cuda"),
        ("numpy", "cuda:1", "--engine numpy computes on the CPU alone, and not on cuda:1"),
        (None, "meta", "device meta: convolutions run on cpu, cuda, cuda:N and mps"),
        (None, "xla:0", "device xla:0: convolutions run on cpu, cuda, cuda:N and mps"),
        ("auto", "cuda:x", "device cuda:x: convolutions run on cpu, cuda, cuda:N and mps"),
        (None, "cuda:" + "9" * 5000, "device cuda:9+…: convolutions run on"),
        ("torhc", "cuda", "--engine torhc: no such engine"),
    ],
)
def test_what_does_not_compute_there_is_refused_whatever_is_installed(
    engine: str | None, device: str, words: str
) -> None:
    with pytest.raises(UsageError, match=words) as told:
        place_of(engine, device, "--engine ")
    assert told.value.hint in {"device='cpu'", "did you mean --engine torch?"}


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"accuracy": "exact"}, "device cuda: exact sums are made on the CPU alone"),
        ({"algorithm": "im2col"}, "device cuda: the algorithm im2col is on the CPU alone"),
    ],
)
def test_what_the_cpu_alone_has_is_refused_before_pytorch_is_asked(options: dict[str, Any], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        prepare(Conv2d(1, 1, 3, bias=False, device="cuda"), WEIGHT, **options)


def test_without_pytorch_its_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, "is_installed", lambda _: False)
    with pytest.raises(MissingExtraError, match="device cuda needs an extra") as told:
        place_of(None, "cuda")
    assert told.value.hint == "pip install 'conv2d-cli[torch]'"


def _told(device: str) -> DeviceError:
    with pytest.raises(DeviceError) as told:
        place_of(None, device)
    assert (told.value.exit_code, told.value.hint) == (4, "device='cpu'")
    assert isinstance(told.value, Conv2dError)
    return told.value


def _cards(monkeypatch: pytest.MonkeyPatch, *names: str) -> None:
    """Let PyTorch see cards of these names."""
    monkeypatch.setattr(torch.version, "cuda", "12.8")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: bool(names))
    monkeypatch.setattr(torch.cuda, "device_count", lambda: len(names))
    monkeypatch.setattr(torch.cuda, "current_device", lambda: 0)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda device: names[int(device.partition(":")[2])])


@needs_torch
def test_a_build_for_the_cpu_is_told_as_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.version, "cuda", None)
    monkeypatch.setattr(torch.version, "hip", None)
    version = torch.__version__
    assert _told("cuda").message == f"device cuda: this build of PyTorch, {version}, is for the CPU alone"


@needs_torch
def test_no_card_and_too_few_are_told_with_those_there_are(monkeypatch: pytest.MonkeyPatch) -> None:
    _cards(monkeypatch)
    assert _told("cuda:1").message.endswith("sees no GPU here: a driver or the device is missing")
    _cards(monkeypatch, *CARDS)
    seen = "cuda:0 (NVIDIA One), cuda:1 (NVIDIA Two)"
    assert _told("cuda:7").message == f"device cuda:7: PyTorch sees {seen} alone"


@needs_torch
def test_mps_is_told_by_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    mps = torch.backends.mps
    monkeypatch.setattr(mps, "is_built", lambda: False)
    assert "has no MPS" in _told("mps").message
    monkeypatch.setattr(mps, "is_built", lambda: True)
    monkeypatch.setattr(mps, "is_available", lambda: False)
    assert "this machine or its macOS has not" in _told("mps").message
    monkeypatch.setattr(mps, "is_available", lambda: True)
    assert place_of("torch", "mps:0") == ("torch", "mps")
    assert "sees one device" in _told("mps:1").message


@needs_torch
def test_a_driver_that_fails_while_it_is_asked_is_no_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    _cards(monkeypatch, *CARDS)

    def fails() -> int:
        raise RuntimeError("CUDA unknown error - this may be due to an incorrectly set up environment\nmore")

    monkeypatch.setattr(torch.cuda, "current_device", fails)
    assert _told("cuda").message.startswith("device cuda failed: CUDA unknown error")
    assert "more" not in _told("cuda").message


@needs_torch
@pytest.mark.parametrize("engine", [None, "auto", "torch"])
def test_a_card_is_pytorchs_and_named_in_the_plan(monkeypatch: pytest.MonkeyPatch, engine: str | None) -> None:
    _cards(monkeypatch, *CARDS)
    place = place_of(engine, "cuda")
    assert place == ("torch", "cuda:0")
    assert place_of(engine, "cuda:1").device == "cuda:1"
    decision = decide(_wanted(device="cuda:1"), place.engine)
    assert (decision.plan.engine, decision.plan.algorithm) == ("torch", None)
    assert words_of(decision).startswith("PyTorch's convolution on cuda:1 (NVIDIA Two) as products of matrices")
    assert "by cuDNN" in words_of(decide(_wanted(device="cuda:1", accuracy="fast"), "torch"))
    assert "by cuDNN" in words_of(decide(_wanted(stride=2, device="cuda:1"), "torch"))


def _wanted(*, stride: int = 1, **options: Any) -> Wanted:
    return Wanted(geometry_of(Conv2d(3, 4, 3, stride=stride), (2, 3, 9, 9)), **options)


@needs_torch
@pytest.mark.parametrize("dtype", ["int32", "uint8", "complex64"])
def test_types_that_a_card_has_not_are_refused_and_not_the_cpus(monkeypatch: pytest.MonkeyPatch, dtype: str) -> None:
    _cards(monkeypatch, *CARDS)
    with pytest.raises(UsageError, match=f"device cuda:0: PyTorch does not convolve {dtype} there"):
        decide(_wanted(device="cuda:0", dtype=dtype), "torch")
    with pytest.raises(UsageError, match="device mps: PyTorch does not convolve float64 there"):
        decide(_wanted(device="mps", dtype="float64"), "torch")


@needs_torch
def test_words_of_faults_become_ours() -> None:
    for fault, kind in (
        (torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB"), 5),
        (RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"), 5),
        (RuntimeError("CUDA error: an illegal memory access was encountered"), 4),
        (NotImplementedError("convolution_overrideable not implemented"), 2),
    ):
        with pytest.raises(Conv2dError) as told, devices.faults_of("cuda:0"):
            raise fault
        assert told.value.exit_code == kind, fault


# float32 as float32.


@needs_torch
@pytest.mark.parametrize("before", ["highest", "high", "medium"])
def test_tf32_is_off_while_calls_last_and_comes_back(before: str) -> None:
    from conv2d_cli.backends.torch_precision import full_precision

    at_first = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision(before)
    try:
        with full_precision():
            with full_precision():
                assert not torch.backends.cuda.matmul.allow_tf32
            assert not torch.backends.cuda.matmul.allow_tf32
        assert torch.get_float32_matmul_precision() == before
    finally:
        torch.set_float32_matmul_precision(at_first)


@needs_torch
def test_tf32_of_the_newer_setting_is_off_too_without_contradicting_the_older() -> None:
    from conv2d_cli.backends.torch_precision import full_precision

    matmul = torch.backends.cuda.matmul
    if not hasattr(matmul, "fp32_precision"):
        pytest.skip("this PyTorch has the older setting alone")
    at_first = matmul.fp32_precision
    matmul.fp32_precision = "tf32"
    try:
        with full_precision():
            assert matmul.fp32_precision == "ieee"
            # Where the two contradict each other it raises, as products of matrices do.
            assert not matmul.allow_tf32
        assert matmul.fp32_precision == "tf32"
        # A contradiction of the process's own is none while calls of ours last.
        torch.set_float32_matmul_precision("high")
        matmul.fp32_precision = "ieee"
        with full_precision():
            assert not matmul.allow_tf32
        assert (torch.get_float32_matmul_precision(), matmul.fp32_precision) == ("high", "ieee")
    finally:
        torch.set_float32_matmul_precision("highest")
        matmul.fp32_precision = at_first


# Real devices.


def _real() -> list[Any]:
    found = [] if torch is None or not torch.cuda.is_available() else ["cuda"]
    found += [] if torch is None or not torch.backends.mps.is_available() else ["mps"]
    return [*found] or [pytest.param("", marks=pytest.mark.skip(reason="no GPU here"))]


on_real_devices = pytest.mark.parametrize("device", _real())


def _case(seed: int, device: str) -> tuple[Conv2d, Array, Array, Array | None]:
    case = draw_valid(Random(seed))
    dtypes = ("float32", "float16", "bfloat16") if device == "mps" else ("float32", "float64", "float16", "bfloat16")
    dtype = numpy_dtype(dtypes[seed % len(dtypes)])
    layer = Conv2d(**case.arguments, device=device)
    normal = np.random.default_rng(seed).standard_normal
    weight = normal((layer.out_channels, layer.in_channels // layer.groups, *layer.kernel_size)).astype(dtype)
    bias = normal(layer.out_channels).astype(dtype) if layer.bias else None
    return layer, normal(case.input_shape).astype(dtype), weight, bias


@on_real_devices
@pytest.mark.parametrize("accuracy", ["strict", "fast"])
def test_layers_are_within_the_promise(device: str, accuracy: Any) -> None:
    for seed in range(60):
        _check_promise(device, accuracy, seed)


def _check_promise(device: str, accuracy: Any, seed: int) -> None:
    layer, x, weight, bias = _case(seed, device)
    convolve = prepare(layer, weight, bias, accuracy=accuracy)
    out = convolve(x)
    assert convolve(x).tobytes() == out.tobytes()
    batched, result = (x, out) if x.ndim == len("NCHW") else (x[None], out[None])
    geometry = geometry_of(layer, batched.shape)
    height, width = geometry.height, geometry.width
    options: dict[str, Any] = {
        "stride": layer.stride, "dilation": layer.dilation, "groups": layer.groups,
        "padding": (height.before, width.before, height.after, width.after), "padding_mode": layer.padding_mode,
    }  # fmt: skip
    exact, magnitude = judged(batched, weight, bias, **options)
    assert units_of(result, exact, magnitude, accuracy) <= UNITS, layer


@on_real_devices
@pytest.mark.parametrize("accuracy", ["strict", "fast"])
@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("kernel", [1, 3])
def test_numbers_of_more_bits_than_tf32_has_are_multiplied_whole(
    device: str, accuracy: Any, stride: int, kernel: int
) -> None:
    """Of TF32's 11 bits nothing of the last ones is left: 1 + 2^-13 is 1 in it."""
    layer = Conv2d(32, 32, kernel, stride=stride, bias=False, device=device)
    weight = np.zeros((32, 32, kernel, kernel), np.float32)
    weight[np.arange(32), np.arange(32), 0, 0] = 1 + 2.0**-13
    x = np.full((4, 32, 16, 16), 1 + 2.0**-13, np.float32)
    out = prepare(layer, weight, accuracy=accuracy)(x)
    assert np.abs(out - np.float32((1 + 2.0**-13) ** 2)).max() <= UNITS * np.finfo(np.float32).eps


@on_real_devices
def test_many_images_go_through_in_chunks(device: str) -> None:
    layer = Conv2d(8, 16, 3, padding=1, padding_mode="circular", device=device)
    numbers = np.random.default_rng(1).integers
    x, weight = numbers(-4, 5, (200, 8, 64, 64)).astype(np.float32), numbers(-4, 5, (16, 8, 3, 3)).astype(np.float32)
    bias = numbers(-4, 5, 16).astype(np.float32)
    out = prepare(layer, weight, bias)(x)
    assert np.array_equal(out, prepare(layer.model_copy(update={"device": None}), weight, bias)(x))


@on_real_devices
def test_large_images_go_through_in_tiles(device: str) -> None:
    layer = Conv2d(3, 4, 5, padding=2, padding_mode="reflect", device=device, bias=False)
    numbers = np.random.default_rng(2).integers
    x, weight = numbers(-4, 5, (1, 3, 2048, 2048)).astype(np.float32), numbers(-4, 5, (4, 3, 5, 5)).astype(np.float32)
    out = prepare(layer, weight)(x)
    assert np.array_equal(out, prepare(layer.model_copy(update={"device": None}), weight)(x))
