"""Small files that become very large where a reader lets them, each with the words that are said of it."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import struct
import zipfile
import zlib
from functools import cache, partial
from typing import TYPE_CHECKING, Any, NamedTuple

import google_crc32c
import numcodecs
import numpy as np
from npy_bytes import npy_bytes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Chunk = bytes | Callable[[], bytes]

# Much more than any reader may take.
BOMB_BYTES = 48 << 20
ELEMENTS = np.arange(24, dtype=np.float32).tobytes()
_SKIPPED_FRAME = struct.pack("<II", 0x184D2A50, 4) + b"skip"
_METHODS = {"deflated": zipfile.ZIP_DEFLATED, "bzip2": zipfile.ZIP_BZIP2, "lzma": zipfile.ZIP_LZMA}


class Bomb(NamedTuple):
    """One file or store; `content` makes it when it is asked for, as some take a second."""

    name: str
    content: Callable[[], bytes | dict[str, bytes]]
    says: str


def zipped(member: bytes, method: int, name: str = "x.npy") -> bytes:
    """Return an archive of one member."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", method) as archive:
        archive.writestr(zipfile.ZipInfo(name), member, method)
    return stream.getvalue()


@cache
def _zeros(size: int = BOMB_BYTES) -> bytes:
    return bytes(size)


def with_size(archive: bytes, size: int) -> bytes:
    """Return an archive whose directory says another size of its member."""
    place = archive.rindex(b"PK\x01\x02") + 24
    return archive[:place] + struct.pack("<I", size) + archive[place + 4 :]


def with_dictionary(archive: bytes, size: int) -> bytes:
    """Return an archive of LZMA that asks for a dictionary of another size."""
    place = 30 + len("x.npy") + 5
    return archive[:place] + struct.pack("<I", size) + archive[place + 4 :]


def _archives() -> Iterator[Bomb]:
    for name, method in _METHODS.items():
        yield Bomb(f"{name}.npz", partial(_zipped_bomb, method), "bytes follow the 4 bytes of its elements")
        yield Bomb(f"{name}-small-directory.npz", partial(_named, method, b"data.npy", 68), "the checksum of")
        for other in (b"data.pkl", b"data.txt", b"a/b.json"):
            yield Bomb(
                f"{name}-{other.decode().replace('/', '-')}.npz",
                partial(_named, method, other),
                "a PyTorch checkpoint" if b"pkl" in other else "it holds no tensor",
            )
        small, large = zipped(npy_bytes(), method), zipped(npy_bytes((2**29 - 32,), "<f4", b""), method)
        yield Bomb(f"{name}-large-directory.npz", partial(with_size, small, 2**31), "bytes follow the 24")
        yield Bomb(f"{name}-all-large.npz", partial(_all_large, large), "is cut short")
        yield Bomb(f"{name}-header.npz", partial(zipped, _long_header(), method), "header of 4294967295")
    lzma_zip = zipped(npy_bytes(), zipfile.ZIP_LZMA)
    yield Bomb("lzma-no-properties.npz", partial(lzma_zip.replace, b"\x05\0\x5d", b"\x09\0\x5d", 1), "LZMA are broken")
    yield Bomb("lzma-parameters.npz", partial(lzma_zip.replace, b"\x05\0\x5d", b"\x05\0\xff", 1), "no sound .npz")
    yield Bomb("directory.npz", _long_directory, "is longer than")


@cache
def _zipped_bomb(method: int) -> bytes:
    return zipped(npy_bytes((1,), "<f4", _zeros()), method, "data.npy")


def _named(method: int, name: bytes, size: int | None = None) -> bytes:
    """Return the archive with another name of its member, or another size in the directory."""
    content = _zipped_bomb(method).replace(b"data.npy", name)
    return content if size is None else with_size(content, size)


def _long_header() -> bytes:
    return npy_bytes(version=(2, 0), length=2**32 - 1, elements=bytes(1 << 20))


def _all_large(archive: bytes) -> bytes:
    """Return an archive whose directory and member agree on 2 GiB."""
    return with_size(archive, len(npy_bytes((2**29 - 32,), "<f4", b"")) + 4 * (2**29 - 32))


def _long_directory() -> bytes:
    """Return an archive of 100,000 members that all are one."""
    good = zipped(npy_bytes(), zipfile.ZIP_STORED)
    place = good.rindex(b"PK\x01\x02")
    end = good.rindex(b"PK\x05\x06")
    directory = good[place:end] * 100_000
    return (
        good[:place]
        + directory
        + struct.pack("<4sHHHHIIH", b"PK\x05\x06", 0, 0, 65535, 65535, len(directory), place, 0)
    )


