"""A store convolved by the processes of Dask: the very files of a run without it."""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pytest

from conv2d_cli.engine.planning import tiling
from conv2d_cli.errors import Conv2dError, DataError, FileError, MemoryLimitError
from conv2d_cli.jobs.cluster import store_run
from conv2d_cli.jobs.cluster.dask_cluster import Place, cluster
from conv2d_cli.jobs.cluster.store_run import Listener, run_store
from conv2d_cli.jobs.run.integers import IntegerOptions
from conv2d_cli.jobs.run.memory import Machine
from conv2d_cli.jobs.run.one_file import run_one
from conv2d_cli.jobs.run.request import Request
from conv2d_cli.layer.model import Conv2d
from conv2d_cli.tensors.layout import NHWC
from conv2d_cli.tensors.reading import Reading

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from conv2d_cli.jobs.cluster.dask_workers import DaskWorkers
    from conv2d_cli.report.run import RunReport

pytest.importorskip("distributed")
zarr = pytest.importorskip("zarr")
Mode = Literal["zeros", "reflect", "replicate", "circular"]
MACHINE = Machine(0, None)
MODES: tuple[Mode, ...] = ("zeros", "reflect", "replicate", "circular")


@pytest.fixture(scope="module")
def workers() -> Iterator[DaskWorkers]:
    """Two processes for all tests of this file."""
    with cluster(Place(workers=2), threads=1, memory_limit=None) as started:
        yield started


@pytest.fixture(autouse=True)
def _shared(workers: DaskWorkers, monkeypatch: pytest.MonkeyPatch) -> None:
    @contextmanager
    def shared(*_: object, **__: object) -> Iterator[DaskWorkers]:
        yield workers

    monkeypatch.setattr(store_run, "cluster", shared)
    # What a test does wrong on purpose must not end the processes of all others.
    monkeypatch.setattr(workers, "_stop", lambda: None)


@pytest.fixture
def small_tiles(monkeypatch: pytest.MonkeyPatch) -> None:
    """Images of some kilobytes are large."""
    monkeypatch.setattr(tiling, "_WHOLE_BYTES", 1 << 10)
    monkeypatch.setattr(tiling, "_TILE_BYTES", 1 << 12)


def store(path: Path, shape: tuple[int, ...], dtype: str = "float32") -> str:
    values = np.random.default_rng(len(shape)).uniform(-100, 100, shape)
    array = zarr.create_array(path, shape=shape, chunks=tuple(max(1, min(9, size)) for size in shape), dtype=dtype)
    if values.size:
        array[:] = values.astype(dtype)
    return str(path)


def spread(request: Request, *, resume: bool = False, machine: Machine = MACHINE) -> tuple[RunReport, list[str]]:
    said: list[str] = []
    tell = Listener(lambda _: None, lambda _: None, said.append, lambda _: None)
    place = Place(workers=2)
    return run_store(request, machine, place, resume=resume, summarize=True, tell=tell), said


def files_in(folder: str) -> dict[str, bytes]:
    from pathlib import Path

    return {str(path.relative_to(folder)): path.read_bytes() for path in Path(folder).rglob("*") if path.is_file()}


def same_as_here(request: Request) -> RunReport:
    """Check that a request has the same files and figures on the cluster as here, and return its report."""
    here = request._replace(output=f"{request.output}.here.zarr", threads=1)
    alone = run_one(here, MACHINE, summarize=True, announce=lambda _: None)
    report, _ = spread(request)
    assert files_in(str(request.output)) == files_in(str(here.output))
    assert repr(report._replace(seconds=0.0, gflops=None)) == repr(alone._replace(seconds=0.0, gflops=None))
    return report


@pytest.mark.usefixtures("small_tiles")
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("shape", [(2, 3, 40, 37), (3, 50, 33)])
def test_all_padding_modes_at_every_border(tmp_path: Path, mode: Mode, shape: tuple[int, ...]) -> None:
    layer = Conv2d(3, 4, 5, padding=(2, 4), dilation=(1, 2), padding_mode=mode)
    same_as_here(Request(store(tmp_path / "x.zarr", shape), layer, {}, output=str(tmp_path / "y.zarr")))


@pytest.mark.usefixtures("small_tiles")
@pytest.mark.parametrize("dtype", ["float64", "float16", "int8", "int64", "uint8", "complex64"])
def test_all_types(tmp_path: Path, dtype: str) -> None:
    rng = np.random.default_rng(0)
    np.save(tmp_path / "w.npy", rng.integers(0, 5, (4, 1, 3, 3)).astype(dtype))
    request = Request(
        *(store(tmp_path / "x.zarr", (1, 2, 60, 41), dtype), None),
        {"stride": 2, "padding": 1, "groups": 2},
        weight=str(tmp_path / "w.npy"),
        output=str(tmp_path / "y.zarr"),
    )
    same_as_here(request)


