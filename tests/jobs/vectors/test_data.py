"""Data of test vectors: the same bits for ever, and in each kind what it is there for."""

from __future__ import annotations

from fractions import Fraction
from hashlib import sha256

import numpy as np
import pytest
from exact_reference import nearest

from conv2d_cli import UsageError
from conv2d_cli.dtypes import COMPUTABLE, DTYPES
from conv2d_cli.jobs.vectors.choices import DATA, default_data
from conv2d_cli.jobs.vectors.data import Wanted, filled, small_bound
from conv2d_cli.numpy_dtypes import dtype_name

SHAPE = (2, 3, 5, 7)
FLOATS = [name for name in sorted(COMPUTABLE) if DTYPES[name].kind == "f"]
INTEGERS = [name for name in sorted(COMPUTABLE) if DTYPES[name].kind in "iu"]
# Of every kind and type together, as PCG64 of NumPy 2.4 gives them: the promise is that no version changes them.
SUM = "48ecee475fd3c307c03a350706ffc7f6326641034aff787798ace7057c479be9"


def tensor(data: str, dtype: str, seed: int = 0, place: str = "input", shape: tuple[int, ...] = SHAPE) -> np.ndarray:
    return filled(data, seed, Wanted(place, shape, dtype, 27))


def test_a_seed_gives_the_same_bytes_for_ever() -> None:
    digest = sha256()
    for data in DATA:
        for dtype in sorted(COMPUTABLE):
            for place, shape in (("input", SHAPE), ("weight", (4, 3, 3, 3)), ("bias", (4,))):
                if (data, DTYPES[dtype].kind) not in {("normal", "i"), ("normal", "u")}:
                    digest.update(tensor(data, dtype, 7, place, shape).tobytes())
    assert digest.hexdigest() == SUM


@pytest.mark.parametrize("dtype", sorted(COMPUTABLE))
@pytest.mark.parametrize("data", DATA)
def test_shape_type_and_seeds(data: str, dtype: str) -> None:
    if data == "normal" and DTYPES[dtype].kind in "iu":
        with pytest.raises(UsageError, match="holds whole numbers") as caught:
            tensor(data, dtype)
        assert caught.value.hint == "--data integers"
        return
    one = tensor(data, dtype)
    assert (one.shape, dtype_name(one.dtype)) == (SHAPE, dtype)
    assert one.flags.c_contiguous
    assert tensor(data, dtype).tobytes() == one.tobytes()
    assert tensor(data, dtype, shape=(0, 3, 5, 7)).size == 0
    if data != "ramp":
        assert tensor(data, dtype, seed=1).tobytes() != one.tobytes()
        assert tensor(data, dtype, seed=-1).tobytes() == tensor(data, dtype, seed=2**64 - 1).tobytes()
        assert tensor(data, dtype, place="weight").tobytes() != one.tobytes()
    wide = one.astype(np.complex128)
    assert np.isfinite(wide).all()


@pytest.mark.parametrize("dtype", FLOATS)
def test_normal_data_are_twelve_integers_rounded_once(dtype: str) -> None:
    count = 2**16 + 5
    raw = np.random.PCG64(np.random.SeedSequence([3, 1])).random_raw(12 * count).reshape(count, 12)
    sums = [sum(int(word) >> 40 for word in row) - 6 * (2**24 - 1) for row in raw[-200:]]
    drawn = tensor("normal", dtype, 3, "weight", (count,))
    for value, total in zip(drawn[-200:], sums, strict=True):
        assert value == nearest(Fraction(total, 2**24), dtype)
    values = drawn.astype(np.float64)
    assert abs(values.mean()) < 0.02
    assert abs(values.std() - 1) < 0.02
    assert 3 < np.abs(values).max() <= 6


@pytest.mark.parametrize("dtype", [*FLOATS, *INTEGERS])
@pytest.mark.parametrize("taps", [1, 9, 27, 576])
def test_sums_of_small_integers_are_exact_where_that_can_be(dtype: str, taps: int) -> None:
    bound = small_bound(dtype, taps)
    values = filled("integers", 0, Wanted("input", (4096,), dtype, taps)).astype(np.int64)
    least = 0 if DTYPES[dtype].kind == "u" else -bound
    assert (values.min(), values.max()) == (least, bound)
    largest = taps * bound * bound + bound
    precision = {"float16": 11, "bfloat16": 8, "float32": 24, "float64": 53}
    limit = np.iinfo(dtype).max if DTYPES[dtype].kind in "iu" else 1 << precision[dtype]
    assert largest <= limit or bound == 1


@pytest.mark.parametrize("dtype", [*FLOATS, *INTEGERS])
def test_a_ramp_tells_elements_apart(dtype: str) -> None:
    values = tensor("ramp", dtype, shape=(1, 2, 7, 7)).reshape(-1)
    assert len({*values.tolist()}) == values.size
    steps = np.diff(values.astype(np.float64))
    assert (steps == steps[0]).all()
    assert steps[0] > 0
    long = tensor("ramp", dtype, shape=(1000,)).astype(np.float64)
    assert DTYPES[dtype].kind in "iu" or long.max() < 1


@pytest.mark.parametrize("dtype", ["float32", "complex64", "int8"])
def test_an_impulse_is_one_element_an_image(dtype: str) -> None:
    images = tensor("impulse", dtype, shape=(5, 3, 4, 4)).reshape(5, -1)
    assert ((images != 0).sum(axis=1) == 1).all()
    assert (images.sum(axis=1) == 1).all()
    assert len({*np.argmax(images != 0, axis=1).tolist()}) > 1
    assert tensor("impulse", dtype, shape=(3, 4, 4)).sum() == 1
    weight = tensor("impulse", dtype, place="weight")
    assert (weight != 0).sum() > weight.size // 2


@pytest.mark.parametrize("dtype", FLOATS)
def test_extremes_of_floats(dtype: str) -> None:
    values = tensor("extremes", dtype, shape=(4096,))
    wide = values.astype(np.float64)
    precision, least, most = {
        "float16": (11, -24, 65504.0),
        "bfloat16": (8, -133, float(2**127 * (2 - 2**-7))),
        "float32": (24, -149, float(np.finfo(np.float32).max)),
        "float64": (53, -1074, float(np.finfo(np.float64).max)),
    }[dtype]
    smallest, normal = 2.0**least, 2.0 ** (least + precision - 1)
    magnitudes = {0.0, smallest, normal - smallest, normal, 1 - 2.0**-precision, 1.0, 1 + 2.0 ** (1 - precision), most}
    assert {*np.abs(wide).tolist()} == magnitudes
    assert {*np.signbit(wide[wide == 0]).tolist()} == {True, False}


@pytest.mark.parametrize("dtype", INTEGERS)
def test_extremes_of_integers(dtype: str) -> None:
    bounds = np.iinfo(dtype)
    values = {*tensor("extremes", dtype, shape=(4096,)).tolist()}
    assert values >= {0, 1, bounds.min, bounds.max, bounds.max - 1}


def test_what_is_taken_where_nothing_is_said() -> None:
    assert {default_data(name) for name in FLOATS} == {"normal"}
    assert {default_data(name) for name in INTEGERS} == {"integers"}
