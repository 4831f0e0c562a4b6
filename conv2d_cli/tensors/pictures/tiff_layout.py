"""How the pixels of a TIFF lie in it, from its tags; what is not read is refused here, by its name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from conv2d_cli.errors import DataError, cut
from conv2d_cli.tensors.pictures.limits import Claim, broken, check_size
from conv2d_cli.tensors.pictures.orientation import TAG as ORIENTATION
from conv2d_cli.tensors.pictures.tiff_codecs import CODECS, JPEG, PREDICTED, UNCOMPRESSED, UNREAD, WHOLE, WHOLE_DENSEST

if TYPE_CHECKING:
    from conv2d_cli.tensors.pictures.tiff_directory import Directory

    Array = np.ndarray[Any, Any]

WIDTH, HEIGHT, BITS, COMPRESSION, PHOTOMETRIC = 256, 257, 258, 259, 262
_FILL_ORDER, _OFFSETS, _SAMPLES, _ROWS, _COUNTS, _PLANAR = 266, 273, 277, 278, 279, 284
_PREDICTOR, _COLORMAP, _TILE_WIDTH, _TILE_HEIGHT, _TILE_OFFSETS, _TILE_COUNTS = 317, 320, 322, 323, 324, 325
_SAMPLE_FORMAT, _DEPTH, _TILE_DEPTH = 339, 32997, 32998
WHITE_IS_ZERO, BLACK_IS_ZERO, RGB, PALETTE, CMYK, YCBCR = 0, 1, 2, 3, 5, 6
_COLOR_SAMPLES = {WHITE_IS_ZERO: 1, BLACK_IS_ZERO: 1, RGB: 3, PALETTE: 1, CMYK: 4, YCBCR: 3}
_UNREAD_COLORS = {
    4: "a transparency mask", YCBCR: "YCbCr", 8: "CIE Lab", 9: "ICC Lab", 10: "ITU Lab",
    32803: "a colour filter array (a raw photograph)", 32844: "LogL", 32845: "LogLuv", 34892: "linear raw",
}  # fmt: skip
# The kinds of numbers, by the tag SampleFormat.
_UNSIGNED, _SIGNED, _FLOAT, _COMPLEX = 1, 2, 3, 6
_KINDS = {_UNSIGNED: "u", _SIGNED: "i", _FLOAT: "f", _COMPLEX: "c"}
_KIND_WORDS = {_UNSIGNED: "", _SIGNED: " signed", _FLOAT: " float", _COMPLEX: " complex", 4: " of an undefined type"}
_SAMPLE_TYPES = {"u1", "u2", "u4", "u8", "i1", "i2", "i4", "i8", "f2", "f4", "f8", "c8", "c16"}
# Fewer bits than a byte, which are spread over 0 to 255.
_PACKED = (1, 2, 4)
_SEPARATE = 2
_FLOAT_PREDICTOR = 3
_SAVE_DEPTH = "save it with 8, 16 or 32 bits a sample"
_SAVE_PLAIN = "save it uncompressed, or compressed with deflate or LZW"


class Layout(NamedTuple):
    """Where the samples are. `sample` is their type in the file's byte order, uint8 of those of `bits` below 8.

    Segments are strips, or tiles: `segment_height` rows of `segment_width` pixels, the offsets and byte counts of which
    are in reading order, of one plane after the other where planes are `separate`.
    """

    width: int
    height: int
    samples: int
    bits: int
    sample: np.dtype[Any]
    photometric: int
    compression: int
    predictor: int
    separate: bool
    bits_reversed: bool
    orientation: int
    tiled: bool
    segment_width: int
    segment_height: int
    offsets: Array
    counts: Array
    colormap: Array

    @property
    def segment_samples(self) -> int:
        """Samples of a pixel in one segment."""
        return 1 if self.separate else self.samples


def layout_of(directory: Directory, file_bytes: int, most_pixels: int | None) -> Layout:
    """Return how the pixels of a directory lie.

    Raises:
        DataError: they are of a kind that is not read, or its tags contradict one another or the file's size.
    """
    if max(directory.number(_DEPTH, 1), directory.number(_TILE_DEPTH, 1)) > 1:
        raise DataError("its picture has three dimensions", "save each of its layers as a file of its own")
    samples = directory.number(_SAMPLES, 1)
    bits, kind = _uniform(directory, BITS, 1, "bits"), _uniform(directory, _SAMPLE_FORMAT, _UNSIGNED, "types")
    compression = directory.number(COMPRESSION, 1)
    _check_compression(compression)
    photometric = directory.number(PHOTOMETRIC, RGB if samples >= _COLOR_SAMPLES[RGB] else BLACK_IS_ZERO)
    sample = _sample_type(bits, kind, directory.byte_order)
    separate = directory.number(_PLANAR, 1) == _SEPARATE and samples > 1
    layout = Layout(
        directory.number(WIDTH, 0), directory.number(HEIGHT, 0), samples, bits, sample, photometric, compression,
        _predictor(directory, compression, bits, kind), separate, _is_reversed(directory, bits, compression),
        directory.number(ORIENTATION, 1), _is_tiled(directory), 0, 0, *_places(directory),
        directory.values(_COLORMAP),
    )  # fmt: skip
    _check_colors(layout)
    if compression in WHOLE:
        _check_whole(layout, directory)
    return _segmented(layout, directory, file_bytes, most_pixels)


def _uniform(directory: Directory, tag: int, default: int, what: str) -> int:
    values = sorted({int(value) for value in np.unique(directory.values(tag))}) or [default]
    if len(values) > 1:
        raise DataError(f"its samples are of different {what}: {cut(', '.join(map(str, values)))}", _SAVE_DEPTH)
    return values[0]


def _check_compression(compression: int) -> None:
    if compression not in CODECS and compression not in WHOLE:
        name = UNREAD.get(compression, f"the method {compression}")
        raise DataError(f"it is compressed with {name}", _SAVE_PLAIN)


def _sample_type(bits: int, kind: int, byte_order: str) -> np.dtype[Any]:
    if bits in _PACKED and kind == _UNSIGNED:
        return np.dtype(np.uint8)
    code = f"{_KINDS.get(kind, '?')}{bits // 8}"
    if bits % 8 or code not in _SAMPLE_TYPES:
        words = _KIND_WORDS.get(kind, f" of the unknown type {kind}")
        raise DataError(f"its pixels are {bits}-bit{words}", _SAVE_DEPTH)
    return np.dtype(byte_order + code)


def _predictor(directory: Directory, compression: int, bits: int, kind: int) -> int:
    """Return 1, or 2 where a sample is stored as its difference from the one before, or 3 for floats."""
    predictor = directory.number(_PREDICTOR, 1)
    if predictor == 1 or compression in WHOLE:
        return 1
    fits = predictor == 2 if kind != _FLOAT else predictor in {2, _FLOAT_PREDICTOR}  # noqa: PLR2004 - as in the format
    if compression not in PREDICTED or not fits or bits % 8 or kind == _COMPLEX:
        # Readers disagree on these.
        raise DataError(f"its predictor {predictor} is not meant for such pixels", "save it without a predictor")
    return predictor


def _is_reversed(directory: Directory, bits: int, compression: int) -> bool:
    is_reversed = directory.number(_FILL_ORDER, 1) == 2  # noqa: PLR2004 - as in the format
    if is_reversed and bits not in _PACKED:
        raise DataError("its bits lie in reverse order (FillOrder 2)", "save it in the usual order, FillOrder 1")
    # libtiff turns them round itself.
    return is_reversed and compression not in WHOLE


def _is_tiled(directory: Directory) -> bool:
    return any(tag in directory for tag in (_TILE_WIDTH, _TILE_HEIGHT, _TILE_OFFSETS, _TILE_COUNTS))


def _places(directory: Directory) -> tuple[Array, Array]:
    # Some writers name the places of tiles as those of strips, which libtiff takes too.
    tags = (_TILE_OFFSETS, _TILE_COUNTS) if _TILE_OFFSETS in directory else (_OFFSETS, _COUNTS)
    offsets, counts = (directory.values(tag) for tag in tags)
    return offsets, counts


def _check_colors(layout: Layout) -> None:
    photometric, samples = layout.photometric, layout.samples
    if photometric == YCBCR and layout.compression == JPEG:
        return
    if photometric not in _COLOR_SAMPLES or photometric == YCBCR:
        name = _UNREAD_COLORS.get(photometric, f"of the unknown kind {photometric}")
        raise DataError(f"its colours are {name}", "save it as gray, RGB or RGBA")
    if samples < _COLOR_SAMPLES[photometric]:
        raise broken(f"its {samples} samples a pixel are fewer than its colours need")
    if photometric == PALETTE:
        if samples > 1 or layout.sample.kind != "u" or layout.bits > 16:  # noqa: PLR2004 - as in the format
            raise DataError("its palette has an alpha channel, or no whole numbers", "save it as RGB or RGBA")
        if layout.colormap.size != 3 << layout.bits:
            raise broken(f"its palette has {layout.colormap.size} values, not {3 << layout.bits}")


def _check_whole(layout: Layout, directory: Directory) -> None:
    """Check what libtiff decodes to pixels: JPEG of 8 bits, or facsimile of 1."""
    name = WHOLE[layout.compression]
    if directory.is_big and directory.byte_order == ">":
        # Pillow finds no tags in it.
        raise DataError(f"it is a big-endian BigTIFF compressed with {name}", _SAVE_PLAIN)
    if PHOTOMETRIC not in directory:
        raise DataError("it does not say whether its zero is black or white", "save it as gray, RGB or RGBA")
    is_jpeg = layout.compression == JPEG
    gray, colored = {WHITE_IS_ZERO, BLACK_IS_ZERO}, {RGB, YCBCR}
    right = (is_jpeg and layout.samples == 3 and layout.photometric in colored) or (  # noqa: PLR2004 - red, green, blue
        layout.samples == 1 and layout.photometric in gray
    )
    if not right or layout.separate or layout.sample.kind != "u" or layout.bits != (8 if is_jpeg else 1):
        raise DataError(f"it is compressed with {name} in a way that is not read", _SAVE_PLAIN)


def _segmented(layout: Layout, directory: Directory, file_bytes: int, most_pixels: int | None) -> Layout:
    width, height = layout.width, layout.height
    across, down = width, min(directory.number(_ROWS, height) or height, height)
    if layout.tiled:
        across, down = directory.number(_TILE_WIDTH, 0), directory.number(_TILE_HEIGHT, 0)
        if across < 1 or down < 1:
            raise broken(f"its tiles are of {down} rows of {across} pixels")
    columns, rows = (-(-size // max(step, 1)) for size, step in ((width, across), (height, down)))
    codec = CODECS.get(layout.compression)
    densest = codec.densest if codec else WHOLE_DENSEST[layout.compression]
    stored_height = rows * down if layout.tiled else height
    check_size(Claim(stored_height, columns * across, layout.samples, layout.bits), densest, file_bytes, most_pixels)
    needed = columns * rows * (layout.samples if layout.separate else 1)
    if layout.offsets.size < needed:
        raise broken(f"it names the places of {layout.offsets.size} of its {needed} strips or tiles")
    # The oldest writers leave byte counts out where nothing is compressed.
    if layout.counts.size < needed and (layout.counts.size or layout.compression != UNCOMPRESSED):
        raise broken(f"it has the byte counts of {layout.counts.size} of its {needed} strips or tiles")
    return layout._replace(segment_width=across, segment_height=down)
