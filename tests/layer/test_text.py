"""Words to integers and sizes."""

from __future__ import annotations

import pytest
from hinted import offers_of
from hypothesis import given
from hypothesis import strategies as st

from conv2d_cli.errors import ShapeError
from conv2d_cli.layer.text import argument_of, input_shape_from, input_shape_of, integers_of, is_size


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("3", 3),
        (" 3 ", 3),
        ("+3", 3),
        ("-3", -3),
        ("007", 7),
        ("3,5", (3, 5)),
        ("3x5", (3, 5)),
        ("3X5", (3, 5)),
        ("3 x 5", (3, 5)),
        ("3, -5", (3, -5)),
        ("(3, 5)", (3, 5)),
        ("[3, 5]", (3, 5)),
        ("( 3 )", (3,)),
        ("(3,)", (3,)),
        ("(3 ,)", (3,)),
        ("((3, 5))", (3, 5)),
        ("[(3, 5)]", (3, 5)),
        ("torch.Size([1, 3, 8, 9])", (1, 3, 8, 9)),
        ("Size([1, 3])", (1, 3)),
        ("torch.Size ([1, 3])", (1, 3)),
        ("1x2x3x4x5", (1, 2, 3, 4, 5)),
        ("9" * 4000, int("9" * 4000)),
        ("9" * 4001, None),
        ("", None),
        ("()", None),
        ("3,", None),
        (",3", None),
        ("3x", None),
        ("3 5", (3, 5)),
        ("1 8 30 30", (1, 8, 30, 30)),
        ("  1   8\t9 ", (1, 8, 9)),
        ("3 x5", (3, 5)),
        ("3*5", None),
        ("3\u00d75", None),
        ("3.0", None),
        ("3;5", None),
        ("three", None),
        ("(3, 5", None),
        ("(3, 5]", None),
        ("1_000", None),
        ("٣", None),
        ("--3", None),
    ],
)
def test_integers(text: str, expected: int | tuple[int, ...] | None) -> None:
    assert integers_of(text) == expected


@given(
    st.lists(st.integers(-(10**20), 10**20), min_size=2, max_size=6),
    st.sampled_from([",", "x", "X", ", ", " x ", " ", "  "]),
)
def test_whatever_is_joined_is_read_back(numbers: list[int], separator: str) -> None:
    text = separator.join(map(str, numbers))
    assert integers_of(text) == integers_of(f"({text})") == integers_of(f"[{text}]") == tuple(numbers)


def test_options_are_integers_where_they_can_be() -> None:
    assert argument_of("stride", "2x3") == (2, 3)
    assert argument_of("padding", "same") == "same"
    assert [argument_of(field, "8") for field in ("padding_mode", "device", "dtype")] == ["8", "8", "8"]
    assert argument_of("groups", "two") == "two"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        *((text, True) for text in ("224", "8x8", "(1, 3)", "-5", "1.5", "", " ", "()", "[]", "torch.Size([1])", "1x")),
        # Meant as a size, if not written as one.
        *(
            (text, True)
            for text in ("N,3,32,32", "1920*1080", "8.5", "None,3,8,8", "?x3x8x8", "1920\u00d71080", "8x8x")
        ),
        *(
            (text, True)
            for text in ("(N, 3, H, W)", "[None, 3, 8, 8]", "3x8x8.0", "-1,3,8,8", "8 8", "1 3 8 8", ".5x8", "b 8")
        ),
        *(
            (text, False)
            for text in ("-", ".", "..", "x", "x.npy", "8.npy", "./8", "./224", "a1", "8x8.png", "size", "٣")
        ),
        *(
            (text, False)
            for text in ("8x8px", "N,C,H,W", "?", "None", "nan", "1e3", "224px", "x.npy::8", "~8", "8/8", "8;8")
        ),
    ],
)
def test_what_is_a_size_and_what_a_file(text: str, expected: bool) -> None:
    assert is_size(text) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("224", (1, 3, 224, 224)),
        ("(224,)", (1, 3, 224, 224)),
        ("224x160", (1, 3, 224, 160)),
        ("5x8x9", (5, 8, 9)),
        ("2x5x8x9", (2, 5, 8, 9)),
        ("0", (1, 3, 0, 0)),
        ("0x3x8x8", (0, 3, 8, 8)),
    ],
)
def test_sizes_of_one_to_four_numbers(text: str, expected: tuple[int, ...]) -> None:
    assert input_shape_of(text, 3) == expected


EXAMPLES = "input_shape=224, 224x160, 7x224x224 (unbatched) or 8x7x224x224"


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("", EXAMPLES),
        ("()", EXAMPLES),
        ("-1", EXAMPLES),
        ("8x-8", EXAMPLES),
        ("1x2x3x4x5", EXAMPLES),
        ("8.5", EXAMPLES),
        ("eight", EXAMPLES),
        ("1920*1080", "input_shape=1920x1080"),
        ("1920\u00d71080", "input_shape=1920x1080"),
        ("8.0x8.", "input_shape=8x8"),
        ("N,3,32,32", "input_shape=1x3x32x32"),
        ("None,3,8,8", "input_shape=1x3x8x8"),
        ("?x3x8x8", "input_shape=1x3x8x8"),
        ("-1x3x8x8", "input_shape=1x3x8x8"),
        ("N,3,H,W", EXAMPLES),
        ("8x8x", "input_shape=8x8"),
    ],
)
def test_what_is_no_size_is_refused_with_what_was_meant(text: str, hint: str) -> None:
    with pytest.raises(ShapeError) as caught:
        input_shape_of(text, 7)
    assert caught.value.message == (f"SIZE {text} is not a size: one to four whole numbers, H, HxW, CxHxW or NxCxHxW")
    assert caught.value.hint == hint
    for _, value in offers_of(hint):
        assert len(input_shape_of(str(value), 7)) in {3, 4}


def test_a_long_size_is_cut_in_the_message() -> None:
    with pytest.raises(ShapeError) as caught:
        input_shape_from((), 3, "1" * 500)
    assert len(caught.value.message) < 180
