"""Nothing is called a mistake where there is none, and what shows in a part or in the output alone is told too."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from compared_results import cast_to, compared, conv2d_of
from injected_mistakes import UNITS_TOLD, WAYS, Needs, Problem, bfloat16, draw, half, is_told

from conv2d_cli import conv2d
from conv2d_cli.jobs.compare import batches, images
from conv2d_cli.jobs.compare.job import compare_files
from conv2d_cli.jobs.compare.request import Request
from conv2d_cli.numpy_dtypes import numpy_dtype
from conv2d_cli.report.compare import EXPLAINED, ROUNDING, SAME, UNEXPLAINED
from conv2d_cli.tensors.flat import index_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Array = np.ndarray[Any, Any]

LAYERS = 20
ROUNDED_LAYERS = 200


def test_results_that_are_rounded_are_not_called_mistakes(tmp_path: Path) -> None:
    random = Random("rounded")
    for _ in range(ROUNDED_LAYERS):
        problem = draw(random, Needs())
        rounded = problem.result()
        report = compared(problem, conv2d_of(problem), rounded, tmp_path)
        # Often every element has the very same bits.
        assert report.verdict == (ROUNDING if report.differing else SAME), (problem.layer, report)
        assert report.explanations == ()
        assert report.error_units is not None
        assert report.error_units < 1


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float64", "complex64", "complex128"])
def test_results_of_every_floating_type_are_rounded(dtype: str, tmp_path: Path) -> None:
    random = Random(dtype)
    for _ in range(10):
        problem = cast_to(draw(random, Needs()), dtype)
        rounded = problem.wide()[0].astype(numpy_dtype(dtype))
        report = compared(problem, conv2d_of(problem), rounded, tmp_path, dtype)
        assert report.verdict in {SAME, ROUNDING}, (problem.layer, report)
        assert report.dtype == dtype


def test_corruption_is_unexplained_and_found(tmp_path: Path) -> None:
    random = Random("corrupt")
    for _ in range(LAYERS):
        problem = draw(random, Needs())
        right = problem.result()
        wrong = right.copy()
        places = sorted(random.sample(range(wrong.size), random.choice((1, 2, 5))))
        magnitudes = problem.wide()[1].reshape(-1)
        for place in places:
            wrong.reshape(-1)[place] += np.float32(random.choice((-1, 1)) * (0.1 + random.random()) * magnitudes[place])
        report = compared(problem, right, wrong, tmp_path)
        assert report.verdict == UNEXPLAINED, (problem.layer, report)
        assert report.differing == report.beyond == len(places)
        assert report.first_index == index_of(places[0], wrong.shape)
        assert (report.first_expected, report.first_actual) == (
            right[report.first_index].item(),
            wrong[report.first_index].item(),
        )


def test_changes_within_rounding_are_not_told_from_it(tmp_path: Path) -> None:
    random = Random("small")
    for _ in range(5):
        problem = draw(random, Needs())
        problem = problem._replace(bias=np.full_like(problem.weight[:, 0, 0, 0], 1e-9))
        report = compared(problem, problem.result(), problem._replace(bias=None).result(), tmp_path)
        assert report.verdict in {SAME, ROUNDING}


def test_an_expected_result_that_is_not_of_the_layer_is_told(tmp_path: Path) -> None:
    problem = draw(Random(1), Needs())
    flipped = problem._replace(weight=problem.weight[..., ::-1, ::-1]).result()
    report = compared(problem, flipped, problem.result(), tmp_path)
    assert report.verdict == UNEXPLAINED
    assert report.expected_error_units is not None
    assert report.expected_error_units > UNITS_TOLD > (report.error_units or 0)


# What can be told without the operation.
ALONE = ("nhwc", "byte_order", "shifted_rows", "shifted_columns", "overflow", "saturation", "missing_bias")


@pytest.mark.parametrize("name", ALONE)
def test_some_mistakes_show_in_the_output_alone(name: str, tmp_path: Path) -> None:
    random = Random(name)
    ways = [way for way in WAYS[name] if not (name == "nhwc" and way is WAYS[name][2])]
    for attempt in range(LAYERS):
        way = ways[attempt % len(ways)]
        problem = way.prepared(draw(random, way.needs))
        wrong = way.wrong(problem)
        if not wrong.size or not is_told(problem, wrong):
            continue
        np.save(tmp_path / "expected.npy", problem.result())
        np.save(tmp_path / "actual.npy", wrong)
        report = compare_files(Request(f"{tmp_path}/expected.npy", f"{tmp_path}/actual.npy"))
        assert report.verdict == EXPLAINED, (problem.layer, report)
        assert name in report.explanations
        if wrong.shape != problem.result().shape:
            assert (report.max_abs, report.max_rel, report.max_ulp, report.first_index) == (None,) * 4


def test_whole_numbers_are_compared_exactly(tmp_path: Path) -> None:
    random = np.random.default_rng(2)
    x, weight = (random.integers(-128, 128, shape, np.int8) for shape in ((1, 4, 7, 7), (3, 4, 3, 3)))
    exact = conv2d(x.astype(np.int32), weight.astype(np.int32), padding=1)
    problem = Problem(x, weight, None, sides=((1, 1), (1, 1)))
    for wrong, name in (
        (exact.astype(np.int16).astype(np.int32), "overflow"),
        (np.clip(exact, -128, 127), "saturation"),
        (exact.astype(np.int8).astype(np.int32), "overflow"),
        (conv2d(x.astype(np.int32), weight[..., ::-1, ::-1].astype(np.int32), padding=1), "flipped_kernel"),
        (exact + (np.arange(exact.size).reshape(exact.shape) == 5), None),
    ):
        report = compared(problem, exact, wrong, tmp_path)
        same = np.array_equal(exact, wrong)
        assert report.verdict == (SAME if same else EXPLAINED if name else UNEXPLAINED), name
        assert report.explanation == name
    # What wraps as torch has it is right where that is expected.
    wrapped = exact.astype(np.int8)
    assert compared(problem, wrapped, conv2d(x, weight, padding=1), tmp_path).verdict == SAME
    assert compared(problem, wrapped, np.clip(exact, -128, 127).astype(np.int8), tmp_path).explanation == "saturation"


@pytest.fixture
def cut_small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have every image be a batch of its own, and every layer be looked at in a few channels first."""
    monkeypatch.setattr(batches, "_BATCH_BYTES", 1)
    monkeypatch.setattr(images, "_CHEAP_PRODUCTS", 1)


