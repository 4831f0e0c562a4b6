"""Integers by file, by pipe and in tiles: the sums of the whole, the first overflow in order, the memory planned."""

from __future__ import annotations

import io
import tracemalloc
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from conv2d_cli import Conv2d, DataError, conv2d_integer, requantize
from conv2d_cli.engine import executor
from conv2d_cli.engine.api import integer
from conv2d_cli.engine.integer.convolution import convolve_integers
from conv2d_cli.engine.planning import tiling
from conv2d_cli.jobs.run import streaming
from conv2d_cli.jobs.run.integers import IntegerOptions, Scales
from conv2d_cli.jobs.run.memory import Machine
from conv2d_cli.jobs.run.one_file import plan_one, run_one
from conv2d_cli.jobs.run.request import Request
from conv2d_cli.layer.forward import geometry_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from conv2d_cli import RunReport

MACHINE = Machine(0, None)
Array = np.ndarray[Any, Any]


@pytest.fixture
def _small_parts(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Cut so that images of some hundred elements are tiled, and others come one at a time."""
    monkeypatch.setattr(tiling, "_WHOLE_BYTES", 3000)
    monkeypatch.setattr(tiling, "_TILE_BYTES", 1500)
    monkeypatch.setattr(streaming, "_CHUNK_BYTES", 3000)
    executor.execution_of.cache_clear()
    executor.tile_execution.cache_clear()
    yield
    executor.execution_of.cache_clear()
    executor.tile_execution.cache_clear()


def drawn(shape: tuple[int, ...], dtype: str, seed: int = 0) -> Array:
    bounds = np.iinfo(dtype)
    return np.random.default_rng(seed).integers(bounds.min, bounds.max, shape, dtype, endpoint=True)


def asked(folder: Path, x: Array, weight: Array, integers: IntegerOptions, **layer: Any) -> Request:
    np.save(folder / "x.npy", x)
    np.save(folder / "w.npy", weight)
    return Request(
        *(str(folder / "x.npy"), None, layer),
        weight=str(folder / "w.npy"),
        output=str(folder / "y.npy"),
        force=True,
        integers=integers,
        threads=1,
    )


def run(request: Request, remarks: list[str] | None = None) -> RunReport:
    remarks = [] if remarks is None else remarks
    return run_one(request, MACHINE, summarize=False, announce=lambda _: None, remark=remarks.append)


@pytest.mark.usefixtures("_small_parts")
@pytest.mark.parametrize("mode", ["zeros", "reflect", "replicate", "circular"])
@pytest.mark.parametrize("size", [(5, 6), (30, 24)], ids=["whole", "tiled"])
@pytest.mark.parametrize("requantised", [False, True])
def test_files_and_pipes_hold_what_arrays_do(
    mode: Any, size: tuple[int, int], requantised: bool, tmp_path: Path
) -> None:
    x, weight = drawn((3, 4, *size), "uint8"), drawn((6, 2, 3, 3), "int8")
    layer: dict[str, Any] = {"stride": (2, 1), "padding": (1, 2, 2, 1), "groups": 2, "padding_mode": mode}
    zero_points = (1, -2, 3, -4, 5, -6)
    scales = {"input_scale": 0.1, "weight_scale": (0.1, 0.2, 0.3, 0.4, 0.5, 0.6), "output_scale": 9.0}
    expected = conv2d_integer(x, weight, input_zero_point=100, weight_zero_point=zero_points, **layer)
    bits = int(max(expected.max(), -1 - expected.min())).bit_length() + 1
    if requantised:
        expected = requantize(expected, **scales, output_zero_point=9, output_dtype="uint8")  # type: ignore[arg-type]
    options = IntegerOptions(
        input_zero_point=100,
        weight_zero_point=zero_points,
        scales=Scales(**scales, output_zero_point=9) if requantised else None,  # type: ignore[arg-type]
    )
    request = asked(tmp_path, x, weight, options, **layer)
    report = run(request)
    assert (report.accumulator_bits, report.overflow) == (bits, 0)
    written = (tmp_path / "y.npy").read_bytes()
    found = np.load(tmp_path / "y.npy")
    assert found.dtype == expected.dtype
    np.testing.assert_array_equal(found, expected)
    stdout = io.BytesIO()
    run(request._replace(input="-", output="-", stdin=io.BytesIO((tmp_path / "x.npy").read_bytes()), stdout=stdout))
    assert stdout.getvalue() == written
    _, plan = plan_one(request, MACHINE)
    assert (plan.tiles is not None) == (size == (30, 24))


@pytest.mark.usefixtures("_small_parts")
@pytest.mark.parametrize("accumulate", ["int32", "int64"])
def test_the_first_overflow_in_order_is_told_and_all_are_counted(accumulate: str, tmp_path: Path) -> None:
    bits, dtype = (31, "int32") if accumulate == "int32" else (63, "int64")
    x, weight = np.zeros((2, 2, 40, 24), dtype), np.eye(2, dtype=dtype)[:, :, None, None] * 2
    # Of the second image: channel 1 in the first tile, and channel 0 in the last.
    x[1, 1, 0, 3] = -(2 ** (bits - 1)) - 1
    x[1, 0, 39, 5] = x[1, 0, 39, 7] = 2 ** (bits - 1)
    request = asked(tmp_path, x, weight, IntegerOptions(accumulate))
    with pytest.raises(DataError, match=f"x.npy: the sum at N,C,H,W = 1,0,39,5 is {2**bits}: it overflows {dtype}"):
        run(request)
    assert not (tmp_path / "y.npy").exists()
    for how, ends in (("wrap", (2**bits - 2, -(2**bits))), ("saturate", (-(2**bits), 2**bits - 1))):
        remarks: list[str] = []
        report = run(request._replace(integers=IntegerOptions(accumulate, on_overflow=how)), remarks)
        y = np.load(tmp_path / "y.npy")
        assert (y[1, 1, 0, 3], y[1, 0, 39, 5]) == ends
        assert (report.overflow, report.accumulator_bits) == (3, bits + 2)
        assert [f"3 sums overflowed {dtype}" in words for words in remarks] == [True]
        assert f"the first is {2**bits} at N,C,H,W = 1,0,39,5" in remarks[0]


@pytest.mark.usefixtures("_small_parts")
def test_an_empty_batch_and_an_unbatched_input(tmp_path: Path) -> None:
    weight = drawn((4, 2, 3, 3), "int8")
    report = run(asked(tmp_path, np.empty((0, 2, 30, 30), np.int8), weight, IntegerOptions()))
    assert (report.output_shape, report.accumulator_bits, report.overflow) == ((0, 4, 28, 28), None, 0)
    report = run(asked(tmp_path, drawn((2, 30, 30), "int8"), weight, IntegerOptions()))
    assert np.load(tmp_path / "y.npy").shape == report.output_shape == (4, 28, 28)


LAYERS: dict[str, tuple[tuple[int, ...], Conv2d, str, str]] = {
    "a batch": ((40, 32, 28, 28), Conv2d(32, 48, 3, padding=1), "uint8", "int32"),
    "one image": ((1, 16, 160, 160), Conv2d(16, 32, 3, padding=1), "int8", "int32"),
    "many products": ((2, 512, 14, 14), Conv2d(512, 64, 3), "int8", "int64"),
    "tiles": ((1, 3, 2200, 1700), Conv2d(3, 8, 5, padding=2, padding_mode="reflect"), "uint8", "int32"),
    "wide": ((2, 16, 40, 40), Conv2d(16, 16, 3), "int32", "int64"),
    "wide tiles": ((1, 4, 1200, 1200), Conv2d(4, 4, 1), "int32", "int64"),
}


@pytest.mark.parametrize("name", LAYERS)
@pytest.mark.parametrize("eight", [False, True])
def test_no_more_memory_is_taken_than_was_planned(name: str, eight: bool) -> None:
    shape, layer, dtype, accumulator = LAYERS[name]
    scales = integer.Requantization(1.0, (1.0,), 50.0, 0, "uint8") if eight else None
    weight, bias = drawn((layer.out_channels, layer.in_channels, *layer.kernel_size), dtype), drawn((4,), "int16")
    bias = np.resize(bias, layer.out_channels).astype(accumulator)
    # Zero points of 1 let 64-bit sums pass their end.
    arithmetic = integer.IntegerArithmetic(dtype, dtype, accumulator, 1, (1,), "wrap", scales)
    plan = integer.integer_plan(arithmetic, geometry_of(layer, shape), layer.padding_mode, threads=1)
    x, parameters = drawn(shape, dtype), integer.IntegerParameters(weight, bias, arithmetic)
    tracemalloc.start()
    convolve_integers(plan, parameters, x)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak <= max(plan.scratch_bytes, plan.fallback_bytes) + plan.output_bytes + (1 << 18)
    assert plan.scratch_bytes < 160 << 20
