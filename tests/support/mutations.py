"""Files changed at random, to see that readers answer with our own errors and with nothing else."""

from __future__ import annotations

import io
import math
import random
import shutil
import time
import zipfile
import zlib
from contextlib import redirect_stderr, redirect_stdout, suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numcodecs
import numpy as np
import zarr
from bombs import zipped
from hostile_files import CORPUS, GOOD_NPY, place
from mutated_metadata import FILES, store_of
from pictures import ORIENTATION, by_pillow, by_tifffile, ramp
from PIL import Image
from resident import growth
from tiff_bytes import BITS, COMPRESSION, FORMAT, PHOTOMETRIC, PREDICTOR, tiff_bytes
from zarr import codecs as zarr_codecs

from conv2d_cli.cli.commands import application
from conv2d_cli.cli.main import _explain
from conv2d_cli.errors import Conv2dError
from conv2d_cli.tensors.opening import open_source, tensors_in

if TYPE_CHECKING:
    from collections.abc import Callable

# Of all that is read, so many are stores, which take longest; elements of one that are read.
_STORES, _MOST_ELEMENTS = 0.1, 1 << 20
# So many have their names and metadata changed, and some of these their bits too.
_BY_METADATA, _ALSO_MUTATED = 0.4, 0.3
# One of so many is also shown as `conv2d info` does it.
_SHOWN_OF = 25
SHOWN_AS = ("plain", "table", "markdown", "json", "ndjson", "csv")
# Numbers that lengths, sizes and offsets become.
_NUMBERS = (0, 1, 0x7F, 0x80, 0xFF, 0xFFFF, 2**31 - 1, 2**31, 2**32 - 1, 2**63 - 1, 2**63, 2**64 - 1)


_HOW_STORED: tuple[dict[str, Any], ...] = (
    *({"zarr_format": 2, "compressors": codec} for codec in (
        None, numcodecs.Zlib(), numcodecs.GZip(), numcodecs.BZ2(), numcodecs.LZMA(), numcodecs.Zstd(),
        numcodecs.Blosc(),
    )),
    {"zarr_format": 2, "filters": [numcodecs.Delta("<f4"), numcodecs.Shuffle(4)], "compressors": numcodecs.Zlib()},
    *({"compressors": codecs} for codecs in (
        None, zarr_codecs.GzipCodec(), zarr_codecs.ZstdCodec(), zarr_codecs.BloscCodec(),
        (zarr_codecs.Crc32cCodec(), zarr_codecs.GzipCodec()), (zarr_codecs.GzipCodec(), zarr_codecs.Crc32cCodec()),
    )),
    {"filters": zarr_codecs.TransposeCodec(order=(2, 0, 1))},
    {"shards": (2, 2, 3), "compressors": zarr_codecs.GzipCodec()},
)  # fmt: skip


class Tried(NamedTuple):
    """How many files were refused, the seconds of the slowest, and the bytes that one took at most."""

    refused: int
    slowest: float
    most: int


def originals() -> list[tuple[str, bytes]]:
    """Return the files that are changed: sound ones of each format, and the corpus."""
    stored, deflated = io.BytesIO(), io.BytesIO()
    values = np.arange(24, dtype=np.float32).reshape(2, 3, 4)
    np.savez(stored, x=values)
    np.savez_compressed(deflated, x=values, y=values.astype(np.int8))
    with zipfile.ZipFile(stored, "a") as archive:
        archive.writestr("notes.txt", "none")
    tensors = next(
        content
        for content in (one.content for one in CORPUS if one.name == "trailing.safetensors")
        if isinstance(content, bytes)
    )[:-1]
    sound = [("x.npy", GOOD_NPY), ("x.npz", stored.getvalue()), ("x.npz", deflated.getvalue())]
    sound.append(("x.safetensors", tensors))
    sound += [("x.npz", zipped(GOOD_NPY, method)) for method in (zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)]
    for suffix, options in (("png", {}), ("jpg", {}), ("tif", {}), ("tif", {"compression": "tiff_lzw"})):
        stream = io.BytesIO()
        kind = {"jpg": "JPEG", "tif": "TIFF"}.get(suffix, "PNG")
        Image.fromarray(np.arange(7 * 9 * 3, dtype=np.uint8).reshape(7, 9, 3)).save(stream, kind, **options)
        sound.append((f"x.{suffix}", stream.getvalue()))
    sound += [("x.tif", content) for content in _tiffs()]
    files = [(one.name, one.content) for one in CORPUS if isinstance(one.content, bytes)]
    small = [(f"x{Path(name).suffix}", content) for name, content in files if len(content) < 4096]
    return sound * 20 + [(name, content) for name, content in small if "::" not in name]


