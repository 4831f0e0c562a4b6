"""A corpus of hostile and broken files, each with its name, bytes, exit code and words of what is said of it.

The bytes are made here, by hand and deterministic, so that what is wrong with each can be read.
"""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import struct
import zipfile
import zlib
from typing import TYPE_CHECKING, NamedTuple

from hostile_tiffs import hostile_tiffs
from npy_bytes import npy_bytes
from odd_containers import ODD

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_ELEMENTS = bytes(4 * 2 * 3 * 4)
GOOD_NPY = npy_bytes((2, 3, 4), "<f4", _ELEMENTS)
HUGE = 2**62
_NO_ARCHIVE, _NO_STORE = "it is no sound .npz archive: ", "it is no sound Zarr store: "
_NO_SAFETENSORS = "it is no sound .safetensors file: "


class Hostile(NamedTuple):
    """One file, or the files of a store; `says` is part of the message, or what versions of Python let us say."""

    name: str
    content: bytes | Mapping[str, bytes]
    says: str | tuple[str, ...]
    code: int = 3

    @property
    def size(self) -> int:
        """Bytes of all of it."""
        return len(self.content) if isinstance(self.content, bytes) else sum(map(len, self.content.values()))


def place(path: Path, content: bytes | Mapping[str, bytes]) -> None:
    """Write a file, or a store."""
    if isinstance(content, bytes):
        path.write_bytes(content)
        return
    path.mkdir()
    for name, part in content.items():
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_bytes(part)


