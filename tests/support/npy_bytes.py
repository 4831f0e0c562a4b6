"""`.npy` files written byte by byte, so that each part can be wrong."""

from __future__ import annotations


def npy_bytes(
    shape: object = (2, 3),
    descr: object = "<f4",
    elements: bytes | None = None,
    *,
    fortran_order: object = False,
    version: tuple[int, int] = (1, 0),
    header: str | None = None,
    length: int | None = None,
) -> bytes:
    """Return a file; `header` replaces the whole dictionary, `length` is what the file says of it."""
    text = f"{{'descr': {descr!r}, 'fortran_order': {fortran_order!r}, 'shape': {shape!r}, }}"
    body = (text if header is None else header).encode("utf-8") + b"\n"
    width = 2 if version == (1, 0) else 4
    promised = (len(body) if length is None else length).to_bytes(width, "little")
    data = bytes(24) if elements is None else elements
    return b"\x93NUMPY" + bytes(version) + promised + body + data
