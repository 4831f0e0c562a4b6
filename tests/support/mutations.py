"""Files changed at random, to see that readers answer with our own errors and with nothing else."""

from __future__ import annotations

import io
import math
import random
import resource
import shutil
import sys
import zipfile
import zlib
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numcodecs
import numpy as np
import zarr
from hostile_files import CORPUS, GOOD_NPY, place
from pictures import ORIENTATION, by_pillow, by_tifffile, ramp
from PIL import Image
from tiff_bytes import BITS, COMPRESSION, FORMAT, PHOTOMETRIC, PREDICTOR, tiff_bytes
from zarr import codecs as zarr_codecs

from conv2d_cli.errors import Conv2dError
from conv2d_cli.tensors.opening import open_source, tensors_in

if TYPE_CHECKING:
    from collections.abc import Callable

# Of all that is read, so many are stores, which take longest; elements of one that are read.
_STORES, _MOST_ELEMENTS = 0.05, 1 << 20
# Numbers that lengths, sizes and offsets become.
_NUMBERS = (0, 1, 0x7F, 0x80, 0xFF, 0xFFFF, 2**31 - 1, 2**31, 2**32 - 1, 2**63 - 1, 2**63, 2**64 - 1)


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
    for version in (2, 3):
        for compressors in (None, numcodecs.Zlib() if version == 2 else zarr_codecs.GzipCodec(), "auto"):
            files: dict[str, Any] = {}
            store = zarr.storage.MemoryStore(files)
            zarr.create_array(store, data=values, chunks=(1, 2, 3), zarr_format=version, compressors=compressors)
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


def try_mutations(folder: Path, count: int, seed: int) -> int:
    """Read so many changed files, and stores; return how many were refused. Anything but our own errors is raised."""
    draw, files, folders, refused = random.Random(seed), originals(), stores(), 0
    for _ in range(count):
        is_store = draw.random() < _STORES
        name, changed = _changed_store(folders, draw) if is_store else _changed_file(files, draw)
        path = folder / name
        _put(path, changed)
        try:
            with open_source(str(path)) as source:
                # Of a store, chunks that are not there have elements too.
                if not is_store or math.prod(source.shape) < _MOST_ELEMENTS:
                    source.read()
        except Conv2dError:
            refused += 1
        except BaseException:
            place(folder / f"culprit-{name}", changed)
            raise
        with suppress(Conv2dError):
            list(tensors_in(str(path)))
    return refused


def peak_bytes() -> int:
    """Return the most memory that this process has had."""
    status = Path("/proc/self/status")
    if status.exists():
        # Unlike `ru_maxrss`, it knows nothing of the process that started this one.
        lines = status.read_text("ascii", "replace").splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) * 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