def _npy() -> list[Hostile]:
    def header(text: str) -> bytes:
        return npy_bytes(header=text, elements=_ELEMENTS)

    def shaped(shape: object, elements: bytes = _ELEMENTS) -> bytes:
        return header(f"{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}, }}")[: -len(_ELEMENTS)] + elements

    def typed(descr: object) -> bytes:
        return header(f"{{'descr': {descr}, 'fortran_order': False, 'shape': (2, 3, 4), }}")

    # What is not said of the header, but of what follows or of what it names.
    says = {
        "one_less": "24 bytes follow", "64_axes": "92 bytes follow", "zero": "96 bytes follow",
        "object": "Python objects", "bytes": "its elements are",
        "structured_object": "Python objects", "void": "are V4, not numbers", "unicode": "elements are str32",
        "deep": "not numbers", "long_name": "not numbers",
    }  # fmt: skip
    cut = {0: "empty", 8: "cut short", 9: "cut short", 10: "cut short", 40: "cut short", 100: "promises"}
    shapes = {
        "negative": "(-2, 3, 4)", "negative_last": "(2, 3, -4)", "bool": "(True, 3, 4)", "float": "(2.0, 3, 4)",
        "none": "(None, 3, 4)", "text": "'234'", "list": "[2, 3, 4]", "number": "24", "nested": "((2, 3), 4)",
        "complex": "(2j, 3, 4)", "huge": f"({HUGE}, {HUGE}, {HUGE})", "overflow": "(4294967296, 4294967296)",
        "overflow_to_zero": f"(0, {HUGE}, {HUGE})", "one_more": "(2, 3, 5)", "one_less": "(2, 3, 3)",
        "a_tebibyte": "(1024, 1024, 262144)", "64_axes": str((1,) * 65), "set": "{2, 3, 4}", "byte_text": "b'abc'",
        "digits": f"({'9' * 4000}, 1)",
    }  # fmt: skip
    types = {
        "object": "'|O'", "nested": "[('a', '<f4'), ('b', '<f4')]", "structured_object": "[('a', '|O')]",
        "void": "'|V4'", "unicode": "'<U1'", "bytes": "'|S4'", "datetime": "'<M8[s]'", "unknown": "'<q9'",
        "empty": "''", "number": "7", "none": "None", "subarray": "('<f4', (2,))", "deep": "[('a', [('b', '<f4')])]",
        "long_name": f"[('{'n' * 5000}', '<f4')]", "timedelta": "'<m8'", "comma": "'f4,f4'", "zero": "'|V0'",
    }  # fmt: skip
    headers = {
        "code": "__import__('os').abort()", "lambda": "(lambda: 0)()", "comprehension": "{'descr': [i for i in '<f4']}",
        "no_dict": "(1, 2, 3)", "empty_dict": "{}", "missing_key": "{'descr': '<f4', 'shape': (2, 3, 4)}",
        "extra_key": "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3, 4), 'x': 1}",
        "order_number": "{'descr': '<f4', 'fortran_order': 2, 'shape': (2, 3, 4)}",
        "order_text": "{'descr': '<f4', 'fortran_order': 'no', 'shape': (2, 3, 4)}", "unclosed": "{'descr': '<f4', ",
        "nested": "{'descr': " + "(" * 3000, "nul": "{'descr': '<f4\\x00', 'fortran_order': False, 'shape': (2, 3, 4)}",
        "blank": " ", "python2": "{'descr': '<f4', 'fortran_order': False, 'shape': (2L, 3L, -4L)}",
        "keys_are_numbers": "{1: '<f4', 2: False, 3: (2, 3, 4)}",
        "unary": "{'descr': '<f4', 'fortran_order': not 1, 'shape': (2, 3, 4)}",
    }  # fmt: skip
    return [
        *(Hostile(f"cut_at_{size}.npy", GOOD_NPY[:size], cut.get(size, "version")) for size in (*range(11), 40, 100)),
        *(Hostile(f"shape_{name}.npy", shaped(shape), says.get(name, "header")) for name, shape in shapes.items()),
        *(Hostile(f"type_{name}.npy", typed(descr), says.get(name, "its header")) for name, descr in types.items()),
        *(Hostile(f"header_{name}.npy", header(text), "header") for name, text in headers.items()),
        Hostile("65_axes.npy", npy_bytes((1,) * 65, "<f4", bytes(4)), "which no array can have"),
        Hostile("version_0.npy", b"\x93NUMPY\x00\x00" + GOOD_NPY[8:], "version 0.0"),
        Hostile("version_2_of_1.npy", b"\x93NUMPY\x02\x00" + GOOD_NPY[8:], "its header of 662372415 bytes"),
        Hostile("version_4.npy", b"\x93NUMPY\x04\x00" + GOOD_NPY[8:], "version 4.0"),
        Hostile("version_1_1.npy", b"\x93NUMPY\x01\x01" + GOOD_NPY[8:], "version 1.1"),
        Hostile("long_header.npy", npy_bytes(version=(2, 0), length=2**32 - 1), "longer than"),
        Hostile("header_of_64_kib.npy", npy_bytes(header=" " * 65_000, elements=b""), "longer than"),
        Hostile("trailing_byte.npy", GOOD_NPY + b"\0", "1 bytes follow"),
        Hostile("two.npy", GOOD_NPY * 2, "2 arrays follow one another in it"),
        Hostile("bad_magic.npy", b"\x93NUMPX" + GOOD_NPY[6:], "no .npy file"),
        Hostile("not_utf8.npy", b"\x93NUMPY\x03\x00\x04\x00\x00\x00\xff\xfe\xfd\n", "header"),
        Hostile("pickle.npy", b"\x80\x04\x95\x00\x00\x00\x00\x00\x00\x00\x00K\x01.", "it is a pickle"),
        Hostile("elf.npy", b"\x7fELF" + bytes(60), "it is a program"),
        Hostile("zeros.npy", bytes(1000), "no .npy file"),
    ]


def _archive(members: list[tuple[str, bytes]], compression: int = zipfile.ZIP_STORED) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", compression) as archive:
        for name, content in members:
            archive.writestr(zipfile.ZipInfo(name), content, compression)
    return stream.getvalue()


def _patched(content: bytes, before: bytes, after: bytes, count: int = -1) -> bytes:
    assert before in content
    return content.replace(before, after, count)


