"""Each mistake is found where it is made, and nothing is called one where there is none."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from injected_mistakes import UNITS_TOLD, WAYS, Needs, Problem, draw, is_told

from conv2d_cli import conv2d
from conv2d_cli.jobs.compare import batches, images
from conv2d_cli.jobs.compare.job import compare_files
from conv2d_cli.jobs.compare.mistakes.registry import MISTAKES
from conv2d_cli.jobs.compare.request import Request
from conv2d_cli.jobs.run import request as run
from conv2d_cli.numpy_dtypes import numpy_dtype
from conv2d_cli.report.compare import EXPLAINED, ROUNDING, SAME, UNEXPLAINED, CompareReport
from conv2d_cli.tensors.flat import index_of
from conv2d_cli.tensors.layout import OIHW
from conv2d_cli.tensors.reading import Reading

if TYPE_CHECKING:
    from pathlib import Path

    Array = np.ndarray[Any, Any]

LAYERS = 20
ROUNDED_LAYERS = 200


def compared(problem: Problem, expected: Array, actual: Array, folder: Path, dtype: str | None = None) -> CompareReport:
    """Compare two results of a layer, from files; `dtype` is what two bytes of no named type are."""
    arrays = {"x": problem.x, "w": problem.weight, "b": problem.bias, "expected": expected, "actual": actual}
    for name, array in arrays.items():
        if array is not None:
            np.save(folder / f"{name}.npy", array)
    bias = None if problem.bias is None else f"{folder}/b.npy"
    reading = Reading("bfloat16" if dtype == "bfloat16" else None)
    weight_reading = reading._replace(layout=OIHW)
    readings = {"input_reading": reading, "weight_reading": weight_reading, "bias_reading": reading}
    layer = run.Request(f"{folder}/x.npy", problem.layer, {}, f"{folder}/w.npy", bias, **readings)  # type: ignore[arg-type]
    return compare_files(Request(f"{folder}/expected.npy", f"{folder}/actual.npy", reading, layer=layer))


def conv2d_of(problem: Problem) -> Array:
    """Return what our engine makes of a layer."""
    (top, bottom), (left, right) = problem.sides
    return conv2d(
        *(problem.x, problem.weight, problem.bias, problem.stride, (top, left, bottom, right), problem.dilation),
        problem.groups,
        padding_mode=problem.mode,  # type: ignore[arg-type]
    )


def cast_to(problem: Problem, dtype: str) -> Problem:
    """Return a layer with its operands in another type."""
    assert problem.bias is not None
    x, weight, bias = (one.astype(numpy_dtype(dtype)) for one in (problem.x, problem.weight, problem.bias))
    return problem._replace(x=x, weight=weight, bias=bias)


def test_every_mistake_of_the_contract_is_injected() -> None:
    assert [*WAYS] == [mistake.name for mistake in MISTAKES]


@pytest.mark.parametrize("name", WAYS)
def test_an_injected_mistake_is_named(name: str, tmp_path: Path) -> None:
    random, told = Random(name), 0
    for attempt in range(10 * LAYERS):
        way = WAYS[name][attempt % len(WAYS[name])]
        problem = way.prepared(draw(random, way.needs))
        wrong = way.wrong(problem)
        if not is_told(problem, wrong) or not wrong.size:
            continue
        report = compared(problem, problem.result(), wrong, tmp_path)
        assert report.verdict == EXPLAINED, (problem.layer, report)
        assert name in report.explanations, (problem.layer, report)
        told += 1
        if told == LAYERS:
            return
    pytest.fail(f"only {told} layers show it")


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


@pytest.mark.parametrize("axes", [(1, 0), (0, 2, 1), (0, 1, 3, 2), (1, 0, 2, 3), (4, 3, 2, 1, 0)])
def test_swapped_axes_of_tensors_of_any_rank(axes: tuple[int, ...], tmp_path: Path) -> None:
    right = np.random.default_rng(0).standard_normal((2, 3, 4, 5, 6)[: len(axes)]).astype(np.float32)
    for wrong in (right.transpose(axes), right.transpose(axes).reshape(right.shape)):
        np.save(tmp_path / "expected.npy", right)
        np.save(tmp_path / "actual.npy", wrong)
        report = compare_files(Request(f"{tmp_path}/expected.npy", f"{tmp_path}/actual.npy"))
        assert (report.verdict, report.explanation) == (EXPLAINED, "swapped_axes")


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