def _tiffs() -> list[bytes]:
    """Return TIFFs that go through every decoder: predictors, tiles, planes, bits and each compression."""
    bits = ramp("u1", 1)[0] > 99
    flat = Image.fromarray(np.ascontiguousarray(ramp("u1", 3).transpose(1, 2, 0))).quantize(8)
    floats = zlib.compress(bytes(range(48)))
    return [
        by_tifffile(ramp("i2", 1), ">", compression="zlib", predictor=True, tile=(16, 16)),
        by_tifffile(ramp("f4", 3), bigtiff=True, planarconfig="separate"),
        by_tifffile(ramp("u1", 3), compression="lzma"),
        *(by_pillow(bits, compression=name) for name in ("group3", "group4")),
        *(by_pillow(ramp("u1", 1)[0], compression=name) for name in ("jpeg", "packbits", "tiff_lzw")),
        by_pillow(flat),
        tiff_bytes(bytes(range(12)), {PHOTOMETRIC: 0, ORIENTATION: 6}),
        tiff_bytes(floats, {BITS: 32, FORMAT: 3, PREDICTOR: 3, COMPRESSION: 8}),
    ]


def stores() -> list[tuple[str, dict[str, bytes]]]:
    """Return the stores of which one file is changed: sound ones of both versions, and those of the corpus."""
    values, found = np.arange(24, dtype=np.float32).reshape(2, 3, 4), []
    for how in _HOW_STORED:
        files: dict[str, Any] = {}
        zarr.create_array(zarr.storage.MemoryStore(files), data=values, **{"chunks": (1, 2, 3)} | how)
        found.append(("x.zarr", {name: content.to_bytes() for name, content in files.items()}))
    corpus = [("x.zarr", dict(one.content)) for one in CORPUS if not isinstance(one.content, bytes) and one.size < 4096]
    return found * 5 + corpus


def mutated(content: bytes, draw: random.Random) -> bytes:
    """Return the bytes with one to four changes."""
    changed = bytearray(content)
    for _ in range(draw.randint(1, 4)):
        draw.choice(_CHANGES)(changed, draw)
    return bytes(changed)


def _flip(content: bytearray, draw: random.Random) -> None:
    if content:
        content[draw.randrange(len(content))] ^= 1 << draw.randrange(8)


def _overwrite(content: bytearray, draw: random.Random) -> None:
    place, width = draw.randint(0, len(content)), draw.choice((1, 2, 4, 8))
    number = draw.choice(_NUMBERS) % 256**width
    content[place : place + width] = number.to_bytes(width, "little")


def _cut(content: bytearray, draw: random.Random) -> None:
    del content[draw.randint(0, len(content)) :]


def _remove(content: bytearray, draw: random.Random) -> None:
    place = draw.randint(0, len(content))
    del content[place : place + draw.randint(1, 16)]


def _insert(content: bytearray, draw: random.Random) -> None:
    place = draw.randint(0, len(content))
    content[place:place] = draw.choice(
        (draw.randbytes(draw.randint(1, 8)), b"9" * draw.randint(1, 30), b"(" * 50, b"-")
    )


def _repeat(content: bytearray, draw: random.Random) -> None:
    place, length = draw.randint(0, len(content)), draw.randint(1, 64)
    content[place:place] = content[place : place + length]