@pytest.mark.usefixtures("small_tiles")
@pytest.mark.parametrize("accuracy", ["fast", "exact"])
@pytest.mark.parametrize("mode", ["reflect", "circular"])
def test_other_accuracies(tmp_path: Path, accuracy: str, mode: Mode) -> None:
    layer = Conv2d(2, 3, 3, padding=1, padding_mode=mode)
    same_as_here(
        Request(
            *(store(tmp_path / "x.zarr", (1, 2, 50, 40)), layer, {}),
            output=str(tmp_path / "y.zarr"),
            accuracy=accuracy,
        )
    )


@pytest.mark.usefixtures("small_tiles")
@pytest.mark.parametrize("on_overflow", ["wrap", "saturate"])
def test_integers_in_an_accumulator(tmp_path: Path, on_overflow: str) -> None:
    np.save(tmp_path / "w.npy", np.full((2, 2, 3, 3), 2**25, np.int32))
    request = Request(
        *(store(tmp_path / "x.zarr", (2, 2, 40, 40), "int32"), None, {"padding": 1}),
        weight=str(tmp_path / "w.npy"),
        output=str(tmp_path / "y.zarr"),
        integers=IntegerOptions(on_overflow=on_overflow),
    )
    assert same_as_here(request).overflow


@pytest.mark.usefixtures("small_tiles")
def test_eight_bits_with_zero_points(tmp_path: Path) -> None:
    np.save(tmp_path / "w.npy", np.full((2, 2, 3, 3), 127, np.int8))
    request = Request(
        *(store(tmp_path / "x.zarr", (2, 2, 40, 40), "int8"), None, {"padding": 1}),
        weight=str(tmp_path / "w.npy"),
        output=str(tmp_path / "y.zarr"),
        integers=IntegerOptions("int32", 3, (1, 2)),
    )
    assert same_as_here(request).overflow == 0


@pytest.mark.usefixtures("small_tiles")
def test_the_first_sum_that_overflows_is_told(tmp_path: Path) -> None:
    np.save(tmp_path / "w.npy", np.full((2, 1, 3, 3), 2**30, np.int32))
    request = Request(
        *(store(tmp_path / "x.zarr", (3, 1, 90, 70), "int32"), None, {}),
        weight=str(tmp_path / "w.npy"),
        output=str(tmp_path / "y.zarr"),
        integers=IntegerOptions(),
        threads=1,
    )
    with pytest.raises(DataError) as here:
        run_one(request, MACHINE, summarize=False, announce=lambda _: None)
    with pytest.raises(DataError) as there:
        spread(request)
    assert there.value.message == here.value.message
    assert not (tmp_path / "y.zarr").exists()


@pytest.mark.parametrize("shape", [(0, 2, 9, 9), (7, 2, 9, 9), (40, 2, 3, 3), (2, 9, 9)])
def test_whole_images(tmp_path: Path, shape: tuple[int, ...]) -> None:
    layer = Conv2d(2, 3, 3, padding=1)
    same_as_here(Request(store(tmp_path / "x.zarr", shape), layer, {}, output=str(tmp_path / "y.zarr")))


@pytest.mark.usefixtures("small_tiles")
def test_layouts_of_input_and_output(tmp_path: Path) -> None:
    layer = Conv2d(3, 4, 3, padding=1, padding_mode="circular")
    same_as_here(
        Request(
            *(store(tmp_path / "x.zarr", (2, 40, 37, 3)), layer, {}),
            input_reading=Reading(layout=NHWC),
            output_layout=NHWC,
            output=str(tmp_path / "y.zarr"),
        )
    )


@pytest.mark.usefixtures("small_tiles")
@pytest.mark.parametrize("mode", MODES)
def test_of_an_input_in_shards_the_output_has_shards_and_they_are_the_tasks(tmp_path: Path, mode: Mode) -> None:
    path = tmp_path / "x.zarr"
    array = zarr.create_array(path, shape=(1, 3, 90, 70), chunks=(1, 3, 10, 10), shards=(1, 3, 40, 40), dtype="float32")
    array[:] = np.random.default_rng(0).standard_normal(array.shape)
    layer = Conv2d(3, 4, 5, padding=4, dilation=2, padding_mode=mode)
    request = Request(str(path), layer, {}, output=str(tmp_path / "y.zarr"), threads=1)
    here = request._replace(output=str(tmp_path / "here.zarr"))
    alone = run_one(here, MACHINE, summarize=True, announce=lambda _: None)
    report, _ = spread(request)
    written, expected = zarr.open_array(tmp_path / "y.zarr"), zarr.open_array(tmp_path / "here.zarr")
    assert written[:].tobytes() == expected[:].tobytes()
    assert written.shards is not None
    assert written.chunks == expected.chunks
    assert [path for path in (tmp_path / "y.zarr" / "c").rglob("*") if path.is_file()]
    assert (report.min, report.max, report.mean) == (alone.min, alone.max, alone.mean)


