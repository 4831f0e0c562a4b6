"""Text that nobody types by accident: long, deep, of other alphabets, or a program: refused at once, in a few words."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np
import pytest
from forked import conv2d

from conv2d_cli.errors import Conv2dError
from conv2d_cli.layer.expression import layer_of_expression
from conv2d_cli.layer.text import input_shape_of, is_size
from conv2d_cli.tensors.matching import is_many, matched

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

# More than Linux takes in one word.
LONG = 131_000
SECONDS = 2.0
MOST_SAID = 2500


def refused(act: Callable[[], object]) -> bool:
    """Whether an act ends in an error of ours, soon and in not too many words."""
    started, error = time.process_time(), fault_of(act)
    assert time.process_time() - started < SECONDS
    return error is not None and error.exit_code == 2 and len(error.message) < 4 * MOST_SAID


def fault_of(act: Callable[[], object]) -> Conv2dError | None:
    try:
        act()
    except Conv2dError as error:
        return error
    return None


NO_LAYER = [
    "Conv2d(" + "(" * 950 + "3" + ")" * 950 + ", 8, 3)",
    "Conv2d(" + "[" * 99 + "]" * 99 + ", 8, 3)",
    "(" * 100_000,
    "Conv2d" + "(" * 50_000 + ")" * 50_000,
    "[" * 50_000 + "Conv2d(3, 8, 3)" + "]" * 50_000,
    "Conv2d" + "()" * 900,
    "Conv2d" + ".a" * 990 + "(3, 8, 3)",
    "Conv2d." * 200 + "(3, 8, 3)",
    "torch.nn." * 200 + "Conv2d(3, 8, 3)",
    "Conv2d(x" + "[0]" * 600 + ", 8, 3)",
    "Conv2d(x" + "()" * 900 + ", 8, 3)",
    "Conv2d(3, 8, 3, padding=a" + ".a" * 900 + ")",
    "Conv2d(" + "-" * 1900 + "3, 8, 3)",
    "Conv2d(" + "~" * 1900 + "3, 8, 3)",
    "Conv2d(" + "not " * 450 + "3, 8, 3)",
    "Conv2d(" + "3**" * 600 + "1, 8, 3)",
    "Conv2d(" + "lambda:" * 270 + "3, 8, 3)",
    "Conv2d(" + "3 if 1 else " * 160 + "3, 8, 3)",
    "Conv2d(3" + "<3" * 900 + ", 8, 3)",
    "Conv2d(3" + " or 3" * 380 + ", 8, 3)",
    "Conv2d(3, 8, " + "{" * 500 + ")",
    "Conv2d(2**64**64**64, 8, 3)",
    "Conv2d(9**64*9**64, 8, 3)",
    "Conv2d(" + "*".join(["9" * 300] * 6) + ", 8, 3)",
    "Conv2d(1<<1000000, 8, 3)",
    "Conv2d(2**-1, 8, 3)",
    "Conv2d(2**10000000, 8, 3)",
    "Conv2d(3%0, 8, 3)",
    "Conv2d(3//0, 8, 3)",
    "Conv2d(3/1, 8, 3)",
    "Conv2d(0x" + "f" * 1900 + ", 8, 3)",
    "Conv2d(" + "1" * 1900 + ", 8, 3)",
    "Conv2d(1e400, 8, 3)",
    "Conv2d(1e" + "9" * 1900 + ", 8, 3)",
    "Conv2d(3, 8, 3, stride=(" + "1," * 900 + "))",
    "Conv2d(" + "3," * 900 + ")",
    "Conv2d(\u0663, 8, 3)",
    "Conv2d(\uff13,\uff18,\uff13)",
    "Conv2d\uff083,8,3\uff09",
    "Conv2d(3\uff0c8\uff0c3)",
    "Conv2d(\xb2, 8, 3)",
    "Conv2d(3, 8, \U0001d7d1)",
    "Conv2d(3, 8, 3, stride=2, \uff53\uff54\uff52\uff49\uff44\uff45=2)",
    "nn\uff0eConv2d(3, 8, 3)",
    "Conv2d\xa0(3, 8, 3)",
    "\u200bConv2d(3, 8, 3)",
    "Conv2d(3, \0 8, 3)",
    "\0Conv2d(3, 8, 3)",
    "Conv2d(3, 8, 3)\0",
    'Conv2d(f"{3}", 8, 3)',
    "Conv2d(lambda: 3, 8, 3)",
    "Conv2d((a := 3), 8, 3)",
    "Conv2d(*[3, 8, 3])",
    "Conv2d(*(3,)*3)",
    'Conv2d(**{"a": 1})',
    "Conv2d([x for x in (3,)], 8, 3)",
    "Conv2d((x for x in y), 8, 3)",
    "Conv2d({3}, 8, 3)",
    "Conv2d({3: 3}, 8, 3)",
    'Conv2d(__import__("os").system("touch pwned"), 8, 3)',
    '__import__("os").system("touch pwned")',
    'Conv2d(open("pwned", "w"), 8, 3)',
    'Conv2d(3, 8, 3, device=__import__("os").system("touch pwned"))',
    "Conv2d(3, 8, 3).__class__",
    "Conv2d(3, 8, 3)(4)",
    "Conv2d(3, 8, 3)[0]",
    "(lambda: Conv2d)(3, 8, 3)",
    "Conv2d(3, 8, 3) # " + "c" * LONG,
    "# " + "c" * LONG + "\nConv2d(3, 8, 3)",
    '"""' + "a" * 1000 + '"""',
    "Conv2d('''" + "a" * 1000 + "''', 8, 3)",
    'Conv2d("""3""", 8, 3)',
    'Conv2d(3, 8, "' + "\\x00" * 400 + '")',
    'Conv2d(b"3", 8, 3)',
    "Conv2d(3j, 8, 3)",
    "Conv2d(..., 8, 3)",
    "Conv2d(None, 8, 3)",
    "Conv2d(True, 8, 3)",
    "Conv2d(03, 8, 3)",
    "Conv2d(3, 8, 3);import os",
    "a += Conv2d(3, 8, 3)",
    "if 1: Conv2d(3, 8, 3)",
    "await Conv2d(3, 8, 3)",
    "yield Conv2d(3, 8, 3)",
    "return Conv2d(3, 8, 3)",
    "del Conv2d(3, 8, 3)",
    "print(Conv2d(3, 8, 3))",
    "@Conv2d(3, 8, 3)\ndef f(): pass",
    "Conv2d\r(3, 8, 3)",
    'Conv2d(3, 8, 3, device="' + "x" * 1900 + '")',
    "Conv2d(3, 8, 3, " + "x" * 1900 + "=1)",
    'Conv2d(3, 8, 3, padding_mode="' + "y" * 1900 + '")',
    "Conv2d(3, 8, 3, dtype=torch." + "y" * 1900 + ")",
    "Conv2d(3, 8, 3, " + ", ".join(f"k{i}=1" for i in range(250)) + ")",
    "Conv2d(3, 8, 3, " + ", ".join(["stride=1"] * 150) + ")",
    "Conv2d" * 300,
    "x" * 1900 + "(Conv2d)",
    "Conv2d(a.b.c.d, 8, 3)",
    'Conv2d(3, 8, 3, device=torch.device("' + "c" * 1800 + '"))',
    "Conv2d(3, 8, 3, padding=\ud800)",
    'Conv2d(3, 8, 3, padding="\udcff")',
    'Conv2d(3, 8, 3, padding="\\ud800")',
    'Conv2d(3, 8, 3, padding_mode="\\udc80")',
    'Conv2d(3, 8, 3, device="\\udfff")',
    'Conv2d(3, 8, 3, dtype="\\ud800")',
    'Conv2d(3, 8, 3, padding="\\N{x}")',
    "Conv2d(3, 8, 3 3)",
    "match Conv2d(3, 8, 3):",
    "Conv2d(3, 8, 3)" * 100,
    "Conv2d(3, 8, 3)\n" * 100,
    '"a": ' * 300 + "Conv2d(3, 8, 3)",
    "(a): " * 300 + "Conv2d(3, 8, 3)",
    ">>> " * 300 + "Conv2d(3, 8, 3)",
    "Conv2d(3, 8, 3" + " " * LONG + ")",
    "Conv2d(" + "\n" * 1999 + "3, 8, 3)",
    "'" * 1999,
    "(" * 1000 + "Conv2d(3, 8, 3)" + ")" * 900,
    "(a):" + " " * LONG + "Conv2d(",
    " " * LONG,
]


@pytest.mark.parametrize("text", NO_LAYER, ids=range(len(NO_LAYER)))
def test_no_layer(text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert refused(lambda: layer_of_expression(text))
    assert not any(tmp_path.iterdir())


@pytest.mark.parametrize(
    "word",
    [
        "(",
        ")",
        "()",
        "[",
        "1,",
        "1x",
        "1 ",
        " ",
        "\n",
        "-",
        ".",
        "x",
        "1",
        "*",
        "?",
        "\u0663",
        "Size",
        "Size(",
        "None",
        "N,",
        "\xd7",
        "\0",
    ],
)
def test_sizes(word: str) -> None:
    text = word * (LONG // len(word))
    assert refused(lambda: (is_size(text), input_shape_of(text, 3)))
    halves = "(" * (LONG // 2) + word + ")" * (LONG // 2)
    refused(lambda: (is_size(halves), input_shape_of(halves, 3)))


OPTIONS = (
    "-s",
    "--padding",
    "-d",
    "-g",
    "--padding-mode",
    "--device",
    "--dtype",
    "-i",
    "--format",
    "--get",
    "--color",
    "--weight",
    "--layout",
)
OF_RUN = (
    "--input-shape",
    "--cast",
    "--max-pixels",
    "--mean",
    "--seed",
    "--threads",
    "--memory-limit",
    "--algorithm",
    "-o",
    "--save-parameters",
    "--bias",
)
WORDS = ("x" * LONG, "1," * (LONG // 2), " " * LONG, "\x1b" * (LONG // 4))
LINES: list[tuple[str, ...]] = [
    *(("shape", "3", "8", "3", option, word) for option in OPTIONS for word in WORDS[:3]),
    *(("run", "x.npy", "3", "8", "3", option, WORDS[number % 4]) for number, option in enumerate(OF_RUN)),
    *((word,) for word in WORDS),
    *(("shape", word) for word in WORDS),
    *(("info", word) for word in WORDS[:2]),
    *(("help", word) for word in WORDS[:2]),
    *(("run", word, "3", "8", "3") for word in WORDS[:2]),
    *(("shape", "3", "8", "3", f"--{word}") for word in WORDS[:2]),
    ("shape", "3", "8", "3", "-" + "x" * LONG),
    ("shape", *["3"] * 10_000),
    ("run", *["x.npy"] * 10_000),
    ("info", *["x.npy"] * 10_000),
    ("x",) * 10_000,
    ("shape",) * 10_000,
    ("shape", "3", "8", "3", *["--strid", "x"] * 5000),
    ("shape", "3", "8", "3", *["--size", "8"] * 3000),
    ("shape", "3", "8", "3", *["--kernel-size", "x"] * 3000),
    ("shape", "3", "8", "3", *["--bias", "x"] * 3000),
    ("help", *["x"] * 10_000),
    ("version", *["x"] * 10_000),
    ("bench", *["3"] * 10_000),
    ("bench", "--engines", "torch," * 20_000),
    ("run", "x.npy", "--weight", "[" * LONG),
    ("run", "x.npy", "--weight", "[" * 900 + "1" + "]" * 900),
    ("run", "x.npy", "--weight", "[[" + "9" * 60_000 + "]]"),
    ("run", "x.npy", "--weight", "[[" + "1," * 60_000 + "1]]"),
    ("run", "x.npy", "--weight", "[[" + "-" * 90_000 + "1]]"),
    ("run", "x.npy", "--weight", "((" + "(" * 90_000),
    ("run", "x.npy", "--weight", '[[__import__("os")]]'),
    ("run", "x.npy", "--weight", "[[1e400]]"),
    ("run", "x.npy", "--weight", "[[\0]]"),
    ("shape", "3", "8", "3", "-p", "\udcff"),
    ("shape", "3", "8", "3", "--device", "\udcff"),
    ("shape", "3", "8", "\udcff"),
    ("shape", "3", "8", "3", "--padding-mode", "\udcff"),
    ("shape", "3", "8", "3", "--dtype", "\udcff"),
]


@pytest.mark.parametrize("number", range(len(LINES)))
def test_lines(number: int, tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.ones((1, 3, 8, 8), np.float32))
    started = time.monotonic()
    done = conv2d(*LINES[number], folder=tmp_path)
    assert done.code in {2, 3, 4}, done.err[:MOST_SAID]
    assert "conv2d itself" not in done.err
    first = done.err.partition("\n")[0]
    assert first.startswith("error: ")
    assert len(first) < MOST_SAID
    # A machine may be busy with others.
    assert time.monotonic() - started < 5 * SECONDS
    assert [path.name for path in tmp_path.iterdir()] == ["x.npy"]


@pytest.fixture(scope="module")
def many_names(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("names")
    for number in range(1000):
        (folder / f"{'a' * (number % 100)}{number}").touch()
    return folder


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("*" * 250, 1000),
        ("*a" * 60 + "*", 400),
        ("*a" * 100 + "b", 0),
        ("a*" * 90 + "b", 0),
        ("?*" * 50 + "x", 0),
        ("[", 0),
        ("[!", 0),
        ("[]]", 0),
        ("[!]]*", 1000),
        ("[a-z]*", 990),
        ("[z-a]*", 0),
        ("[[:alpha:]]*", 0),
        ("*[0-9]", 1000),
        ("**/*", 1000),
        ("**/**/**/*", 1000),
        ("**/" * 30 + "*", 1000),
        ("\\*", 0),
        ("*\n", 0),
        ("*(a", 0),
        ("(a+)+*$", 0),
        ("a" * 300 + "*", 0),
        ("[" * 500, 0),
        ("[^a]*", None),
    ],
)
def test_patterns(many_names: Path, pattern: str, found: int | None) -> None:
    started = time.process_time()
    if not is_many(str(many_names / pattern)):
        # Longer than a name may be.
        assert (found, len(pattern) > 255) == (0, True)
        return
    files: list[Path] = []
    error = fault_of(lambda: files.extend(matched(str(many_names / pattern))[1]))
    assert time.process_time() - started < SECONDS
    assert found is None or len(files) == found
    assert error is None or error.exit_code == 4