@pytest.mark.usefixtures("cut_small")
@pytest.mark.parametrize("name", [name for name in WAYS if name != "missing_bias"])
def test_large_layers_are_judged_image_by_image(name: str, tmp_path: Path) -> None:
    random = Random(name)
    for way in WAYS[name]:
        problem = way.prepared(draw(random, way.needs))
        problem = problem._replace(x=np.concatenate([problem.x, problem.x[:1][..., ::-1, ::-1], problem.x]))
        wrong = way.wrong(problem)
        if not wrong.size or not is_told(problem, wrong):
            continue
        report = compared(problem, problem.result(), wrong, tmp_path)
        assert name in report.explanations, (problem.layer, report)


@pytest.mark.usefixtures("cut_small")
def test_a_mistake_in_some_images_alone_explains_nothing(tmp_path: Path) -> None:
    random = Random("some images")
    problem = draw(random, Needs())
    problem = problem._replace(x=np.concatenate([problem.x] * 3))
    right, wrong = problem.result(), problem._replace(weight=problem.weight[..., ::-1, ::-1]).result()
    mixed = np.concatenate([wrong[:2], right[2:]])
    report = compared(problem, right, mixed, tmp_path)
    assert (report.verdict, report.explanations) == (UNEXPLAINED, ())
    for place in (0, right.size // 2, right.size - 1):
        corrupt = right.copy()
        corrupt.reshape(-1)[place] += 1
        report = compared(problem, right, corrupt, tmp_path)
        assert (report.verdict, report.first_index) == (UNEXPLAINED, index_of(place, right.shape))


def test_one_image_that_is_too_large_has_elements_tried_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches, "_BATCH_BYTES", 1 << 16)
    right = np.random.default_rng(0).standard_normal((3, 40, 50)).astype(np.float32) * 100
    np.save(tmp_path / "expected.npy", right)
    notes: list[str] = []
    for wrong, name in ((np.clip(right, -128, 127), "saturation"), (right.byteswap(), "byte_order")):
        np.save(tmp_path / "actual.npy", wrong)
        report = compare_files(Request(f"{tmp_path}/expected.npy", f"{tmp_path}/actual.npy"), note=notes.append)
        assert (report.verdict, report.explanation) == (EXPLAINED, name)
    assert any("too large" in words for words in notes)
    # A run that is explained says nothing of another.
    half = right.copy()
    half[:1] = np.clip(right[:1], -128, 127)
    half[2, 3, 4] += 50
    np.save(tmp_path / "actual.npy", half)
    report = compare_files(Request(f"{tmp_path}/expected.npy", f"{tmp_path}/actual.npy"))
    assert (report.verdict, report.explanations) == (UNEXPLAINED, ())


