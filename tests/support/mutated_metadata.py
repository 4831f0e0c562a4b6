"""Archives, headers and stores of odd names and metadata, which bits flipped at random seldom reach."""

from __future__ import annotations

import io
import json
import struct
import warnings
import zipfile
from typing import TYPE_CHECKING, Any

from bombs import ELEMENTS, settled, version_2, version_3
from npy_bytes import npy_bytes

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

_SUFFIXES = (".npy", ".npy", ".npy", "", ".txt", "/data.pkl")
METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)
# What a terminal would obey, what stands for nothing, what leads elsewhere, and what is no text.
NAMES = (
    "\x1b]0;title\x07", "\x1b[2J", "\x9b31m", "a\x00b", "a\rb", "a\nb", "a\tb", "\x08\x08", "\x7f", "\u202egnp.x",
    "\u2028", "\u200b", "\ufeff", "[red]x[/]", "[/x]", ":smile:", "../../x", "/etc/x", "..", ".", "",
    " ", "::", "x::y", "weight", "bias", "x" * 300, "\udcff", "\U0001f600", "-", "--help", "npy:-",
    "%s", "{0}", "é", "e\u0301",
)  # fmt: skip
# What a value of metadata becomes.
VALUES: tuple[Any, ...] = (
    None, True, False, 0, 1, -1, 2, 3, 0.5, 1e308, -0.0, float("nan"), float("inf"), 2**31, 2**32, 2**53 + 1, 2**62,
    2**63, 2**64, 10**30, "", "0", "float32", "bfloat16", "|O", "<U9", "zlib", "blosc", [], {}, [[]], [{}], [1, 1, 1],
    [0, 3, 4], [2, 3, 4], [2, 3, 4, 1], {"name": "bytes"}, {"name": "gzip", "configuration": {"level": 1}},
    {"id": "pickle"}, *NAMES[:6],
)  # fmt: skip
_CHAINS_3: tuple[tuple[str, ...], ...] = (
    ("bytes",), ("bytes", "gzip"), ("bytes", "zstd"), ("bytes", "blosc"), ("bytes", "crc32c"),
    ("bytes", "gzip", "crc32c"),
    ("bytes", "crc32c", "zstd"), ("bytes", "gzip", "gzip"),
)  # fmt: skip
_GROUPS = ({"zarr.json": b'{"zarr_format": 3, "node_type": "group"}'}, {".zgroup": b'{"zarr_format": 2}'})
_FILTERS_2: list[Any] = [{"id": "shuffle", "elementsize": 4}, {"id": "delta", "dtype": "<f4", "astype": "<f8"}, "zlib"]
_COMPRESSORS_2 = (None, "zlib", "gzip", "bz2", "lzma", "zstd", "blosc")


def archive_of(draw: random.Random) -> bytes:
    """Return an archive of members of odd names, each compressed in its own way, some of which hold no tensor."""
    stream = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(stream, "w") as target:
        # A name may come twice.
        warnings.simplefilter("ignore")
        for _ in range(draw.randint(0, 4)):
            name = draw.choice(NAMES).replace("\udcff", "\xff") + draw.choice(_SUFFIXES)
            content = draw.choice((npy_bytes(), npy_bytes((2, 3, 4), "<f4", ELEMENTS), b"", draw.randbytes(40)))
            target.writestr(zipfile.ZipInfo(name or "x"), content, draw.choice(METHODS))
    return stream.getvalue()


def safetensors_of(draw: random.Random) -> bytes:
    """Return a file of tensors of odd names, of which one value may be odd."""
    header: dict[str, Any] = {}
    for place in range(draw.randint(0, 4)):
        name = draw.choice(NAMES).replace("\udcff", "\xff")
        header[name] = {"dtype": "F32", "shape": [2, 3, 4], "data_offsets": [96 * place, 96 * place + 96]}
    elements = ELEMENTS * len(header)
    if draw.random() < 0.5:
        header["__metadata__"] = {draw.choice(NAMES[:20]): draw.choice(NAMES[:20])}
    text = json.dumps(_with_odd_value(header, draw) if draw.random() < 0.7 else header, allow_nan=True).encode()
    return struct.pack("<Q", len(text)) + text + elements


def store_of(draw: random.Random) -> dict[str, bytes]:
    """Return a store, or a group of stores of odd names, of any codecs, of which one value may be odd."""
    one = _array_of(draw)
    if draw.random() < 0.6:
        return one
    names = [name for name in NAMES if name and "/" not in name and "\0" not in name and name not in {".", ".."}]
    folder = draw.choice([name for name in names if len(name) < 200])
    group = draw.choice(_GROUPS)
    return group | {f"{folder}/{name}": content for name, content in one.items()}


def _array_of(draw: random.Random) -> dict[str, bytes]:
    chunk = draw.choice((ELEMENTS, ELEMENTS[:40], b"", draw.randbytes(60)))
    if draw.random() < 0.5:
        files = version_3([*draw.choice(_CHAINS_3)], chunk)
        name = "zarr.json"
        if draw.random() < 0.3:
            files = _sharded(draw)
    else:
        filters = draw.choice((None, _FILTERS_2[:1], _FILTERS_2[1:2], _FILTERS_2))
        files, name = version_2(draw.choice(_COMPRESSORS_2), filters, chunk), ".zarray"
    if draw.random() < 0.7:
        files[name] = json.dumps(_with_odd_value(json.loads(files[name]), draw)).encode()
    return files


def _sharded(draw: random.Random) -> dict[str, bytes]:
    settings = {
        "chunk_shape": [1, 3, 2], "codecs": [settled(codec) for codec in draw.choice(_CHAINS_3)],
        "index_codecs": [settled("bytes")], "index_location": draw.choice(("start", "end")),
    }  # fmt: skip
    places = [draw.choice((0, 24, 2**64 - 1, 2**63, 96)) for _ in range(8)]
    content = ELEMENTS + struct.pack("<8Q", *places)
    return version_3([{"name": "sharding_indexed", "configuration": settings}], content)


def _with_odd_value(metadata: Any, draw: random.Random) -> Any:
    """Return metadata of which one value, or one key, however deep, is another."""
    if isinstance(metadata, dict) and metadata and draw.random() < 0.8:
        key = draw.choice([*metadata])
        if draw.random() < 0.1:
            return {(draw.choice(NAMES) if each == key else each): value for each, value in metadata.items()}
        if draw.random() < 0.05:
            return {each: value for each, value in metadata.items() if each != key}
        return {each: _with_odd_value(value, draw) if each == key else value for each, value in metadata.items()}
    if isinstance(metadata, list) and metadata and draw.random() < 0.6:
        place = draw.randrange(len(metadata))
        return [_with_odd_value(value, draw) if number == place else value for number, value in enumerate(metadata)]
    return draw.choice(VALUES)


FILES: tuple[tuple[str, Callable[[random.Random], bytes]], ...] = (
    ("x.npz", archive_of), ("x.zip", archive_of), ("x.safetensors", safetensors_of),
)  # fmt: skip
