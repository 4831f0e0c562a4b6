"""Stores by URL: the very bytes and faults of stores in a folder, and no more requests than there are chunks."""

from __future__ import annotations

import asyncio
import pickle
import shutil
import signal
import threading
import time
import traceback
import warnings
from typing import TYPE_CHECKING, Any

import numcodecs
import numpy as np
import pytest
import zarr
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from object_store import BUCKET, SECRET, ObjectStore, serving, web
from zarr import codecs

from conv2d_cli.errors import Conv2dError, DataError, FileError
from conv2d_cli.tensors import remote_connection
from conv2d_cli.tensors.layout import NCHW, NHWC
from conv2d_cli.tensors.opening import open_source, tensors_in
from conv2d_cli.tensors.remote import RemoteFiles
from conv2d_cli.tensors.sink import check_output, open_output
from conv2d_cli.tensors.stores import LocalFiles
from conv2d_cli.tensors.zarr import library
from conv2d_cli.tensors.zarr_output import ZarrOutput

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from conv2d_cli.tensors.stores import Files

Array = np.ndarray[Any, Any]
VALUES = np.random.default_rng(0).standard_normal((3, 2, 11, 13)).astype(np.float32)
STORES: dict[str, dict[str, Any]] = {
    "version 2": {"zarr_format": 2, "chunks": (2, 1, 4, 5)},
    "version 2, zlib": {"zarr_format": 2, "chunks": (1, 2, 11, 6), "compressors": numcodecs.Zlib()},
    "version 3": {"chunks": (1, 2, 4, 13)},
    "version 3, blosc": {"chunks": (3, 2, 11, 13), "compressors": codecs.BloscCodec()},
    "version 3, gzip, small": {"chunks": (1, 1, 5, 5), "compressors": codecs.GzipCodec()},
    "version 3, shards": {"chunks": (1, 1, 3, 4), "shards": (2, 2, 6, 8)},
    "version 3, transposed": {
        "chunks": (1, 2, 5, 5), "filters": codecs.TransposeCodec(order=(3, 2, 1, 0)), "compressors": None,
    },
}  # fmt: skip
DTYPES = ["float16", "float32", "float64", "complex64", "complex128", "int8", "uint8", "uint16", "int32", "int64"]


@pytest.fixture(scope="module")
def store() -> Iterator[ObjectStore]:
    with serving() as serving_store:
        yield serving_store


@pytest.mark.parametrize("how", STORES)
def test_any_part_of_any_store_is_read(tmp_path: Path, store: ObjectStore, how: str) -> None:
    zarr.create_array(tmp_path / "x", data=VALUES, **STORES[how])
    with open_source(store.upload(tmp_path / "x", f"parts/{how}")) as source:
        assert (source.shape, source.dtype, source.is_read_in_parts) == (VALUES.shape, "float32", True)
        np.testing.assert_array_equal(source.read(), VALUES)
        np.testing.assert_array_equal(source.read_images(1, 2), VALUES[1:])
        image, rows, columns = source.image(2), np.array([10, 0, 0, 1, 2, 7])[:, None], np.array([12, 0, 3])
        np.testing.assert_array_equal(image[..., 2:9, 5:], VALUES[2][:, 2:9, 5:])
        np.testing.assert_array_equal(image[..., rows, columns], VALUES[2][:, rows, columns])


