"""Even parts: they cover the total, are no larger than allowed, and are many enough for all workers."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from conv2d_cli.engine.planning.blocking import ceil_div, even_part, span

sizes = st.integers(1, 3000)


@given(sizes, sizes, st.integers(1, 16))
def test_parts_are_even_and_a_multiple_of_the_workers(total: int, most: int, workers: int) -> None:
    part = even_part(total, most, workers)
    assert 1 <= part <= max(1, most)
    assert part <= total
    parts = ceil_div(total, part)
    # No fewer would do, and the last is not left far smaller than the others.
    assert parts >= min(total, ceil_div(ceil_div(total, most), workers) * workers) - workers
    assert total - (parts - 1) * part >= 1


def test_some_parts() -> None:
    assert [even_part(10, most) for most in (0, 1, 3, 4, 5, 9, 10, 99)] == [1, 1, 3, 4, 5, 5, 10, 10]
    assert [even_part(10, most, 2) for most in (3, 4, 10)] == [3, 3, 5]
    assert even_part(1, 9, 2) == 1


@given(st.integers(1, 60), st.integers(1, 9), st.integers(1, 9))
def test_a_span_is_what_neighbouring_outputs_read(outputs: int, stride: int, kernel: int) -> None:
    read = {output * stride + tap for output in range(outputs) for tap in range(kernel)}
    assert span(outputs, stride, kernel) == max(read) - min(read) + 1
