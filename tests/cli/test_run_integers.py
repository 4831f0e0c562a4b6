"""`conv2d run` on integers: accumulators, zero points, overflow, requantisation, and what makes no sense."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from forked import conv2d
from integer_reference import reference_integers, reference_onnx, reference_tflite

if TYPE_CHECKING:
    from pathlib import Path

ACCUMULATE = ("--weight", "w.npy", "--accumulate", "int32")
SCALES = ("--input-scale", "0.1", "--weight-scale", "0.02", "--output-scale", "1.5")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    random = np.random.default_rng(7)
    np.save(tmp_path / "x.npy", random.integers(0, 255, (2, 4, 7, 9), np.uint8, endpoint=True))
    np.save(tmp_path / "w.npy", random.integers(-128, 127, (6, 4, 3, 2), np.int8, endpoint=True))
    np.save(tmp_path / "b.npy", random.integers(-(2**20), 2**20, 6, np.int32))
    np.save(tmp_path / "zero.npy", np.array([1, -2, 3, -4, 5, -6], np.int8))
    np.save(tmp_path / "scales.npy", np.array([0.01, 0.02, 0.03, 0.04, 0.05, 0.06], np.float32))
    np.save(tmp_path / "f.npy", random.standard_normal((2, 4, 7, 9)).astype("f4"))
    np.save(tmp_path / "i16.npy", random.integers(-32768, 32767, (1, 4, 7, 9), np.int16, endpoint=True))
    np.save(tmp_path / "i64.npy", np.full((1, 1, 2, 2), 2**62))
    np.save(tmp_path / "many.npy", np.full((1, 131_072, 1, 1), -128, np.int8))
    return tmp_path


def loaded(folder: Path, *names: str) -> list[Any]:
    return [np.load(folder / f"{name}.npy") for name in names]


def test_sums_of_a_file_are_those_of_the_reference(folder: Path) -> None:
    done = conv2d(
        *(
            "run",
            "x.npy",
            *ACCUMULATE,
            "--bias",
            "b.npy",
            "--input-zero-point",
            "128",
            "--weight-zero-point",
            "zero.npy",
        ),
        *("-s", "2,1", "-p", "1,0", "--padding-mode", "reflect", "-o", "y.npy", "--json"),
        folder=folder,
    )
    assert done.code == 0
    x, weight, bias, zero_points, y = loaded(folder, "x", "w", "b", "zero", "y")
    exact = reference_integers(
        *(x, weight, bias),
        input_zero_point=128,
        weight_zero_point=zero_points.tolist(),
        stride=(2, 1),
        padding=(1, 0, 1, 0),
        padding_mode="reflect",
    )
    assert y.dtype == np.int32
    assert y.tolist() == exact.tolist()
    record = json.loads(done.out)
    bits = max(int(value).bit_length() if value >= 0 else (~int(value)).bit_length() for value in exact.ravel()) + 1
    worst = 24 * 128 * (128 + 5)
    assert (record["dtype"], record["min"], record["max"]) == ("int32", int(y.min()), int(y.max()))
    assert (record["accumulator_bits"], record["overflow"]) == (bits, 0)
    assert record["accumulator_bits_worst"] == worst.bit_length() + 1


@pytest.mark.parametrize(("rounding", "reference"), [("onnx", reference_onnx), ("tflite", reference_tflite)])
@pytest.mark.parametrize("dtype", ["int8", "uint8"])
def test_requantised_elements_are_those_of_the_reference(
    folder: Path, rounding: str, reference: Any, dtype: str
) -> None:
    done = conv2d(
        *("run", "x.npy", *ACCUMULATE, "--input-zero-point", "100", "--input-scale", "0.05"),
        *("--weight-scale", "scales.npy", "--output-scale", "0.5", "--output-zero-point", "7"),
        *("--output-dtype", dtype, "--requantize", rounding, "-o", "y.npy"),
        folder=folder,
    )
    assert (done.code, done.err.count(dtype)) == (0, 1)
    x, weight, scales, y = loaded(folder, "x", "w", "scales", "y")
    exact = reference_integers(x, weight, input_zero_point=100)
    expected = [
        reference(value, (0.05, float(scales[place[1]]), 0.5), 7, dtype) for place, value in np.ndenumerate(exact)
    ]
    assert y.dtype == dtype
    assert y.ravel().tolist() == expected


def test_the_output_has_the_type_of_the_input_if_no_other_is_given(folder: Path) -> None:
    for options, dtype in (((), "uint8"), (("--output-dtype", "int8"), "int8")):
        done = conv2d("run", "x.npy", *ACCUMULATE, *SCALES, *options, "--get", "dtype", folder=folder)
        assert done.out == f"{dtype}\n"


def test_overflow_is_told_with_the_first_sum_and_wraps_or_saturates_on_request(folder: Path) -> None:
    line = ("run", "many.npy", "--weight", "many.npy", "--accumulate", "int32")
    done = conv2d(*line, "-o", "y.npy", folder=folder)
    assert (done.code, done.out) == (3, "")
    assert done.err == (
        "error: many.npy: the sum at N,C,H,W = 0,0,0,0 is 2147483648: it overflows int32, which holds -2147483648 to "
        "2147483647\nhint: --accumulate int64, or --on-overflow saturate\n"
    )
    assert not (folder / "y.npy").exists()
    keys = ("--get", "max,accumulator_bits_worst,accumulator_bits,overflow")
    for options, answer in (
        (("--on-overflow", "wrap"), "-2147483648\n33\n33\n1\n"),
        (("--on-overflow", "saturate"), "2147483647\n33\n33\n1\n"),
        (("--accumulate", "int64"), "2147483648\n33\n33\n0\n"),
    ):
        assert conv2d(*line, *options, *keys, "-q", folder=folder) == (0, answer, "")
    noted = conv2d(*line, "--on-overflow", "wrap", "-o", "y.npy", folder=folder)
    assert noted.err.startswith(
        "note: many.npy: 1 sum overflowed int32 and wrapped; the first is 2147483648 at N,C,H,W = 0,0,0,0\nwrote y.npy"
    )


def test_overflow_of_64_bits_and_of_an_unbatched_input(folder: Path) -> None:
    np.save(folder / "x64.npy", np.load(folder / "i64.npy")[0])
    done = conv2d("run", "x64.npy", "--weight", "i64.npy", "--accumulate", "int64", folder=folder)
    assert (done.code, f"C,H,W = 0,0,0 is {4 * 2**124}: it overflows int64" in done.err) == (3, True)
    assert "hint: --on-overflow saturate\n" in done.err
    saturated = conv2d(
        *("run", "x64.npy", "--weight", "i64.npy", "--accumulate", "int64", "--on-overflow", "saturate", "-q"),
        *("--get", "max,accumulator_bits,overflow"),
        folder=folder,
    )
    assert saturated == (0, f"{2**63 - 1}\n128\n1\n", "")


def test_without_these_options_integers_wrap_in_their_own_type(folder: Path) -> None:
    done = conv2d("run", "i16.npy", "--weight", "[[300]]", "--per-channel", "--json", "-o", "y.npy", folder=folder)
    record = json.loads(done.out)
    assert [record[key] for key in ("accumulator_bits_worst", "accumulator_bits", "overflow")] == [None] * 3
    x, y = loaded(folder, "i16", "y")
    np.testing.assert_array_equal(y, (x.astype(int) * 300).astype(np.int16))


def test_typed_filters_beside_bytes_have_eight_bits_too(folder: Path) -> None:
    x = np.load(folder / "x.npy").astype(int)
    for typed, factor in (("[[-1]]", -1), ("[[200]]", 200)):
        done = conv2d(
            *("run", "x.npy", "--weight", typed, "--per-channel", "--accumulate", "int32", "-o", "y.npy", "--force"),
            folder=folder,
        )
        assert done.code == 0
        np.testing.assert_array_equal(np.load(folder / "y.npy"), x * factor)


def test_a_bias_has_the_type_of_the_accumulator_typed_and_raw_too(folder: Path) -> None:
    without = conv2d("run", "x.npy", *ACCUMULATE, "-o", "y.npy", folder=folder)
    assert without.code == 0
    np.arange(6, dtype=np.int32).tofile(folder / "b.bin")
    np.load(folder / "w.npy").tofile(folder / "w.bin")
    raw = ("--weight", "w.bin", "--weight-shape", "6,4,3,2", "--weight-dtype", "int8", "--bias", "b.bin")
    typed = ("--weight", "w.npy", "--bias", "[0,1,2,3,4,5]")
    for given in (raw, typed):
        assert conv2d("run", "x.npy", *given, "--accumulate", "int32", "-o", "z.npy", "-f", folder=folder).code == 0
        y, z = loaded(folder, "y", "z")
        np.testing.assert_array_equal(z, y + np.arange(6)[:, None, None])


def test_many_files_and_pipes(folder: Path) -> None:
    (folder / "in").mkdir()
    for name in ("a", "b"):
        np.save(folder / f"in/{name}.npy", np.load(folder / "x.npy"))
    np.save(folder / "in/c.npy", np.full((1, 4, 7, 9), 255, np.uint8))
    np.save(folder / "wide.npy", np.full((1, 4, 1, 1), 2**24 - 1, np.int32))
    line = ("run", "in", *ACCUMULATE, "--input-zero-point", "3")
    assert conv2d(*line, "-o", "out", "--get", "written,failed", "-q", folder=folder) == (0, "3\n0\n", "")
    assert conv2d(*line, "-o", "out", "--resume", "--get", "skipped", "-q", folder=folder).out == "3\n"
    overflowing = ("run", "in", "--weight", "wide.npy", "--dtype", "int32", "--accumulate", "int32")
    done = conv2d(*overflowing, "-o", "other", folder=folder)
    assert (done.code, done.err.count("it overflows int32"), done.err.count("hint: --accumulate int64")) == (3, 3, 3)
    wrapped = conv2d(*overflowing, "--on-overflow", "wrap", "-o", "other", "-f", folder=folder)
    assert (wrapped.code, wrapped.err.count("overflowed int32 and wrapped")) == (0, 3)
    piped = conv2d(
        *("run", "-", *ACCUMULATE, "--input-zero-point", "3", "-o", "y.npy"),
        stdin=(folder / "x.npy").read_bytes(),
        folder=folder,
    )
    assert piped.code == 0
    np.testing.assert_array_equal(*loaded(folder, "out/a", "y"))


def test_the_plan_says_the_bits_and_why_sums_are_exact(folder: Path) -> None:
    done = conv2d("run", "x.npy", *ACCUMULATE, "--plan", "--json", folder=folder)
    record = json.loads(done.out)
    assert (record["accumulator_bits_worst"], record["dtype"]) == ((24 * 128 * 255).bit_length() + 1, "int32")
    assert "sums from -783360 to 777240 are made exactly in float32, then brought to int32" in record["reason"]
    assert record["parameter_bytes"] == 6 * 4 * 6 + 6 * 4
    assert record["output_bytes"] == 4 * 2 * 6 * 5 * 8
    table = conv2d("run", "x.npy", *ACCUMULATE, "--plan", "--format", "table", folder=folder)
    assert "accumulator_bits_worst" in table.out
    shown = conv2d("run", "x.npy", *ACCUMULATE, "--format", "table", folder=folder)
    assert all(key in shown.out for key in ("accumulator_bits_worst", "accumulator_bits ", "overflow"))


@pytest.mark.parametrize(
    ("line", "code", "error", "hint"),
    [
        (
            "f.npy --weight w.npy --accumulate int32",
            2,
            "the input is float32: only integers",
            "give tensors of integers",
        ),
        ("x.npy --weight f.npy --input-zero-point 3", 2, "the weight is float32: only integers", "give tensors"),
        ("x.npy 4 6 3 --accumulate int32", 2, "parameters are drawn as floats", "--weight FILE"),
        ("x.npy --weight w.npy --accumulate int16", 2, "--accumulate int16: no such", "--accumulate int64 or int32"),
        ("x.npy --weight w.npy --on-overflow clip", 2, "--on-overflow clip: no such", "--on-overflow error, wrap or"),
        (
            "x.npy --weight w.npy --input-zero-point 1.5",
            2,
            "--input-zero-point 1.5: not a whole",
            "--input-zero-point 1",
        ),
        (
            "x.npy --weight w.npy --input-zero-point -1",
            2,
            "-1 of the input is no value of uint8",
            "--input-zero-point 0",
        ),
        ("x.npy --weight w.npy --weight-zero-point 128", 2, "128 of the weight is no", "--weight-zero-point 127"),
        ("x.npy --weight w.npy --weight-zero-point 1,2", 2, "2 zero points of the weight", "each of 6 output channels"),
        ("x.npy --weight w.npy --weight-zero-point x.npy", 3, "it holds 504 values, for 6", "a file of 1 or 6 values"),
        ("x.npy --weight w.npy --weight-zero-point scales.npy", 3, "float32, not whole numbers", "of whole numbers"),
        ("x.npy --weight w.npy --weight-zero-point none.npy", 4, "cannot read none.npy", "give a tensor file"),
        ("x.npy --weight w.npy --input-scale 1", 2, "go together", "--weight-scale 1 --output-scale 1"),
        ("x.npy --weight w.npy --output-zero-point 1", 2, "without scales", "--input-scale 1 --weight-scale 1"),
        ("x.npy --weight w.npy --requantize tflite", 2, "without scales", "--input-scale 1 --weight-scale 1"),
        ("x.npy --weight w.npy {scales} --requantize torch", 2, "--requantize torch", "--requantize onnx or tflite"),
        ("x.npy --weight w.npy {scales} --input-scale 0", 2, "a scale is a positive number", "--input-scale 0.1"),
        (
            "x.npy --weight w.npy {scales} --weight-scale 1e-60",
            2,
            "not positive and finite in float32",
            "--weight-scale",
        ),
        ("x.npy --weight w.npy {scales} --output-zero-point 256", 2, "no value of uint8", "--output-zero-point 255"),
        (
            "x.npy --weight w.npy {scales} --requantize tflite --accumulate int64",
            2,
            "is of int32",
            "--accumulate int32",
        ),
        ("i16.npy --weight i16.npy {scales}", 2, "nothing is requantised to int16", "--output-dtype int8 or uint8"),
        ("x.npy --weight w.npy --accumulate int32 --dtype half", 2, "--accumulate is of integers", "--dtype int8"),
        ("x.npy --weight i16.npy --accumulate int32", 3, "only int8 and uint8 may be mixed", "--dtype int16"),
        ("x.npy --weight w.npy --bias zero.npy --accumulate int32", 3, "the bias is int8", "a bias of int32"),
        ("x.npy --weight w.npy --bias b.npy --accumulate int64", 3, "the bias is int32", "--accumulate int32"),
        ("x.npy --weight w.npy", 3, "nothing is promoted", "--accumulate int32 takes both"),
        (
            "x.npy --weight w.npy --accumulate int32 --accuracy fast --algorithm fft",
            2,
            "fft rounds",
            "--algorithm im2col",
        ),
        (
            "i64.npy --weight i64.npy --accumulate int64 --input-zero-point 1",
            2,
            "up to 32 bits",
            "--input-zero-point 0",
        ),
    ],
)
def test_what_makes_no_sense_is_told_in_the_words_of_the_line(
    folder: Path, line: str, code: int, error: str, hint: str
) -> None:
    done = conv2d("run", *line.format(scales=" ".join(SCALES)).split(), "-o", "y.npy", folder=folder)
    told = dict(text.split(": ", 1) for text in done.err.splitlines())
    assert (done.code, error in told["error"], hint in told["hint"]) == (code, True, True), done.err
    assert not (folder / "y.npy").exists()


@pytest.mark.parametrize("suffix", ["npy", "npz", "bin", "safetensors", "zarr", "tif"])
def test_sums_are_kept_in_every_format_that_holds_them(folder: Path, suffix: str) -> None:
    line = ("run", "x.npy", "--weight", "[[-3]]", "--per-channel", "--accumulate", "int32", "-q")
    np.save(folder / "x.npy", np.load(folder / "x.npy")[0])
    assert conv2d(*line, "-o", f"y.{suffix}", folder=folder) == (0, "", "")
    shape = ("--input-shape", "4,7,9", "--input-dtype", "int32") if suffix == "bin" else ()
    again = conv2d(
        "run", f"y.{suffix}", "--weight", "[[1]]", "--per-channel", *shape, "-q", "-o", "z.npy", folder=folder
    )
    assert again == (0, "", "")
    x, z = loaded(folder, "x", "z")
    np.testing.assert_array_equal(z, x.astype(np.int32) * -3)