@pytest.mark.parametrize("dtype", DTYPES)
def test_every_type_is_written_and_read(store: ObjectStore, dtype: str) -> None:
    for name, array in (("batch", VALUES), ("image", VALUES[0]), ("none", VALUES[:0])):
        typed, values = store.url(f"types/{dtype}/{name}.zarr"), array.astype(dtype)
        with open_output(typed, values.shape, values.dtype, force=False) as output:
            output.write(0, values if values.ndim == 4 else values[None])
        with open_source(typed) as source:
            np.testing.assert_array_equal(source.read(), values, strict=True)


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_a_store_by_url_has_the_bytes_of_one_in_a_folder(
    tmp_path: Path, store: ObjectStore, data: st.DataObject
) -> None:
    """Also in chunks and shards of any size, from any process: what is sent to one is pickled."""
    image = tuple(data.draw(st.integers(1, 6), "size") for _ in range(3))
    batch = data.draw(st.sampled_from([(), (2,)]), "batch")
    chunk = tuple(data.draw(st.integers(min(2, size), size), "chunk") for size in image)
    times = data.draw(st.sampled_from([None, 1, 2]), "chunks on a side of a shard")
    shard = None if times is None else tuple(times * side for side in chunk)
    values = np.random.default_rng(0).integers(-9, 9, (*batch, *image)).astype("<i2")
    folder = tmp_path / "local"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    behind = store.files("same/x.zarr")
    behind.remove_each(behind.names())
    places: tuple[Files, Files] = LocalFiles(folder), behind
    for files in places:
        output = ZarrOutput(library(), files, values.shape, values.dtype, chunk=chunk, shard=shard)
        chunks = pickle.loads(pickle.dumps(output.chunks))  # noqa: S301 - ours
        sides, images = chunks.unit, values.reshape(-1, *image)
        for number in range(len(images)):
            for index in np.ndindex(*(-(-size // side) for size, side in zip(image, sides, strict=True))):
                starts = tuple(int(at) * side for at, side in zip(index, sides, strict=True))
                box = tuple(slice(start, start + side) for start, side in zip(starts, sides, strict=True))
                chunks.write(number, starts, images[number][box])
        output.seal()
    assert sorted(behind.names()) == sorted(LocalFiles(folder).names())
    for name in behind.names():
        assert behind.read(name, 0, 1 << 20) == (folder / name).read_bytes(), name
    read: Any = zarr.open_array(folder, mode="r")
    np.testing.assert_array_equal(read[...], values, strict=True)
    with open_source(behind.url) as source:
        np.testing.assert_array_equal(source.read(), values)


def test_a_part_of_a_chunk_is_refused_where_it_would_be_half_an_object(tmp_path: Path, store: ObjectStore) -> None:
    with open_output(store.url("half/x.zarr"), (1, 2, 8, 8), VALUES.dtype, force=False, chunk=(2, 4, 4)) as output:
        with pytest.raises(ValueError, match="written whole"):
            output.write_tile(0, 0, 0, np.zeros((2, 2, 4), VALUES.dtype))
        output.write_tile(0, 0, 0, np.zeros((2, 8, 8), VALUES.dtype))
    for shard, starts in ((None, (0, 0, 0)), ((2, 8, 8), (0, 4, 0))):
        (tmp_path / str(shard)).mkdir()
        files = LocalFiles(tmp_path / str(shard))
        written = ZarrOutput(library(), files, (2, 8, 8), VALUES.dtype, chunk=(2, 4, 4), shard=shard)
        with pytest.raises(ValueError, match="has but a part"):
            written.chunks.write(0, starts, np.zeros((2, 4, 3), VALUES.dtype))


@pytest.mark.parametrize("layout", [NCHW, NHWC])
def test_tiles_are_chunks_in_either_order_of_axes(store: ObjectStore, layout: Any) -> None:
    typed, image = store.url(f"tiles/{layout.name}.zarr"), VALUES[0]
    with open_output(typed, (1, *image.shape), image.dtype, force=False, layout=layout, chunk=(2, 4, 5)) as output:
        for top in range(0, 11, 4):
            for left in range(0, 13, 5):
                output.write_tile(0, top, left, image[:, top : top + 4, left : left + 5])
    names = store.files(f"tiles/{layout.name}.zarr").names()
    assert len(names) == 1 + 3 * 3
    with open_source(typed) as source:
        np.testing.assert_array_equal(source.read()[0], image.transpose(layout.back(3)))


def test_a_chunk_is_one_request_and_of_a_shard_the_table_one_more(tmp_path: Path, store: ObjectStore) -> None:
    zarr.create_array(tmp_path / "plain", data=VALUES, chunks=(1, 2, 4, 13), compressors=None)
    with open_source(store.upload(tmp_path / "plain", "counted/plain")) as source:
        with store.watched() as seen:
            source.read()
        assert sorted(seen.elements()) == sorted(
            ("GET", f"counted/plain/c/{n}/0/{row}/0") for n in range(3) for row in range(3)
        )
    zarr.create_array(tmp_path / "shards", data=VALUES, chunks=(1, 1, 3, 4), shards=(1, 2, 12, 16), compressors=None)
    with store.watched() as seen, open_source(store.upload(tmp_path / "shards", "counted/shards")) as source:
        pass
    assert [path for method, path in seen if method == "GET"] == ["counted/shards/zarr.json"]
    with open_source(store.url("counted/shards")) as source:
        for top, requests in ((0, 2), (3, 1)):
            with store.watched() as seen:
                part = source.read_part(0, slice(top, top + 3), slice(0, 4))
            np.testing.assert_array_equal(part, VALUES[0, :, top : top + 3, :4])
            # Two channels, each an inner chunk.
            assert seen == {("GET", "counted/shards/c/0/0/0/0"): requests + 1}


def test_chunks_are_asked_for_side_by_side(tmp_path: Path, store: ObjectStore) -> None:
    zarr.create_array(tmp_path / "x", data=VALUES, chunks=(1, 2, 4, 13), compressors=None)
    url, together = store.upload(tmp_path / "x", "beside/x"), threading.Barrier(4)

    def wait(_method: str, path: str) -> None:
        if "/c/0" in path or path.endswith("/c/1/0/0/0"):
            together.wait(20)

    with open_source(url) as source, store.answering(wait):
        np.testing.assert_array_equal(source.read(), VALUES)


def test_images_are_sent_side_by_side(store: ObjectStore) -> None:
    together = threading.Barrier(3)

    def wait(method: str, path: str) -> None:
        if method == "PUT" and "/c/" in path:
            together.wait(20)

    typed = store.url("beside/y.zarr")
    with store.answering(wait), open_output(typed, VALUES.shape, VALUES.dtype, force=False) as output:
        output.write(0, VALUES)


def test_arrays_of_a_group_have_names(tmp_path: Path, store: ObjectStore) -> None:
    for version in (2, 3):
        group = zarr.open_group(tmp_path / str(version), mode="w", zarr_format=version)
        group.create_array("weight", data=VALUES)
        group.create_array("deep/bias", data=VALUES[0, 0, 0])
        typed = store.upload(tmp_path / str(version), f"group/{version}")
        assert {name: stored.shape for _, name, stored in tensors_in(typed)} == {
            "weight": VALUES.shape, "deep/bias": (13,),
        }  # fmt: skip
        with store.watched() as seen, open_source(f"{typed}::deep/bias") as source:
            np.testing.assert_array_equal(source.read(), VALUES[0, 0, 0])
        # Nothing is listed where a name is given.
        assert not any(path in {"", f"group/{version}/"} for _, path in seen)
        with pytest.raises(DataError, match="it holds 2 tensors"), open_source(typed):
            pass
        with pytest.raises(DataError, match="no tensor named 'none'"), open_source(f"{typed}::none"):
            pass


def test_a_chunk_that_is_not_there_holds_the_fill_value(tmp_path: Path, store: ObjectStore) -> None:
    array = zarr.create_array(tmp_path / "x", shape=(1, 1, 8, 8), chunks=(1, 1, 4, 4), dtype="f4", fill_value=7)
    array[0, 0, :4, :4] = 1
    url = store.upload(tmp_path / "x", "sparse/x")
    with open_source(url) as source:
        assert source.read().sum() == 16 + 48 * 7
        store.files("sparse/x").remove("zarr.json")
        with pytest.raises(DataError, match="came or went"):
            source.read()


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("c/0/0/0/0", b"\0" * 300, "the chunk c/0/0/0/0 in it: it has more than 208 bytes"),
        ("c/0/0/0/0", b"\0" * 9, "the chunk c/0/0/0/0 in it: it has 9 bytes instead of 208"),
        ("c/0/0/0/0", b"", "the chunk c/0/0/0/0 in it: it has 0 bytes instead of 208"),
        ("zarr.json", b"{", "it is no sound Zarr store"),
        ("zarr.json", b" " * (5 << 20), "it has"),
        ("zarr.json", b"", "it is no sound Zarr store"),
    ],
)
def test_a_broken_store_is_told(tmp_path: Path, store: ObjectStore, name: str, content: bytes, told: str) -> None:
    zarr.create_array(tmp_path / "x", data=VALUES, chunks=(1, 1, 4, 13), compressors=None)
    url = store.upload(tmp_path / "x", "broken/x")
    store.files("broken/x").write(name, content)
    with pytest.raises(DataError) as fault, open_source(url) as source:
        source.read()
    assert told in fault.value.message
    assert fault.value.hint


@pytest.mark.parametrize("content", [b"", b"\0" * 40, b"\xff" * 999, b"\x01" * 999])
def test_a_broken_shard_is_told(tmp_path: Path, store: ObjectStore, content: bytes) -> None:
    zarr.create_array(tmp_path / "x", data=VALUES, chunks=(1, 1, 3, 4), shards=(1, 2, 12, 16), compressors=None)
    url = store.upload(tmp_path / "x", "broken/shard")
    store.files("broken/shard").write("c/0/0/0/0", content)
    with pytest.raises(DataError, match="the chunk c/0/0/0/0 in it"), open_source(url) as source:
        source.read()


def test_a_table_that_lies_is_told(tmp_path: Path, store: ObjectStore) -> None:
    zarr.create_array(
        tmp_path / "x", data=VALUES, chunks=(1, 1, 3, 4), compressors=None,
        serializer=codecs.ShardingCodec(chunk_shape=(1, 1, 3, 4), index_codecs=[codecs.BytesCodec()]),
    )  # fmt: skip
    url, files = store.upload(tmp_path / "x", "lying/x"), store.files("lying/x")
    whole = files.read("c/0/0/0/0", 0, 1 << 20)
    for start, length in ((10**9, 48), (0, 2**40), (2**64 - 2, 48), (0, 2**64 - 2)):
        files.write("c/0/0/0/0", whole[:-16] + np.array([start, length], "<u8").tobytes())
        with pytest.raises(DataError), open_source(url) as source:
            source.read()


def test_an_output_that_exists_is_kept_and_by_force_replaced_whole(store: ObjectStore) -> None:
    typed, files = store.url("force/y.zarr"), store.files("force/y.zarr")
    check_output(typed, force=False)
    with open_output(typed, VALUES.shape, VALUES.dtype, force=False) as output:
        output.write(0, VALUES)
    with pytest.raises(FileError, match="already exists"):
        check_output(typed, force=False)
    with pytest.raises(FileError, match="already exists"), open_output(typed, (1, 1, 1, 1), VALUES.dtype, force=False):
        pass
    check_output(typed, force=True)
    with store.watched() as seen, open_output(typed, (1, *VALUES.shape[1:]), VALUES.dtype, force=True) as output:
        output.write(0, VALUES[:1])
    assert sorted(files.names()) == ["c/0/0/0/0", "zarr.json"]
    order = [one for one in seen if one[0] in {"PUT", "DELETE"}]
    assert order[0] == ("DELETE", "force/y.zarr/zarr.json")
    assert order[-1] == ("PUT", "force/y.zarr/zarr.json")
    files.write("notes.txt", b"mine")
    for refused in (
        lambda: check_output(typed, force=True),
        lambda: open_output(typed, (1, 1, 1), VALUES.dtype, force=True).__enter__(),
    ):
        with pytest.raises(FileError, match=r"it also holds notes.txt"):
            refused()
    assert len(files.names()) == 3


def test_an_object_under_the_prefix_counts_as_a_store(store: ObjectStore) -> None:
    store.files("prefix/y.zarr").write("thesis.txt", b"mine")
    with pytest.raises(FileError, match="already exists"):
        check_output(store.url("prefix/y.zarr"), force=False)
    with pytest.raises(FileError, match=r"it also holds thesis.txt"):
        check_output(store.url("prefix/y.zarr"), force=True)
    # A longer name is another.
    check_output(store.url("prefix/z.zarr"), force=False)


def test_a_store_stays_until_there_is_something_to_write_in_its_place(store: ObjectStore) -> None:
    files = store.files("stays/y.zarr")
    with open_output(files.url, VALUES.shape, VALUES.dtype, force=False) as output:
        output.write(0, VALUES)
    before = sorted(files.names())

    def fail_after(images: int) -> None:
        with open_output(files.url, VALUES.shape, VALUES.dtype, force=True) as output:
            output.write(0, VALUES[:images])
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail_after(0)
    assert sorted(files.names()) == before
    with open_source(files.url) as source:
        np.testing.assert_array_equal(source.read(), VALUES)
    with pytest.raises(ZeroDivisionError):
        fail_after(1)
    assert files.names() == []
    # Of no images there are metadata alone, and they replace a store too.
    for batch in (VALUES, VALUES[:0]):
        with open_output(files.url, batch.shape, VALUES.dtype, force=True) as output:
            output.write(0, batch)
    assert files.names() == ["zarr.json"]


@pytest.mark.parametrize("error", [KeyboardInterrupt, ZeroDivisionError])
def test_what_is_unfinished_is_removed(store: ObjectStore, error: type[BaseException]) -> None:
    files, seen = store.files("unfinished/y.zarr"), list[str]()

    def fail() -> None:
        with open_output(files.url, VALUES.shape, VALUES.dtype, force=False) as output:
            output.write(0, VALUES[:2])
            seen.extend(files.names())
            raise error

    with pytest.raises(error):
        fail()
    assert sorted(seen) == ["c/0/0/0/0", "c/1/0/0/0"]
    assert files.names() == []


def test_a_chunk_that_is_under_way_when_a_signal_comes_is_removed(
    store: ObjectStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    system = pytest.importorskip("s3fs").S3FileSystem
    files, send, caller = store.files("signal/y.zarr"), system._pipe_file, threading.get_ident()
    signals = [signal.SIGUSR1]
    # Not SIGINT, which is ignored where tests run in the background, and ends a worker of theirs when it comes late.
    before = signal.signal(signals[0], signal.default_int_handler)

    async def interrupted(*arguments: Any, **options: Any) -> None:
        if signals:
            signal.pthread_kill(caller, signals.pop())
        # Whoever waits for the request has gone when it is sent.
        await asyncio.sleep(0.3)
        await send(*arguments, **options)

    monkeypatch.setattr(system, "_pipe_file", interrupted)
    remote_connection.file_system.cache_clear()
    with (
        pytest.raises(KeyboardInterrupt),
        open_output(files.url, (1, *VALUES.shape[1:]), VALUES.dtype, force=False) as output,
    ):
        output.write(0, VALUES[:1])
    time.sleep(0.5)
    signal.signal(signal.SIGUSR1, before)
    remote_connection.file_system.cache_clear()
    assert files.names() == []


def test_a_chunk_that_somebody_removes_meanwhile_is_a_fault(store: ObjectStore) -> None:
    files = store.files("vanishing/y.zarr")

    def write() -> None:
        with open_output(files.url, VALUES.shape, VALUES.dtype, force=False) as output:
            output.write(0, VALUES)
            files.remove("c/1/0/0/0")

    with pytest.raises(FileError, match="cannot write"):
        write()
    assert files.names() == []


def test_of_two_writers_without_force_the_first_to_finish_wins(store: ObjectStore) -> None:
    typed = store.url("two/y.zarr")

    def write(*, force: bool, meanwhile: bool) -> None:
        with open_output(typed, VALUES.shape, VALUES.dtype, force=force) as output:
            output.write(0, VALUES)
            if meanwhile:
                write(force=True, meanwhile=False)

    with pytest.raises(FileError, match="already exists"):
        write(force=False, meanwhile=True)
    with open_source(typed) as source:
        np.testing.assert_array_equal(source.read(), VALUES)


@pytest.mark.parametrize("status", [401, 403])
def test_refused_access_is_told_without_a_credential(store: ObjectStore, status: int) -> None:
    files = store.files("refused/y.zarr")
    with store.answering(lambda *_: status):
        for attempt in (
            lambda: files.read("zarr.json", 0, 9),
            lambda: files.write("zarr.json", b""),
            files.names,
            lambda: files.remove("zarr.json"),
            lambda: files.size("zarr.json"),
        ):
            with pytest.raises(FileError, match="access was refused") as fault:
                attempt()
            told = "".join(traceback.format_exception(fault.value)) + repr(fault.value) + (fault.value.hint or "")
            assert not any(secret in told for secret in (SECRET, "AKIDOFTHETESTS", "Credential="))
    shown = repr(files).encode() + pickle.dumps(files)
    assert SECRET.encode() not in shown


@pytest.mark.parametrize("status", [400, 409, 500])
def test_another_answer_is_told_in_a_word(store: ObjectStore, status: int) -> None:
    with store.answering(lambda *_: status), pytest.raises(FileError) as fault:
        store.files("odd/y.zarr").read("zarr.json", 0, 9)
    assert fault.value.hint
    assert SECRET not in str(fault.value)


def test_what_is_not_there_is_told(store: ObjectStore) -> None:
    for url in (store.url("none.zarr"), "s3://no-such-bucket/x.zarr"):
        with pytest.raises(FileError, match="there is no Zarr store, or no such bucket"), open_source(url):
            pass
    with pytest.raises(FileError, match="there is no such bucket"):
        check_output("s3://no-such-bucket/x.zarr", force=False)


@pytest.mark.parametrize("ranges", [True, False])
def test_a_web_server_is_read(tmp_path: Path, ranges: bool) -> None:
    pytest.importorskip("aiohttp")
    zarr.create_array(tmp_path / "x.zarr", data=VALUES, chunks=(1, 2, 4, 13))
    zarr.create_array(tmp_path / "s.zarr", data=VALUES, chunks=(1, 1, 3, 4), shards=(1, 2, 12, 16))
    group = zarr.open_group(tmp_path / "g.zarr", mode="w")
    group.create_array("w", data=VALUES)
    with web(tmp_path, ranges=ranges) as url:
        for typed in (f"{url}/x.zarr", f"{url}/g.zarr::w"):
            with open_source(typed) as source:
                np.testing.assert_array_equal(source.read(), VALUES)
        with pytest.raises(DataError, match="lists no folders"), open_source(f"{url}/g.zarr"):
            pass
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            zarr.consolidate_metadata(tmp_path / "g.zarr")
        with open_source(f"{url}/g.zarr") as source:
            np.testing.assert_array_equal(source.read(), VALUES)
        with open_source(f"{url}/s.zarr") as source:
            if ranges:
                np.testing.assert_array_equal(source.read(), VALUES)
            else:
                with pytest.raises(Conv2dError, match="sends no parts of files"):
                    source.read()


def test_an_endless_answer_is_not_held(tmp_path: Path) -> None:
    pytest.importorskip("aiohttp")
    zarr.create_array(tmp_path / "x.zarr", data=VALUES, chunks=(1, 2, 4, 13), compressors=None)
    (tmp_path / "x.zarr/c/0/0/0/0").write_bytes(bytes(8 << 20))
    with web(tmp_path, ranges=False) as url:
        assert len(RemoteFiles(f"{url}/x.zarr").read("c/0/0/0/0", 0, 99)) == 99
        with pytest.raises(DataError, match="more than 416 bytes"), open_source(f"{url}/x.zarr") as source:
            source.read()


def test_what_sends_no_ends_of_objects_is_asked_for_their_size() -> None:
    pytest.importorskip("fsspec")
    files = RemoteFiles("memory://test-remote/x.zarr")
    files.write("a", b"0123456789")
    assert [files.read("a", start, 4) for start in (-1, 8, 0, 20)] == [b"6789", b"89", b"0123", b""]
    assert (files.read("a", -1, 40), files.names(), files.size("a"), files.size("b")) == (
        b"0123456789",
        ["a"],
        10,
        None,
    )
    files.remove("a")
    assert files.names() == []


def test_the_bucket_itself_is_left_alone(store: ObjectStore) -> None:
    with pytest.raises(Conv2dError, match="is a bucket"):
        check_output(f"s3://{BUCKET}.zarr", force=True)
    assert store.files("types").names()
