"""Many files: what is written, kept, and told."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from conv2d_cli.errors import FileError, UsageError
from conv2d_cli.jobs import many
from conv2d_cli.jobs.many import Listener, run_many
from conv2d_cli.jobs.records import RECORDS, fingerprint
from conv2d_cli.jobs.run import Request
from conv2d_cli.layer.rules import layer_from

if TYPE_CHECKING:
    from pathlib import Path

    from conv2d_cli.errors import Conv2dError
    from conv2d_cli.report.run import ManyReport

LAYER = layer_from({"in_channels": 3, "out_channels": 2, "kernel_size": 3})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "in").mkdir()
    for number in range(12):
        shape = (3, 8, 8) if number % 2 else (2, 3, 6, 7)
        values = np.random.default_rng(number).standard_normal(shape)
        np.save(tmp_path / "in" / f"{number:02}.npy", values.astype("f4" if number % 3 else "f8"))
    return tmp_path


def go(folder: Path, *, resume: bool = False, **changed: Any) -> tuple[ManyReport, int, list[tuple[str, Conv2dError]]]:
    failed: list[tuple[str, Conv2dError]] = []
    tell = Listener(lambda path, error: failed.append((path.name, error)), lambda _: None, lambda _: None)
    request = Request(str(folder / "in"), LAYER, {}, output=str(folder / "out"), threads=1)._replace(**changed)
    report, code = run_many(request, resume=resume, tell=tell)
    return report, code, failed


def outputs(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (folder / "out").glob("*.npy")}


def test_a_bad_file_is_told_and_the_rest_goes_on(folder: Path) -> None:
    (folder / "in/05.npy").write_bytes(b"no tensor")
    np.save(folder / "in/07.npy", np.zeros((4, 8, 8), "f4"))
    (folder / "in/08.npy").unlink()
    (folder / "in/08.npy").symlink_to(folder / "in/07.npy")
    report, code, failed = go(folder)
    assert [name for name, _ in failed] == ["05.npy", "07.npy", "08.npy"]
    assert "05.npy: " in failed[0][1].message
    assert code == 3
    assert (report.files, report.written, report.skipped, report.failed) == (12, 9, 0, 3)
    assert len(outputs(folder)) == 9


def test_threads_that_read_and_write_make_the_same(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    go(folder)
    at_once = outputs(folder)
    monkeypatch.setattr(many, "_SLOW", 0.0)
    go(folder, force=True)
    assert outputs(folder) == at_once
    assert len(at_once) == 12


def test_large_files_go_piece_by_piece(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    go(folder)
    at_once = outputs(folder)
    monkeypatch.setattr("conv2d_cli.jobs.pieces._PIECE_BYTES", 1)
    go(folder, force=True)
    assert outputs(folder) == at_once


def test_existing_outputs_are_refused_or_kept_or_replaced(folder: Path) -> None:
    go(folder)
    with pytest.raises(FileError, match="and 11 more exist already"):
        go(folder)
    before = outputs(folder)
    report, code, _ = go(folder, resume=True)
    assert (report.written, report.skipped, code) == (0, 12, 0)
    # Another layer, another input, a changed output, one that is gone, and a line cut short.
    report, _, _ = go(folder, resume=True, seed=1)
    assert report.written == 12
    report, _, _ = go(folder, resume=True)
    assert (report.written, outputs(folder)) == (12, before)
    values = np.load(folder / "in/01.npy")
    np.save(folder / "in/01.npy", values + 1)
    (folder / "out/02.npy").write_bytes(b"half")
    (folder / "out/03.npy").unlink()
    with (folder / "out" / RECORDS).open("a") as stream:
        stream.write('{"name": "04.n')
    report, _, _ = go(folder, resume=True)
    assert (report.written, report.skipped) == (3, 9)
    after = outputs(folder)
    assert {name for name in before if before[name] != after[name]} == {"01.npy"}


def test_records_are_one_line_each(folder: Path) -> None:
    go(folder)
    lines = (folder / "out" / RECORDS).read_text().splitlines()
    assert [json.loads(line)["name"] for line in lines] == sorted(outputs(folder))


def test_a_fault_of_the_layer_is_told_before_any_file_is_read(folder: Path) -> None:
    np.save(folder / "w.npy", np.zeros((2, 5, 3, 3), "f4"))
    with pytest.raises(Exception, match="needs a weight of size"):
        go(folder, weight=str(folder / "w.npy"))
    assert not (folder / "out").exists()


def test_parameters_of_another_type_are_refused(folder: Path) -> None:
    np.save(folder / "b.npy", np.zeros(2, "f4"))
    report, code, failed = go(folder, bias=str(folder / "b.npy"))
    assert (report.written, report.failed, code) == (8, 4, 3)
    assert {name for name, _ in failed} == {"00.npy", "03.npy", "06.npy", "09.npy"}, "those of float64"


def test_parameters_are_kept_of_one_file_alone(folder: Path) -> None:
    with pytest.raises(UsageError, match="is for one file"):
        go(folder, save_parameters=str(folder / "p.npz"))


@pytest.mark.parametrize("output", [None, "-"])
def test_many_files_need_a_folder(folder: Path, output: str | None) -> None:
    with pytest.raises(UsageError, match="need a folder"):
        go(folder, output=output)


def test_a_fingerprint_sees_every_bit() -> None:
    array = np.zeros((2, 3), np.float32)
    other = array.copy()
    other[1, 2] = -0.0
    prints = {fingerprint(("a",), array), fingerprint(("b",), array), fingerprint(("a",), other)}
    prints |= {fingerprint(("a",), array.reshape(3, 2)), fingerprint(("a",), None)}
    assert len(prints) == 5
