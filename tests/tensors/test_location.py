"""Where a tensor is, as people type it."""

from __future__ import annotations

from pathlib import Path

import pytest

from conv2d_cli.tensors.location import Location, input_location, is_stream, output_location


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("-", Location("-", None, None, None)),
        ("npy:-", Location("npy:-", None, None, "npy")),
        ("npz:-", Location("npz:-", None, None, "npz")),
        ("x.npy", Location("x.npy", Path("x.npy"), None, None)),
        ("x.npz::conv1", Location("x.npz::conv1", Path("x.npz"), "conv1", None)),
        ("a::b.npz::conv1", Location("a::b.npz::conv1", Path("a::b.npz"), "conv1", None)),
        ("gif:-", Location("gif:-", Path("gif:-"), None, None)),
        ("npy:x", Location("npy:x", Path("npy:x"), None, None)),
        ("npy", Location("npy", Path("npy"), None, None)),
        ("x\0y::z", Location("x\0y::z", Path("x\0y"), "z", None)),
    ],
)
def test_an_input_is_a_stream_a_file_or_a_tensor_in_a_file(typed: str, expected: Location) -> None:
    assert input_location(typed) == expected


def test_a_path_that_exists_wins(tmp_path: Path) -> None:
    path = tmp_path / "x::y"
    assert input_location(str(path)).name == "y"
    path.touch()
    assert input_location(str(path)) == Location(str(path), path)


def test_the_name_of_a_tensor_may_hold_the_separator(tmp_path: Path) -> None:
    (tmp_path / "x.npz").touch()
    for name in ("a::b", "::", "a::", "::b", "a::b::c"):
        typed = f"{tmp_path}/x.npz::{name}"
        assert input_location(typed) == Location(typed, tmp_path / "x.npz", name)
    assert input_location("::" * 1_000_000).name == ""


def test_an_output_is_the_very_name_typed() -> None:
    assert output_location("x.npz::conv1") == Location("x.npz::conv1", Path("x.npz::conv1"))
    assert output_location("-") == Location("-", None)
    assert output_location("npy:-") == Location("npy:-", None, None, "npy")


@pytest.mark.parametrize(
    ("typed", "stream"), [("-", True), ("npy:-", True), ("--", False), ("x:-", False), ("", False)]
)
def test_streams(typed: str, stream: bool) -> None:
    assert is_stream(typed) is stream
