"""Many files: what is written, kept, and told."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import zarr

from conv2d_cli.errors import DataError, FileError, MemoryLimitError, UsageError
from conv2d_cli.jobs.run import background
from conv2d_cli.jobs.run.budget import Budget
from conv2d_cli.jobs.run.journal import JOURNAL
from conv2d_cli.jobs.run.many_files import plan_many, run_many
from conv2d_cli.jobs.run.memory import Machine, library_bytes
from conv2d_cli.jobs.run.pipeline import Listener
from conv2d_cli.jobs.run.request import Request
from conv2d_cli.jobs.run.shared_layer import fingerprint
from conv2d_cli.layer.model import layer_from
from conv2d_cli.report.run import PlanReport

if TYPE_CHECKING:
    from pathlib import Path

    from conv2d_cli.errors import Conv2dError
    from conv2d_cli.report.run import ManyReport

MACHINE = Machine(0, None)
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
    report, code = run_many(request, MACHINE, resume=resume, tell=tell)
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
    monkeypatch.setattr(background, "_SLOW", 0.0)
    go(folder, force=True)
    assert outputs(folder) == at_once
    assert len(at_once) == 12


def test_large_files_go_chunk_by_chunk(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    go(folder)
    at_once = outputs(folder)
    monkeypatch.setattr("conv2d_cli.jobs.run.streaming._CHUNK_BYTES", 1)
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
    with (folder / "out" / JOURNAL).open("a") as stream:
        stream.write('{"name": "04.n')
    report, _, _ = go(folder, resume=True)
    assert (report.written, report.skipped) == (3, 9)
    after = outputs(folder)
    assert {name for name in before if before[name] != after[name]} == {"01.npy"}


def test_records_are_one_line_each(folder: Path) -> None:
    go(folder)
    lines = (folder / "out" / JOURNAL).read_text().splitlines()
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


def test_files_wait_for_the_memory_that_others_hold(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    go(folder)
    at_once, held, most = outputs(folder), [0], [0]
    monkeypatch.setattr(background, "_SLOW", 0.0)
    take, give = Budget.take, Budget._give

    def taken(budget: Budget, size: int) -> None:
        take(budget, size)
        held[0] += size
        most[0] = max(most[0], held[0])

    def given(budget: Budget, size: int) -> None:
        held[0] -= size
        give(budget, size)

    monkeypatch.setattr(Budget, "take", taken)
    monkeypatch.setattr(Budget, "_give", given)
    limit = library_bytes(1) + 5_000_000
    report, code, _ = go(folder, force=True, memory_limit=limit)
    assert (report.written, code, held) == (12, 0, [0])
    assert 3_000_000 < most[0] <= 5_000_000
    assert outputs(folder) == at_once
    np.save(folder / "in/05.npy", np.zeros((3, 900, 900), "f4"))
    report, code, failed = go(folder, force=True, memory_limit=limit)
    assert (report.written, code, [name for name, _ in failed]) == (11, 5, ["05.npy"])
    assert "this file takes about" in failed[0][1].message
    assert held == [0]


def test_a_budget_lets_one_alone_have_more_than_all_together() -> None:
    budget = Budget(10, 20)
    with budget.taken(15):
        pass
    budget.take(20)
    with pytest.raises(MemoryLimitError):
        budget.take(21)
    budget._give(20)
    with pytest.raises(ZeroDivisionError), budget.taken(20):
        raise ZeroDivisionError
    budget.take(10)


def test_each_file_has_a_plan(folder: Path) -> None:
    (folder / "in/05.npy").write_bytes(b"no tensor")
    request = Request(str(folder / "in"), LAYER, {}, threads=1)
    plans = {path.name: plan for path, plan in plan_many(request, MACHINE)}
    assert len(plans) == 12
    assert isinstance(plans.pop("05.npy"), DataError)
    shapes = {name: plan.output_shape for name, plan in plans.items() if isinstance(plan, PlanReport)}
    assert shapes == {name: (2, 6, 6) if int(name[:2]) % 2 else (2, 2, 4, 5) for name in plans}
    assert not (folder / "out").exists()


def test_stores_are_taken_up_again_unless_a_chunk_has_changed(folder: Path) -> None:
    for number in range(3):
        values = np.random.default_rng(number).standard_normal((2, 3, 6, 7)).astype("f4")
        zarr.create_array(folder / "stores" / f"{number}.zarr", data=values, chunks=(1, 3, 6, 7))
    stores = str(folder / "stores")
    report, code, _ = go(folder, input=stores)
    assert (report.written, code) == (3, 0)
    assert sorted(path.name for path in (folder / "out").glob("*.zarr")) == ["0.zarr", "1.zarr", "2.zarr"]
    assert go(folder, input=stores, resume=True)[0].skipped == 3
    changed: Any = zarr.open_array(folder / "stores/1.zarr", mode="r+")
    changed[1] = 0
    report, _, _ = go(folder, input=stores, resume=True)
    assert (report.written, report.skipped) == (1, 2)
    bias_alone: Any = zarr.open_array(folder / "out/1.zarr", mode="r")[1]
    assert np.ptp(bias_alone, axis=(1, 2)).tolist() == [0, 0]


@pytest.mark.parametrize("how", [{}, {"resume": True}, {"force": True}])
def test_no_input_is_ever_replaced_by_an_output(folder: Path, how: dict[str, bool]) -> None:
    before = {path: path.read_bytes() for path in (folder / "in").iterdir()}
    (folder / "again").symlink_to(folder / "in")
    (folder / "linked").mkdir()
    (folder / "linked/03.npy").symlink_to(folder / "in/03.npy")
    for source, output in (("in", "in"), ("in", "again"), ("again", "in"), ("linked", "in"), ("in/0*.npy", "linked")):
        with pytest.raises(UsageError, match="is one of the files that are read"):
            go(folder, input=str(folder / source), output=str(folder / output), **how)
    assert {path: path.read_bytes() for path in (folder / "in").iterdir()} == before