@pytest.mark.usefixtures("small_tiles")
def test_a_run_that_was_ended_is_gone_on_with(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    layer = Conv2d(3, 4, 5, padding=2, padding_mode="circular")
    request = Request(store(tmp_path / "x.zarr", (2, 3, 60, 50)), layer, {}, output=str(tmp_path / "y.zarr"), threads=1)
    add = store_run._Outcome.add

    def fail_later(self: Any, number: int, result: object) -> int:
        if self.count == 5:
            raise KeyboardInterrupt
        self.count += 1
        return add(self, number, result)

    with monkeypatch.context() as patched:
        patched.setattr(store_run._Outcome, "count", 0, raising=False)
        patched.setattr(store_run._Outcome, "add", fail_later)
        with pytest.raises(KeyboardInterrupt):
            spread(request, resume=True)
    assert not (tmp_path / "y.zarr").exists()
    partial = tmp_path / "y.zarr.partial"
    assert len((partial / "journal.ndjson").read_bytes().splitlines()) == 1 + 5
    with pytest.raises(FileError, match="another layer"):
        spread(request._replace(seed=1), resume=True)
    # One chunk is lost and another cut short; both are done again.
    chunks = sorted((partial / "store" / "c").rglob("*/*/*/*"))
    chunks[0].unlink()
    chunks[1].write_bytes(chunks[1].read_bytes()[:-1])
    _, said = spread(request, resume=True)
    assert any("done already" in words for words in said)
    assert not partial.exists()
    here = request._replace(output=str(tmp_path / "here.zarr"))
    run_one(here, MACHINE, summarize=False, announce=lambda _: None)
    assert files_in(str(request.output)) == files_in(str(here.output))


@pytest.mark.usefixtures("small_tiles")
def test_what_was_made_of_another_input_is_done_again(tmp_path: Path) -> None:
    from conv2d_cli.jobs.cluster.journal import TaskJournal

    layer = Conv2d(3, 4, 3, padding=1)
    path = tmp_path / "x.zarr"
    request = Request(store(path, (1, 3, 60, 50)), layer, {}, output=str(tmp_path / "y.zarr"), threads=1)
    ended = TaskJournal.__exit__
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(store_run, "keep_drawn", _interrupt)
        with pytest.raises(KeyboardInterrupt):
            spread(request, resume=True)
    assert ended is TaskJournal.__exit__
    zarr.open_array(path)[0, 0, 0, 0] = 1000.0
    _, said = spread(request, resume=True)
    assert any("done already" in words for words in said)
    here = request._replace(output=str(tmp_path / "here.zarr"))
    run_one(here, MACHINE, summarize=False, announce=lambda _: None)
    assert files_in(str(request.output)) == files_in(str(here.output))


def _interrupt(_: object) -> None:
    raise KeyboardInterrupt


def test_an_output_that_exists_is_kept(tmp_path: Path) -> None:
    path = store(tmp_path / "x.zarr", (2, 2, 9, 9))
    with pytest.raises(FileError, match="already exists"):
        spread(Request(path, Conv2d(2, 2, 3), {}, output=path))


def test_memory_is_counted_for_each_worker(tmp_path: Path) -> None:
    request = Request(store(tmp_path / "x.zarr", (2, 2, 9, 9)), Conv2d(2, 2, 3), {}, output=str(tmp_path / "y.zarr"))
    with pytest.raises(MemoryLimitError, match="each worker") as fault:
        spread(request._replace(memory_limit=1 << 20))
    with pytest.raises(MemoryLimitError, match="2 workers"):
        spread(request, machine=Machine(0, 1 << 10))
    assert [path.name for path in tmp_path.iterdir()] == ["x.zarr"]
    limit = re.fullmatch(r"--memory-limit (\d+)MiB would do", str(fault.value.hint))
    assert limit is not None
    spread(request._replace(memory_limit=int(limit[1]) << 20))


def test_processes_that_cannot_be_asked_are_no_fault_of_the_output(
    tmp_path: Path, workers: DaskWorkers, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = Request(store(tmp_path / "x.zarr", (2, 2, 9, 9)), Conv2d(2, 2, 3), {}, output=str(tmp_path / "y.zarr"))

    def closed(*_: object, **__: object) -> None:
        raise OSError("Stream is closed")

    for method in ("run", "register_plugin"):
        with monkeypatch.context() as patched:
            patched.setattr(workers._client, method, closed)
            with pytest.raises(FileError, match=r"workers cannot be reached any more: Stream is closed") as fault:
                spread(request)
            assert "y.zarr" not in fault.value.message
    assert not (tmp_path / "y.zarr").exists()


def test_a_bad_input_is_told_once(tmp_path: Path) -> None:
    path = tmp_path / "x.zarr"
    request = Request(store(path, (4, 2, 9, 9)), Conv2d(2, 2, 3), {}, output=str(tmp_path / "y.zarr"))
    (path / "c" / "0" / "0" / "0" / "0").write_bytes(b"short")
    with pytest.raises(Conv2dError) as fault:
        spread(request)
    assert fault.value.exit_code == DataError.exit_code
    assert [path.name for path in tmp_path.iterdir()] == ["x.zarr"]
