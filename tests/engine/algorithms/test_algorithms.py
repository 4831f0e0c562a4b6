"""Every algorithm of the registry against the slow reference, on small integers, where each order of sums is exact."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from algorithm_cases import (
    KINDS,
    MODES,
    ROUNDING,
    Case,
    Operands,
    attempt,
    draw_case,
    drawn_cases,
    exact_result,
    expected_of,
    fitting_kinds,
    small_integers,
)
from bounds import PRECISIONS, UNITS, judged, units_of_error
from hypothesis import HealthCheck, given, reject, settings
from hypothesis import strategies as st

from conv2d_cli.backends.api import conv2d
from conv2d_cli.dtypes import COMPUTABLE
from conv2d_cli.engine.api import ACCURACIES, ALGORITHMS
from conv2d_cli.numpy_dtypes import numpy_dtype

if TYPE_CHECKING:
    from random import Random

Array = np.ndarray[Any, Any]
EVERY_DTYPE = sorted(COMPUTABLE)
DRAWS = 6
THREADS = (1, 2, None)
each_algorithm = pytest.mark.parametrize("name", ALGORITHMS)


def check(
    name: str, out: Array, expected: Array, operands: Operands, accuracy: str, what: object, **layer: Any
) -> None:
    """Check a result against the exact one: to the bit, but for algorithms that round on the way."""
    assert out.dtype == expected.dtype, what
    assert out.dtype.isnative, what
    assert out.flags.c_contiguous, what
    if name in ROUNDING and expected.dtype.name in PRECISIONS:
        assert units_of_error(out, *operands, accuracy, **layer) <= UNITS, what
    else:
        np.testing.assert_array_equal(out, expected, str(what))


def count_right(name: str, case: Case, dtype: str, threads: int | None = None) -> int:
    """Check what an algorithm makes of a case under each accuracy; return how many of them it takes."""
    taken = 0
    for accuracy in ACCURACIES:
        operands = case.operands(dtype)
        out = attempt(name, *operands, accuracy=accuracy, threads=threads, **case.layer)
        if out is not None:
            what = (name, dtype, accuracy, threads, case)
            check(name, out, expected_of(case, dtype), operands, accuracy, what, **case.layer)
            taken += 1
    return taken


@each_algorithm
def test_random_layers_of_every_kind(name: str) -> None:
    taken = 0
    for kind in KINDS:
        for index, case in enumerate(drawn_cases(kind, DRAWS)):
            for dtype in {("float32", "int32")[index % 2], EVERY_DTYPE[index % len(EVERY_DTYPE)]}:
                taken += count_right(name, case, dtype, THREADS[index % len(THREADS)])
    assert taken >= DRAWS, f"{name} took no more than {taken} layers"


def small(
    kernel: tuple[int, int],
    channels: tuple[int, int, int] = (1, 2, 3),
    size: tuple[int, int] = (6, 7),
    batch: int = 2,
    **arguments: Any,
) -> Case:
    groups, inputs, outputs = channels
    return Case((batch, groups * inputs, *size), (groups * outputs, inputs, *kernel), groups=groups, **arguments)


# Whatever an algorithm is made for, it is among these.
EVERYDAY = (
    *(((1, 1), (1, 2, 3)), ((3, 3), (1, 2, 3)), ((3, 3), (1, 1, 1)), ((5, 5), (1, 1, 2)), ((3, 3), (3, 1, 1))),
    ((3, 3), (2, 1, 2)),
    ((3, 3), (1, 16, 2)),
)


def with_each(**arguments: Any) -> list[Case]:
    cases = [small(kernel, channels, **arguments) for kernel, channels in EVERYDAY]
    # A layer of single elements is also special where nothing is around the image.
    return [*cases, cases[0]._replace(padding=(0, 0, 0, 0))]


TOPICS: dict[str, list[Case]] = {
    "padding modes": [
        case
        for mode in MODES
        for padding in ((1, 1, 1, 1), (0, 3, 2, 1), (4, 0, 1, 0), (2, 5, 5, 4))
        for case in with_each(padding_mode=mode, padding=padding)
    ],
    "strides": [
        case
        for stride in ((1, 1), (2, 2), (1, 3), (2, 1), (3, 2))
        for case in with_each(stride=stride, padding=(1, 0, 2, 1), size=(7, 9))
    ],
    "dilations": [
        case
        for dilation in ((1, 1), (2, 2), (1, 3), (2, 1), (3, 2))
        for case in with_each(dilation=dilation, padding=(4, 3, 3, 5), padding_mode="replicate")
    ],
    "groups": [
        small(kernel, channels, padding=padding, stride=stride)
        for channels in ((1, 4, 2), (2, 2, 3), (2, 3, 1), (4, 1, 1), (3, 1, 2), (2, 1, 5), (1, 18, 2))
        for kernel in ((1, 1), (3, 3), (2, 5))
        for stride in ((1, 1), (2, 1))
        for padding in ((1, 0, 0, 1), (0, 0, 0, 0))
    ],
    "tiny images": [
        case
        for size in ((1, 1), (1, 8), (8, 1), (2, 2), (1, 2))
        for mode in ("zeros", "replicate")
        for case in with_each(size=size, padding=(2, 3, 3, 2), padding_mode=mode)
    ],
    "one output": [case for size in ((5, 5), (5, 8), (8, 5)) for case in with_each(size=size, batch=1)],
    "kernels": [
        small(kernel, channels, padding=padding, padding_mode=mode)
        for kernel in ((1, 1), (3, 3), (1, 4), (1, 7), (5, 1), (6, 1), (2, 2), (4, 4), (2, 3), (6, 6), (7, 7))
        for channels in ((1, 2, 3), (1, 1, 1), (2, 1, 1), (1, 16, 1))
        for padding in ((2, 3, 3, 3), *[(0, 0, 0, 0)] * (kernel == (1, 1)))
        for mode in ("zeros", "circular")
    ],
    "kernels larger than the image": [
        case
        for padding in ((4, 4, 4, 4), (3, 2, 4, 5))
        for case in [*with_each(size=(2, 3), padding=padding), small((7, 9), size=(2, 3), padding=padding)]
    ],
    "batches": [case for batch in (0, 1, 3) for case in with_each(batch=batch, padding=(1, 1, 1, 1))],
    "no bias": [case for batch in (0, 1, 2) for case in with_each(batch=batch, bias=False)],
}


@each_algorithm
@pytest.mark.parametrize("topic", TOPICS)
def test_layers_at_the_edges(name: str, topic: str) -> None:
    taken = sum(
        count_right(name, case, dtype)
        for index, case in enumerate(TOPICS[topic])
        for dtype in ("float32", "int32")[: 1 + index % 2]
    )
    assert taken, f"{name} took none of these layers"


@each_algorithm
def test_element_types(name: str) -> None:
    cases = with_each(padding=(1, 2, 0, 1))
    taken = {dtype: sum(count_right(name, case, dtype) for case in cases) for dtype in EVERY_DTYPE}
    assert any(taken.values())
    # No type that the algorithm takes elsewhere is left out here.
    assert [dtype for kind in KINDS for dtype in EVERY_DTYPE if not taken[dtype] and takes_any(name, kind, dtype)] == []


def takes_any(name: str, kind: str, dtype: str) -> bool:
    return any(
        attempt(name, *case.operands(dtype), accuracy=accuracy, **case.layer) is not None
        for case in drawn_cases(kind, 3)
        for accuracy in ACCURACIES
    )


@pytest.mark.parametrize("dtype", EVERY_DTYPE)
def test_every_element_type_is_taken_by_an_algorithm(dtype: str) -> None:
    for case in with_each():
        assert any(count_right(name, case, dtype) for name in ALGORITHMS)


@each_algorithm
def test_an_image_without_a_batch(name: str) -> None:
    taken = 0
    for case, dtype in product(with_each(batch=1, padding=(1, 1, 1, 1)), ("float32", "int32")):
        x, weight, bias = case.operands(dtype)
        batched, alone = (attempt(name, image, weight, bias, accuracy="fast", **case.layer) for image in (x, x[0]))
        if batched is not None:
            assert alone is not None
            assert alone.shape == batched.shape[1:]
            assert alone.tobytes() == batched.tobytes()
            taken += 1
    assert taken


def spread(array: Array) -> Array:
    wide = np.zeros([2 * size for size in array.shape], array.dtype)
    view = wide[tuple(slice(None, None, 2) for _ in array.shape)]
    view[...] = array
    return view


def unaligned(array: Array) -> Array:
    memory = np.zeros(array.nbytes + 1, np.uint8)
    view = memory[1:].view(array.dtype).reshape(array.shape)
    view[...] = array
    return view


def repeated(array: Array, *axes: int) -> Array:
    """Return an array that holds the first element of some axes everywhere along them, in one place of memory."""
    first = array[tuple(slice(1) if axis in axes else slice(None) for axis in range(array.ndim))]
    return np.broadcast_to(first, array.shape)


LAYOUTS: dict[str, Callable[[Array], Array]] = {
    "plain": np.copy,
    "Fortran": np.asfortranarray,
    "channels last": lambda array: np.moveaxis(np.ascontiguousarray(np.moveaxis(array, 1, -1)), -1, 1),
    "transposed": lambda array: np.ascontiguousarray(array.swapaxes(2, 3)).swapaxes(2, 3),
    "reversed": lambda array: np.ascontiguousarray(array[::-1, ::-1, ::-1, ::-1])[::-1, ::-1, ::-1, ::-1],
    "reversed columns": lambda array: np.ascontiguousarray(array[..., ::-1])[..., ::-1],
    "spread": spread,
    "unaligned": unaligned,
    "byte-swapped": lambda array: array.astype(array.dtype.newbyteorder()),
    "byte-swapped Fortran": lambda array: np.asfortranarray(array.astype(array.dtype.newbyteorder())),
    "one channel repeated": lambda array: repeated(array, 1),
    "one image or filter repeated": lambda array: repeated(array, 0),
    "one row repeated": lambda array: repeated(array, 2),
    "one element repeated": lambda array: repeated(array, 0, 1, 2, 3),
}
LAID_OUT = (*with_each(padding=(1, 0, 2, 1), size=(5, 6)), small((3, 2), stride=(2, 1), dilation=(1, 2)))
LAYOUT_PAIRS = tuple(
    (layout, "plain") if number % 2 else ("plain", layout)
    for number, layout in enumerate((*LAYOUTS, *LAYOUTS, "plain"))
)
# What both together may do to one another depends on no element type.
LAYOUTS_OF_BOTH = tuple((layout, layout) for layout in LAYOUTS)


@cache
def laid_out(index: int, dtype: str, x_layout: str, weight_layout: str) -> tuple[Operands, Array]:
    x, weight, bias = LAID_OUT[index].operands(dtype)
    assert bias is not None
    x, weight = LAYOUTS[x_layout](x), LAYOUTS[weight_layout](weight)
    bias = np.ascontiguousarray(bias[::-1])[::-1].astype(weight.dtype)
    for array in (x, weight, bias):
        array.flags.writeable = False
    plain_x, plain_weight, plain_bias = (array.astype(numpy_dtype(dtype), "C") for array in (x, weight, bias))
    return (x, weight, bias), exact_result((plain_x, plain_weight, plain_bias), dtype, LAID_OUT[index].layer)


@each_algorithm
@pytest.mark.parametrize("dtype", ["float32", "float16", "complex64", "int64"])
def test_arrays_however_they_lie(name: str, dtype: str) -> None:
    for (index, case), accuracy in product(enumerate(LAID_OUT), ACCURACIES):
        plainly = attempt(name, *case.operands(dtype), accuracy=accuracy, **case.layer)
        for pair in (*LAYOUT_PAIRS, *(LAYOUTS_OF_BOTH if dtype == "float32" else ())):
            operands, expected = laid_out(index, dtype, *pair)
            out = attempt(name, *operands, accuracy=accuracy, **case.layer)
            what = (name, dtype, accuracy, pair, case)
            if out is None or plainly is None:
                assert out is plainly, what
            else:
                check(name, out, expected, operands, accuracy, what, **case.layer)


# Large enough for several blocks, tiles and threads. The judge is exact on integers.
LARGE = (
    small((3, 3), (1, 40, 36), (50, 44), 1, padding=(1, 1, 1, 1)),
    small((1, 1), (1, 96, 80), (40, 37), 2),
    small((3, 3), (48, 1, 1), (45, 38), 2, padding=(1, 1, 1, 1), padding_mode="reflect"),
    small((5, 5), (20, 1, 2), (40, 33), 1, stride=(2, 2), padding=(2, 2, 2, 2)),
    small((7, 7), (1, 3, 16), (63, 70), 1, stride=(2, 2), padding=(3, 3, 3, 3)),
    small((15, 15), (1, 1, 1), (120, 101), 1, padding=(7, 7, 7, 7), padding_mode="circular"),
    small((5, 5), (1, 1, 1), (300, 260), 1, padding=(2, 2, 2, 2)),
    small((3, 3), (1, 12, 10), (41, 40), 1, dilation=(3, 2), padding=(3, 2, 3, 2), padding_mode="replicate"),
    small((3, 3), (6, 6, 5), (39, 40), 2, padding=(1, 1, 1, 1)),
    small((3, 3), (1, 200, 12), (7, 9), 3, padding=(1, 0, 1, 1)),
    # Long rows of more than 2 MiB, the last of which is made by itself.
    small((3, 3), (14, 1, 1), (225, 170), 1, padding=(1, 1, 1, 1)),
)


@cache
def large_result(index: int, dtype: str) -> Array:
    case = LARGE[index]
    # The same integers whatever the type.
    return judged(*case.operands("float32"), **case.layer)[0].astype(dtype)


@each_algorithm
@pytest.mark.parametrize("threads", [1, 2])
def test_layers_of_many_blocks(name: str, threads: int) -> None:
    taken = 0
    for (index, case), dtype in product(enumerate(LARGE), ("float32", "int16")):
        operands = case.operands(dtype)
        for accuracy in ACCURACIES:
            out = attempt(name, *operands, accuracy=accuracy, threads=threads, **case.layer)
            if out is not None:
                what = (name, dtype, accuracy, threads, case)
                check(name, out, large_result(index, dtype), operands, accuracy, what, **case.layer)
                taken += 1
    assert taken


# The laws: `law(convolve, case, dtype)` returns whether there was anything to see.
Convolve = Callable[..., Array]
Law = Callable[[Convolve, Case, str], bool]


def draws(name: str, dtype: str, accuracy: str) -> st.SearchStrategy[Case]:
    """Return layers of the kinds that an algorithm takes."""

    def draw(kind: str, random: Random) -> Case:
        return draw_case(random, kind)

    return st.builds(draw, st.sampled_from(fitting_kinds(name, dtype, accuracy)), st.randoms(use_true_random=False))


def hold(name: str, law: Law, examples: int = 8) -> None:
    """Check that a law holds of an algorithm, wherever it takes the layer."""
    seen = sum(
        seen_of(name, law, dtype, accuracy, examples)
        for dtype, accuracy in product(("float32", "int32"), ACCURACIES)
        if fitting_kinds(name, dtype, accuracy)
    )
    assert seen >= examples / 2, f"{name}: the law was seen on {seen} layers only"


def seen_of(name: str, law: Law, dtype: str, accuracy: str, examples: int) -> int:
    """Check a law on drawn layers; return on how many there was anything to see."""
    seen = 0

    @given(draws(name, dtype, accuracy))
    @settings(max_examples=examples, suppress_health_check=[HealthCheck.too_slow])
    def on_one_layer(case: Case) -> None:
        nonlocal seen

        def convolve(*operands: Array | None, **layer: Any) -> Array:
            x, weight, *bias = operands
            assert x is not None
            assert weight is not None
            out = attempt(name, x, weight, *bias, accuracy=accuracy, **case.layer | layer)
            if out is None:
                reject()
            # What was rounded on the way is less than half off.
            return np.rint(out) if name in ROUNDING and dtype == "float32" else out

        seen += law(convolve, case, dtype)

    on_one_layer()
    return seen


@each_algorithm
def test_it_is_linear_in_the_input(name: str) -> None:
    def law(convolve: Convolve, case: Case, dtype: str) -> bool:
        x, weight, _ = case.operands(dtype)
        other = x[::-1, :, ::-1, ::-1]
        np.testing.assert_array_equal(
            convolve(x + 2 * other, weight), convolve(x, weight) + 2 * convolve(other, weight)
        )
        return True

    hold(name, law)


@each_algorithm
def test_shifting_the_input_by_a_stride_shifts_the_output_by_one(name: str) -> None:
    def law(convolve: Convolve, case: Case, dtype: str) -> bool:
        random = np.random.default_rng(case.seed)
        x = small_integers(random, (*case.x_shape[:2], case.x_shape[2] + 7, case.x_shape[3] + 7), dtype)
        _, weight, bias = case.operands(dtype)
        rows, columns = (
            size - d * (k - 1) - 1 for size, d, k in zip(x.shape[2:], case.dilation, case.weight_shape[2:], strict=True)
        )
        down, right = case.stride
        if rows < down or columns < right:
            return False
        bare = {"padding": (0, 0, 0, 0)}
        whole = convolve(x, weight, bias, **bare)
        np.testing.assert_array_equal(convolve(x[:, :, down:, right:], weight, bias, **bare), whole[:, :, 1:, 1:])
        return True

    hold(name, law)


@each_algorithm
def test_groups_are_convolutions_side_by_side(name: str) -> None:
    def law(convolve: Convolve, case: Case, dtype: str) -> bool:
        x, weight, bias = case.operands(dtype)
        # Three groups of the same kind, unless there are groups already.
        if case.groups == 1:
            x, weight = np.concatenate((x, -x, x[..., ::-1]), 1), np.concatenate((weight, weight[::-1], -weight))
            bias = None if bias is None else np.tile(bias, 3)
        groups = case.groups if case.groups > 1 else 3
        together = conv2d(x, weight, bias, **case.layer | {"groups": groups})
        biases = [None] * groups if bias is None else np.split(bias, groups)
        parts = zip(np.split(x, groups, 1), np.split(weight, groups), biases, strict=True)
        apart = [convolve(part, kernel, offset, groups=1) for part, kernel, offset in parts]
        np.testing.assert_array_equal(np.concatenate(apart, 1), together)
        grouped = convolve(x, weight, bias, groups=groups)
        np.testing.assert_array_equal(grouped, together)
        return True

    if takes_groups(name):
        hold(name, law)


def takes_groups(name: str) -> bool:
    return any(
        {"grouped", "depthwise", "any depthwise"} & {*fitting_kinds(name, dtype, accuracy)}
        for dtype, accuracy in product(("float32", "int32"), ACCURACIES)
    )


@each_algorithm
def test_padding_is_what_padding_first_would_give(name: str) -> None:
    def law(convolve: Convolve, case: Case, dtype: str) -> bool:
        x, weight, bias = case.operands(dtype)
        top, left, bottom, right = case.padding
        mode: Any = {"zeros": "constant", "replicate": "edge", "circular": "wrap"}.get(case.padding_mode, "reflect")
        padded = np.pad(x, ((0, 0), (0, 0), (top, bottom), (left, right)), mode)
        np.testing.assert_array_equal(convolve(x, weight, bias), convolve(padded, weight, bias, padding=(0, 0, 0, 0)))
        return True

    hold(name, law)


@each_algorithm
def test_all_algorithms_agree_on_whole_numbers(name: str) -> None:
    def law(convolve: Convolve, case: Case, dtype: str) -> bool:
        operands = case.operands(dtype)
        for accuracy in ACCURACIES:
            options: Any = {**case.layer, "accuracy": accuracy}
            best = conv2d(*operands, **options)
            np.testing.assert_array_equal(convolve(*operands), np.rint(best))
        return True

    hold(name, law)


@each_algorithm
@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("accuracy", ACCURACIES)
def test_an_image_in_a_batch_has_the_bits_it_has_alone(name: str, threads: int, accuracy: str) -> None:
    random = np.random.default_rng(21)
    cases = [*(case for kind in KINDS for case in drawn_cases(kind, 2)), *LARGE[:6]]
    for dtype in ("float32", "complex64", "int16"):
        taken = 0
        for case in cases:
            x, weight, bias = (
                (99 * random.standard_normal(shape)).astype(dtype)
                for shape in ((3, *case.x_shape[1:]), case.weight_shape, case.weight_shape[:1])
            )
            together = attempt(name, x, weight, bias, accuracy=accuracy, threads=threads, **case.layer)
            if together is not None:
                options: dict[str, Any] = {"accuracy": accuracy, "threads": threads}
                apart = [attempt(name, image, weight, bias, **options, **case.layer) for image in x]
                alone = b"".join(image.tobytes() for image in apart if image is not None)
                assert together.tobytes() == alone, (name, dtype, accuracy, threads, case)
                taken += 1
        assert taken or not fitting_kinds(name, dtype, accuracy)


def test_windows_one_element_wide_are_laid_out_for_blas(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Array] = []

    def multiply(_weight: Array, columns: Array, *_rest: object) -> None:
        seen.append(columns)

    monkeypatch.setattr("conv2d_cli.engine.algorithms.small.kernel.multiply", multiply)
    x, weight = np.ones((2, 8, 30, 20), np.float32), np.ones((16, 8, 5, 1), np.float32)
    conv2d(x, weight, threads=1, algorithm="small", accuracy="fast")
    (columns,) = seen
    # BLAS does not take rows that overlap: 8 channels by 2x1 on 109x109, each by itself, took twice as long.
    assert columns.strides[-2] >= columns.shape[-1] * columns.itemsize
