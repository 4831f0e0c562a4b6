"""Records of `shape` and plots of them: real layers, and made-up numbers where only the numbers matter."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Any

from conv2d_cli import Conv2d, analyze
from conv2d_cli.render.layer_text import as_call
from conv2d_cli.report.plot import PlotRequest, axis_of, plot_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from conv2d_cli.report.plot import PlotReport

ONE: dict[str, Any] = analyze(Conv2d(3, 16, 3), 32)._asdict()


def layers(
    outs: Iterable[int] = (16, 32, 64),
    kernels: Iterable[int] = (1, 3, 5, 7),
    paddings: Iterable[Any] = ("same_upper", 0, 1),
    size: int = 32,
) -> list[dict[str, Any]]:
    grid = product(outs, kernels, (1, 2), paddings)
    return [analyze(Conv2d(3, out, kernel, stride, padding), size)._asdict() for out, kernel, stride, padding in grid]


def made_up(**columns: Sequence[Any]) -> list[dict[str, Any]]:
    """Return records that differ in these keys alone."""
    return [ONE | dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]


def plot(
    records: Iterable[Mapping[str, Any]], x: str = "macs", y: str = "parameters", color: str | None = None
) -> PlotReport:
    return plot_of(records, PlotRequest(axis_of(x), axis_of(y), color), as_call)


PLOTS: dict[str, PlotReport] = {
    "few": plot(layers(outs=(16,), kernels=(1, 3))),
    "kernels": plot(layers(), color="kernel_size"),
    "larger_is_better": plot(layers(kernels=range(1, 12)), y="receptive_field_height", color="kernel_size"),
    "paddings": plot(layers(), x="output_bytes", y="macs", color="padding"),
    "numbers": plot(layers(outs=range(8, 200, 8)), y="output_bytes", color="out_channels"),
    "many_classes": plot(layers(outs=(16,), kernels=range(1, 30), size=64), color="kernel_size"),
    "single": plot(layers()[:1]),
    "equal": plot([ONE] * 1000, color="kernel_size"),
    "huge": plot(
        made_up(macs=[10**40 * n**3 + 1 for n in range(1, 20)], parameters=[10**30 + n for n in range(1, 20)])
    ),
    "huge_and_narrow": plot(
        made_up(
            macs=[10**100 + n for n in range(9)],
            parameters=[10**100 + n * n for n in range(9)],
            groups=[10**100 + n for n in range(9)],
        ),
        color="groups",
    ),
    "zeros": plot(made_up(unused_rows=[0, 1, 10, 1000], macs=[4, 3, 2, 1]), x="unused_rows", y="macs"),
    "narrow": plot(
        made_up(effective_macs=[*range(118_013_952, 118_013_960)], parameter_bytes=[*range(10**12 + 8, 10**12, -1)]),
        x="effective_macs",
        y="parameter_bytes",
    ),
    "floats": plot(layers(), x="input_bytes", y="arithmetic_intensity"),
    "long_words": plot(
        made_up(macs=[1, 2, 3], device=["</script><img src=x onerror=alert(1)>", "$x^2$ & _", "w" * 300]),
        color="device",
    ),
}
