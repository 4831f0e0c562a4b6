"""No name in a file reaches a terminal as a code that it obeys; programs get every name exactly."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from forked import conv2d
from safetensors.numpy import save_file
from terminal import PROGRAM

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

NAMES = (
    "a\x1b]0;title\x07b", "a\x1b[31mred", "\x1b[2J", "a\x9b31mb", "a\x85b", "a\x7fb", "a\bb", "a\rb", "a\nb", "a\tb",
    "a\u202eb", "a\u2066b\u2069", "a\u2028b", "a\u200bb", "a\x00b"[:1] + "\x01b", "é\x1b",
)  # fmt: skip
PEOPLE = ("table", "plain", "markdown")


def npz(folder: Path, name: str) -> str:
    tensors: dict[str, Any] = {name: np.ones(1, np.float32), "other": np.ones(1)}
    np.savez(folder / "t.npz", **tensors)
    return "t.npz"


def safetensors(folder: Path, name: str) -> str:
    save_file({name: np.ones(1, np.float32), "other": np.ones(1)}, folder / "t.safetensors")
    return "t.safetensors"


def file(folder: Path, name: str) -> str:
    np.save(folder / f"{name}.npy", np.ones(1, np.float32))
    return f"{name}.npy"


CARRIERS: tuple[Callable[[Path, str], str], ...] = (npz, safetensors, file)


def controls(text: str) -> set[str]:
    return {sign for sign in text if not sign.isprintable() and sign != "\n"}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("carrier", CARRIERS)
def test_people_see_names_spelled_and_programs_get_them(
    tmp_path: Path, carrier: Callable[[Path, str], str], name: str
) -> None:
    typed = carrier(tmp_path, name)
    spelled = repr(name)[1:-1]
    for format_name in PEOPLE:
        done = conv2d("info", typed, "--format", format_name, folder=tmp_path, COLUMNS="200")
        assert (done.code, controls(done.out), done.err) == (0, set(), "")
        wanted = spelled.replace("\\", "\\\\") if format_name == "markdown" else spelled
        assert wanted in done.out
    key = "file" if carrier is file else "name"
    records = json.loads(conv2d("info", typed, "--json", folder=tmp_path).out)
    given = f"{name}.npy" if carrier is file else name
    assert given in [record[key] for record in ([records] if isinstance(records, dict) else records)]
    rows = csv.DictReader(io.StringIO(conv2d("info", typed, "--format", "csv", folder=tmp_path).out, newline=""))
    assert given in [row[key] for row in rows]
    assert f"{given}\n" in conv2d("info", typed, "--get", key, folder=tmp_path).out


@pytest.mark.parametrize("name", NAMES)
def test_errors_hints_and_notes_are_spelled(tmp_path: Path, name: str) -> None:
    npz(tmp_path, name)
    np.save(tmp_path / "x.npy", np.ones((1, 3, 8, 8), np.float32))
    for arguments in (
        ("run", "t.npz", "3", "8", "3"),
        ("run", f"t.npz::{name}x", "3", "8", "3"),
        ("info", name),
        ("shape", "3", "8", name),
        ("shape", "3", "8", "3", "-s", name),
        ("shape", f"Conv2d(3, 8, 3, {name}=1)"),
        ("shape", "3", "8", "3", f"--{name}"),
        ("run", "x.npy", "3", "8", "3", "-o", f"{name}.npy"),
        ("run", "x.npy", "3", "8", "3", "-o", name),
        ("run", "x.npy", "--weight", f"[[{name}]]"),
        (name,),
        ("help", name),
    ):
        done = conv2d(*arguments, folder=tmp_path)
        assert controls(done.err + done.out) == set(), (arguments, done)
        assert done.code in {0, 2, 3, 4}
        assert done.err.count("\n") <= 4


@pytest.mark.skipif(os.name == "nt", reason="terminals of POSIX")
@pytest.mark.parametrize("arguments", [("--get", "name"), ("--format", "csv"), ("--format", "tsv"), ()])
def test_on_a_terminal_exact_formats_are_spelled_too(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    import pty

    npz(tmp_path, "a\x1b]0;title\x07b\x9bc")
    ours, theirs = pty.openpty()
    with subprocess.Popen([*PROGRAM, "info", "t.npz", *arguments], stdout=theirs, cwd=tmp_path) as process:
        os.close(theirs)
        shown = b""
        while True:
            try:
                part = os.read(ours, 65536)
            except OSError:
                break
            if not part:
                break
            shown += part
        assert process.wait(timeout=60) == 0
    os.close(ours)
    assert b"a\\x1b]0;title\\x07b\\x9bc" in shown
    assert b"\x1b]" not in shown


@pytest.mark.skipif(sys.platform != "linux", reason="names that are no text")
@pytest.mark.parametrize("encoding", ["utf-8:strict", "ascii:strict", "latin-1:strict"])
def test_names_that_are_no_text(tmp_path: Path, encoding: str) -> None:
    name = "é\udcff.npy"
    np.save(tmp_path / name, np.ones(1, np.float32))

    def shown(*arguments: str) -> Any:
        done = subprocess.run(
            [*PROGRAM, "info", name, *arguments],
            capture_output=True,
            check=False,
            cwd=tmp_path,
            env=os.environ | {"PYTHONIOENCODING": encoding},
            timeout=60,
        )
        assert (done.returncode, done.stderr) == (0, b"")
        return done.stdout

    e = {"utf-8": "é".encode(), "ascii": b"\\xe9", "latin-1": b"\xe9"}[encoding.partition(":")[0]]
    assert shown("--get", "file") == e + b"\xff.npy\n"
    assert e + b"\\udcff.npy" in shown("--format", "plain")
    assert json.loads(shown("--json"))["file"] == name


@pytest.mark.parametrize(
    ("arguments", "environment"),
    [
        (("shape", "Conv2d" + ".a" * 990 + "(3, 8, 3)"), {}),
        (("shape", "a." * 900 + "x = Conv2d(3, 8, 3)"), {}),
        (("shape", "Conv2d(" + "(" * 150 + "3" + ")" * 150 + ", 8, 3)"), {}),
        (("shape", "Conv2d(" + "-" * 900 + "3, 8, 3)"), {}),
        (("shape", "Conv2d(" + "1+" * 900 + "3, 8, 3)"), {}),
        (("shape", "3", "8", "9" * 700), {"PYTHONINTMAXSTRDIGITS": "640"}),
        (("shape", "3", "8", "3", "-i", "9" * 700), {"PYTHONINTMAXSTRDIGITS": "640"}),
        (("shape", "3", "8", "9" * 5000), {"PYTHONINTMAXSTRDIGITS": "0"}),
        (("run", "["), {}),
        (("run", "*[!", "3", "8", "3", "-o", "out"), {}),
    ],
)
def test_odd_text_is_no_fault_of_ours(tmp_path: Path, arguments: tuple[str, ...], environment: dict[str, str]) -> None:
    done = subprocess.run(
        [*PROGRAM, *arguments], capture_output=True, check=False, cwd=tmp_path, env=os.environ | environment, timeout=60
    )
    assert done.returncode in {0, 2, 4}, done.stderr
    assert b"a fault of conv2d" not in done.stderr


@pytest.mark.parametrize("pattern", ["**.npy", "a**", "***", "*a*.npy", "**a**.npy", "****"])
def test_several_stars_are_one_as_in_a_shell(tmp_path: Path, pattern: str) -> None:
    np.save(tmp_path / "a.npy", np.ones((1, 3, 8, 8), np.float32))
    done = conv2d("run", pattern, "3", "8", "3", "-q", "-o", "out", folder=tmp_path)
    assert (done.code, (tmp_path / "out" / "a.npy").exists()) == (0, True), done.err


def test_a_line_of_many_arguments_is_read_once(tmp_path: Path) -> None:
    # Its source was cut into lines for each of them.
    line = "Conv2d(3, 8, 3, " + ", ".join(f"k{number}=é" for number in range(140)) + ")\n"
    (tmp_path / "lines.txt").write_text(line * 2, "utf-8")
    done = conv2d("shape", "--from", "lines.txt", folder=tmp_path)
    assert done.code == 2
    for number, record in enumerate(map(json.loads, done.out.splitlines()), 1):
        assert (record["line"], all(f"k{one}" in record["error"] for one in range(140))) == (number, True)
