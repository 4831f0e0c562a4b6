"""Names as file systems allow them: long, hidden, odd, and those that would be one."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import numpy as np
import pytest
from forked import conv2d
from PIL import Image

from conv2d_cli.errors import FileError, UsageError
from conv2d_cli.tensors import matching
from conv2d_cli.tensors.matching import is_many, matched, outputs_for
from conv2d_cli.tensors.sink import check_output

if TYPE_CHECKING:
    from pathlib import Path

    from terminal import Done

pytestmark = pytest.mark.skipif(os.name == "nt", reason="names of POSIX")

LAYER = ("3", "4", "3", "-q")
LONGEST = 255
DEEP = "/".join(["d" * 200] * 25)


def longest(suffix: str, more: int = 0) -> str:
    return "n" * (LONGEST + more - len(suffix)) + suffix


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    np.save(tmp_path / "x.npy", np.ones((1, 3, 6, 6), np.float32))
    return tmp_path


def assert_told(done: Done, code: int, *words: str) -> None:
    assert done.code == code, done.err
    assert done.err.startswith("error: ")
    assert "Traceback" not in done.err
    assert "stdout" not in done.err
    assert all(word in done.err for word in words), done.err


@pytest.mark.parametrize("suffix", [".npy", ".npz", ".safetensors", ".zarr", ".png", ".bin"])
def test_the_longest_name_is_written_and_replaced(folder: Path, suffix: str) -> None:
    name = longest(suffix)
    for force in ((), ("--force",)):
        assert conv2d("run", "x.npy", *LAYER, *force, "-o", name, folder=folder) == (0, "", "")
    assert sorted(path.name for path in folder.iterdir()) == sorted([name, "x.npy"])


@pytest.mark.parametrize("name", [longest(".npy", 1), longest(".zarr", 1), longest(".png", 50), f"{DEEP}/y.npy"])
@pytest.mark.parametrize("force", [(), ("--force",)])
def test_a_longer_one_is_told(folder: Path, name: str, force: tuple[str, ...]) -> None:
    done = conv2d("run", "x.npy", *LAYER, *force, "-o", name, folder=folder)
    assert_told(done, 4, "the name is too long\nhint: give a shorter one")


@pytest.mark.parametrize(
    "line",
    [
        "run NAME 3 4 3",
        "run x.npy --weight NAME",
        "run x.npy 3 4 3 --bias NAME",
        "run x.npy 3 4 3 --save-parameters NAME",
        "run NAME/* 3 4 3 -o out",
        "run NAME::x 3 4 3",
        "info NAME",
        "shape 3 4 3 -i NAME",
        "shape --weight NAME",
        "shape --from NAME",
    ],
)
@pytest.mark.parametrize("name", [longest(".npz", 1), f"{DEEP}/x.npz"], ids=["name", "path"])
def test_so_is_one_that_is_read(folder: Path, line: str, name: str) -> None:
    assert_told(conv2d(*line.replace("NAME", name).split(), folder=folder), 4)


@pytest.mark.parametrize("option", ["--force", "--resume", "-q"])
def test_of_many_files_it_is_that_files_fault(folder: Path, option: str) -> None:
    (folder / "many").mkdir()
    name = longest(".png")
    Image.new("RGB", (6, 6)).save(folder / "many" / "a.png")
    Image.new("RGB", (6, 6)).save(folder / "many" / name)
    done = conv2d("run", "many", *LAYER, option, "-o", "out", folder=folder)
    assert_told(done, 4, f"{name}.npy: the name is too long", "1 of 2 files failed")
    assert (folder / "out" / "a.png.npy").exists()


@pytest.mark.parametrize("output", [longest("", 1), f"{DEEP}/out"], ids=["name", "path"])
def test_of_a_folder_too(folder: Path, output: str) -> None:
    (folder / "many").mkdir()
    (folder / "x.npy").rename(folder / "many" / "x.npy")
    assert_told(conv2d("run", "many", *LAYER, "-o", output, folder=folder), 4, "cannot make the folder")


HIDDEN = (
    *(
        ".hidden.npy",
        ".git/a.npy",
        ".ipynb_checkpoints/a-checkpoint.npy",
        "__MACOSX/._a.npy",
        ".DS_Store",
        "sub/.c.npy",
    ),
    *(".conv2d-0123456789abcdef.tmp", ".conv2d-run.ndjson", "sub/.deep/er/a.npy"),
)
SEEN = ("a.npy", "b.npz", "sub/c.npy", "sub/sub/d.npy")


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("", ["a.npy", "b.npz"]),
        ("*", ["a.npy", "b.npz"]),
        ("*.npy", ["a.npy"]),
        ("**/*.npy", ["a.npy", "sub/c.npy", "sub/sub/d.npy"]),
        ("**", [*SEEN]),
        ("**/*", [*SEEN]),
        ("*/*", ["sub/c.npy"]),
        ("*/**/*", ["sub/c.npy", "sub/sub/d.npy"]),
        ("?.np[yz]", ["a.npy", "b.npz"]),
        ("sub//*", ["sub/c.npy"]),
        ("./sub/../*.npy", ["a.npy"]),
        (".h*", [".hidden.npy"]),
        (".*/*.npy", [".git/a.npy", ".ipynb_checkpoints/a-checkpoint.npy"]),
        (".git/*", [".git/a.npy"]),
        ("**/.c*", ["sub/.c.npy"]),
        ("*/.c.npy", ["sub/.c.npy"]),
        ("sub/.deep/**/*.npy", ["sub/.deep/er/a.npy"]),
    ],
)
def test_hidden_names_are_left_out_unless_they_are_asked_for(tmp_path: Path, pattern: str, found: list[str]) -> None:
    for name in (*HIDDEN, *SEEN):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    typed = f"{tmp_path}/{pattern}"
    root, files = matched(typed)
    assert is_many(typed)
    below = sorted(os.path.relpath(file, tmp_path) for file in files)
    assert below == sorted(found)
    assert all(file.is_relative_to(root) for file in files)


@pytest.mark.parametrize("pattern", ["*/../x.npy", "**/..", "*/sub/../*.npy"])
def test_a_pattern_goes_upwards_first(tmp_path: Path, pattern: str) -> None:
    with pytest.raises(UsageError, match="behind a wildcard"):
        matched(f"{tmp_path}/{pattern}")


@pytest.mark.parametrize("typed", ["", "*" * 5000 + "x", f"{'n' * 300}/*", "[", "nul\0*", "~/*.npy"])
def test_patterns_that_match_nothing_are_no_fault_of_ours(typed: str) -> None:
    if is_many(typed):
        with pytest.raises((FileError, OSError, ValueError)):
            matched(typed)


def test_chunks_of_a_store_are_no_tensors_of_their_own(tmp_path: Path) -> None:
    for name in ("y.zarr/zarr.json", "y.zarr/c/0/0", "x.npy"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    _, files = matched(f"{tmp_path}/**/*")
    assert [file.name for file in files] == ["x.npy", "y.zarr"]


@pytest.mark.parametrize(
    ("pair", "one"),
    [
        (("x.png", "x.png.npy"), True),
        (("x.txt", "x.txt.npy"), True),
        (("x.npy", "x.png"), False),
        (("x.npy", "X.npy"), False),
        (("\u00e9.npy", "e\u0301.npy"), False),
    ],
)
def test_outputs_of_one_name_are_refused_first(tmp_path: Path, pair: tuple[str, str], one: bool) -> None:
    files = [tmp_path / name for name in pair]
    if one:
        with pytest.raises(UsageError, match="would both be written to"):
            outputs_for(tmp_path, files, tmp_path / "out")
    else:
        assert len({*outputs_for(tmp_path, files, tmp_path / "out")}) == 2


@pytest.mark.parametrize("pair", [("x.npy", "X.NPY"), ("\u00e9.npy", "e\u0301.npy"), ("a/x.npy", "A/x.npy")])
def test_so_are_those_that_are_one_where_case_does_not_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pair: tuple[str, str]
) -> None:
    monkeypatch.setattr(matching, "_ignores_case", lambda _: True)
    with pytest.raises(UsageError, match="would both be written to"):
        outputs_for(tmp_path, [tmp_path / name for name in pair], tmp_path / "out")


@pytest.mark.parametrize(
    "name", ["a\nb.npy", "a\x1b]0;x\x07.npy", "\udcff.npy", "e\u0301.npy", " .npy", "-y.npy", "a*.npy"]
)
def test_odd_names_are_names(folder: Path, name: str) -> None:
    assert conv2d("run", "x.npy", *LAYER, f"-o{name}", folder=folder).code == 0
    assert os.path.lexists(folder / name)
    done = conv2d("run", "x.npy", *LAYER, f"-o{name}", folder=folder)
    assert_told(done, 4, "already exists")
    assert not {"\x1b", "\x07", "\udcff"} & {*done.err}
    assert conv2d("run", f"./{name}", "4", "2", "1", "-q", "--get", "output_shape", folder=folder).out == "1 2 4 4\n"


@pytest.mark.parametrize(("output", "code"), [
    ("", 2),
    (".", 2),
    ("/", 2),
    ("y.npy/", 2),
    ("y.npy//", 2),
    ("~/y.npy", 4),
    ("none/../none/y.npy", 4),
    ("y.zarr/", 0),
    ("./y.npy", 0),
    ("..//here/y.npy", 0),
])  # fmt: skip
def test_spellings_of_places(tmp_path: Path, output: str, code: int) -> None:
    here = tmp_path / "here"
    here.mkdir()
    np.save(here / "x.npy", np.ones((1, 3, 6, 6), np.float32))
    assert conv2d("run", "x.npy", *LAYER, "-o", output, folder=here).code == code


@pytest.mark.parametrize("typed", ["y.npy/", "y.npz//"])
def test_a_file_has_no_slash_behind_it(tmp_path: Path, typed: str) -> None:
    with pytest.raises(UsageError, match="is the name of a folder"):
        check_output(f"{tmp_path}/{typed}", force=True)
