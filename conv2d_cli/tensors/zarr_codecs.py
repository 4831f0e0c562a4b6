"""The codecs of a Zarr chunk, undone: how many bytes each must give is known before, and none gives more."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from conv2d_cli.errors import DataError
from conv2d_cli.tensors.compressed import STREAMS, DecodedStream

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    Array = np.ndarray[Any, Any]
    Data = bytes | memoryview
    Settings = Mapping[str, Any]

# Beside what is compressed a compressor may write so much more, of incompressible bytes.
_OVERHEAD = 1 << 16
_CHECKSUM_BYTES = 4
_HEADERLESS = 3
# Where Blosc's header has the sizes before and after.
_BLOSC_SIZES = (4, 12)


class Step(NamedTuple):
    """One codec of a chain: `size` is the bytes that it was given, and has to give again; None behind a compressor."""

    name: str
    settings: Settings
    size: int | None


class Chain(NamedTuple):
    """The codecs through which the bytes of a chunk went, in this order, and the most that came out."""

    steps: tuple[Step, ...]
    most: int
    is_compressed: bool

    def decoded(self, content: bytes) -> Data:
        """Return what was encoded, of the size that is known.

        Raises:
            DataError: the bytes are not what such a chain makes.
        """
        data: Data = content
        for step in reversed(self.steps):
            try:
                data = _DECODERS[step.name](data, step.size or 0, step.settings)
            except (DataError, MemoryError):
                raise
            except Exception as error:
                # Settings are as odd as bytes.
                raise DataError(f"{step.name} cannot decode it: {error}") from error
            found = memoryview(data).nbytes
            if step.size is not None and found != step.size:
                raise DataError(f"{step.name} makes {_more_or(found, step.size)} bytes of it instead of {step.size}")
        return data


def chain_of(codecs: Sequence[tuple[str, Settings]], size: int) -> Chain:
    """Return the chain of codecs, each a name and its settings, that are given `size` bytes of elements.

    Raises:
        DataError: one is none of ours, or it cannot be known how many bytes it has to give.
    """
    steps, compressor = list[Step](), ""
    for name, settings in codecs:
        if name not in _DECODERS:
            raise not_read(name)
        if name == "lzma" and settings.get("format") == _HEADERLESS:
            # It does not say what it is.
            raise not_read("lzma without a header")
        if compressor and name != "crc32c":
            raise DataError(
                f"its codec {name} is given what {compressor} has made, of which nobody knows the size",
                "write it with one compressor, the last of its codecs",
            )
        steps.append(Step(name, settings, None if compressor else size))
        if name in _COMPRESSORS:
            compressor = name
            size += size // 8 + _OVERHEAD
        else:
            size = _encoded_size(name, settings, size)
    return Chain(tuple(steps), size, bool(compressor))


def not_read(codec: str) -> DataError:
    """Return the fault of a codec that is none of ours: some run what they read."""
    return DataError(f"its codec {codec} is not read", f"known: {', '.join(KNOWN)}")


def _more_or(found: int, size: int) -> str:
    return "more" if found > size else str(found)


def _encoded_size(name: str, settings: Settings, size: int) -> int:
    if name == "crc32c":
        return size + _CHECKSUM_BYTES
    if name == "delta":
        given, kept = _delta_types(settings)
        return size // given.itemsize * kept.itemsize
    return size


def _streamed(name: str) -> Callable[[Data, int, Settings], Data]:
    def decode(content: Data, size: int, _: Settings) -> Data:
        left = memoryview(content).cast("B")

        def read(count: int) -> bytes:
            nonlocal left
            part, left = bytes(left[:count]), left[count:]
            return part

        # One more than there should be is enough to know.
        decoded, done = np.empty(size + 1, np.uint8), 0
        stream = DecodedStream(read, STREAMS[name])
        while count := stream.readinto(decoded.data[done:]):
            done += count
        return decoded[:done].data

    return decode


def _by_numcodecs(name: str) -> Callable[[Data, int, Settings], Data]:
    def decode(content: Data, size: int, _: Settings) -> Data:
        from numcodecs import blosc, zstd

        decoded = np.empty(size, np.uint8)
        if name == "zstd":
            zstd.decompress(content, decoded)
        else:
            # Its own decoder does not know where the bytes end.
            said = tuple(int.from_bytes(content[place : place + 4], "little") for place in _BLOSC_SIZES)
            if said != (size, len(content)):
                raise DataError(f"blosc says {said[0]} bytes instead of {size}, or other compressed ones")
            blosc.decompress(content, decoded)
        return decoded.data

    return decode


def _shuffled(content: Data, _: int, settings: Settings) -> Data:
    from numcodecs import Shuffle

    return memoryview(Shuffle(**settings).decode(bytes(content)))


def _delta(content: Data, _: int, settings: Settings) -> Data:
    from numcodecs import Delta

    given, kept = _delta_types(settings)
    elements: Array = Delta(given, kept).decode(np.frombuffer(content, kept))
    return elements.data.cast("B")


def _delta_types(settings: Settings) -> tuple[np.dtype[Any], np.dtype[Any]]:
    """Return the type that a delta filter was given, and the one that it keeps.

    Raises:
        DataError: they are no numbers.
    """
    try:
        given = np.dtype(settings["dtype"])
        kept = np.dtype(settings.get("astype") or given)
    except (TypeError, ValueError, LookupError, SyntaxError) as error:
        raise DataError(f"its delta filter has types that are none: {error}") from error
    if given.kind not in _NUMBERS or kept.kind not in _NUMBERS:
        raise DataError(f"its delta filter keeps {given} as {kept}, which are no numbers")
    return given, kept


def _checked(content: Data, _size: int, _settings: Settings) -> Data:
    from google_crc32c import value

    data = memoryview(content)[:-_CHECKSUM_BYTES]
    if value(bytes(data)).to_bytes(_CHECKSUM_BYTES, "little") != bytes(memoryview(content)[-_CHECKSUM_BYTES:]):
        raise DataError("its checksum is another")
    return data


_NUMBERS = "iufc"
_COMPRESSORS = frozenset({*STREAMS, "zstd", "blosc"})
_DECODERS: dict[str, Callable[[Data, int, Settings], Data]] = {
    **{name: _streamed(name) for name in STREAMS},
    "zstd": _by_numcodecs("zstd"),
    "blosc": _by_numcodecs("blosc"),
    "shuffle": _shuffled,
    "delta": _delta,
    "crc32c": _checked,
}
KNOWN = sorted({*_DECODERS, "bytes", "transpose", "sharding_indexed"})
