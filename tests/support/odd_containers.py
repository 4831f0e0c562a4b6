"""Files that people take for tensors, each made by hand: its name, what it holds, and what is to be said of it."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import os
import pickle
import struct
import tarfile
import zipfile
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from npy_bytes import npy_bytes

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

# A folder that appears where a pickle of these files is loaded.
CANARY = "unpickled"
CHECKPOINT = "it is a PyTorch checkpoint, which is a pickle and never unpickled here"
SCRIPT = "it is a TorchScript archive"
PICKLE = "a pickle, which is never unpickled here"
JOBLIB = "a joblib file, which is a pickle and never unpickled here"


class Odd(NamedTuple):
    """A file, or the files of a folder; `info` says `says`, and ends with `code`: 0 where it lists what cannot be read.

    `run` says `run_says`, or the same, and ends with `run_code`, or 3 where `code` is 0.
    """

    name: str
    content: bytes | Mapping[str, bytes]
    says: str
    code: int = 3
    run_says: str = ""
    run_code: int = 0


class _Canary:
    def __reduce__(self) -> tuple[Any, tuple[str]]:
        return os.mkdir, (CANARY,)


def _pickled(protocol: int, *objects: object) -> bytes:
    return pickle.dumps([_Canary(), *objects], protocol)


def zipped(**members: bytes) -> bytes:
    """Return an archive; `__` in a name stands for `/`, and `_DOT_` for a point."""
    named = {name.replace("__", "/").replace("_DOT_", "."): content for name, content in members.items()}
    return zipped_as(named)


def zipped_as(members: Mapping[str, bytes]) -> bytes:
    """Return an archive of members by their names."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return stream.getvalue()


def _tar(members: Mapping[str, bytes], mode: str = "w") -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode=mode) as archive:  # type: ignore[call-overload]
        for name, content in members.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return stream.getvalue()


def _protobuf(*fields: tuple[int, bytes | int]) -> bytes:
    out = b""
    for number, value in fields:
        out += bytes([number << 3]) + bytes([value]) if isinstance(value, int) else b""
        out += bytes([number << 3 | 2, len(value)]) + value if isinstance(value, bytes) else b""
    return out


_ONES = npy_bytes((1, 3, 8, 8), "<f4", np.ones(192, "<f4").tobytes())
_OBJECTS = npy_bytes((1,), "|O", _pickled(4))
_RECORDS = npy_bytes((2,), [("r", "|u1"), ("g", "|u1"), ("b", "|u1")], bytes(6))
_MAGIC = pickle.dumps(0x1950A86A20F9469CFC6C, 2)
_OLD = _MAGIC + pickle.dumps(1001, 2) + pickle.dumps({"little_endian": True}, 2) + _pickled(2)
_TORCH = {"m/data.pkl": b"\x80\x02}q\0.", "m/byteorder": b"little", "m/data/0": bytes(96), "m/version": b"3\n"}
_TORCH_OBJECTS = _TORCH | {"m/data.pkl": _pickled(2)}
_PICTURE_WORD, _UNKNOWN_OBJECT = bytes(64), "it holds objects of posix.mkdir"
_STORE = {
    "zarr.json": json.dumps(
        {
            "shape": [2, 3], "data_type": "float32", "zarr_format": 3, "node_type": "array", "fill_value": 0,
            "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": [2, 3]}}, "attributes": {},
            "chunk_key_encoding": {"name": "default"},
            "codecs": [{"name": "bytes", "configuration": {"endian": "little"}}],
        }
    ).encode(),
    "c/0/0": bytes(24),
}  # fmt: skip
_GROUP = b'{"zarr_format": 3, "node_type": "group", "attributes": {}}'
_BAD_ARRAY = _STORE["zarr.json"].replace(b'"float32"', b'"float31"')


def _safetensors(**tensors: tuple[str, list[int], int]) -> bytes:
    header, place = {}, 0
    for name, (dtype, shape, size) in tensors.items():
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [place, place + size]}
        place += size
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + bytes(place)


