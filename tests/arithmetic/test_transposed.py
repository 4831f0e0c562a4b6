"""The axis of a transposed convolution, against elements that are counted out."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from conv2d_cli.arithmetic.transposed import TransposedAxis, elements_at


@st.composite
def axes(draw: st.DrawFn) -> TransposedAxis:
    stride, dilation = draw(st.integers(1, 5)), draw(st.integers(1, 4))
    return TransposedAxis(
        size=draw(st.integers(1, 7)),
        kernel=draw(st.integers(1, 5)),
        stride=stride,
        dilation=dilation,
        padding=draw(st.integers(0, 8)),
        output_padding=draw(st.integers(0, max(stride, dilation) - 1)),
    )


def scattered(axis: TransposedAxis) -> list[list[tuple[int, int]]]:
    """Return for each output the elements that it is made of, each with the tap of the kernel that takes it there."""
    made: list[list[tuple[int, int]]] = [[] for _ in range(max(0, axis.output))]
    for element in range(axis.size):
        for tap in range(axis.kernel):
            output = element * axis.stride - axis.padding + axis.dilation * tap
            if 0 <= output < len(made):
                made[output].append((element, tap))
    return made


@given(axes())
def test_the_equal_convolution_has_as_many_outputs(axis: TransposedAxis) -> None:
    assert axis.equivalent.output == axis.output


@given(axes())
def test_elements_that_no_output_is_made_of_are_at_the_ends(axis: TransposedAxis) -> None:
    made = scattered(axis)
    # Inside, taps that are further apart than the output is long may leave out more.
    read = {element for taps in made for element, _ in taps}
    ends = 0
    for order in (range(axis.size), reversed(range(axis.size))):
        for element in order:
            if element in read:
                break
            ends += 1
    if read:
        assert axis.unread <= ends
        first = [element * axis.stride for element in range(axis.size)]
        low, high = -axis.equivalent.before, axis.equivalent.size + axis.equivalent.after
        assert axis.unread == sum(not low <= place < high for place in first)


@given(axes())
def test_the_smallest_input_of_which_something_is_left(axis: TransposedAxis) -> None:
    least = axis.least_size
    assert axis._replace(size=least).output >= 1
    assert least == 1 or axis._replace(size=least - 1).output < 1


@given(axes())
def test_elements_that_a_window_reads_are_those_that_are_scattered_there(axis: TransposedAxis) -> None:
    equal = axis.equivalent
    for output, made in enumerate(scattered(axis)):
        first = output - equal.before
        places = range(first, first + equal.effective_kernel, equal.dilation)
        assert [*elements_at(places, axis.stride, axis.size)] == sorted({element for element, _ in made})


def test_sizes_that_nobody_could_count_out() -> None:
    far = 10**30
    assert elements_at(range(far + 1, 2 * far, 2), every=3, size=far) == range((far + 5) // 3, (2 * far + 2) // 3, 2)
    assert TransposedAxis(far, far, far, 1, 0, 0).output == far * far
