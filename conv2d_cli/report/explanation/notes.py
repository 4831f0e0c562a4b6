"""Sentences beside the steps: which side gets the odd element and why, what no window reads, what groups connect."""

from __future__ import annotations

from math import gcd
from typing import TYPE_CHECKING

from conv2d_cli.arithmetic.window import effective_kernel
from conv2d_cli.layer.forward import padding_sides
from conv2d_cli.report.explain import CHANNELS, EQUIVALENT, OUTPUT, PADDING, UNUSED, WINDOW, WORK, NoteRow
from conv2d_cli.report.explanation.steps import has_torch_padding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conv2d_cli.arithmetic.geometry import Geometry
    from conv2d_cli.arithmetic.window import Axis
    from conv2d_cli.layer.model import Conv2d

# An axis: what its elements are called, one and several; an index along it; its sides.
_ROWS = ("row", "rows", "h", "above", "below")
_COLUMNS = ("column", "columns", "w", "on the left", "on the right")
_MODES = {
    "reflect": "the input mirrored without its edge",
    "replicate": "the edge of the input again",
    "circular": "the other end of the input",
}
_ORDINALS = {2: "2nd", 3: "3rd"}
_MOST_NAMED = 3


def notes_of(layer: Conv2d, geometry: Geometry | None) -> tuple[NoteRow, ...]:
    """Return what has to be said of a layer, on an input where its geometry is given."""
    return (
        *(NoteRow(PADDING, text) for text in _on_padding(layer, geometry)),
        *(NoteRow(OUTPUT, text) for text in _on_output(layer)),
        *(NoteRow(WINDOW, text) for text in _on_windows(layer, geometry)),
        *(NoteRow(UNUSED, text) for text in _on_unused_input(geometry)),
        NoteRow(CHANNELS, _on_channels(layer)),
        *(NoteRow(WORK, text) for text in _on_work(layer, geometry)),
        *(NoteRow(EQUIVALENT, text) for text in _on_equivalent_padding(layer, geometry)),
    )


def _on_padding(layer: Conv2d, geometry: Geometry | None) -> Iterator[str]:
    if layer.padding == "valid":
        yield "valid is no padding."
    if layer.padding == "same":
        yield from _on_same(layer)
    if layer.padding in {"same_upper", "same_lower"}:
        yield from _on_same_of_size(layer, geometry)
    if layer.padding_mode in _MODES and layer.padding not in {"valid", (0, 0)}:
        yield f"The padding holds {_MODES[layer.padding_mode]} ({layer.padding_mode}), no zeros."


def _on_same(layer: Conv2d) -> Iterator[str]:
    yield "same keeps the size: dilation * (kernel_size - 1) elements make up for what a window spans beyond one."
    odd = _odd_sides(padding_sides(layer))
    if not odd:
        yield "Both totals are even: the sides are alike, in every framework."
        return
    yield f"Of an odd total torch puts the extra element after the input: {odd}."
    yield (
        "At stride 1 so do SAME of TensorFlow, Keras and JAX and SAME_UPPER of ONNX; SAME_LOWER of ONNX and JAX puts "
        "it before, as padding=same_lower does here."
    )


def _on_same_of_size(layer: Conv2d, geometry: Geometry | None) -> Iterator[str]:
    upper = layer.padding == "same_upper"
    names = "SAME of TensorFlow, Keras and JAX, SAME_UPPER of ONNX" if upper else "SAME_LOWER of ONNX and JAX"
    yield f"{layer.padding} is {names}: ceil(size / stride) outputs, and padding that follows from the input's size."
    if geometry is None:
        yield "Without the size of the input its sides are not known."
        return
    sides = (geometry.height[-2:], geometry.width[-2:])
    odd = _odd_sides(sides)
    if odd:
        yield f"Of an odd total the extra element goes {'after' if upper else 'before'} the input: {odd}."
        yield (
            "PyTorch's own padding, alike on both sides, may give as many outputs, but windows that begin elsewhere, "
            "and other values."
        )


def _odd_sides(sides: tuple[tuple[int, int] | None, ...]) -> str:
    """Return where the extra element goes on the axes that have one."""
    words = []
    for pair, (one, several, _, before, after) in zip(sides, (_ROWS, _COLUMNS), strict=True):
        if pair is not None and pair[0] != pair[1]:
            words.append(f"{pair[0]} {one if pair[0] == 1 else several} {before} and {pair[1]} {after}")
    return ", ".join(words)


def _on_output(layer: Conv2d) -> Iterator[str]:
    if layer.stride == (1, 1):
        yield "At stride 1 the floor drops nothing."


def _on_windows(layer: Conv2d, geometry: Geometry | None) -> Iterator[str]:
    effective = tuple(map(effective_kernel, layer.kernel_size, layer.dilation))
    yield f"One layer's receptive field is what a window spans: {effective[0]} x {effective[1]} (H x W)."
    if geometry is None:
        return
    for axis, (_, several, index, *_rest) in zip((geometry.height, geometry.width), (_ROWS, _COLUMNS), strict=True):
        first = _linear(axis.stride, index, -axis.before)
        last = _linear(axis.stride, index, axis.effective_kernel - 1 - axis.before)
        every = f", every {_ordinal(axis.dilation)}" if axis.dilation > 1 and axis.kernel > 1 else ""
        read = f"{several} {first} to {last}{every}" if axis.kernel > 1 else f"{several[:-1]} {first}"
        yield f"Output {several[:-1]} {index} reads input {read}."