_CHANGES: tuple[Callable[[bytearray, random.Random], None], ...] = (
    _flip,
    _flip,
    _overwrite,
    _overwrite,
    _cut,
    _remove,
    _insert,
    _repeat,
)


def read_sound(folder: Path) -> None:
    """Read every file as it is, so that what readers load for themselves is there."""
    for name, content in originals():
        (folder / name).write_bytes(content)
        with suppress(Conv2dError), open_source(str(folder / name)) as source:
            source.read()
    for name, files in stores():
        _put(folder / name, files)
        with suppress(Conv2dError), open_source(str(folder / name)) as source:
            source.read()
    for format_name in SHOWN_AS:
        check_streams(folder / "x.npz", format_name)


def _put(path: Path, content: bytes | dict[str, bytes]) -> None:
    """Write a file or a store where there may be another."""
    if path.is_dir():
        shutil.rmtree(path)
    elif not isinstance(content, bytes):
        path.unlink(missing_ok=True)
    place(path, content)


def _changed_file(files: list[tuple[str, bytes]], draw: random.Random) -> tuple[str, bytes | dict[str, bytes]]:
    name, content = draw.choice(files)
    return name, mutated(content, draw)


def _changed_store(
    found: list[tuple[str, dict[str, bytes]]], draw: random.Random
) -> tuple[str, bytes | dict[str, bytes]]:
    name, content = draw.choice(found)
    part = draw.choice(list(content))
    return name, content | {part: mutated(content[part], draw)}


def _drawn(
    draw: random.Random, files: list[tuple[str, bytes]], folders: list[tuple[str, dict[str, bytes]]]
) -> tuple[str, bytes | dict[str, bytes]]:
    """Return the name and the content of a file, or of a store, that is changed in its bits or in its metadata."""
    is_store, by_metadata = draw.random() < _STORES, draw.random() < _BY_METADATA
    if is_store:
        return ("x.zarr", store_of(draw)) if by_metadata else _changed_store(folders, draw)
    if by_metadata:
        name, make = draw.choice(FILES)
        content = make(draw)
        return name, mutated(content, draw) if draw.random() < _ALSO_MUTATED else content
    return _changed_file(files, draw)


def try_mutations(folder: Path, count: int, seed: int) -> Tried:
    """Read so many changed files, and stores; anything but our own errors is raised, and what they would show a
    terminal too."""
    draw, files, folders, refused, slowest, most = random.Random(seed), originals(), stores(), list[bool](), 0.0, 0
    for number in range(count):
        name, changed = _drawn(draw, files, folders)
        path = folder / name
        _put(path, changed)
        started = time.monotonic()
        try:
            most = max(most, growth(partial(_read, path, refused)))
            if number % _SHOWN_OF == 0:
                check_streams(path, draw.choice(SHOWN_AS))
        except BaseException:
            place(folder / f"culprit-{name}", changed)
            raise
        slowest = max(slowest, time.monotonic() - started)
    return Tried(sum(refused), slowest, most)


def _read(path: Path, refused: list[bool]) -> None:
    """Read a file, add whether it was refused, and list what is in it."""
    refused.append(True)
    with suppress(Conv2dError), open_source(str(path)) as source:
        # Chunks that are not there, and what is deflated, have elements too.
        if math.prod(source.shape) < _MOST_ELEMENTS:
            source.read()
        refused[-1] = False
    with suppress(Conv2dError):
        list(tensors_in(str(path)))


def check_streams(path: Path, format_name: str) -> None:
    """Have `conv2d info` show a file in some format, and raise where a character that controls reaches a stream."""
    words = ["info", str(path), "--format", format_name]
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        try:
            application()(words, standalone_mode=False)
        except Conv2dError as error:
            _explain(error)
    exact = words[-1] == "csv"
    for text in (err.getvalue(), "" if exact else out.getvalue()):
        odd = next((sign for sign in text if sign != "\n" and not sign.isprintable()), None)
        if odd is not None:
            raise AssertionError(f"{odd!r} is shown by {words}: {text[:500]!r}")
