"""The file that keeps a table of costs: what is read of it, why it is not, and how it is written."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path
from typing import Any

import pytest
from blas_numbers import blas_threads

from conv2d_cli.engine import api
from conv2d_cli.engine.api import COSTS, Costs
from conv2d_cli.errors import DataError, FileError
from conv2d_cli.jobs.bench import calibration
from conv2d_cli.jobs.costs import Platform, calibrate, platform_of, read_costs, write_costs
from conv2d_cli.layer.forward import geometry_of
from conv2d_cli.layer.model import Conv2d
from conv2d_cli.limits import COSTS_BYTES
from conv2d_cli.report.bench import CostsReport
from conv2d_cli.report.costs import name_of_costs

HERE = Platform("A processor", "2.4.6", "openblas 0.3.31 Haswell")
OURS = COSTS._replace(machine="A processor, openblas 0.3.31 Haswell", date="2026-11-30", fft=2.25)
posix = pytest.mark.skipif(os.name == "nt", reason="files of POSIX")


def record(**changed: Any) -> dict[str, Any]:
    rates = {name: value for name, value in OURS._asdict().items() if name not in {"machine", "date"}}
    return {"schema_version": 1, **HERE._asdict(), "date": OURS.date, "costs": rates} | changed


def rates(**changed: Any) -> dict[str, Any]:
    return record(costs=record()["costs"] | changed)


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "made" / "for it" / "costs.json"
    write_costs(path, OURS, HERE)
    assert read_costs(path, HERE) == OURS
    assert json.loads(path.read_text("utf-8")) == record()
    write_costs(path, OURS._replace(fft=3.5), HERE)
    assert read_costs(path, HERE).fft == 3.5
    assert [*path.parent.iterdir()] == [path]


def test_zero_is_a_rate_where_an_operation_may_be_free(tmp_path: Path) -> None:
    path = tmp_path / "costs.json"
    free = OURS._replace(copy_run=0.0, tlb_miss=0.0, gemm_call=0.0)
    write_costs(path, free, HERE)
    assert read_costs(path, HERE) == free


@pytest.mark.parametrize("field", Platform._fields)
def test_one_of_another_machine_is_not_used(tmp_path: Path, field: str) -> None:
    path = tmp_path / "costs.json"
    write_costs(path, OURS, HERE._replace(**{field: "Another\x1b[31m"}))
    with pytest.raises(
        DataError, match=r"are of another (processor|NumPy|BLAS), 'Another\\x1b\[31m'; here is"
    ) as caught:
        read_costs(path, HERE)
    assert caught.value.hint == "conv2d bench --calibrate measures them here"


BAD: dict[str, Any] = {
    "another_version": record(schema_version=2),
    "true_version": record(schema_version=True),
    "no_date": record(date="yesterday"),
    "time": record(date=0),
    "no_text": record(cpu=1),
    "long_text": record(cpu="x" * 1000),
    "unknown": record(more=1),
    "list": [record()],
    "no_costs": record(costs=None),
    "missing": record(costs={name: value for name, value in record()["costs"].items() if name != "fft"}),
    "unknown_rate": rates(more=1.0),
    "zero": rates(call=0.0),
    "negative": rates(fft=-1.0),
    "text": rates(fft="1.0"),
    "true": rates(fft=True),
    "null": rates(fft=None),
    "nan": rates(fft=float("nan")),
    "infinite": rates(fft=float("inf")),
    "too_much": rates(fft=1e300),
    "whole_too_much": rates(own_cache_bytes=1 << 70),
    "fraction_of_a_byte": rates(own_cache_bytes=0.5),
    "no_cache": rates(shared_cache_bytes=0),
}
TEXTS = {
    "empty": b"",
    "cut": json.dumps(record()).encode()[:-20],
    "no_json": b"costs = 1",
    "twice": json.dumps(record()).encode() * 2,
    "no_utf8": json.dumps(record()).encode().replace(b"processor", b"proc\xff"),
    "utf16": json.dumps(record()).encode("utf-16"),
    "deep": b"[" * 60_000,
    "deep_costs": b'{"costs":' * 7_000,
    "digits": json.dumps(record()).encode().replace(b"2.25", b"9" * 50_000),
    "exponent": json.dumps(record()).encode().replace(b"2.25", b"1e999999999"),
    "zeros": bytes(1000),
}


@pytest.mark.parametrize(
    "text", [*(json.dumps(one).encode() for one in BAD.values()), *TEXTS.values()], ids=[*BAD, *TEXTS]
)
def test_what_is_no_table_is_told_in_one_line(tmp_path: Path, text: bytes) -> None:
    path = tmp_path / "costs.json"
    path.write_bytes(text)
    with pytest.raises(DataError, match=r"costs\.json is no table of costs: ") as caught:
        read_costs(path, HERE)
    assert len(caught.value.message) < len(str(path)) + 300
    assert "\n" not in caught.value.message


@pytest.mark.parametrize(("rate", "cache"), [(5e-324, 1), (1e9, 1 << 40)])
def test_plans_are_made_by_the_extremes_of_what_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rate: float, cache: int
) -> None:
    path = tmp_path / "costs.json"
    extremes: dict[str, Any] = {name: cache if name.endswith("_bytes") else rate for name in record()["costs"]}
    write_costs(path, OURS._replace(**extremes), HERE)
    monkeypatch.setattr(api, "_costs_in_use", [COSTS])
    api.use_costs(read_costs(path, HERE))
    for layer, size in (
        (Conv2d(64, 64, 3, padding=1), (8, 64, 56, 56)),
        (Conv2d(1, 1, 31), (1, 1, 1024, 1024)),
        (Conv2d(32, 32, 3, groups=32), (1, 32, 112, 112)),
        (Conv2d(3, 64, 7, stride=2), (1, 3, 20_000, 20_000)),
    ):
        # A table chooses, and has no say in how much memory a plan may take.
        assert api.plan(geometry_of(layer, size), accuracy="fast", threads=4).scratch_bytes < 64 << 20


def test_a_large_file_is_not_read_on(tmp_path: Path) -> None:
    path = tmp_path / "costs.json"
    text = json.dumps(record()).encode()
    path.write_bytes(text + b" " * (COSTS_BYTES - len(text)))
    assert read_costs(path, HERE) == OURS
    with path.open("r+b") as stream:
        stream.truncate(1 << 40)
    with pytest.raises(DataError, match="more than 65536 bytes"):
        read_costs(path, HERE)


@posix
def test_what_is_no_file_is_not_waited_for(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for path in (pipe, tmp_path, Path("/dev/zero")):
        with pytest.raises(FileError, match=r"cannot read the costs in .*: it is no regular file"):
            read_costs(path, HERE)
        with pytest.raises(FileError, match=r"cannot write .*: it is no regular file"):
            write_costs(path, OURS, HERE)
    assert stat.S_ISFIFO(pipe.stat().st_mode)


def test_what_is_not_there(tmp_path: Path) -> None:
    for path in (tmp_path / "nothing", tmp_path / ("x" * 300), tmp_path / "a" / "b"):
        with pytest.raises(FileError, match="cannot read the costs in"):
            read_costs(path, HERE)


def test_an_unreadable_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_costs(tmp_path / "costs.json", OURS, HERE)

    def refuse(*_: Any) -> Any:
        raise PermissionError(13, "Permission denied")

    # Root may read all files.
    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(FileError, match="Permission denied"):
        read_costs(tmp_path / "costs.json", HERE)


def test_what_cannot_be_written_leaves_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "costs.json"
    write_costs(path, OURS, HERE)
    with pytest.raises(DataError, match=r"what was measured is no table of costs: 'costs\.fft'"):
        write_costs(path, OURS._replace(fft=float("nan")), HERE)
    assert read_costs(path, HERE) == OURS
    assert [*tmp_path.iterdir()] == [path]
    for inside in (path / "costs.json", tmp_path / ("x" * 300) / "costs.json"):
        with pytest.raises(FileError, match="cannot write"):
            write_costs(inside, OURS, HERE)


def test_calibration_is_on_one_thread_and_keeps_what_it_shows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    threads: list[int] = []

    def measured(machine: str, date: str) -> Costs:
        threads.extend(blas_threads())
        return COSTS._replace(machine=machine, date=date, fft=1 / 3)

    monkeypatch.setattr(calibration, "measured_costs", measured)
    path = tmp_path / "costs.json"
    report = calibrate(path, "A processor")
    assert set(threads) == {1}
    read = read_costs(path, platform_of("A processor"))
    assert report == CostsReport(*read, costs_file=str(path))
    assert read.fft == 0.3333
    assert read.machine.startswith("A processor, ")
    assert read.own_cache_bytes == COSTS.own_cache_bytes


def test_nothing_is_measured_for_a_file_that_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(calibration, "measured_costs")
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(FileError, match="cannot write"):
        calibrate(tmp_path / "file" / "costs.json", "A processor")


def test_an_interruption_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: str) -> Costs:
        raise KeyboardInterrupt

    monkeypatch.setattr(calibration, "measured_costs", interrupted)
    with pytest.raises(KeyboardInterrupt):
        calibrate(tmp_path / "costs.json", "A processor")
    assert [*tmp_path.iterdir()] == []


def test_its_name() -> None:
    assert name_of_costs(OURS, None) == "built in, A processor, openblas 0.3.31 Haswell, 2026-11-30"
    assert name_of_costs(OURS, "costs.json") == "costs.json, 2026-11-30"


def test_the_report_has_every_rate() -> None:
    assert CostsReport._fields == (*Costs._fields, "costs_file")
