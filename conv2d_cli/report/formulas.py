"""The formulas behind the facts, with this layer's numbers in them: whole ones to check, short ones to read."""

# ruff: noqa: RUF001 - the signs of arithmetic are meant

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conv2d_cli.dtypes import DTYPES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from conv2d_cli.report.shape import ShapeReport

# Names in braces are keys of the report, or the field's letters, which `_letters` fills in.
_OF_THE_LAYER = {
    "weight_shape": ("in_channels / groups: {in_channels} / {groups} = {C}",),
    "effective_kernel_size": ("H: {dh} * ({kh} - 1) + 1 = {eh}", "W: {dw} * ({kw} - 1) + 1 = {ew}"),
    "parameters": ("{weight_parameters} + {bias_parameters} = {parameters}",),
    "weight_parameters": ("{out_channels} * {C} * {kh} * {kw} = {weight_parameters}",),
    "parameter_bytes": ("{parameters} * {item} = {parameter_bytes}",),
    "receptive_field": ("one layer sees its effective kernel: {eh} x {ew}",),
}
_OF_A_SIZE = {
    "output_shape": (
        "H: ({H} + {padding_top} + {padding_bottom} - {eh}) // {sh} + 1 = {Ho}",
        "W: ({W} + {padding_left} + {padding_right} - {ew}) // {sw} + 1 = {Wo}",
    ),
    "macs": ("{N} * {out_channels} * {Ho} * {Wo} * ({C} * {kh} * {kw}) = {macs}",),
    "effective_macs": ("{macs} - {padded_macs} taps on padded zeros = {effective_macs}",),
    "bias_adds": ("{N} * {bias_parameters} * {Ho} * {Wo} = {bias_adds}",),
    "flops": ("2 * {macs} = {flops}",),
    "input_bytes": ("{N} * {in_channels} * {H} * {W} * {item} = {input_bytes}",),
    "output_bytes": ("{N} * {out_channels} * {Ho} * {Wo} * {item} = {output_bytes}",),
    "im2col_bytes": ("{N} * {groups} * ({C} * {kh} * {kw}) * {Ho} * {Wo} * {item} = {im2col_bytes}",),
    "arithmetic_intensity": (
        "{flops} / ({input_bytes} + {parameter_bytes} + {output_bytes}) = {arithmetic_intensity}",
    ),
    "unused_rows": (
        "max(0, ({H} + {padding_top} + {padding_bottom} - {eh}) % {sh} - {padding_bottom}) = {unused_rows}",
    ),
    "unused_columns": (
        "max(0, ({W} + {padding_left} + {padding_right} - {ew}) % {sw} - {padding_right}) = {unused_columns}",
    ),
}


# What stands beside an exact value on the screen, which need not be repeated.
_SHORT_OF_THE_LAYER = {
    "parameters": "{weight_parameters:,} + {bias_parameters:,}",
    "weight_parameters": "{out_channels} × {C} × {kh} × {kw}",
    "bias_parameters": "{bias_words}",
    "parameter_bytes": "{parameters:,} × {item}",
    "weight_shape": "{weight_words}",
    "effective_kernel_size": "{kernel_words}",
    "receptive_field": "of one layer",
}
_SHORT_OF_A_SIZE = {
    "macs": "{N_times}{out_channels} × {Ho} × {Wo} × ({C} × {kh} × {kw})",
    "effective_macs": "{effective_words}",
    "flops": "2 × macs",
    "bias_adds": "{bias_adds_words}",
    "input_bytes": "{N_times}{in_channels} × {H} × {W} × {item}",
    "output_bytes": "{N_times}{out_channels} × {Ho} × {Wo} × {item}",
    "im2col_bytes": "{im2col_words}",
    "arithmetic_intensity": "flops / all bytes in and out",
}


def templates_of(key: str) -> tuple[str, ...]:
    """Return the formulas of a key with names in braces: keys of the report, and the field's letters.

    >>> templates_of("flops")
    ('2 * {macs} = {flops}',)
    """
    return (_OF_THE_LAYER | _OF_A_SIZE)[key]


def short_formulas_of(report: ShapeReport) -> dict[str, str]:
    """Return a line for people by the key that it explains, without the result."""
    known = report.output_shape is not None
    templates = _SHORT_OF_THE_LAYER | _SHORT_OF_A_SIZE if known else _SHORT_OF_THE_LAYER
    words = report._asdict() | _letters(report) | _words_of_the_layer(report)
    if known:
        words |= _words_of_a_size(report, words)
    return {key: template.format_map(words) for key, template in templates.items()}


def _words_of_the_layer(report: ShapeReport) -> dict[str, str]:
    axes = [f"{d} × ({k} − 1) + 1" for k, d in zip(report.kernel_size, report.dilation, strict=True)]
    divided = f"{report.in_channels} / {report.groups} = {report.weight_shape[1]} channels a group"
    return {
        "bias_words": "out_channels" if report.bias else "no bias",
        "weight_words": divided if report.groups > 1 else "out, in, H, W",
        "kernel_words": axes[0] if axes[0] == axes[1] else ", ".join(axes),
    }


def _words_of_a_size(report: ShapeReport, letters: Mapping[str, Any]) -> dict[str, str]:
    batched = len(report.input_shape or ()) == len("NCHW")
    times = f"{letters['N']} × " if batched else ""
    if report.padding_mode != "zeros":
        effective = "padding is no zeros"
    else:
        effective = "no taps on padding" if report.effective_macs == report.macs else "without taps on padding"
    larger = report.im2col_bytes / report.input_bytes if report.input_bytes and report.im2col_bytes else 0.0
    outputs = f"{times}{report.out_channels} × {letters['Ho']} × {letters['Wo']}"
    return {
        "N_times": times,
        "effective_words": effective,
        "bias_adds_words": outputs if report.bias else "no bias",
        "im2col_words": f"{larger:.3g} × the input" if larger else "",
    }


def formulas_of(report: ShapeReport) -> dict[str, list[str]]:
    """Return the formulas by the key that they explain; keys that are unknown without an input are left out."""
    templates = _OF_THE_LAYER if report.output_shape is None else _OF_THE_LAYER | _OF_A_SIZE
    numbers = report._asdict() | _letters(report)
    return {key: [template.format_map(numbers) for template in lines] for key, lines in templates.items()}


def _letters(report: ShapeReport) -> dict[str, Any]:
    pairs = {"k": report.kernel_size, "s": report.stride, "d": report.dilation, "e": report.effective_kernel_size}
    letters: dict[str, Any] = {
        f"{name}{axis}": pair[place] for name, pair in pairs.items() for place, axis in enumerate("hw")
    }
    letters |= {"C": report.weight_shape[1], "item": DTYPES[report.dtype].bytes}
    if report.input_shape is not None and report.output_shape is not None:
        letters |= {"N": (*report.input_shape[:-3], 1)[0], "H": report.input_shape[-2], "W": report.input_shape[-1]}
        letters |= {"Ho": report.output_shape[-2], "Wo": report.output_shape[-1]}
        letters["padded_macs"] = (report.macs or 0) - (report.effective_macs or 0)
    return letters
