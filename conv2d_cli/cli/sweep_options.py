"""The options of `conv2d sweep`: those of a layer, of each several values, and which rows are wanted."""

from __future__ import annotations

from typing import Annotated, NamedTuple

import typer  # noqa: TC002 - Typer reads the annotations

from conv2d_cli.cli import choices
from conv2d_cli.cli.options import INPUT, LAYER, RESULT, option, shared
from conv2d_cli.cli.typed import TYPED, Typed
from conv2d_cli.errors import UsageError


class SweepOptions(NamedTuple):
    """The options as typed: the text of each argument of the layer that was given, the sizes, and the rows wanted."""

    given: dict[str, str]
    typed: Typed
    sizes: str | None
    where: tuple[str, ...]
    sort: tuple[str, ...]
    top: str | None
    pareto: tuple[str, ...]


def _sweep_options(
    context: typer.Context,
    stride: Annotated[
        str | None, option("--stride", "-s", metavar="S,...", section=LAYER, help="1,2 or 1..4; a pair is 2x1: H first")
    ] = None,
    padding: Annotated[
        str | None,
        option(
            *("--padding", "-p"),
            metavar="P,...",
            section=LAYER,
            help="0..3, 3x1, (T,L,B,R), same, valid, same_upper, same_lower",
            complete=choices.padding_words,
        ),
    ] = None,
    dilation: Annotated[
        str | None,
        option("--dilation", "-d", metavar="D,...", section=LAYER, help="spacing of the kernel's elements: 1,2"),
    ] = None,
    groups: Annotated[
        str | None, option("--groups", "-g", metavar="G,...", section=LAYER, help="groups of channels: 1..64")
    ] = None,
    bias: Annotated[
        str | None,
        option(
            "--bias",
            metavar="BOOL,...",
            section=LAYER,
            help="true,false: layers with a bias, then without",
            complete=choices.booleans,
        ),
    ] = None,
    no_bias: Annotated[bool, option("--no-bias", section=LAYER, help="no layer has a bias: --bias false")] = False,
    padding_mode: Annotated[
        str | None,
        option(
            "--padding-mode",
            metavar="MODE,...",
            section=LAYER,
            help="zeros, reflect, replicate, circular",
            complete=choices.padding_modes,
        ),
    ] = None,
    device: Annotated[
        str | None,
        option("--device", metavar="DEVICE,...", section=LAYER, help="kept for torch's sake: cpu, cuda:0"),
    ] = None,
    dtype: Annotated[
        str | None,
        option(
            "--dtype",
            metavar="T,...",
            section=LAYER,
            help="element types that bytes are counted in: float32,half,int8",
            complete=choices.dtypes,
        ),
    ] = None,
    sizes: Annotated[
        str | None,
        option(
            *("--input", "-i"),
            metavar="SIZE,...",
            section=INPUT,
            help="224,448 or 32..256..32; else 224x160, 3x224x224 or 8x3x224x224",
        ),
    ] = None,
    where: Annotated[
        list[str] | None,
        option(
            "--where",
            metavar="EXPR",
            section=RESULT,
            help="rows for which it holds: 'output_height >= 28 and macs < 1e9'; repeated, all have to",
            complete=choices.quantities,
        ),
    ] = None,
    sort: Annotated[
        list[str] | None,
        option(
            "--sort",
            metavar="KEY,...",
            section=RESULT,
            help="by these keys, the least first; -macs is the most first, a list counts by its product",
            complete=choices.measures,
        ),
    ] = None,
    top: Annotated[
        str | None, option("--top", metavar="N", section=RESULT, help="no more than the first N rows")
    ] = None,
    pareto: Annotated[
        list[str] | None,
        option(
            "--pareto",
            metavar="KEY,...",
            section=RESULT,
            help="rows that no other beats in all keys at once: less is better, of -receptive_field more",
            complete=choices.measures,
        ),
    ] = None,
) -> SweepOptions:
    texts = {
        "stride": stride,
        "padding": padding,
        "dilation": dilation,
        "groups": groups,
        "bias": bias,
        "padding_mode": padding_mode,
        "device": device,
        "dtype": dtype,
    }
    given = {field: text for field, text in texts.items() if text is not None}
    if no_bias:
        if bias is not None:
            raise UsageError(f"--bias {bias} and --no-bias exclude each other", "leave one of them out")
        given["bias"] = "false"
    typed: Typed = context.meta[TYPED]
    return SweepOptions(given, typed, sizes, tuple(where or ()), tuple(sort or ()), top, tuple(pareto or ()))


sweep_options = shared(_sweep_options, "sweep_options")