@cache
def _compressed(codec: str) -> bytes:
    return _of(codec, _zeros())


def _packed(codec: str, before: bytes = b"", *, checked: bool = False) -> bytes:
    content = before + _compressed(codec)
    return content + google_crc32c.value(content).to_bytes(4, "little") if checked else content


def _packed_twice(codec: str) -> bytes:
    return _of(codec, _compressed(codec))


def _unsized_frame(blocks: int) -> bytes:
    """Return a zstd frame that does not say its size, of blocks of 128 KiB of zeros."""
    return b"\x28\xb5\x2f\xfd\x00\x58" + b"\x02\x00\x10\0" * blocks + b"\x01\0\0"


def version_3(codecs: list[Any], chunk: Chunk, **changed: object) -> dict[str, bytes]:
    """Return a store of one chunk; codecs are names or what the metadata say of them."""
    metadata = {
        "shape": [2, 3, 4], "data_type": "float32", "zarr_format": 3, "node_type": "array", "fill_value": 0,
        "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": [2, 3, 4]}}, "attributes": {},
        "chunk_key_encoding": {"name": "default"}, "codecs": [settled(codec) for codec in codecs],
    }  # fmt: skip
    return {
        "zarr.json": json.dumps(metadata | changed).encode(),
        "c/0/0/0": chunk if isinstance(chunk, bytes) else chunk(),
    }


def settled(codec: Any) -> Any:
    """Return what metadata say of a codec that is named."""
    settings: dict[str, Any] = {
        "bytes": {"endian": "little"}, "gzip": {"level": 1}, "zstd": {"level": 1, "checksum": False},
        "blosc": {"cname": "lz4", "clevel": 5, "shuffle": "noshuffle", "typesize": 4, "blocksize": 0},
    }  # fmt: skip
    if not isinstance(codec, str):
        return codec
    return {"name": codec, "configuration": settings[codec]} if codec in settings else {"name": codec}


def version_2(compressor: Any, filters: Any, chunk: Chunk, **changed: object) -> dict[str, bytes]:
    """Return a store of one chunk; a codec is a name or what the metadata say of it."""

    def said(codec: Any) -> Any:
        return {"id": codec} if isinstance(codec, str) else codec

    metadata = {
        "shape": [2, 3, 4], "chunks": [2, 3, 4], "dtype": "<f4", "fill_value": 0, "order": "C",
        "filters": None if filters is None else [said(codec) for codec in filters],
        "compressor": said(compressor), "zarr_format": 2,
    }  # fmt: skip
    return {".zarray": json.dumps(metadata | changed).encode(), "0.0.0": chunk if isinstance(chunk, bytes) else chunk()}