def _npz() -> list[Hostile]:
    good = _archive([("x.npy", GOOD_NPY)])
    deflated = _archive([("x.npy", npy_bytes((1000, 100), "<f4", bytes(400_000)))], zipfile.ZIP_DEFLATED)
    size, checksum = struct.pack("<I", len(GOOD_NPY)), struct.pack("<I", zlib.crc32(GOOD_NPY))
    end = good.rindex(b"PK\x05\x06")
    directory = good.rindex(b"PK\x01\x02")
    bomb = _archive([("x.npy", npy_bytes((1,), "<f4", bytes(64 << 20)))], zipfile.ZIP_DEFLATED)
    return [
        *(Hostile(f"cut_at_{part}.npz", good[: len(good) * part // 16], _NO_ARCHIVE) for part in range(1, 16)),
        Hostile("empty.npz", b"", "it is empty"),
        Hostile("no_member.npz", _archive([]), "holds no tensor"),
        Hostile("no_tensor.npz", _archive([("readme.txt", b"hello")]), "holds no tensor"),
        Hostile("two_members.npz", _archive([("a.npy", GOOD_NPY), ("b.npy", GOOD_NPY)]), "holds 2 tensors: a, b"),
        Hostile("path.npz::nothing", _archive([("../../etc/x.npy", GOOD_NPY)]), "holds no tensor named 'nothing'"),
        Hostile("member_is_text.npz", _archive([("x.npy", b"hello, world")]), "no .npy file"),
        Hostile("member_is_empty.npz", _archive([("x.npy", b"")]), "it is empty"),
        Hostile("member_is_object.npz", _archive([("x.npy", npy_bytes((1,), "|O", b"\x80\x04N."))]), "Python objects"),
        Hostile("member_promises_more.npz", _archive([("x.npy", npy_bytes((9, 9, 9), "<f4", _ELEMENTS))]), "promises"),
        Hostile("member_is_longer.npz", _archive([("x.npy", GOOD_NPY + b"x")]), "bytes follow"),
        Hostile("bomb.npz", bomb, "bytes follow"),
        Hostile("wrong_checksum.npz", _patched(good, checksum, b"\x01\x02\x03\x04"), "the checksum of"),
        Hostile("wrong_data.npz", _patched(deflated, deflated[60:90], bytes(30)), _NO_ARCHIVE),
        Hostile(
            "size_lies.npz",
            good[:directory] + _patched(good[directory:], size, struct.pack("<I", 2**31)),
            ("bytes follow", _NO_ARCHIVE),
        ),
        Hostile(
            "size_is_small.npz",
            good[:directory] + _patched(good[directory:], size, struct.pack("<I", 100)),
            "promises 96 bytes of elements, but",
        ),
        Hostile("encrypted.npz", good[: directory + 8] + b"\x01\x00" + good[directory + 10 :], _NO_ARCHIVE),
        Hostile("unknown_method.npz", good[: directory + 10] + b"\x63\x00" + good[directory + 12 :], _NO_ARCHIVE),
        Hostile("offset_lies.npz", good[: end + 16] + struct.pack("<I", 2**31) + good[end + 20 :], _NO_ARCHIVE),
        Hostile("local_header_gone.npz", b"XX" + good[2:], _NO_ARCHIVE),
        Hostile("only_end.npz", good[end:], _NO_ARCHIVE),
    ]


def _safetensors() -> list[Hostile]:
    entry = {"dtype": "F32", "shape": [2, 3, 4], "data_offsets": [0, 96]}

    def made(header: object, elements: bytes = _ELEMENTS) -> bytes:
        text = header if isinstance(header, bytes) else json.dumps(header).encode()
        return struct.pack("<Q", len(text)) + text + elements

    good = made({"x": entry})
    entries: dict[str, dict[str, object]] = {
        "shape_negative": {"shape": [-2, 3, 4]}, "shape_bool": {"shape": [True, 3, 4]},
        "shape_float": {"shape": [2.5, 3, 4]},
        "shape_huge": {"shape": [HUGE, HUGE]}, "shape_text": {"shape": "234"}, "shape_none": {"shape": None},
        "shape_other": {"shape": [2, 3, 5]}, "dtype_unknown": {"dtype": "F31"}, "dtype_number": {"dtype": 3},
        "offsets_swapped": {"data_offsets": [96, 0]}, "offsets_beyond": {"data_offsets": [0, 96_000]},
        "offsets_negative": {"data_offsets": [-96, 0]}, "offsets_hole": {"data_offsets": [4, 100]},
        "offsets_one": {"data_offsets": [0]}, "offsets_text": {"data_offsets": "0 96"},
    }  # fmt: skip
    return [
        *(
            Hostile(f"cut_at_{size}.safetensors", good[:size], _NO_SAFETENSORS)
            for size in (1, 7, 8, 9, 40, len(good) - 1)
        ),
        Hostile("empty.safetensors", b"", "it is empty"),
        *(
            Hostile(f"{name}.safetensors", made({"x": entry | other}), _NO_SAFETENSORS)
            for name, other in entries.items()
        ),
        Hostile("absurd_length.safetensors", struct.pack("<Q", 2**63) + good[8:], _NO_SAFETENSORS),
        Hostile("length_of_all.safetensors", struct.pack("<Q", 2**64 - 1) + good[8:], _NO_SAFETENSORS),
        Hostile("no_json.safetensors", made(b"hello, world"), _NO_SAFETENSORS),
        Hostile("list.safetensors", made([entry]), _NO_SAFETENSORS),
        Hostile("not_utf8.safetensors", made(b'{"\xff\xfe": 1}'), _NO_SAFETENSORS),
        Hostile("nested.safetensors", made(b'{"x":' * 500), _NO_SAFETENSORS),
        Hostile("overlap.safetensors", made({"a": entry, "b": entry}), _NO_SAFETENSORS),
        Hostile(
            "two.safetensors", made({"a": entry, "b": entry | {"data_offsets": [96, 192]}}, _ELEMENTS * 2), "holds 2"
        ),
        Hostile("trailing.safetensors", good + b"x", _NO_SAFETENSORS),
        Hostile("metadata_only.safetensors", made({"__metadata__": {"a": "b"}}, b""), "holds no tensor"),
        Hostile(
            "float8.safetensors",
            made({"x": entry | {"dtype": "F8_E4M3", "data_offsets": [0, 24]}}, bytes(24)),
            "float8",
        ),
    ]


def _zarr() -> list[Hostile]:
    version_3 = {
        "shape": [2, 3, 4], "data_type": "float32", "zarr_format": 3, "node_type": "array", "fill_value": 0,
        "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": [2, 3, 4]}}, "attributes": {},
        "chunk_key_encoding": {"name": "default"}, "codecs": [{"name": "bytes", "configuration": {"endian": "little"}}],
    }  # fmt: skip
    version_2 = {
        "shape": [2, 3, 4], "chunks": [2, 3, 4], "dtype": "<f4", "fill_value": 0, "order": "C", "filters": None,
        "compressor": None, "zarr_format": 2,
    }  # fmt: skip

    def store(chunk: bytes = _ELEMENTS, **changed: object) -> dict[str, bytes]:
        return {"zarr.json": json.dumps(version_3 | changed).encode(), "c/0/0/0": chunk}

    def store_2(chunk: bytes = _ELEMENTS, **changed: object) -> dict[str, bytes]:
        return {".zarray": json.dumps(version_2 | changed).encode(), "0.0.0": chunk}

    def chunked(*shape: object) -> dict[str, object]:
        return {"name": "regular", "configuration": {"chunk_shape": shape}}

    def codecs(*names: str, **configuration: object) -> list[object]:
        return [{"name": "bytes"}, *({"name": name, "configuration": configuration} for name in names)]

    bomb = bytes(100 << 20)
    zstd_claim = b"\x28\xb5\x2f\xfd\xa0" + struct.pack("<I", 2**31) + b"\x01\x00\x00"
    zstd_blocks = b"\x28\xb5\x2f\xfd\x00\x58" + (bytes([0x02, 0x00, 0x10]) + b"\0") * 200 + b"\x03\x00\x10\0"
    blosc_claim = bytes([2, 1, 1, 4]) + struct.pack("<III", 2**31 - 1, 2**20, 20) + bytes(4)
    arrays = {
        "shape_negative": {"shape": [-2, 3, 4]}, "shape_bool": {"shape": [True, 3, "4"]},
        "shape_float": {"shape": [2.5, 3, 4]}, "shape_text": {"shape": "234"}, "shape_none": {"shape": None},
        "shape_huge": {"shape": [HUGE, HUGE, HUGE]}, "shape_longer": {"shape": [2, 3, 4, 5]},
        "chunk_zero": {"chunk_grid": chunked(0, 3, 4)}, "chunk_negative": {"chunk_grid": chunked(-2, 3, 4)},
        "chunk_other": {"chunk_grid": chunked(2, 3, 5)}, "chunk_fewer": {"chunk_grid": chunked(2, 3)},
        "chunk_huge": {"chunk_grid": chunked(HUGE, HUGE, HUGE)}, "grid_unknown": {"chunk_grid": {"name": "hexagons"}},
        "type_unknown": {"data_type": "float31"}, "type_number": {"data_type": 7}, "type_raw": {"data_type": "r32"},
        "type_text": {"data_type": "string"}, "type_structured": {"data_type": {"name": "structured"}},
        "fill_text": {"fill_value": "much"}, "fill_none": {"fill_value": None}, "codecs_none": {"codecs": None},
        "codecs_empty": {"codecs": []}, "codec_unknown": {"codecs": codecs("zip9")},
        "codec_twice": {"codecs": [{"name": "bytes"}, {"name": "bytes"}]}, "format_4": {"zarr_format": 4},
        "format_text": {"zarr_format": "3"}, "node_unknown": {"node_type": "tree"},
        "key_encoding_unknown": {"chunk_key_encoding": {"name": "../.."}},
        "key_separator": {"chunk_key_encoding": {"name": "default", "configuration": {"separator": "/../../"}}},
        "must_understand": {"secret": {"must_understand": True}},
    }  # fmt: skip
    arrays_2 = {
        "object": {"dtype": "|O"}, "structured": {"dtype": [["a", "<f4"], ["b", "<f4"]]}, "unicode": {"dtype": "<U9"},
        "dtype_unknown": {"dtype": "<q9"}, "order": {"order": "Z"}, "negative": {"shape": [-2, 3, 4]},
        "pickle": {"filters": [{"id": "pickle", "protocol": 4}]}, "json": {"compressor": {"id": "json2"}},
        "no_chunks": {"chunks": None}, "chunks_fewer": {"chunks": [2, 3]},
        "compressor_unknown": {"compressor": {"id": "x"}}, "compressor_text": {"compressor": "gzip"},
        "separator": {"dimension_separator": "x"},
    }  # fmt: skip
    metadata = {
        "no_json": b"hello", "empty": b"", "list": b"[]", "number": b"7", "not_utf8": b'{"\xff": 1}',
        "nested": b'{"shape":' * 5000, "null": b"null", "nan": b'{"zarr_format": NaN}',
        "cut": store()["zarr.json"][:-30],
    }  # fmt: skip
    # Types that are named, and that the library does not know.
    says = {
        "type_unknown": "float31", "type_raw": "r32", "object": "are |O", "dtype_unknown": "<q9",
        "shape_huge": "which no array can have", "chunk_huge": "which no array can have",
        "chunk_zero": "chunks of the shape (0, 3, 4)", "chunk_other": "it has 96 bytes instead of 120",
        "codec_unknown": "its codec zip9 is not read", "pickle": "its codec pickle is not read",
        "json": "its codec json2 is not read", "compressor_unknown": "its codec x is not read",
    }  # fmt: skip
    stores = {name: store(**changed) for name, changed in arrays.items()}  # type: ignore[arg-type]
    stores_2 = {name: store_2(**changed) for name, changed in arrays_2.items()}  # type: ignore[arg-type]
    return [
        *(Hostile(f"{name}.zarr", files, says.get(name, _NO_STORE)) for name, files in stores.items()),
        *(Hostile(f"v2_{name}.zarr", files, says.get(name, _NO_STORE)) for name, files in stores_2.items()),
        *(Hostile(f"metadata_{name}.zarr", {"zarr.json": text}, _NO_STORE) for name, text in metadata.items()),
        Hostile("metadata_empty_object.zarr", {"zarr.json": b"{}"}, _NO_STORE),
        Hostile("metadata_long.zarr", {"zarr.json": b" " * (5 << 20)}, "more than"),
        Hostile("no_metadata.zarr", {"c/0/0/0": _ELEMENTS}, "it has none of the files zarr.json"),
        Hostile("a_file.zarr", GOOD_NPY, "it is a .npy file, not a .zarr"),
        Hostile("a_broken_file.zarr", b"\0" + GOOD_NPY, "a .zarr is a folder"),
        Hostile("no_such.zarr::x", store(), "which has no name"),
        Hostile("path.zarr::../../x", {"zarr.json": b'{"zarr_format": 3, "node_type": "group"}'}, "no tensor"),
        Hostile("empty_group.zarr", {"zarr.json": b'{"zarr_format": 3, "node_type": "group"}'}, "holds no tensor"),
        Hostile("cut.zarr", store(_ELEMENTS[:-1]), "it has 95 bytes instead of 96"),
        Hostile("longer.zarr", store(_ELEMENTS + b"x"), "it has 97 bytes, more than 96"),
        Hostile("much_longer.zarr", store(bytes(17 << 20)), "bytes, more than"),
        Hostile("v2_cut.zarr", store_2(_ELEMENTS[:-4]), "it has 92 bytes instead of 96"),
        Hostile("no_gzip.zarr", store(codecs=codecs("gzip", level=1)), "gzip cannot decode it"),
        Hostile("no_zstd.zarr", store(codecs=codecs("zstd", level=1, checksum=False)), "zstd cannot decode it"),
        Hostile("crc.zarr", store(_ELEMENTS + bytes(4), codecs=codecs("crc32c")), "its checksum is another"),
        Hostile("bomb_gzip.zarr", store(gzip.compress(bomb), codecs=codecs("gzip", level=1)), "bytes, more than"),
        Hostile(
            "bomb_zlib.zarr", store_2(zlib.compress(bomb), compressor={"id": "zlib", "level": 1}), "bytes, more than"
        ),
        Hostile("bomb_bz2.zarr", store_2(bz2.compress(bomb), compressor={"id": "bz2", "level": 1}), "more bytes of it"),
        Hostile("bomb_lzma.zarr", store_2(lzma.compress(bomb), compressor={"id": "lzma"}), "more bytes of it"),
        Hostile(
            "bomb_zstd.zarr", store(zstd_claim, codecs=codecs("zstd", level=1, checksum=False)), "buffer too small"
        ),
        Hostile(
            "bomb_zstd_blocks.zarr", store_2(zstd_blocks, compressor={"id": "zstd", "level": 1}), "buffer is too small"
        ),
        Hostile("bomb_blosc.zarr", store_2(blosc_claim, compressor={"id": "blosc"}), "blosc says 2147483647 bytes"),
    ]


_RAW = Hostile("no_shape.bin", _ELEMENTS, "says neither its shape nor its type", 2)
_FOREIGN = (
    Hostile(f"odd_{one.name}", one.content, one.run_says or one.says, one.run_code or 3)
    for one in ODD
    if isinstance(one.content, bytes)
)
_TIFFS = (Hostile(*each) for each in hostile_tiffs())
CORPUS = (_RAW, *_npy(), *_npz(), *_safetensors(), *_zarr(), *_FOREIGN, *_TIFFS)
