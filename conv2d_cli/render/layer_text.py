"""A layer as torch would print it, as a person would type it, and as a word or two for a table."""

# ruff: noqa: RUF001, RUF002 - the signs of arithmetic are meant

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conv2d_cli.dtypes import DEFAULT_DTYPE
from conv2d_cli.report.shape import ShapeReport

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from conv2d_cli.report.transposed import TransposedReport

_ONE = (1, 1)
_NO_PADDING = (0, 0)
_ZEROS = "zeros"


def as_torch_prints(report: ShapeReport | TransposedReport) -> str:
    """Return `Conv2d(3, 64, kernel_size=(7, 7), stride=(2, 2), padding=(3, 3))`, defaults left out as torch does."""
    extra = getattr(report, "output_padding", None)
    words = [str(report.in_channels), str(report.out_channels)]
    words += [f"kernel_size={_tuple(report.kernel_size)}", f"stride={_tuple(report.stride)}"]
    if report.padding != _NO_PADDING:
        words.append(f"padding={report.padding if isinstance(report.padding, str) else _tuple(report.padding)}")
    if tuple(report.dilation) != _ONE:
        words.append(f"dilation={_tuple(report.dilation)}")
    if extra is not None and extra != _NO_PADDING:
        words.append(f"output_padding={_tuple(extra)}")
    if report.groups != 1:
        words.append(f"groups={report.groups}")
    if not report.bias:
        words.append("bias=False")
    if report.padding_mode != _ZEROS:
        words.append(f"padding_mode={report.padding_mode}")
    return f"{_kind(report)}({', '.join(words)})"


def as_typed(report: ShapeReport | TransposedReport) -> str:
    """Return `Conv2d(3, 64, 7, stride=2, padding=3)`: the shortest call that makes the layer."""
    extra = getattr(report, "output_padding", None)
    words = [str(report.in_channels), str(report.out_channels), _pair(report.kernel_size)]
    if tuple(report.stride) != _ONE:
        words.append(f"stride={_pair(report.stride)}")
    if report.padding != _NO_PADDING:
        words.append(
            f"padding={report.padding!r}" if isinstance(report.padding, str) else f"padding={_pair(report.padding)}"
        )
    if tuple(report.dilation) != _ONE:
        words.append(f"dilation={_pair(report.dilation)}")
    if extra is not None and extra != _NO_PADDING:
        words.append(f"output_padding={_pair(extra)}")
    if report.groups != 1:
        words.append(f"groups={report.groups}")
    if not report.bias:
        words.append("bias=False")
    if report.padding_mode != _ZEROS:
        words.append(f"padding_mode={report.padding_mode!r}")
    return f"{_kind(report)}({', '.join(words)})"


def as_call(record: Mapping[str, Any]) -> str:
    """Return the shortest call that makes the layer of a record of `shape`, with its element type where it is unusual.

    >>> from conv2d_cli import Conv2d, analyze
    >>> as_call(analyze(Conv2d(3, 64, 7, stride=2, dtype="float16"))._asdict())
    'Conv2d(3, 64, 7, stride=2, dtype=torch.float16)'
    """
    keys = {key: _paired(record[key]) for key in ShapeReport._fields}
    call = as_typed(ShapeReport(**keys))
    return call if record["dtype"] == DEFAULT_DTYPE else f"{call[:-1]}, dtype=torch.{record['dtype']})"


def as_words(record: Mapping[str, Any]) -> str:
    """Return `3→64 7×7 s2 p3 no bias` of a record that has the keys of a layer."""
    words = [f"{record['in_channels']}→{record['out_channels']}", times(record["kernel_size"])]
    padding = record["padding"]
    if tuple(record["stride"]) != _ONE:
        words.append(f"s{_short(record['stride'])}")
    if isinstance(padding, str):
        words.append(padding)
    elif tuple(padding) != _NO_PADDING:
        words.append(f"p{_short(padding)}")
    if tuple(record["dilation"]) != _ONE:
        words.append(f"d{_short(record['dilation'])}")
    if record["groups"] != 1:
        words.append(f"g{record['groups']}")
    if not record["bias"]:
        words.append("no bias")
    if record["padding_mode"] != _ZEROS:
        words.append(record["padding_mode"])
    return " ".join(words)


def times(sizes: Sequence[int]) -> str:
    """Return `64×3×7×7`."""
    return "×".join(map(str, sizes))


def _kind(report: ShapeReport | TransposedReport) -> str:
    """Return the name of the class; a transposed layer alone has an `output_padding`."""
    return "ConvTranspose2d" if hasattr(report, "output_padding") else "Conv2d"


def _paired(value: Any) -> Any:  # noqa: ANN401 - whatever a record holds
    """Return what JSON has as a list as the tuple that it was."""
    return tuple(value) if isinstance(value, list) else value


def _tuple(sizes: Sequence[int]) -> str:
    return f"({', '.join(map(str, sizes))})"


def _pair(sizes: Sequence[int]) -> str:
    return str(sizes[0]) if len(sizes) == len(_ONE) and sizes[0] == sizes[1] else _tuple(sizes)


def _short(sizes: Sequence[int]) -> str:
    if len(sizes) > len(_ONE):
        return ",".join(map(str, sizes))
    return str(sizes[0]) if sizes[0] == sizes[1] else times(sizes)
