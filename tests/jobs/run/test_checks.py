"""No output takes the place of what is read, by whatever spelling or link; a parameter from stdin is read once."""

from __future__ import annotations

import io
import os
import shutil
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import zarr
from forked import conv2d
from many_files import MACHINE, READING, contents, go, make
from npy_bytes import npy_bytes

from conv2d_cli.errors import UsageError
from conv2d_cli.jobs.run.many_files import plan_many
from conv2d_cli.jobs.run.request import Request
from conv2d_cli.report.run import PlanReport
from conv2d_cli.tensors import source
from conv2d_cli.tensors.layout import OIHW
from conv2d_cli.tensors.reading import Described, Reading
from conv2d_cli.tensors.rereadable import Rereadable
from conv2d_cli.tensors.sink import write_tensors

if TYPE_CHECKING:
    from pathlib import Path

POSIX = pytest.mark.skipif(os.name == "nt", reason="links of POSIX")
WEIGHT = np.random.default_rng(0).standard_normal((2, 3, 3, 3)).astype("f4")
BIAS = np.arange(2, dtype="f4")
HOW: list[dict[str, bool]] = [{"resume": True}, {"force": True}]
BY = ("weight", "bias")


@pytest.fixture(scope="module")
def templates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with inputs and parameters in several formats."""
    made = tmp_path_factory.mktemp("templates")
    for suffix in ("npy", "npz", "zarr"):
        make(made / suffix, suffix, 2)
    for name, values in (("weight", WEIGHT), ("bias", BIAS)):
        np.save(made / f"{name}.npy", values)
        write_tensors(str(made / f"{name}.npz"), {name: values}, force=False)
        zarr.create_array(made / f"{name}.zarr", data=values)
        group = zarr.create_group(made / f"{name}-group.zarr")
        group.create_array("deep/x", data=values)
    return made


@pytest.fixture
def folder(tmp_path: Path, templates: Path) -> Path:
    """Return a folder with inputs and a place for outputs."""
    shutil.copytree(templates / "npy/in", tmp_path / "in")
    (tmp_path / "out").mkdir()
    for name in BY:
        shutil.copy(templates / f"{name}.npy", tmp_path)
    return tmp_path


@pytest.mark.parametrize("how", HOW, ids=str)
@pytest.mark.parametrize("by", BY)
@pytest.mark.parametrize(
    "spelled",
    [
        "out/1.npy",
        "out/../out/1.npy",
        "./out//1.npy",
        "OUT/1.npy",
        "out/1.npz::{by}",
        pytest.param("linked/1.npy", marks=POSIX),
        pytest.param("link.npy", marks=POSIX),
        pytest.param("hard.npy", marks=POSIX),
        "out/1.zarr",
        "out/1.zarr::deep/x",
        "out/1.zarr/deep/x",
    ],
)
def test_no_output_takes_the_place_of_a_parameter(
    folder: Path, templates: Path, by: str, spelled: str, how: dict[str, bool]
) -> None:
    spelled = spelled.format(by=by)
    suffix = "zarr" if "zarr" in spelled else "npz" if "npz" in spelled else "npy"
    place = folder / f"out/1.{suffix}"
    if suffix == "zarr":
        shutil.copytree(templates / (f"{by}-group.zarr" if "deep" in spelled else f"{by}.zarr"), place)
    else:
        shutil.copy(templates / f"{by}.{suffix}", place)
    if suffix != "npy":
        shutil.rmtree(folder / "in")
        shutil.copytree(templates / suffix / "in", folder / "in")
    if "link" in spelled or "hard" in spelled:
        (folder / "linked").symlink_to("out")
        (folder / "link.npy").symlink_to("out/1.npy")
        os.link(place, folder / "hard.npy")
    elif "OUT" in spelled and not (folder / "OUT").exists():
        pytest.skip("the file system tells capitals apart")
    before = contents(folder)
    typed = str(folder / spelled)
    with pytest.raises(UsageError, match=f"would take the place of --{by} "):
        go(folder, **{by: typed}, **how)  # type: ignore[arg-type]
    assert contents(folder) == before


@pytest.mark.parametrize("force", [False, True])
@pytest.mark.parametrize(
    "output", ["w.zarr", "w.zarr/below", "w.zarr/deep", "w.zarr/deep/x/c", "in/0.zarr", "in/0.zarr/c"]
)
def test_no_output_goes_into_a_store_that_is_read(folder: Path, templates: Path, output: str, force: bool) -> None:
    shutil.rmtree(folder / "in")
    shutil.copytree(templates / "zarr/in", folder / "in")
    shutil.copytree(templates / "weight-group.zarr", folder / "w.zarr")
    before = contents(folder)
    with pytest.raises(UsageError, match="lies in a store that is read"):
        go(folder, output=str(folder / output), weight=str(folder / "w.zarr::deep/x"), force=force)
    assert contents(folder) == before


@POSIX
@pytest.mark.parametrize("how", HOW, ids=str)
@pytest.mark.parametrize("link", ["file", "folder"])
def test_two_outputs_are_not_one_file_by_a_link(folder: Path, link: str, how: dict[str, bool]) -> None:
    pattern = str(folder / "in/*.npy")
    if link == "file":
        (folder / "out/1.npy").symlink_to("0.npy")
    else:
        for name in ("a", "b"):
            shutil.copytree(folder / "in", folder / "deep" / name)
        (folder / "out/a").mkdir()
        (folder / "out/b").symlink_to("a")
        pattern = str(folder / "deep/**/*.npy")
    with pytest.raises(UsageError, match="are one file, by a link"):
        go(folder, input=pattern, **how)  # type: ignore[arg-type]
    assert not [*folder.glob("out/**/*.npy")][1:]


@pytest.mark.parametrize("option", ["--force", "--resume"])
def test_it_is_told_before_anything_is_read(folder: Path, option: str) -> None:
    (folder / "out/1.npy").write_bytes(b"no tensor at all")
    done = conv2d("run", "in", "--weight", "out/1.npy", "-o", "out", option, folder=folder)
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith("error: the output out/1.npy would take the place of --weight out/1.npy\n")


def test_a_parameter_beside_the_outputs_is_no_fault(folder: Path) -> None:
    shutil.copy(folder / "weight.npy", folder / "out/weight.npy")
    assert go(folder, weight=str(folder / "out/weight.npy"), layer=None).written == 2
    assert go(folder, weight="[[1, 2, 1]]", layer=None, per_channel=True, force=True).written == 2


def piped(by: str, form: str) -> tuple[dict[str, Any], bytes]:
    """Return what a request says of a parameter that comes through stdin, and its bytes."""
    values = WEIGHT if by == "weight" else BIAS
    if form == "npy":
        return {by: "-"}, npy_bytes(values.shape, "<f4", values.tobytes())
    described = Described(values.shape, "float32", owner=by)
    return {by: "bin:-", f"{by}_reading": Reading(layout=OIHW, described=described)}, values.tobytes()


@pytest.mark.parametrize("form", ["npy", "bin"])
@pytest.mark.parametrize("by", BY)
def test_a_parameter_from_stdin_is_that_of_a_file(folder: Path, by: str, form: str) -> None:
    # Two element types, each of which has the parameters in its own.
    np.save(folder / "in/1.npy", np.load(folder / "in/1.npy").astype("f8"))
    said, content = piped(by, form)
    common: dict[str, Any] = {"input_reading": READING._replace(described=None)}
    from_file: dict[str, Any] = {by: str(folder / f"{by}.npy")}
    go(folder, **from_file, **common)
    right = contents(folder / "out")
    stdin = io.BufferedReader(io.BytesIO(content))
    assert go(folder, output=str(folder / "piped"), stdin=stdin, **said, **common).written == 2
    assert contents(folder / "piped") == right
    resumed = go(folder, output=str(folder / "piped"), resume=True, stdin=io.BytesIO(content), **said, **common)
    assert resumed.skipped == 2, "where a parameter comes from decides nothing"


@pytest.mark.parametrize("form", ["npy", "bin"])
@pytest.mark.parametrize("by", BY)
def test_plans_read_a_parameter_from_stdin_once(folder: Path, by: str, form: str) -> None:
    said, content = piped(by, form)
    request = Request(str(folder / "in"), None, {}, input_reading=READING, stdin=io.BytesIO(content))
    request = request._replace(**{"weight": str(folder / "weight.npy"), **said})
    plans = [plan for _, plan in plan_many(request, MACHINE)]
    assert [type(plan) for plan in plans] == [PlanReport] * 2


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (("--weight", "-", "-o", "out"), 0),
        (("--weight", "-", "--plan"), 0),
        # A weight does not fit where a bias belongs.
        (("--weight", "weight.npy", "--bias", "npy:-", "-o", "out"), 3),
        (("--weight", "-", "--bias", "-", "-o", "out"), 2),
    ],
)
def test_stdin_in_a_real_process(folder: Path, line: tuple[str, ...], code: int) -> None:
    content = npy_bytes(WEIGHT.shape, "<f4", WEIGHT.tobytes())
    done = conv2d("run", "in", *line, "--dtype", "float32", stdin=content, folder=folder)
    assert done.code == code, done.err


@pytest.mark.parametrize("content", [b"", b"\x93NUM", npy_bytes((2, 3, 3, 3), "<f4", b"\0" * 9)], ids=len)
def test_a_broken_parameter_from_stdin_is_told_once(folder: Path, content: bytes) -> None:
    done = conv2d("run", "in", "--weight", "-", "-o", "out", "--dtype", "float32", stdin=content, folder=folder)
    assert done.code == 3
    assert "error: -: " in done.err


def test_parameters_that_cannot_be_read_are_tried_once(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    values = np.full((2, 3, 3, 3), np.nan)
    np.save(folder / "w.npy", values)
    read, reads = source.Source.read, [0]

    def counted(self: source.Source) -> Any:
        reads[0] += self.typed.endswith("w.npy")
        return read(self)

    monkeypatch.setattr(source.Source, "read", counted)
    common: dict[str, Any] = {"input_reading": READING._replace(dtype="uint8")}
    reading = Reading(dtype="uint8", layout=OIHW)
    ended = go(folder, layer=None, weight=str(folder / "w.npy"), weight_reading=reading, **common)
    assert (ended.code, len(ended.told), reads) == (3, 2, [1])


class _Slow(io.RawIOBase):
    """A pipe that gives a byte at a time."""

    def __init__(self, content: bytes) -> None:
        self.content, self.place = content, 0

    def readable(self) -> bool:
        return True

    def readinto(self, target: Any) -> int:
        part = self.content[self.place : self.place + 1]
        target[: len(part)] = part
        self.place += len(part)
        return len(part)


@pytest.mark.parametrize("seed", range(20))
def test_what_is_read_again_is_what_was_read(seed: int) -> None:
    random = np.random.default_rng(seed)
    content = random.bytes(int(random.integers(0, 500)))
    slow = _Slow(content)
    stream = Rereadable(io.BufferedReader(slow, 16))
    readings = [stream.from_start() for _ in range(3)]
    seen = [b"", b"", b""]
    for _ in range(60):
        number, count = int(random.integers(3)), int(random.integers(0, 40))
        reading = readings[number]
        if seed % 3 == 0:
            assert content[len(seen[number]) :].startswith(reading.peek(count)[:count])  # type: ignore[attr-defined]
        if seed % 2:
            seen[number] += reading.read(count)
        else:
            buffer = bytearray(count)
            seen[number] += buffer[: reading.readinto(buffer)]  # type: ignore[attr-defined]
        assert content.startswith(seen[number])
    for number, reading in enumerate(readings):
        assert seen[number] + reading.read() == content
    assert slow.place == len(content)


def test_no_more_is_read_of_a_pipe_than_is_asked_for() -> None:
    slow = _Slow(bytes(1000))
    stream = Rereadable(slow)  # type: ignore[arg-type]
    stream.from_start().read(10)
    stream.from_start().read(8)
    assert slow.place == 10