def large(seed: int, groups: int = 1) -> Problem:
    """Return a layer with so many elements that some sums lie next to a tie of a half type."""
    values = np.random.default_rng(seed)
    x, weight, bias = (
        values.standard_normal(shape).astype(np.float32) for shape in ((1, 4, 32, 32), (16, 4 // groups, 3, 3), (16,))
    )
    return Problem(x, weight, bias, sides=((1, 1), (1, 1)), groups=groups)


@pytest.mark.parametrize("groups", [1, 4])
@pytest.mark.parametrize(("rounded", "name"), [(half, "half_precision"), (bfloat16, "bfloat16_operands")])
def test_results_rounded_twice_are_explained(
    groups: int, rounded: Callable[[Array], Array], name: str, tmp_path: Path
) -> None:
    problem = large(groups, groups)
    right = problem.result()
    operands = problem._replace(x=rounded(problem.x), weight=rounded(problem.weight))
    # Off by three units, as sums may be, and then rounded: beside a tie not as the exact sum would be.
    signs = np.random.default_rng(0).choice((-3, 3), right.shape)
    for made in (problem, operands):
        exact, magnitudes = made.wide()
        wrong = rounded((exact + signs * np.finfo(np.float32).eps * magnitudes).astype(np.float32))
        assert (wrong != rounded(made.result())).any()
        report = compared(problem, right, wrong, tmp_path)
        assert (report.verdict, report.explanations) == (EXPLAINED, (name,))
    corrupt = rounded(conv2d_of(problem))
    corrupt[0, 3, 20, 20] += 1
    assert compared(problem, right, corrupt, tmp_path).verdict == UNEXPLAINED


def test_nan_and_infinities_hide_no_mistake(tmp_path: Path) -> None:
    problem = draw(Random("nan"), Needs(square=True))
    x = problem.x.copy()
    x[0, 0, 2, 3], x[0, -1, 6, 6] = np.nan, np.inf
    problem = problem._replace(x=x)
    right = conv2d_of(problem)
    assert np.isnan(right).any()
    assert not np.isnan(right).all()
    flipped = conv2d_of(problem._replace(weight=problem.weight[..., ::-1, ::-1]))
    assert compared(problem, right, flipped, tmp_path).explanations == ("flipped_kernel",)
    rounded = np.where(np.isfinite(right), np.nextafter(right, np.float32(0)), right)
    assert compared(problem, right, rounded, tmp_path).verdict == ROUNDING
    lost = np.flatnonzero(np.isnan(right))
    sound = np.flatnonzero(np.isfinite(right))
    for places, value in ((lost, 0), (lost[:1], 1), (sound, np.nan), (sound[:1], np.nan), (sound[:1], np.inf)):
        wrong = right.copy()
        wrong.reshape(-1)[places] = value
        report = compared(problem, right, wrong, tmp_path)
        assert (report.verdict, report.bound is not None) == (UNEXPLAINED, True), (places, value)


def test_what_a_half_type_cannot_hold_is_infinite_in_it(tmp_path: Path) -> None:
    problem = cast_to(draw(Random("infinite"), Needs()), "float16")
    problem = problem._replace(x=problem.x * np.float16(120), weight=problem.weight * np.float16(120))
    with np.errstate(over="ignore"):
        right = problem.wide()[0].astype(np.float16)
    assert np.isinf(right).any()
    assert not np.isinf(right).all()
    rounded = np.where(np.isfinite(right), np.nextafter(right, np.float16(0)), right)
    assert compared(problem, right, rounded, tmp_path).error_units is not None
    assert compared(problem, right, rounded, tmp_path).error_units < 2  # type: ignore[operator]
    assert compared(problem, right, np.clip(right, -65504, 65504), tmp_path).explanation == "saturation"


@pytest.mark.parametrize("dtype", [np.complex64, np.complex128])
def test_complex_products_of_three_real_ones_are_rounded(dtype: type[Any], tmp_path: Path) -> None:
    values = np.random.default_rng(0)
    for _ in range(5):
        shapes = (1, 2, 30, 30), (2, 2, 1, 1)
        x, weight = ((values.standard_normal(s) + 1j * values.standard_normal(s)).astype(dtype) for s in shapes)
        first, second = conv2d(x.real.copy(), weight.real.copy()), conv2d(x.imag.copy(), weight.imag.copy())
        both = conv2d(x.real + x.imag, weight.real + weight.imag)
        made = (first - second + 1j * (both - first - second)).astype(dtype)
        problem = Problem(x, weight, None)
        report = compared(problem, problem.wide()[0].astype(dtype), made, tmp_path)
        assert report.verdict == ROUNDING


def test_values_that_end_at_zero_are_of_no_type(tmp_path: Path) -> None:
    problem = draw(Random("relu"), Needs())
    right = problem.result()
    report = compared(problem, right, np.maximum(right, 0), tmp_path)
    assert (report.explanations, report.how) == (("saturation",), ("values end at 0",))
    scaled = _whole_problem(problem)
    for low, high, words in ((-128, 127, "int8, -128 and 127"), (0, 255, "uint8, 0 and 255")):
        report = compared(scaled, scaled.result(), np.clip(scaled.result(), low, high), tmp_path)
        assert report.how == (f"values end at those of {words}",)


def _whole_problem(problem: Problem) -> Problem:
    x, weight = (np.rint(values * 12) for values in (problem.x, problem.weight))
    return problem._replace(x=x, weight=weight, bias=None)


@pytest.mark.usefixtures("cut_small")
def test_another_number_of_images_is_not_held_against_more_than_memory_takes(tmp_path: Path) -> None:
    problem = draw(Random("order"), Needs())
    problem = problem._replace(x=np.concatenate([problem.x] * 3))
    right = problem.result()
    report = compared(problem, right, right.swapaxes(0, 1), tmp_path)
    assert (report.verdict, report.expected_error_units) == (UNEXPLAINED, None)