def _linear(slope: int, name: str, offset: int) -> str:
    """Return `2 * h - 4`."""
    times = name if slope == 1 else f"{slope} * {name}"
    return f"{times} {'+' if offset > 0 else '-'} {abs(offset)}" if offset else times


def _ordinal(number: int) -> str:
    return _ORDINALS.get(number, f"{number}th")


def _on_unused_input(geometry: Geometry | None) -> Iterator[str]:
    if geometry is None:
        return
    for axis, words in zip((geometry.height, geometry.width), (_ROWS, _COLUMNS), strict=True):
        yield from _dropped(axis, words)
        yield from _stepped_over(axis, words)


def _dropped(axis: Axis, words: tuple[str, ...]) -> Iterator[str]:
    """Yield what the floor drops, which lies behind the last window: input by its index, and padding."""
    one, several = words[:2]
    dropped = (axis.padded - axis.effective_kernel) % axis.stride
    if not dropped:
        return
    # Where the only window lies in the padding before the input, some of that is dropped too.
    unused = min(axis.unused, axis.size)
    last = f"The floor drops the last {one if dropped == 1 else f'{dropped} {several}'}"
    if not unused:
        yield f"{last}, which {'is' if dropped == 1 else 'are'} padding: no input is lost."
        return
    lost = f"input {_named(range(axis.size - unused, axis.size), one, several)}"
    behind = f" and {_counted(dropped - unused, one, several)} of padding" if dropped > unused else ""
    yield f"{last}: {lost}{behind}."


def _stepped_over(axis: Axis, words: tuple[str, ...]) -> Iterator[str]:
    """Yield what lies between taps of all windows, where the stride or the dilation leaves gaps."""
    one, several = words[:2]
    common = gcd(axis.stride, axis.dilation) if axis.kernel > 1 else axis.stride
    if axis.output < 2:  # noqa: PLR2004 - one window has no next
        return
    if axis.stride > axis.effective_kernel:
        gap = axis.stride - axis.effective_kernel
        yield f"Between two windows {_counted(gap, one, several)} {'is' if gap == 1 else 'are'} stepped over."
    if common > 1 and axis.kernel > 1:
        yield f"Stride and dilation have the factor {common} in common: only every {_ordinal(common)} {one} is read."


def _counted(count: int, one: str, several: str) -> str:
    return f"{count} {one if count == 1 else several}"


def _named(places: range, one: str, several: str) -> str:
    """Return `row 49`, `rows 48 and 49`, `rows 40 to 49`."""
    if len(places) == 1:
        return f"{one} {places[0]}"
    if len(places) < _MOST_NAMED:
        return f"{several} {places[0]} and {places[-1]}"
    return f"{several} {places[0]} to {places[-1]}"


def _on_channels(layer: Conv2d) -> str:
    read, made = layer.in_channels // layer.groups, layer.out_channels // layer.groups
    if layer.groups == 1:
        return (
            f"Every output channel sees {'the only' if read == 1 else f'all {read}'} input channel{'s' * (read > 1)}."
        )
    if read == 1:
        own = f"{made} filters" if made > 1 else "one filter"
        sees = f"o // {made}" if made > 1 else "o"
        multiplier = f", a depth multiplier of {made}" if made > 1 else ""
        return (
            f"Depthwise: each input channel has {own} of its own{multiplier}. "
            f"Output channel o sees input channel {sees}."
        )
    return (
        f"{layer.groups} groups: {read} input channels make {_counted(made, 'output channel', 'output channels')}. "
        f"Output channel o sees the {read} from {'o' if made == 1 else f'o // {made}'} * {read} on."
    )


def _on_work(layer: Conv2d, geometry: Geometry | None) -> Iterator[str]:
    if geometry is None:
        return
    if layer.padding_mode != "zeros" and layer.padding not in {"valid", (0, 0)}:
        yield f"The padding of {layer.padding_mode} holds values of the input: no tap is wasted."
    elif geometry.height[-2:] != (0, 0) or geometry.width[-2:] != (0, 0):
        yield "padded_row_taps and padded_column_taps: kernel rows and columns, over all windows, on padded zeros."
    yield "A multiply and its add are one of macs and two of flops; neither has the bias."


def _on_equivalent_padding(layer: Conv2d, geometry: Geometry | None) -> Iterator[str]:
    rows, columns = (geometry.height[-2:], geometry.width[-2:]) if geometry else padding_sides(layer)
    if rows is None or columns is None or not any((*rows, *columns)):
        return
    mode = "" if layer.padding_mode == "zeros" else f', mode="{layer.padding_mode}"'
    sides = ", ".join(map(str, (*columns, *rows)))
    yield f"In PyTorch: F.pad(x, ({sides}){mode}) (left, right, top, bottom), then the layer with padding=0."
    if not has_torch_padding(layer) and layer.padding != "same":
        yield "torch.nn.Conv2d itself takes one padding for both sides of an axis."
