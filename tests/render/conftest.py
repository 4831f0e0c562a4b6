"""Reports to show, and texts to compare them with."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from conv2d_cli import Conv2d, analyze
from conv2d_cli.report.bench import BenchClass, BenchMachine, BenchRow
from conv2d_cli.report.compare import CompareReport
from conv2d_cli.report.info import InstallationReport, TensorReport
from conv2d_cli.report.run import ManyReport, PlanReport, RunReport

if TYPE_CHECKING:
    from collections.abc import Callable

SNAPSHOTS = Path(__file__).parent / "snapshots"


@pytest.fixture
def snapshot() -> Callable[[str, str], None]:
    """Return what compares a text with the file of its name; UPDATE_SNAPSHOTS=1 writes the file."""

    def compare(name: str, text: str) -> None:
        path = SNAPSHOTS / f"{name}.txt"
        if os.environ.get("UPDATE_SNAPSHOTS") == "1":
            path.write_text(text, encoding="utf-8")
        assert text == path.read_text(encoding="utf-8")

    return compare


@pytest.fixture
def reports() -> dict[str, NamedTuple]:
    """Return one report of each kind that has a screen of its own, but for `shape`."""
    return {
        "run": RunReport(
            output_shape=(1, 64, 112, 112),
            dtype="float32",
            min=-1.403098225593567,
            max=1.4225517511367798,
            mean=0.006943467620414145,
            first_values=(0.07811557501554489, -0.11620213091373444, 0.1589658260345459, -0.11172839999198914),
            algorithm="row_lowering",
            engine="numpy",
            threads=2,
            accumulator_bits_worst=None,
            accumulator_bits=None,
            overflow=None,
            seconds=0.022271428999999898,
            gflops=10.59778894295472,
        ),
        "plan": PlanReport(
            input_shape=(1, 3, 224, 224),
            weight_shape=(64, 3, 7, 7),
            bias_shape=(64,),
            output_shape=(1, 64, 112, 112),
            dtype="float32",
            parameters_from="seed 0",
            engine="numpy",
            algorithm="row_lowering",
            reason="rows are laid out for each kernel column; 147 products per output are added in float32, "
            "by products of up to 64x147 weights and 112 columns; about 0.879 ms an image by the cost model",
            costs="built in, AMD EPYC, openblas 0.3.31 Haswell, 2026-11-30",
            accuracy="strict",
            blocks="groups=1 rows=56 together=1",
            tiles=None,
            threads=2,
            accumulator_bits_worst=None,
            macs=118_013_952,
            input_bytes=602_112,
            parameter_bytes=37_888,
            output_bytes=3_211_264,
            scratch_bytes=2_894_464,
            fallback_bytes=0,
            peak_bytes=62_523_008,
            memory_limit_bytes=None,
        ),
        "run_integers": RunReport(
            output_shape=(1, 64, 112, 112),
            dtype="int32",
            min=-2147483648,
            max=2147483647,
            mean=1928.41667,
            first_values=(19049, 39092, 10860, 2147483647),
            algorithm="row_lowering",
            engine="numpy",
            threads=1,
            seconds=0.032271428999999898,
            gflops=7.2,
            accumulator_bits_worst=24,
            accumulator_bits=33,
            overflow=1_234,
        ),
        "many": ManyReport(files=12, written=8, skipped=3, failed=1, seconds=2.345, gflops=34.5),
        "bench_machine": BenchMachine("AMD EPYC", 2, "0.1.0", "3.11.7", "2.4.6", "openblas 0.3.31.188.0", "Haswell"),
        "installation": InstallationReport(
            "0.1.0",
            "3.11.7",
            "2.4.6",
            "openblas 0.3.31.188.0 Haswell",
            2,
            "/home/ada/.cache/conv2d/costs.json, 2026-11-30",
            ("conv2d", "onnxruntime", "torch"),
            ("numpy==2.4.6", "onnxruntime==1.32.0", "torch==2.13.0+cu128"),
            ("CUDAExecutionProvider", "CPUExecutionProvider"),
            ("cpu", "cuda:0 NVIDIA H200"),
            (),
            ("npy", "npz", "bin", "safetensors", "zarr", "png", "jpg", "jpeg", "tif", "tiff"),
            ("onnx: pip install 'conv2d-cli[onnx]'", "scipy: pip install 'conv2d-cli[scipy]'"),
            ("an expression: 2000 characters", "a tensor: 9223372036854775807 bytes"),
        ),
        **_comparisons(),
        "tensor": TensorReport("weights.npz", "npz", "conv1.weight", (64, 3, 7, 7), "float32", 9408, 37_632, None),
        "unreadable_tensor": TensorReport(
            "x.npy", "npy", None, (2, 3), "object", 6, None, "Python objects, which are never unpickled"
        ),
    }


@pytest.fixture
def rows() -> dict[str, list[NamedTuple]]:
    """Return several reports of each kind that has a table."""
    return {
        "bench": [*_bench_rows()],
        "bench_engine": [
            (row._replace(algorithm=None, carried_out_by="torch") if row.accuracy else row)._replace(prepared=True)
            for row in _bench_rows()
        ],
        "bench_threads": [*_bench_rows(), *(row._replace(threads=2) for row in _bench_rows()[1:4])],
        "bench_classes": [
            BenchClass("dense 3x3 large plane", 1, "fast", 12, 1.31),
            BenchClass("pointwise", 2, "strict", 3, 0.0123),
        ],
        "tensors": [
            TensorReport("weights.npz", "npz", name, shape, "float32", elements, 4 * elements, None)
            for name, shape, elements in (("weight", (64, 3, 7, 7), 9408), ("bias", (64,), 64), ("scale", (), 1))
        ],
        "unreadable_tensors": [
            TensorReport("m.safetensors", "safetensors", "weight", (64, 3, 7, 7), "float32", 9408, 37_632, None),
            TensorReport(
                *("m.safetensors", "safetensors", "scale", (64,), "F8_E8M0", 64, 64),
                "F8_E8M0 is no type that is computed in",
            ),
            TensorReport("m.safetensors", "safetensors", "lost", None, None, None, None, "its header is cut short"),
        ],
        "many": [ManyReport(12, 8, 3, 1, 2.345, 34.5), ManyReport(1, 1, 0, 0, 0.5, None)],
    }


@pytest.fixture
def resnet() -> NamedTuple:
    """Return the first layer of resnet50."""
    return analyze(Conv2d(3, 64, 7, stride=2, padding=3), (1, 3, 224, 224))


def _comparisons() -> dict[str, NamedTuple]:
    one_wrong = CompareReport(
        verdict="unexplained",
        explanation=None,
        explanations=(),
        how=(),
        where=("only in image 1", "only in channel 5", "only in row 3", "only in column 7"),
        shape_expected=(2, 64, 32, 24),
        shape_actual=(2, 64, 32, 24),
        dtype_expected="float32",
        dtype_actual="float32",
        dtype="float32",
        elements=98_304,
        differing=1,
        beyond=1,
        signed_zeros=2,
        max_abs=0.4999999701976776,
        max_rel=1.1868528518573614,
        max_ulp=9_709_273,
        nan_expected=0,
        nan_actual=0,
        axes=("N", "C", "H", "W"),
        first_index=(1, 5, 3, 7),
        first_expected=0.4212822020053863,
        first_actual=0.9212821722030640,
        worst_index=(1, 5, 3, 7),
        worst_expected=0.4212822020053863,
        worst_actual=0.9212821722030640,
        bound=3.985469425926467e-05,
        rtol=1.3e-06,
        atol=1e-05,
        ulp=0,
        error_units=928380.5433448147,
        expected_error_units=2.07170953031775,
        error_limit=74.00065279582822,
        ulp_histogram=(98_303, *[0] * 23, 1),
    )
    of_shapes: dict[str, Any] = {
        "differing": None,
        "max_abs": None,
        "first_index": None,
        "worst_index": None,
        "ulp_histogram": None,
    }
    nhwc = one_wrong._replace(
        verdict="explained",
        explanation="nhwc",
        explanations=("nhwc",),
        how=("the output is NHWC",),
        where=(),
        shape_actual=(2, 32, 24, 64),
        expected_error_units=None,
        **of_shapes,
    )
    same = one_wrong._replace(
        verdict="same", where=(), differing=0, beyond=0, max_abs=0.0, max_rel=0.0, max_ulp=0, expected_error_units=None
    )
    half = ("half_precision", "tf32_operands")
    rounded = one_wrong._replace(
        verdict="explained",
        explanation=half[0],
        explanations=half,
        how=("the input and the weight are rounded to float16", "the input and the weight are rounded to TF32"),
        where=("everywhere",),
        differing=98_304,
    )
    return {"compare": one_wrong, "compare_shapes": nhwc, "compare_same": same, "compare_explained": rounded}


def _bench_rows() -> list[BenchRow]:
    def row(engine: str, version: str, accuracy: str | None, algorithm: str | None, *figures: float | None) -> BenchRow:
        median, spread, gflops, percent, ratio, error = figures or (None,) * 6
        note = None if figures else "took more than 20 times as long as the others"
        by = "numpy" if algorithm else engine
        return BenchRow(
            *("64-64 3x3@56", "dense 3x3 large plane", 64, 64, (3, 3), (1, 1), (1, 1), (1, 1), 1, True, "zeros"),
            *("float32", (1, 64, 56, 56), 115_605_504, 1, engine, version, accuracy, algorithm, by, False, 15),
            *(median, spread, gflops, 240.0, percent, ratio, error, note),
        )

    return [
        row("torch", "2.13", None, None, 1.40, 1.8, 165.2, 69.0, None, 0.27),
        row("onnxruntime", "1.32", None, None, 1.21, 2.1, 191.1, 80.0, None, 0.27),
        row("conv2d", "0.1.0", "fast", "winograd", 0.90, 3.0, 256.9, 108.0, 1.34, 1.2),
        row("conv2d", "0.1.0", "strict", "row_lowering", 1.59, 2.4, 145.4, 61.0, 0.76, 0.3),
        row("scipy", "1.14", None, None),
    ]
