"""Every element of two tensors, looked at chunk by chunk: equal bytes at once, others by arithmetic in the cache."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conv2d_cli.jobs.compare.tally import nans_in

if TYPE_CHECKING:
    from collections.abc import Callable

    from conv2d_cli.jobs.compare.tally import Tally
    from conv2d_cli.tensors.flat import FlatTensor

# Elements of a chunk: 256 KiB of float32 of each tensor, and twice that as float64. Half and twice as many took 10 %
# longer, an eighth twice as long.
_CHUNK = 1 << 16


def compare_elements(
    expected: FlatTensor,
    actual: FlatTensor,
    tally: Tally,
    *,
    equal_nan: bool,
    advance: Callable[[int], None] = lambda _: None,
) -> None:
    """Compare two tensors of one shape; `advance` is called with the elements of each chunk.

    Raises:
        DataError: a file has become shorter, or a cast that was asked for loses a value.
        FileError: one cannot be read.
    """
    # Equal bytes are equal values only of one type; casts give both the same.
    alike = (expected.stored_dtype, expected.holds) == (actual.stored_dtype, actual.holds)
    contents = bytearray(), bytearray()
    for first in range(0, expected.elements, _CHUNK):
        count = min(_CHUNK, expected.elements - first)
        if len(contents[0]) != count * expected.stored_dtype.itemsize:
            contents = (_room(expected, count), _room(actual, count))
        for tensor, content in zip((expected, actual), contents, strict=True):
            tensor.read_bytes(first, content)
        values = expected.values(contents[0], first)
        nans = nans_in(values) if alike and contents[0] == contents[1] else -1
        if nans == 0 or (nans > 0 and equal_nan):
            tally.add_equal(count, nans)
        else:
            tally.add(first, values, actual.values(contents[1], first))
        advance(count)


def _room(tensor: FlatTensor, count: int) -> bytearray:
    return bytearray(count * tensor.stored_dtype.itemsize)
