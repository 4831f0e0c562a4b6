"""Pictures of an axis: to scale, with a break, with the taps of a dilated kernel, or none."""

# ruff: noqa: RUF001 - the signs of arithmetic are meant

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from conv2d_cli.render.drawing.axis import Axis
from conv2d_cli.render.drawing.bar import picture
from conv2d_cli.render.drawing.explanation import explanation, formula


def axis(size: int, kernel: int, stride: int = 1, padding: tuple[int, int] = (0, 0), dilation: int = 1) -> Axis:
    effective = dilation * (kernel - 1) + 1
    left = sum(padding) + size - effective
    unused = max(0, left % stride - padding[1])
    return Axis(size, *padding, kernel, dilation, stride, effective, left // stride + 1, unused)


def drawn(one: Axis, room: int = 40) -> list[str] | None:
    lines = picture(one, room)
    return None if lines is None else ["".join(span.text for span in line) for line in lines]


def test_a_small_axis_is_drawn_to_scale_with_all_windows() -> None:
    assert drawn(axis(7, 3, 1, (1, 1))) == ["░███████░", "└─┘└─┘└─┘", " └─┘└─┘", "  └─┘└─┘"]
    assert drawn(axis(8, 2, 2)) == ["████████", "└┘└┘└┘└┘"]
    assert drawn(axis(5, 1, 2)) == ["█████", "│ │ │"]
    assert drawn(axis(5, 5)) == ["█████", "└─5─┘"]


def test_dilated_kernels_show_their_taps() -> None:
    assert drawn(axis(7, 4, dilation=2)) == ["███████", "└─·─·─┘"]
    assert drawn(axis(7, 3, dilation=3)) == ["███████", "└──·──┘"]


def test_rows_that_no_window_reaches_are_marked() -> None:
    assert drawn(axis(10, 3, 4)) == ["███████▒▒▒", "└─┘ └─┘"]
    assert drawn(axis(6, 3, 4, (0, 1))) == ["██████░", "└─┘ └─┘"]


def test_a_large_axis_has_a_break() -> None:
    assert drawn(axis(224, 7, 2, (3, 3))) == [
        "░░░████████████████ … ███████████████░░░",
        "└─ 7 ─┘                         └─ 7 ─┘",
        "  └─ 7 ─┘           …",
    ]
    assert drawn(axis(100, 2, 2), 20) == ["█████████ … ████████", "└┘└┘      …       └┘"]


def test_there_is_no_picture_where_it_would_show_nothing() -> None:
    assert drawn(axis(224, 16)) is None
    assert drawn(axis(0, 1, padding=(2, 2))) is None
    assert drawn(axis(224, 7, 2, (3, 3)), 12) is None
    assert drawn(axis(224, 7, 2, (100, 100))) is None
    assert drawn(axis(10**30 + 50, 7, 10**29, (3, 3))) is None


@given(
    st.integers(1, 10**30),
    st.integers(1, 15),
    st.integers(1, 60),
    st.integers(0, 9),
    st.integers(0, 9),
    st.integers(4, 60),
)
def test_a_picture_fits_its_room(size: int, kernel: int, stride: int, before: int, after: int, room: int) -> None:
    one = axis(size + kernel, kernel, stride, (before, after))
    lines = drawn(one, room)
    if lines is not None:
        assert max(map(len, lines)) <= room
        assert len({line for line in lines if not line.strip()}) == 0


def test_the_formula_has_the_numbers_in_it() -> None:
    one = axis(224, 7, 2, (3, 3))
    words = ["".join(span.text for span in line) for line in explanation(one, "rows", ", columns alike")]
    assert words == ["3 + 224 + 3 = 230 rows, columns alike", "a window of 7, every 2", "(230 − 7) // 2 + 1 = 112"]
    assert "".join(span.text for span in formula(one)) == "(3+224+3 − 7) // 2 + 1 = 112"
    assert explanation(axis(9, 3, dilation=2), "columns")[1][0].text == ("3 taps 2 apart: a window of 5, every column")
    assert formula(axis(9, 3))[0].text == "(9 − 3) // 1 + 1 = "