_GGUF = b"GGUF" + struct.pack("<IQQ", 3, 0, 0)
_BMP = b"BM" + struct.pack("<IHHI", 58, 0, 0, 54) + struct.pack("<IiiHHIIiiII", 40, 1, 1, 1, 24, 0, 4, 0, 0, 0, 0)
_BMP += bytes([1, 2, 3, 0])
_GIF = b"GIF89a\1\0\1\0\x80\0\0\0\0\0\xff\xff\xff,\0\0\0\0\1\0\1\0\0\2\2D\1\0;"
_LFS = b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 3\n"
_PARTS = {"[Content_Types].xml": b"<x/>", "word/document.xml": b"<x/>"}

CHECKPOINTS = (
    *(Odd(name, zipped_as(_TORCH), CHECKPOINT) for name in ("m.pth", "m.pt", "model.ckpt", "m", "pytorch_model.bin")),
    *(Odd(name, zipped_as(_TORCH), CHECKPOINT) for name in ("m.npz", "m.npy", "m.safetensors", "m.png")),
    Odd("top.pth", zipped_as({"data.pkl": b"\x80\x02}q\0."}), CHECKPOINT),
    Odd("objects.pth", zipped_as(_TORCH_OBJECTS), CHECKPOINT),
    *(Odd(name, _OLD, CHECKPOINT) for name in ("old.pth", "old", "old.bin", "old.npy", "old.npz")),
    Odd("script.pt", zipped_as(_TORCH | {"m/constants.pkl": _pickled(2)}), SCRIPT),
    Odd("program.pt2", zipped_as({"m/models/model.json": b"{}"}), "it is a program of torch.export"),
    Odd("ancient.pth", _tar(dict.fromkeys(("sys_info", "pickle", "storages", "tensors"), _pickled(2))), "before 2017"),
    Odd("cut.pth", zipped_as(_TORCH)[:-40], "a PyTorch checkpoint that is broken or was cut short"),
)
PICKLES = (
    *(Odd(f"p{protocol}.pkl", _pickled(protocol), PICKLE) for protocol in range(6)),
    Odd("p.npy", _pickled(4), PICKLE),
    Odd("p", _pickled(2), PICKLE),
    Odd("m.joblib", _pickled(4, "joblib.numpy_pickle"), JOBLIB),
    Odd("compressed.joblib", b"\x78\x9c" + bytes(90), JOBLIB),
    Odd("objects.npy", _OBJECTS, "Python objects, which are never unpickled", 0, "it holds Python objects"),
    Odd("objects.npz", zipped(a_DOT_npy=_OBJECTS), "Python objects", 0, "it holds Python objects"),
)
LIBRARIES = (
    Odd("m.h5", b"\x89HDF\r\n\x1a\n" + bytes(90), "it is an HDF5 file"),
    Odd("m.hdf5.npy", b"\x89HDF\r\n\x1a\n" + bytes(90), "it is an HDF5 file"),
    Odd("m.keras", zipped_as({"config.json": b"{}", "model.weights.h5": b""}), "it is a Keras model"),
    Odd("m.mat", b"MATLAB 5.0 MAT-file, Platform" + bytes(120), "it is a MATLAB file"),
    Odd("m4.mat", bytes(40), "it is a MATLAB file"),
    Odd("m73.mat", b"MATLAB 7.3 MAT-file" + bytes(493) + b"\x89HDF\r\n\x1a\n", "a MATLAB 7.3 file, which is HDF5"),
    Odd("frozen.pb", _protobuf((1, b"\n\1x")), "it is a TensorFlow graph"),
    Odd("m.gguf", _GGUF, "it is a GGUF file"),
    Odd("ggml.bin", _GGUF, "it is a GGUF file"),
    Odd("m.tflite", b"\x1c\0\0\0TFL3" + bytes(40), "it is a TensorFlow Lite model"),
    Odd("sky.fits", b"SIMPLE  =                    T".ljust(2880), "it is a FITS file"),
    Odd("sea.nc", b"CDF\x01" + bytes(40), "it is a NetCDF file"),
    Odd("scan.dcm", bytes(128) + b"DICM" + bytes(40), "it is a DICOM file"),
    Odd("table.parquet", b"PAR1" + bytes(40), "it is a Parquet file"),
)
PICTURES = (
    Odd("a.webp", b"RIFF\x24\0\0\0WEBPVP8 " + _PICTURE_WORD, "it is a WebP picture"),
    Odd("a.gif", _GIF, "it is a GIF picture"),
    Odd("a.bmp", _BMP, "it is a BMP picture"),
    Odd("a.heic", b"\0\0\0\x18ftypheic" + _PICTURE_WORD, "it is a HEIC picture"),
    Odd("a.avif", b"\0\0\0\x18ftypavif" + _PICTURE_WORD, "it is an AVIF picture"),
    Odd("a.jxl", b"\xff\x0a" + _PICTURE_WORD, "it is a JPEG XL picture"),
    Odd("a.jp2", b"\0\0\0\x0cjP  \r\n\x87\n" + _PICTURE_WORD, "it is a JPEG 2000 picture"),
    Odd("a.psd", b"8BPS" + _PICTURE_WORD, "it is a Photoshop picture"),
    Odd("gif.png", _GIF, "it is a GIF picture"),
)
TEXTS = (
    Odd("a.csv", b"1,2,3\n4,5,6\n", "it is a table of numbers as text"),
    Odd("a.txt", b"1 2 3\n4 5 6\n", "it is a table of numbers as text"),
    Odd("a.tsv", b"1\t2\n-3e4\t5\n", "it is a table of numbers as text"),
    Odd("a.npy", b"1;2;3\n4;5;6\n", "it is a table of numbers as text"),
    Odd("head.csv", b"x,y\n1,2\n", "it is text"),
    Odd("notes.txt", "größer\n".encode(), "it is text"),
    Odd("m.safetensors.index.json", b'{"weight_map": {"a": "m-1.safetensors"}}', "an index of files of tensors"),
    Odd("pointer.safetensors", _LFS, "it is a pointer of Git LFS"),
)
ARCHIVES = (
    Odd("x.npy.gz", gzip.compress(_ONES), "it is compressed by gzip"),
    Odd("x.npy.xz", lzma.compress(_ONES), "it is compressed by xz"),
    Odd("x.npy.bz2", bz2.compress(_ONES), "it is compressed by bzip2"),
    Odd("x.npy.zst", b"\x28\xb5\x2f\xfd" + bytes(40), "it is compressed by Zstandard"),
    Odd("zipped.npy", gzip.compress(_ONES), "it is compressed by gzip"),
    Odd("x.tar", _tar({"x.npy": _ONES}), "it is a tar archive"),
    Odd("x.tar.gz", _tar({"x.npy": _ONES}, "w:gz"), "it is compressed by gzip"),
    Odd("s.zarr.zip", zipped_as(_STORE), "it is a zipped Zarr store"),
    Odd("inside.zip", zipped_as({f"a/s.zarr/{name}": part for name, part in _STORE.items()}), "a zipped Zarr store"),
    Odd("s.zarr", zipped_as(_STORE), "it is a zipped Zarr store"),
    Odd("empty.npz", zipped(), "it holds no tensor: the archive is empty"),
    Odd("text.npz", zipped(readme_DOT_txt=b"x"), "it holds no tensor: it is a zip archive of readme.txt"),
    Odd("frames.zip", zipped_as({"a.png": b"x", "b.png": b"x"}), "it is a zip archive of a.png, b.png"),
    Odd("essay.docx", zipped_as(_PARTS), "it is an Office document"),
    Odd("a.odt", zipped(mimetype=b"application/x"), "it is an OpenDocument or EPUB file"),
    Odd("a.jar", zipped_as({"META-INF/MANIFEST.MF": b""}), "it is a Java archive"),
    Odd("a.whl", zipped_as({"a-1.dist-info/WHEEL": b""}), "it is a Python wheel"),
    Odd("broken.zip", b"PK\3\4" + bytes(40), "it is a zip archive that is broken or was cut short"),
    Odd("broken.npz", b"PK\3\4" + bytes(40), "it is no sound .npz archive"),
    Odd("a.7z", b"7z\xbc\xaf\x27\x1c" + bytes(40), "it is a 7z archive"),
)
OURS = (
    *(Odd(name, b"", "it is empty") for name in ("none.npy", "none.npz", "none.safetensors", "none.png", "none")),
    Odd("x.npz", _ONES, "it is a .npy file, not a .npz"),
    Odd("x.png", _ONES, "it is a .npy file, not a .png"),
    Odd("z.npy", zipped(x_DOT_npy=_ONES), "it is a .npz file, not a .npy"),
    Odd("t.npy", _safetensors(a=("F32", [1], 4)), "it is a .safetensors file, not a .npy"),
    Odd("two.npy", _ONES * 2, "2 arrays follow one another in it"),
    Odd("three.npy", _ONES + npy_bytes((2,), "<i2", bytes(4)) + _ONES, "3 arrays follow one another in it"),
    Odd("trailing.npy", _ONES + bytes(5), "5 bytes follow"),
    Odd("records.npy", _RECORDS, "records of r, g, b", 0),
    Odd("mixed.npz", zipped(a_DOT_npy=_ONES, b_DOT_npy=_RECORDS), "records of r, g, b", 0, "it holds 2 tensors"),
    Odd("member.npz", zipped(a_DOT_npy=_ONES, b_DOT_npy=b"x"), "no .npy file", 0, "it holds 2 tensors"),
    Odd("words.npy", npy_bytes((1,), "<U2", bytes(8)), "str64 is no type that is computed in", 0, "are str64"),
    Odd("void.npy", npy_bytes((1,), "|V3", bytes(3)), "V3 is no type that is computed in", 0, "V3"),
    Odd("scales.safetensors", _safetensors(a=("F32", [1], 4), b=("F4", [4], 2)), "F4 is no type", 0, "2 tensors"),
    Odd("eights.safetensors", _safetensors(a=("F32", [1], 4), b=("F8_E4M3", [3], 3)), "float8_e4m3fn", 0, "2 tensors"),
    Odd("noise", bytes(range(250, 256)) * 9, "it is no tensor file that we know"),
    Odd("noise.bin", bytes(range(250, 256)) * 9, "a raw file holds elements alone", 3, "says neither its shape", 2),
)
FOLDERS = (
    Odd("saved_model", {"saved_model.pb": b"\x08\x01", "variables/x": b""}, "it is a TensorFlow SavedModel", 4),
    Odd("unpacked", {"data.pkl": b"\x80\x02}.", "data/0": b""}, "it is an unpacked PyTorch checkpoint", 4),
    Odd("frames", {"b.npy": b"", "a.npy": b""}, "it is a folder", 4, "need a folder", 2),
    Odd("papers", {"a.txt": b""}, "it is a folder, and no Zarr store", 4, "holds no tensor file"),
    Odd("lost.zarr", {"c/0/0": bytes(24)}, "it has none of the files"),
    Odd("group.zarr", {"zarr.json": _GROUP}, "it holds no tensor"),
    Odd("old_group.zarr", {".zgroup": b'{"zarr_format": 2}'}, "it holds no tensor"),
    Odd(
        "mixed.zarr",
        {"zarr.json": _GROUP, "a/zarr.json": _STORE["zarr.json"], "b/zarr.json": _BAD_ARRAY, "c/zarr.json": b"nothing"},
        "float31",
        0,
        "it holds 3 tensors: a, b, c",
    ),
)  # fmt: skip
ODD = (*CHECKPOINTS, *PICKLES, *LIBRARIES, *PICTURES, *TEXTS, *ARCHIVES, *OURS, *FOLDERS)
