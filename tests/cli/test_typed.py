"""A command line as it was typed: what is an operand, what an option, and the line again with something mended."""

from __future__ import annotations

import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conv2d_cli.cli.typed import Option, Typed, is_option, normal

TAKES = {
    **dict.fromkeys(("--stride", "-s", "--padding-mode", "--padding", "-p", "--input", "-i", "--from"), True),
    **dict.fromkeys(("--no-bias", "--verbose", "-v", "-q", "--json"), False),
}


def typed(line: str, command: str = "shape") -> Typed:
    return Typed(command, tuple(shlex.split(line)), TAKES)


@pytest.mark.parametrize(
    ("line", "operands", "options"),
    [
        ("3 64 7", [0, 1, 2], []),
        ("3 64 7 -s 2", [0, 1, 2], [Option("-s", (3, 4), "2")]),
        ("-s 2 3 64 7", [2, 3, 4], [Option("-s", (0, 1), "2")]),
        ("3 -s2 64 7", [0, 2, 3], [Option("-s", (1,), "2")]),
        ("3 64 7 -vs2", [0, 1, 2], [Option("-s", (3,), "2")]),
        ("3 64 7 -vs 2", [0, 1, 2], [Option("-s", (3, 4), "2")]),
        ("3 64 7 -vqs 2 -v", [0, 1, 2], [Option("-s", (3, 4), "2"), Option("-v", (5,), None)]),
        ("3 64 7 -vq", [0, 1, 2], [Option("-v", (3,), None)]),
        ("3 64 7 --stride=2", [0, 1, 2], [Option("--stride", (3,), "2")]),
        ("3 64 7 --stride=", [0, 1, 2], [Option("--stride", (3,), "")]),
        ("3 64 7 --stride 2", [0, 1, 2], [Option("--stride", (3, 4), "2")]),
        ("3 64 7 --padding_mode reflect", [0, 1, 2], [Option("--padding_mode", (3, 4), "reflect")]),
        ("3 64 7 --padding_mode=reflect", [0, 1, 2], [Option("--padding_mode", (3,), "reflect")]),
        ("--no-bias 3 64 7 --json", [1, 2, 3], [Option("--no-bias", (0,), None), Option("--json", (4,), None)]),
        ("--no_bias 3 64 7", [1, 2, 3], [Option("--no_bias", (0,), None)]),
        # Numbers are no options, and an option takes what follows, whatever it looks like.
        ("3 64 -1", [0, 1, 2], []),
        ("3 64 -.5", [0, 1, 2], []),
        ("3 64 -1x3 -s -1", [0, 1, 2], [Option("-s", (3, 4), "-1")]),
        ("- 3 64 7", [0, 1, 2, 3], []),
        ("--from -", [], [Option("--from", (0, 1), "-")]),
        ("3 64 7 -i -5", [0, 1, 2], [Option("-i", (3, 4), "-5")]),
        # Behind `--` there are only operands.
        ("-v -- -s 2", [2, 3], [Option("-v", (0,), None)]),
        ("3 -- --stride", [0, 2], []),
        # What the command does not have takes the next word, unless that is an option.
        ("3 64 7 --size 224", [0, 1, 2], [Option("--size", (3, 4), "224")]),
        ("3 64 --kernel-size=7 -k 7", [0, 1], [Option("--kernel-size", (2,), "7"), Option("-k", (3, 4), "7")]),
        ("3 64 7 --nonsense -v", [0, 1, 2], [Option("--nonsense", (3,), None), Option("-v", (4,), None)]),
        ("3 64 7 --nonsense", [0, 1, 2], [Option("--nonsense", (3,), None)]),
        ("3 64 7 -s", [0, 1, 2], [Option("-s", (3,), None)]),
        ("", [], []),
    ],
)
def test_operands_and_options(line: str, operands: list[int], options: list[Option]) -> None:
    words = typed(line)
    assert words.operands() == operands
    assert [*words.options()] == options


@pytest.mark.parametrize(
    ("line", "spelled"),
    [
        ("3 64 7 -s two", "-s two"),
        ("3 64 7 -stwo", "-stwo"),
        ("3 64 7 --stride two", "--stride two"),
        ("3 64 7 --stride=two", "--stride=two"),
        ("3 64 7 -s 1 --stride two", "--stride two"),
        ("3 64 7 --stride two -s 1", "-s 1"),
        ("3 64 7 -vs two", "-vs two"),
        ("3 64 7 -s '(2, 1)'", "-s (2, 1)"),
        ("3 64 7 -p 2", None),
    ],
)
def test_an_option_is_told_as_it_was_typed_and_the_last_one_counts(line: str, spelled: str | None) -> None:
    assert typed(line).spelled(("-s", "--stride")) == spelled


def test_torch_s_spelling_is_the_same_option() -> None:
    assert normal("--padding_mode") == "--padding-mode"
    assert normal("-s_") == "-s_"
    words = typed("3 64 7 --padding_mode mirror")
    assert words.spelled(("--padding-mode",)) == "--padding_mode mirror"
    found = words.option(("--padding-mode",))
    assert found == Option("--padding_mode", (3, 4), "mirror")


def test_the_line_again_with_words_replaced_left_out_and_added() -> None:
    words = typed("3 64 7.0 -s two")
    assert words.line({}) == "conv2d shape 3 64 7.0 -s two"
    assert words.line({2: ["7"]}) == "conv2d shape 3 64 7 -s two"
    assert words.line({3: None, 4: None}, "-s", "2") == "conv2d shape 3 64 7.0 -s 2"
    assert words.line({2: ["7", "-p", "1"]}) == "conv2d shape 3 64 7 -p 1 -s two"
    assert typed("'Conv2d(3, 64, 7)' -i 'my file.npy'").line({}) == "conv2d shape 'Conv2d(3, 64, 7)' -i 'my file.npy'"


def test_the_line_without_some_options_and_without_operands() -> None:
    words = typed("3 64 7 --from layers.txt -s 2 --json -i 224")
    assert words.without("-s", "--stride", "--json", operands=True) == "conv2d shape --from layers.txt -i 224"
    assert words.without("--from", "-i") == "conv2d shape 3 64 7 -s 2 --json"
    assert typed("--from=layers.txt --get macs").without("--get") == "conv2d shape --from=layers.txt"


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        *((word, True) for word in ("-s", "-s2", "--stride", "--stride=2", "-vs", "--", "-x1", "---")),
        *((word, False) for word in ("-", "-1", "-1x3", "-.5", "", "3", "x", "x-s")),
    ],
)
def test_what_is_an_option(word: str, expected: bool) -> None:
    assert is_option(word) is expected


words = st.lists(
    st.sampled_from(
        ["3", "-1", "-", "--", "-s", "-s2", "-vs", "-v", "--stride", "--stride=2", "--json", "-z", "--x", ""]
    ),
    max_size=8,
)


@given(words)
def test_every_word_is_an_operand_or_an_option_s_and_none_is_both(line: list[str]) -> None:
    found = Typed("shape", tuple(line), TAKES)
    operands = found.operands()
    taken = [position for option in found.options() for position in option.positions]
    assert sorted(operands + taken) == [
        position for position, word in enumerate(line) if word != "--" or position in taken
    ]
    assert shlex.split(found.line({})) == ["conv2d", "shape", *line]
