"""Time the engine beside a plain-GEMM im2col and, where it is installed, torch: interleaved, medians and ratios.

python tests/benchmarks/engine_against_torch.py [REPETITIONS] [THREADS]
"""

from __future__ import annotations

import statistics
import sys
import time
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from threadpoolctl import threadpool_limits

from conv2d_cli import conv2d

if TYPE_CHECKING:
    from collections.abc import Callable

    Array = np.ndarray[Any, Any]


class Case(NamedTuple):
    name: str
    input_shape: tuple[int, int, int, int]
    out_channels: int
    kernel: int
    stride: int = 1
    groups: int = 1
    dtype: str = "float32"


CASES = (
    Case("resnet50 conv1 7x7s2", (1, 3, 224, 224), 64, 7, 2),
    Case("resnet50 1x1 64-256", (1, 64, 56, 56), 256, 1),
    Case("resnet50 1x1 256-64", (1, 256, 56, 56), 64, 1),
    Case("resnet50 3x3 64", (1, 64, 56, 56), 64, 3),
    Case("resnet50 3x3s2 128", (1, 128, 56, 56), 128, 3, 2),
    Case("resnet50 3x3 256", (1, 256, 14, 14), 256, 3),
    Case("resnet50 3x3 512", (1, 512, 7, 7), 512, 3),
    Case("vgg 3x3 64@224", (1, 64, 224, 224), 64, 3),
    Case("resnext 3x3 g32 128", (1, 128, 56, 56), 128, 3, 1, 32),
    Case("depthwise 3x3 144", (1, 144, 56, 56), 144, 3, 1, 144),
    Case("gray 11x11@512", (1, 1, 512, 512), 1, 11),
    Case("tiny 16-16@8", (1, 16, 8, 8), 16, 3),
    Case("float64 3x3 64", (1, 64, 56, 56), 64, 3, dtype="float64"),
    Case("float16 3x3 64", (1, 64, 56, 56), 64, 3, dtype="float16"),
    Case("complex64 3x3 64", (1, 64, 56, 56), 64, 3, dtype="complex64"),
    Case("int8 3x3 64", (1, 64, 56, 56), 64, 3, dtype="int8"),
    Case("int32 3x3 64", (1, 64, 56, 56), 64, 3, dtype="int32"),
)


def plain_gemm(case: Case, x: Array, weight: Array) -> Array:
    """The textbook: pad, copy every window, one GEMM in the type itself."""
    pad = case.kernel // 2
    padded = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, (case.kernel, case.kernel), axis=(2, 3))
    windows = windows[:, :, :: case.stride, :: case.stride]
    batch, channels, height, width = windows.shape[:4]
    columns = np.ascontiguousarray(windows.transpose(0, 1, 4, 5, 2, 3))
    columns = columns.reshape(batch, case.groups, channels // case.groups * case.kernel**2, height * width)
    product: Array = np.matmul(weight.reshape(case.groups, -1, columns.shape[2]), columns)
    return product.reshape(batch, -1, height, width)


def contenders(case: Case) -> dict[str, Callable[[], object]]:
    random = np.random.default_rng(0)
    group_channels = case.input_shape[1] // case.groups
    weight_shape = (case.out_channels, group_channels, case.kernel, case.kernel)
    x, weight = ((random.standard_normal(shape) * 9).astype(case.dtype) for shape in (case.input_shape, weight_shape))
    pad = case.kernel // 2
    calls: dict[str, Callable[[], object]] = {
        "ours": lambda: conv2d(x, weight, stride=case.stride, padding=pad, groups=case.groups)
    }
    if case.dtype in {"float32", "float64", "complex64"}:
        calls["plain"] = lambda: plain_gemm(case, x, weight)
    if find_spec("torch"):
        import torch

        tensors = torch.from_numpy(x), torch.from_numpy(weight)
        calls["torch"] = lambda: torch.nn.functional.conv2d(*tensors, None, case.stride, pad, 1, case.groups)
    return calls


def measure(case: Case, repetitions: int) -> None:
    calls = contenders(case)
    seconds: dict[str, list[float]] = {name: [] for name in calls}
    for call in calls.values():
        call()
    for _ in range(repetitions):
        for name, call in calls.items():
            start = time.perf_counter()
            call()
            seconds[name].append(time.perf_counter() - start)
    out = (case.input_shape[2] - 1) // case.stride + 1
    flops = 2 * case.out_channels * (case.input_shape[1] // case.groups) * case.kernel**2 * out * out
    medians = {name: statistics.median(values) for name, values in seconds.items()}
    rates = "  ".join(f"{name} {flops / median / 1e9:6.1f}" for name, median in medians.items())
    pairs = {name: zip(values, seconds["ours"], strict=True) for name, values in seconds.items() if name != "ours"}
    ratios = "  ".join(f"{name}/ours {statistics.median(a / b for a, b in pair):5.2f}" for name, pair in pairs.items())
    print(f"{case.name:22} {medians['ours'] * 1e3:8.3f} ms  GF/s: {rates}  time: {ratios}", flush=True)


def main(repetitions: int = 9, threads: int = 1) -> None:
    if find_spec("torch"):
        import torch

        torch.set_num_threads(threads)
    with threadpool_limits(threads, user_api="blas"):
        for case in CASES:
            measure(case, repetitions)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
