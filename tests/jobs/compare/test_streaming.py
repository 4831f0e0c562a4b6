"""What is counted of two tensors equals what a plain loop over Python's numbers counts."""

from __future__ import annotations

import math
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conv2d_cli.errors import DataError
from conv2d_cli.jobs.compare import streaming
from conv2d_cli.jobs.compare.job import compare_files
from conv2d_cli.jobs.compare.request import Request
from conv2d_cli.jobs.compare.tolerance import Tolerance, default_tolerance
from conv2d_cli.jobs.compare.ulps import bit_lengths, ulp_distances
from conv2d_cli.jobs.compare.where import Whereabouts, axis_names
from conv2d_cli.report.compare import AGREEING
from conv2d_cli.tensors.reading import Reading

if TYPE_CHECKING:
    from pathlib import Path

    from conv2d_cli.report.compare import CompareReport

    Array = np.ndarray[Any, Any]

SPECIAL = (0.0, -0.0, math.nan, math.inf, -math.inf, 1e-45, -1e-45, 3.4028234663852886e38, 1.0, 1.0000001192092896)
FLOATS = ("float16", "float32", "float64")
VALUES = st.one_of(st.sampled_from(SPECIAL), st.floats(width=32), st.floats(-2, 2, width=32))


def steps_between(one: Any, other: Any) -> int:
    """Return how many numbers of a floating type lie between two, by the order of their bits."""

    def place(value: Any) -> int:
        bits = int.from_bytes(value.tobytes(), "little")
        top = 1 << (8 * value.itemsize - 1)
        return top - bits if bits >= top else bits

    return abs(place(one) - place(other))


def compared(expected: Any, actual: Any, folder: Path, **options: Any) -> CompareReport:
    for name, array in (("expected", expected), ("actual", actual)):
        np.save(folder / f"{name}.npy", array)
    return compare_files(Request(f"{folder}/expected.npy", f"{folder}/actual.npy", **options))


