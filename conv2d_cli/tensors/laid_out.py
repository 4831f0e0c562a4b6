"""Outputs whose file has another order of axes than ours."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from conv2d_cli.tensors.formats import Output
    from conv2d_cli.tensors.layout import Layout

    Array = np.ndarray[Any, Any]


def laid_out(output: Output, layout: Layout) -> Output:
    """Return an output that takes images of ours, for one whose file has this order of axes."""
    return output if layout.is_ours else _LaidOut(output, layout)


class _LaidOut:
    """An output of images of ours, each put in the file's order as it comes."""

    def __init__(self, output: Any, layout: Layout) -> None:  # noqa: ANN401 - an output that also takes parts
        self._output, self._layout = output, layout

    @property
    def remarks(self) -> Sequence[str]:
        """What was lost on the way, in words."""
        remarks: Sequence[str] = self._output.remarks
        return remarks

    def write(self, first: int, images: Array) -> None:
        """Write whole images (count, channels, H, W), the first of which has that number."""
        self._output.write(first, self._in_file(images))

    def write_tile(self, number: int, top: int, left: int, tile: Array) -> None:
        """Write a rectangle (channels, rows, columns) of one image."""
        self._output.write_part(number, self._layout.to_file((0, top, left)), self._in_file(tile))

    def _in_file(self, array: Array) -> Array:
        return np.ascontiguousarray(array.transpose(self._layout.back(array.ndim)))
