"""Errors, hints and notes: one line for a program, wrapped at blanks for a person."""

from __future__ import annotations

import re
from typing import Literal, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conv2d_cli.render.messages import message
from conv2d_cli.render.screen import Screen

Kind = Literal["error", "hint", "note"]
COMMAND = "conv2d shape 'Conv2d(3, 64, 7)' --input ./a-very-long-name-of-a-file-with-hyphens/224x224.npy [/bold]"


@pytest.mark.parametrize("kind", get_args(Kind))
def test_off_a_terminal_it_is_one_line(kind: Kind) -> None:
    assert message(kind, COMMAND, Screen(color=True)) == f"{kind}: {COMMAND}\n"


def test_on_a_terminal_lines_stand_under_one_another() -> None:
    assert message("hint", "-s 2, or -s 2x1 for H and W, as in a layer", Screen(40)) == (
        "hint:  -s 2, or -s 2x1 for H and W, as\n       in a layer\n"
    )
    assert message("error", "a → b", Screen(40, unicode=False)) == "error: a -> b\n"


@pytest.mark.parametrize("screen", [Screen(), Screen(40), Screen(40, color=True)])
def test_control_characters_are_spelled(screen: Screen) -> None:
    # A name with a newline would pass for an error of its own.
    text = message("note", "a name\nerror: b\x1b]0;title\x07", screen)
    assert text.count("\n") == 1
    assert r"a name\nerror: b\x1b]0;title\x07" in text


@given(st.integers(1, 120), st.sampled_from(get_args(Kind)))
def test_no_word_is_broken_and_nothing_cut(width: int, kind: Kind) -> None:
    text = message(kind, COMMAND, Screen(width))
    assert text.split() == [f"{kind}:", *COMMAND.split()]
    longest = max(map(len, text.split()))
    assert all(len(line) <= max(width, longest + 7) for line in text.splitlines())


@pytest.mark.parametrize(("kind", "code"), [("error", "1;31"), ("hint", "1;36"), ("note", "33")])
def test_the_kind_is_colored(kind: Kind, code: str) -> None:
    text = message(kind, COMMAND, Screen(60, color=True))
    assert text.startswith(f"\x1b[{code}m{kind}:\x1b[0m ")
    assert re.sub(r"\x1b\[[\d;]*m", "", text) == message(kind, COMMAND, Screen(60))


def test_codes_in_a_name_are_spelled_on_a_terminal() -> None:
    assert message("error", "a\x1b[2Jb", Screen(80)) == "error: a\\x1b[2Jb\n"


@pytest.mark.parametrize("width", [10, 40, 100])
def test_code_in_quotes_is_one_line_that_can_be_copied(width: int) -> None:
    command = 'several: python -c "import sys, numpy; f = open(sys.argv[1])" x.npy x-1.npz'
    assert message("hint", command, Screen(width)) == f"hint:  {command}\n"


@pytest.mark.parametrize("word", ["x", "a ", "\x1b", "é\n"])
@pytest.mark.parametrize("width", [None, 80])
def test_of_a_megabyte_the_ends_are_said_and_half_a_hint_is_none(word: str, width: int | None) -> None:
    long = word * (1_000_000 // len(word))
    shown = message("error", f"--stride {long}: no stride", Screen(width))
    assert len(shown) < 3000
    assert shown.startswith("error: --stride")
    assert shown.rstrip().endswith("no stride")
    assert message("hint", f"conv2d shape {long}", Screen(width)).split() == ["hint:", "conv2d", "--help"]