def _stores() -> Iterator[Bomb]:
    shuffle = {"id": "shuffle", "elementsize": 4}
    more = {
        "gzip": "more bytes of it", "zlib": "more bytes of it", "bz2": "more bytes of it", "lzma": "more bytes of it",
        "zstd": "buffer too small",
    }  # fmt: skip
    for codec, says in more.items():
        yield Bomb(f"2-{codec}.zarr", partial(version_2, codec, None, partial(_packed, codec)), says)
        yield Bomb(f"2-{codec}-shuffle.zarr", partial(version_2, codec, [shuffle], partial(_packed, codec)), says)
        # 20 MiB become few enough bytes to be let in.
        yield Bomb(
            f"2-{codec}-second.zarr",
            partial(version_2, codec, None, partial(_packed, codec, before=_of(codec, ELEMENTS[:8]))),
            "too small" if codec == "zstd" else "more bytes of it",
        )
        for others in ([codec], [codec, shuffle], [shuffle, codec]):
            yield Bomb(
                f"2-{codec}-in-{'-'.join('shuffle' if other is shuffle else 'itself' for other in others)}.zarr",
                partial(version_2, codec, others, partial(_packed_twice, codec)),
                "of which nobody knows the size",
            )
        yield Bomb(
            f"2-{codec}-filter.zarr",
            partial(version_2, None, [codec, shuffle], partial(_packed, codec)),
            "of which nobody knows the size",
        )
    for codec in ("gzip", "zstd"):
        for name, codecs in (
            ("alone", ["bytes", codec]),
            ("checked", ["bytes", codec, "crc32c"]),
            ("checked-before", ["bytes", "crc32c", codec]),
        ):
            yield Bomb(
                f"3-{codec}-{name}.zarr",
                partial(version_3, codecs, partial(_packed, codec, checked=codecs[-1] == "crc32c")),
                "more bytes of it" if codec == "gzip" else "too small",
            )
        for other in ("gzip", "zstd", "blosc"):
            yield Bomb(
                f"3-{codec}-in-{other}.zarr",
                partial(version_3, ["bytes", codec, other], partial(_packed, codec)),
                "of which nobody knows the size",
            )
    zstd = numcodecs.Zstd()
    small = bytes(zstd.encode(ELEMENTS))
    frames = {
        "small-large": small + _packed("zstd"),
        "skipped-large": _SKIPPED_FRAME + _packed("zstd"),
        "large-skipped": _packed("zstd") + _SKIPPED_FRAME,
        "unsized": _unsized_frame(3000),
        "small-unsized": small + _unsized_frame(3000),
        "skipped-unsized": _SKIPPED_FRAME * 9 + _unsized_frame(3000),
    }
    for name, frame in frames.items():
        yield Bomb(f"3-zstd-{name}.zarr", partial(version_3, ["bytes", "zstd"], frame), "too small")
        yield Bomb(f"2-zstd-{name}.zarr", partial(version_2, "zstd", None, frame), "too small")
    blosc = bytes(numcodecs.Blosc(cname="zlib").encode(_zeros()))
    lies = {
        "large": blosc,
        "says-less": blosc[:4] + struct.pack("<I", 96) + blosc[8:],
        "says-more": _of("blosc", ELEMENTS)[:4] + struct.pack("<I", 2**31 - 1) + _of("blosc", ELEMENTS)[8:],
        "says-all": _of("blosc", ELEMENTS)[:12] + struct.pack("<I", 2**31 - 1) + _of("blosc", ELEMENTS)[16:],
        "cut": _of("blosc", ELEMENTS)[:-9], "header": _of("blosc", ELEMENTS)[:16], "short": b"\2\1\1\4",
    }  # fmt: skip
    for name, chunk in lies.items():
        yield Bomb(f"2-blosc-{name}.zarr", partial(version_2, "blosc", None, chunk), "blosc")
        yield Bomb(f"3-blosc-{name}.zarr", partial(version_3, ["bytes", "blosc"], chunk), "blosc")
    delta: dict[str, object] = {"id": "delta", "dtype": "<f4"}
    deltas: dict[str, dict[str, object]] = {
        "objects": {"dtype": "|O"}, "text": {"dtype": "<U999999999"}, "records": {"dtype": [["a", "<f4"]]},
        "raw": {"dtype": "|V999999999"}, "kept-text": {"astype": "<U999999999"}, "kept-raw": {"astype": "|V999999999"},
    }  # fmt: skip
    for name, changed in deltas.items():
        says = "which are no numbers" if "raw" in name else "no sound Zarr store"
        yield Bomb(f"2-delta-{name}.zarr", partial(version_2, None, [delta | changed], ELEMENTS), says)
    sizes: tuple[object, ...] = ("4", None, [4], {}, 2.5)
    for size in sizes:
        odd = [{"id": "shuffle", "elementsize": size}]
        yield Bomb(f"2-shuffle-{size}.zarr", partial(version_2, None, odd, ELEMENTS), "cannot decode it")
    yield from _shards()


def _of(codec: str, content: bytes) -> bytes:
    makers: dict[str, Callable[[bytes], bytes]] = {
        "gzip": gzip.compress, "zlib": zlib.compress, "bz2": bz2.compress, "lzma": lzma.compress,
        "zstd": numcodecs.Zstd().encode, "blosc": numcodecs.Blosc().encode,
    }  # fmt: skip
    return bytes(makers[codec](content))


