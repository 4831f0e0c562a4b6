"""The journal of a store: what was recorded is known again, whatever became of the file; another job's is refused."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conv2d_cli.engine.api import integer
from conv2d_cli.errors import FileError
from conv2d_cli.jobs.cluster.journal import Record, TaskJournal, TaskObjects, line_of
from conv2d_cli.jobs.run.summary import Figures
from conv2d_cli.tensors.stores import LocalFiles

if TYPE_CHECKING:
    from pathlib import Path

REAL = Figures(-1.5, 2.0, ((1e300, 1e-300), ()), 7, is_complex=False, first_values=(0.1, math.inf))
COMPLEX = Figures(None, None, ((1.0,), (2.0,)), 3, is_complex=True, first_values=(1 + 2j, -0.5j))
SUMS = integer.SumFigures(-(2**70), 2**70, 3, (0, 1, 2, 3), 2**65)
RECORDS = {
    0: Record("a" * 64, "b" * 64, None, REAL),
    5: Record("c", "d", SUMS, None),
    6: Record("e", "f", None, COMPLEX),
}
NO_RECORDS = (b"[1]\n", b"[2, 3, 4, null, null]\n", b'[3, "a", "b", 7, null]\n', b"\xff\n", b"{}\n")


def written(path: Path) -> None:
    with TaskJournal(path, "job", 8) as journal:
        for number, record in RECORDS.items():
            journal.add(number, record)


def test_what_was_recorded_is_known_again(tmp_path: Path) -> None:
    written(tmp_path / "journal")
    with TaskJournal(tmp_path / "journal", "job", 8) as journal:
        assert {number: journal.known(number) for number in range(8) if journal.known(number)} == RECORDS
        assert journal.done == len(RECORDS)


@given(cut=st.integers(0, 10_000))
def test_a_line_that_was_cut_short_is_no_record(tmp_path_factory: pytest.TempPathFactory, cut: int) -> None:
    path = tmp_path_factory.mktemp("cut") / "journal"
    written(path)
    whole = path.read_bytes()
    path.write_bytes(whole[: cut % len(whole)])
    with TaskJournal(path, "job", 8) as journal:
        for number in range(8):
            assert journal.known(number) in {None, RECORDS.get(number)} or journal.known(number) == RECORDS[number]
        journal.add(1, RECORDS[0])
    with TaskJournal(path, "job", 8) as journal:
        assert journal.known(1) == RECORDS[0]


@pytest.mark.parametrize("line", NO_RECORDS)
def test_lines_that_are_no_records_are_passed_over(tmp_path: Path, line: bytes) -> None:
    written(tmp_path / "journal")
    with (tmp_path / "journal").open("ab") as stream:
        stream.write(line)
    with TaskJournal(tmp_path / "journal", "job", 8) as journal:
        known = [number for number in range(8) if journal.known(number) is not None]
    assert known == [*RECORDS]


def test_that_of_another_job_is_refused(tmp_path: Path) -> None:
    written(tmp_path / "journal")
    with pytest.raises(FileError, match="another layer"):
        TaskJournal(tmp_path / "journal", "other", 8)
    assert (tmp_path / "journal").read_bytes().startswith(b'{"conv2d"')


def test_two_runs_do_not_go_on_with_one(tmp_path: Path) -> None:
    pytest.importorskip("fcntl")
    with TaskJournal(tmp_path / "journal", "job", 8), pytest.raises(FileError, match="another run"):
        TaskJournal(tmp_path / "journal", "job", 8)


def test_objects_are_known_again_and_bound_to_their_job(tmp_path: Path) -> None:
    files = LocalFiles(tmp_path)
    TaskObjects(files, "job", 8)
    for number, record in RECORDS.items():
        files.write(str(number), line_of(number, record))
    files.write("7", b"[7, ")
    journal = TaskObjects(files, "job", 8)
    assert {number: journal.known(number) for number in range(8) if journal.known(number)} == RECORDS
    with pytest.raises(FileError, match="another layer"):
        TaskObjects(files, "other", 8)