@pytest.mark.parametrize("dtype", FLOATS)
@settings(max_examples=60)
@given(pairs=st.lists(st.tuples(VALUES, VALUES, st.booleans()), min_size=1, max_size=40), equal_nan=st.booleans())
def test_counts_are_those_of_a_plain_loop(
    dtype: str,
    pairs: list[tuple[float, float, bool]],
    equal_nan: bool,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    with np.errstate(over="ignore"):
        expected = np.array([one for one, _, _ in pairs]).astype(dtype)
        actual = np.array([one if same else other for one, other, same in pairs]).astype(dtype)
    report = compared(expected, actual, tmp_path_factory.mktemp("pairs"), equal_nan=equal_nan)
    tolerance = default_tolerance(dtype, dtype)
    differing, beyond, zeros, sizes, shares, steps = [], 0, 0, [0.0], [0.0], [0]
    for place, (one, other) in enumerate(zip(expected, actual, strict=True)):
        first, second = float(one), float(other)
        both_nan = math.isnan(first) and math.isnan(second)
        zeros += first == second == 0 and math.copysign(1, first) != math.copysign(1, second)
        if first == second or (both_nan and equal_nan):
            continue
        differing.append(place)
        if math.isnan(first) or math.isnan(second):
            beyond += 1
            continue
        size = abs(second - first)
        allowed = tolerance.atol + tolerance.rtol * abs(first)
        beyond += size > allowed or math.isinf(size)
        sizes.append(size)
        if not (math.isinf(size) and math.isinf(first)):
            shares.append(size / abs(first) if first else math.inf)
        steps.append(steps_between(one, other))
    assert (report.differing, report.signed_zeros, report.beyond) == (len(differing), zeros, beyond)
    assert (report.max_abs, report.max_ulp) == (max(sizes), max(steps))
    assert report.max_rel == max(shares)
    assert report.first_index == ((differing[0],) if differing else None)
    assert (report.nan_expected, report.nan_actual) == (np.isnan(expected).sum(), np.isnan(actual).sum())


@pytest.mark.parametrize("chunk", [1, 7, 64, 1 << 16])
def test_chunks_change_nothing(chunk: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    random = np.random.default_rng(0)
    expected = random.standard_normal((3, 4, 5, 6)).astype(np.float32)
    actual = np.where(random.random(expected.shape) < 0.1, expected * np.float32(1.001), expected)
    expected[1, 2], actual[1, 2] = np.nan, np.nan
    actual[2, 3, 4, 5] = np.nan
    whole = compared(expected, actual, tmp_path)
    monkeypatch.setattr(streaming, "_CHUNK", chunk)
    # NaN is among the values, and equals nothing.
    assert repr(compared(expected, actual, tmp_path)) == repr(whole)
    assert whole.ulp_histogram is not None
    assert sum(whole.ulp_histogram) == expected.size - 1


@pytest.mark.parametrize("dtype", FLOATS)
def test_steps_lead_from_a_number_to_the_next(dtype: str) -> None:
    kind = np.dtype(dtype).type
    starts = np.array([0, 1, -1, 2**-14, 1000, -3.5], dtype)
    for direction, count in product((-np.inf, np.inf), (1, 2, 5)):
        ends = starts.copy()
        for _ in range(count):
            ends = np.nextafter(ends, kind(direction))
        assert ulp_distances(starts, ends, dtype).tolist() == [count] * starts.size
        assert ulp_distances(ends, starts, dtype).tolist() == [count] * starts.size
    most = np.array([np.finfo(dtype).max])
    assert ulp_distances(most, np.array([np.inf], dtype), dtype).tolist() == [1]


def test_steps_of_bfloat16_are_those_of_its_eight_bits() -> None:
    one = np.array([1, 1, -1, 0], np.float32)
    other = np.array([1 + 2**-7, 2, -1 - 2**-6, -0.0], np.float32)
    assert ulp_distances(one, other, "bfloat16").tolist() == [1, 128, 2, 0]


@given(st.lists(st.integers(0, 2**64 - 1), max_size=30))
def test_distances_are_counted_by_their_bits(distances: list[int]) -> None:
    lengths = bit_lengths(np.array(distances, np.uint64))
    wanted = [0] * (max((one.bit_length() for one in distances), default=0) + 1)
    for one in distances:
        wanted[one.bit_length()] += 1
    assert lengths == wanted


# Which elements are wrong, and what is said of them.
PLACES: dict[str, tuple[Any, tuple[str, ...]]] = {
    "one channel": (np.s_[:, 3], ("only in channel 3",)),
    "two channels": (np.s_[:, [1, 5]], ("only in channels 1, 5",)),
    "every third column": (np.s_[..., 1::3], ("only in every 3rd column, from 1 to 10",)),
    "every second channel": (np.s_[:, ::2], ("only in every 2nd channel, from 0 to 6",)),
    "a region": (np.s_[..., 3:6, 4:9], ("only in rows 3 to 5", "only in columns 4 to 8")),
    "one image": (np.s_[1], ("one run of elements, from number 960 to the end, and nowhere else", "only in image 1")),
    "everything": (np.s_[:], ("everywhere",)),
}


@pytest.mark.parametrize("name", PLACES)
def test_where_differences_lie(name: str, tmp_path: Path) -> None:
    key, sentences = PLACES[name]
    expected = np.random.default_rng(0).standard_normal((2, 8, 10, 12)).astype(np.float32)
    actual = expected.copy()
    noise = np.random.default_rng(1).uniform(0.5, 1, actual[key].shape)
    actual[key] += noise.astype(np.float32)
    assert compared(expected, actual, tmp_path).where == sentences


def test_differences_at_the_borders(tmp_path: Path) -> None:
    expected = np.random.default_rng(0).standard_normal((1, 3, 20, 24)).astype(np.float32)
    actual = expected + np.random.default_rng(1).uniform(0.5, 1, expected.shape).astype(np.float32)
    for depth, words in ((1, "row and column"), (2, "rows and columns")):
        inner = np.s_[..., depth:-depth, depth:-depth]
        wrong = actual.copy()
        wrong[inner] = expected[inner]
        report = compared(expected, wrong, tmp_path)
        assert report.where == (f"only at the borders: in the outer {depth} {words}",)


def test_a_tail_of_a_row(tmp_path: Path) -> None:
    expected = np.arange(1, 1001, dtype=np.float32)
    actual = expected.copy()
    actual[700:] = 0
    report = compared(expected, actual, tmp_path)
    assert report.where == ("one run of elements, from number 700 to the end, and nowhere else",)


@given(st.lists(st.integers(0, 2 * 3 * 4 * 5 - 1), min_size=1, max_size=60, unique=True), st.integers(1, 60))
def test_whereabouts_are_the_same_however_they_come(places: list[int], together: int) -> None:
    shape = (2, 3, 4, 5)
    ordered = np.array(sorted(places))
    whole, parts = (Whereabouts(shape, axis_names(4)) for _ in range(2))
    whole.add(ordered)
    for first in range(0, ordered.size, together):
        parts.add(ordered[first : first + together])
    assert whole.sentences() == parts.sentences()


@pytest.mark.parametrize("dtype", FLOATS)
def test_the_bound_is_where_values_begin_to_differ(dtype: str, tmp_path: Path) -> None:
    kind = np.dtype(dtype).type
    for tolerance in (Tolerance(0.25, 0, 0), Tolerance(0, 0.5, 0), Tolerance(0, 0, 3)):
        report = compared(np.array([kind(1)]), np.array([kind(1.5)]), tmp_path, tolerance=tolerance)
        assert report.bound is not None
        for size, verdict in ((report.bound, "rounding"), (report.bound * 1.5, "unexplained")):
            end = np.array([kind(1 + size)])
            assert compared(np.array([kind(1)]), end, tmp_path, tolerance=tolerance).verdict == verdict


KINDS = (
    "bool",
    "int8",
    "uint8",
    "int32",
    "int64",
    "uint64",
    "float16",
    "float32",
    "float64",
    "complex64",
    "complex128",
)


@pytest.mark.parametrize(("one", "other"), [*product(KINDS, repeat=2)])
def test_any_two_types_are_compared_by_value(one: str, other: str, tmp_path: Path) -> None:
    values = np.array([0, 1, 1, 0, 1, 1, 0, 1])
    expected, actual = values.astype(one), values.astype(other)
    same = compared(expected, actual, tmp_path)
    assert (same.verdict, same.max_abs, same.max_ulp) == ("same", 0, 0)
    actual[5] = 0
    report = compared(expected, actual, tmp_path)
    assert (report.verdict, report.differing, report.first_index) == ("unexplained", 1, (5,))
    assert report.max_abs == report.max_rel == 1


@pytest.mark.parametrize("dtype", ["int8", "int64"])
def test_the_ends_of_whole_numbers_are_far_apart(dtype: str, tmp_path: Path) -> None:
    low, high = np.iinfo(dtype).min, np.iinfo(dtype).max
    report = compared(np.array([high, 0], dtype), np.array([low, 0], dtype), tmp_path)
    assert (report.verdict, report.max_abs, report.max_ulp) == ("unexplained", high - low, high - low)


@given(parts=st.lists(st.tuples(VALUES, VALUES), min_size=2, max_size=2), has_tolerance=st.booleans())
def test_complex_infinities_are_near_nothing_but_themselves(
    parts: list[tuple[float, float]], has_tolerance: bool, tmp_path_factory: pytest.TempPathFactory
) -> None:
    one, other = (np.array([complex(*both)], np.complex64) for both in parts)
    tolerance = Tolerance(0.5, 1e30, 0) if has_tolerance else Tolerance(0, 0, 0)
    report = compared(one, other, tmp_path_factory.mktemp("complex"), tolerance=tolerance)
    equal = one == other or (np.isnan(one) and np.isnan(other))
    assert (report.verdict == "same") == bool(equal)
    if not equal and not (np.isfinite(one) and np.isfinite(other)):
        assert report.verdict not in AGREEING


def test_a_cast_that_loses_a_value_names_its_index(tmp_path: Path) -> None:
    expected = np.zeros((2, 3, 4), np.float32)
    actual = expected.copy()
    actual[1, 0, 3] = 0.5
    with pytest.raises(DataError, match=r"0\.5 at \[1, 0, 3\] has a fraction"):
        compared(expected, actual, tmp_path, reading=Reading("int8"))
    with pytest.raises(DataError, match=r"0\.5 at \[\] has a fraction"):
        compared(np.float32(0), np.float32(0.5), tmp_path, reading=Reading("int8"))
