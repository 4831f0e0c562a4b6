"""A folder of files that are broken, hostile or simply not what a layer needs."""

from __future__ import annotations

import os
import zipfile
from typing import TYPE_CHECKING

import numpy as np
from npy_bytes import npy_bytes
from odd_containers import zipped_as

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Any

GOOD = npy_bytes((1, 3, 8, 8), "<f4", bytes(768))

# Each is refused with exit code 3, whatever the layer.
BROKEN_NPY = {
    "empty.npy": b"",
    "one_byte.npy": b"\x93",
    "magic_only.npy": b"\x93NUMPY",
    "version_0.npy": b"\x93NUMPY\x00\x00" + GOOD[8:],
    "version_9.npy": b"\x93NUMPY\x09\x00" + GOOD[8:],
    "no_length.npy": GOOD[:8],
    "half_header.npy": GOOD[:30],
    "no_elements.npy": npy_bytes((1, 3, 8, 8), elements=b""),
    "last_byte_missing.npy": GOOD[:-1],
    "trailing_byte.npy": GOOD + b"\0",
    "two_in_one.npy": GOOD + GOOD,
    "text.npy": b"1,2,3\n4,5,6\n",
    "png.npy": b"\x89PNG\r\n\x1a\n" + bytes(50),
    "zip.npy": b"PK\x03\x04" + bytes(50),
    "4_tebibytes.npy": npy_bytes((1, 1, 2**20, 2**20), elements=b""),
    "overflow.npy": npy_bytes((2**32, 2**32), elements=b""),
    "overflow_to_zero.npy": npy_bytes((0, 2**40, 2**40), elements=b""),
    "negative.npy": npy_bytes((1, 3, -8, 8), elements=b""),
    "bool_size.npy": npy_bytes((True, 3, 8, 8), elements=bytes(768)),
    "float_size.npy": npy_bytes((1.0, 3, 8, 8), elements=bytes(768)),
    "shape_is_text.npy": npy_bytes("1388", elements=bytes(768)),
    "code.npy": npy_bytes(header="__import__('os').abort()"),
    "nested.npy": npy_bytes(header="{'descr': " + "(" * 4000),
    "long_header.npy": npy_bytes(version=(2, 0), length=2**32 - 1),
    "keys_missing.npy": npy_bytes(header="{'descr': '<f4', 'shape': (1, 3, 8, 8)}"),
    "key_too_many.npy": npy_bytes(header="{'descr': '<f4', 'fortran_order': False, 'shape': (1,), 'x': 1}"),
    "order_is_a_number.npy": npy_bytes(fortran_order=2),
    "unknown_type.npy": npy_bytes(descr="<q9"),
    "pickle.npy": npy_bytes((1,), "|O", b"\x80\x04N."),
    "not_utf8.npy": b"\x93NUMPY\x03\x00\x04\x00\x00\x00\xff\xfe\xfd\n",
}


def make_folder(folder: Path) -> None:
    """Fill a folder with everything that the bad command lines name."""
    for name, content in BROKEN_NPY.items():
        (folder / name).write_bytes(content)
    tensors: dict[str, np.ndarray[Any, Any]] = {
        "x": np.ones((1, 3, 8, 8), np.float32),
        "unbatched": np.ones((3, 8, 8), np.float32),
        "double": np.ones((1, 3, 8, 8)),
        "complex": np.full((1, 3, 8, 8), 1 + 1j, np.complex64),
        "bytes": np.ones((1, 3, 8, 8), np.uint8),
        "huge": np.full((1, 3, 8, 8), 1e20, np.float32),
        "nan": np.full((1, 3, 8, 8), np.nan, np.float32),
        "bool": np.ones((1, 3, 8, 8), bool),
        "strings": np.full((1, 3, 8, 8), "a"),
        "dates": np.zeros((1, 3, 8, 8), "M8[s]"),
        "structured": np.zeros((1, 3, 8, 8), [("r", "f4"), ("g", "f4")]),
        "void2": np.zeros((1, 3, 8, 8), "V2"),
        "void5": np.zeros((1, 3, 8, 8), "V5"),
        "scalar": np.array(1, np.float32),
        "vector": np.ones(8, np.float32),
        "matrix": np.ones((8, 8), np.float32),
        "five_axes": np.ones((1, 1, 3, 8, 8), np.float32),
        "four_channels": np.ones((1, 4, 8, 8), np.float32),
        "zero": np.ones((0, 3, 8, 8), np.float32),
        "no_rows": np.ones((1, 3, 0, 8), np.float32),
        "small": np.ones((1, 3, 2, 2), np.float32),
        "w": np.ones((8, 3, 3, 3), np.float32),
        "w_double": np.ones((8, 3, 3, 3)),
        "w_empty": np.ones((8, 0, 3, 3), np.float32),
        "w_grouped": np.ones((8, 1, 3, 3), np.float32),
        "b": np.ones(8, np.float32),
        "b_short": np.ones(7, np.float32),
        "b_matrix": np.ones((8, 1), np.float32),
        "b_double": np.ones(8),
    }
    for name, array in tensors.items():
        np.save(folder / f"{name}.npy", array)
    np.savez(folder / "two.npz", a=tensors["x"], b=tensors["w"])
    np.savez(folder / "none.npz")
    with zipfile.ZipFile(folder / "text.npz", "w") as archive:
        archive.writestr("readme.txt", "no tensor here")
    (folder / "cut.npz").write_bytes((folder / "two.npz").read_bytes()[:-40])
    (folder / "broken.safetensors").write_bytes(b"\xff" * 40)
    (folder / "notes.txt").write_text("not a tensor")
    (folder / "table.csv").write_text("1,2\n3,4\n")
    (folder / "m.pth").write_bytes(zipped_as({"m/data.pkl": b"\x80\x02}q\0.", "m/data/0": bytes(8)}))
    (folder / "pickle.pkl").write_bytes(b"\x80\x04N.")
    (folder / "arrays").mkdir()
    (folder / "arrays/x.npy").write_bytes(GOOD)
    (folder / "folder.npy").mkdir()
    (folder / "exists.npy").write_bytes(GOOD)
    if os.name != "nt":
        (folder / "loop.npy").symlink_to(folder / "loop.npy")
