"""Folders and patterns, and the names of their outputs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from conv2d_cli.errors import FileError, UsageError
from conv2d_cli.tensors.matching import is_many, matched, outputs_for

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("b.npy", "a.npz", "c.txt", ".hidden.npy", "d.safetensors", "[x].npy", "sub/b.npy"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.touch()
    return tmp_path


def test_what_means_many(folder: Path) -> None:
    assert is_many(str(folder))
    assert is_many(f"{folder}/*.npy")
    assert not is_many(f"{folder}/[x].npy"), "a file that exists under that very name"
    assert not any(map(is_many, ("-", "npy:-", str(folder / "b.npy"), "no such file", "\0")))


def test_a_folder_means_its_tensor_files(folder: Path) -> None:
    root, files = matched(str(folder))
    assert root == folder
    assert [file.name for file in files] == ["[x].npy", "a.npz", "b.npy", "d.safetensors"]


def test_a_pattern_means_what_it_matches(folder: Path) -> None:
    root, files = matched(f"{folder}/**/b.npy")
    assert root == folder
    assert [str(file.relative_to(folder)) for file in files] == ["b.npy", "sub/b.npy"]
    assert [file.name for file in matched(f"{folder}/.h*")[1]] == [".hidden.npy"]
    assert outputs_for(root, files, folder / "out") == [folder / "out/b.npy", folder / "out/sub/b.npy"]


@pytest.mark.parametrize("typed", ["sub/nothing", "*.png"])
def test_nothing_is_a_fault(folder: Path, typed: str) -> None:
    (folder / "sub/nothing").mkdir()
    with pytest.raises(FileError):
        matched(str(folder / typed))


def test_names_never_collide_silently(folder: Path) -> None:
    files = [folder / "a.txt", folder / "a.txt.npy"]
    with pytest.raises(UsageError, match=r"would both be written to"):
        outputs_for(folder, files, folder / "out")