def _shards() -> Iterator[Bomb]:
    def sharded(
        inner: list[Any], content: bytes, index: tuple[str, ...] = ("bytes",), **more: object
    ) -> dict[str, bytes]:
        settings = {
            "chunk_shape": [2, 3, 4], "codecs": [settled(codec) for codec in inner],
            "index_codecs": [settled(codec) for codec in index], "index_location": "end",
        }  # fmt: skip
        return version_3([{"name": "sharding_indexed", "configuration": settings | more}], content)

    def at(start: int, length: int) -> bytes:
        return struct.pack("<QQ", start, length)

    packed = _packed("gzip")
    yield Bomb("shard-gzip.zarr", partial(sharded, ["bytes", "gzip"], packed + at(0, len(packed))), "more bytes of it")
    yield Bomb("shard-twice.zarr", partial(sharded, ["bytes", "gzip", "zstd"], at(0, 0)), "nobody knows the size")
    shard = {
        "chunk_shape": [2, 3, 4], "codecs": [settled("bytes")], "index_location": "end",
        "index_codecs": [settled("bytes")],
    }  # fmt: skip
    whole = [{"name": "sharding_indexed", "configuration": shard}, "gzip"]
    yield Bomb("shard-whole.zarr", partial(version_3, whole, ELEMENTS + at(0, 96)), "gzip is given whole shards")
    transformed = partial(version_3, ["bytes"], ELEMENTS, storage_transformers=[{"name": "x"}])
    yield Bomb("transformed.zarr", transformed, "storage_transformers are not read")
    yield Bomb("shard-beyond.zarr", partial(sharded, ["bytes"], ELEMENTS + at(40, 96)), "96 bytes from 40 on")
    yield Bomb("shard-far.zarr", partial(sharded, ["bytes"], ELEMENTS + at(2**64 - 2, 96)), "bytes from")
    yield Bomb("shard-long.zarr", partial(sharded, ["bytes"], ELEMENTS + at(0, 2**64 - 2)), "bytes from")
    yield Bomb("shard-short.zarr", partial(sharded, ["bytes"], ELEMENTS[:8]), "bytes from")
    yield Bomb("shard-empty.zarr", partial(sharded, ["bytes"], b""), "bytes from")
    yield Bomb(
        "shard-index-compressed.zarr",
        partial(sharded, ["bytes"], ELEMENTS + at(0, 96), ("bytes", "gzip")),
        "index of its shards is compressed",
    )
    yield Bomb(
        "shard-index-checksum.zarr",
        partial(sharded, ["bytes"], ELEMENTS + at(0, 96) + bytes(4), ("bytes", "crc32c")),
        "its checksum is another",
    )
    yield Bomb("shard-index-none.zarr", partial(sharded, ["bytes"], b"", ()), "no sound Zarr store")
    deep: list[Any] = ["bytes"]
    for _ in range(60):
        settings = {
            "chunk_shape": [2, 3, 4], "codecs": [settled(codec) for codec in deep], "index_location": "end",
            "index_codecs": [settled("bytes")],
        }  # fmt: skip
        deep = [{"name": "sharding_indexed", "configuration": settings}]
    yield Bomb("shard-deep.zarr", lambda: version_3(deep, ELEMENTS + at(0, 96)), "bytes from")


def _unreasonable() -> Iterator[Bomb]:
    """Yield stores whose metadata ask for what no machine can do."""
    grid = {"chunk_grid": {"name": "regular", "configuration": {"chunk_shape": [1, 1, 1]}}}
    for shape in ([300, 300, 300], [2**31, 1, 1], [2**40, 1, 1], [1, 2**21, 1]):
        yield Bomb(
            f"3-chunks-{'x'.join(map(str, shape))}.zarr",
            partial(version_3, ["bytes"], bytes(4), shape=shape, **grid),
            "of that size",
        )
        yield Bomb(
            f"2-chunks-{'x'.join(map(str, shape))}.zarr",
            partial(version_2, None, None, bytes(4), shape=shape, chunks=[1, 1, 1]),
            "of that size",
        )
    for shape in ([2**62, 1, 1], [2**31, 2**31, 1], [2**62, 2**62, 2**62], [2**21, 2**21, 2**21]):
        for name, made in (
            ("3", partial(version_3, ["bytes"], ELEMENTS, shape=shape)),
            ("2", partial(version_2, None, None, ELEMENTS, shape=shape)),
            ("3-chunk", partial(version_3, ["bytes"], ELEMENTS, **_grid(shape))),
            ("2-chunk", partial(version_2, None, None, ELEMENTS, chunks=shape)),
        ):
            yield Bomb(f"{name}-{'x'.join(map(str, shape))}.zarr", made, "which no array can have")
    for side in (2**10, 2**12, 2**20):
        beyond = f"chunks of {4 * side**3} bytes for an array of 96"
        if 4 * side**3 < 2**63:
            for name in ("gzip", "zstd", "blosc"):
                content = partial(version_3, ["bytes", name], _of(name, ELEMENTS), **_grid([side, side, side]))
                yield Bomb(f"3-{name}-chunk-{side}.zarr", content, beyond)
    shards = {"chunk_grid": {"name": "regular", "configuration": {"chunk_shape": [300, 300, 300]}}}
    settings = {"chunk_shape": [1, 1, 1], "codecs": [settled("bytes")], "index_codecs": [settled("bytes")]}
    codec = {"name": "sharding_indexed", "configuration": {**settings, "index_location": "end"}}
    yield Bomb(
        "shard-chunks.zarr", lambda: version_3([codec], bytes(99), shape=[300, 300, 300], **shards), "of that size"
    )


def _grid(shape: list[int]) -> dict[str, object]:
    return {"chunk_grid": {"name": "regular", "configuration": {"chunk_shape": shape}}}


BOMBS = (*_archives(), *_stores(), *_unreasonable())
