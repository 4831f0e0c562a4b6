"""From the bytes of a strip or a tile to its samples: those smaller than a byte, and the predictors undone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from conv2d_cli.tensors.pictures.tiff_layout import Layout

    Array = np.ndarray[Any, Any]

_FLOAT_PREDICTOR = 3


def samples_of(content: bytes, layout: Layout, rows: int) -> Array:
    """Return the samples (rows, columns, samples) of a segment, of the type `layout.sample`, or 0 to 2^bits - 1."""
    shape = (rows, layout.segment_width, layout.segment_samples)
    if layout.bits < 8:  # noqa: PLR2004 - a byte
        return _smaller_than_bytes(content, layout.bits, shape)
    if layout.predictor == _FLOAT_PREDICTOR:
        return _floats_from_bytes(content, layout.sample, shape)
    samples = np.frombuffer(content, layout.sample).reshape(shape)
    if layout.predictor == 1:
        return samples
    # Differences add up as unsigned numbers, modulo 2^bits, whatever the samples mean.
    whole = f"u{layout.sample.itemsize}"
    differences = samples.view(layout.sample.byteorder + whole if layout.sample.itemsize > 1 else whole)
    return np.cumsum(differences, axis=1, dtype=whole).view(layout.sample.newbyteorder("="))


def _smaller_than_bytes(content: bytes, bits: int, shape: tuple[int, int, int]) -> Array:
    rows, columns, samples = shape
    flags = np.unpackbits(np.frombuffer(content, np.uint8).reshape(rows, -1), axis=1)
    flags = flags[:, : columns * samples * bits].reshape(*shape, bits)
    # Each sample's bits come to stand first in a byte of their own.
    return np.packbits(flags, axis=-1)[..., 0] >> (8 - bits)


def _floats_from_bytes(content: bytes, sample: np.dtype[Any], shape: tuple[int, int, int]) -> Array:
    """Undo predictor 3: of each row the most significant bytes stand first, then the next ones, as differences.

    http://chriscox.org/TIFFTN3d1.pdf
    """
    rows, columns, samples = shape
    differences = np.frombuffer(content, np.uint8).reshape(rows, -1, samples)
    bytes_ = np.cumsum(differences, axis=1, dtype=np.uint8).reshape(rows, sample.itemsize, columns * samples)
    significant_first = np.ascontiguousarray(bytes_.transpose(0, 2, 1))
    return significant_first.view(f">f{sample.itemsize}").reshape(shape)
