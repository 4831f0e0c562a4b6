"""The options that commands share, each written down once."""

from __future__ import annotations

from typing import Annotated

import typer

_LAYER = "Layer"
_OUTPUT = "Output"

Stride = Annotated[str | None, typer.Option("--stride", "-s", metavar="S", help="Stride: 2, 2,1 or 2x1, H first.")]
Padding = Annotated[
    str | None,
    typer.Option(
        "--padding",
        "-p",
        metavar="P",
        help="Padding: 3, 3x1, four as top,left,bottom,right; same, valid, same_upper, same_lower.",
    ),
]
Dilation = Annotated[
    str | None, typer.Option("--dilation", "-d", metavar="D", help="Spacing of the kernel's elements.")
]
Groups = Annotated[str | None, typer.Option("--groups", "-g", metavar="G", help="Groups of channels.")]
NoBias = Annotated[bool, typer.Option("--no-bias", help="The layer has no bias.")]
PaddingMode = Annotated[
    str | None, typer.Option("--padding-mode", metavar="MODE", help="zeros, reflect, replicate or circular.")
]
Device = Annotated[
    str | None, typer.Option("--device", metavar="DEVICE", help="Kept for torch's sake: cpu, cuda:0 ...")
]
Weight = Annotated[
    str | None, typer.Option("--weight", metavar="FILE", help="Weight: a tensor file, or typed: '[[1,0],[0,-1]]'.")
]
Bias = Annotated[str | None, typer.Option("--bias", metavar="FILE", help="Bias: a tensor file, or typed: '[0.5]'.")]
Format = Annotated[
    str | None, typer.Option("--format", metavar="FORMAT", help="table (default), json, ndjson, csv, tsv or markdown.")
]
Json = Annotated[bool, typer.Option("--json", help="Short for --format json.")]
Get = Annotated[list[str] | None, typer.Option("--get", metavar="KEY", help="Print one bare value; repeatable.")]
Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="Say more: formulas, notes.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No notes on stderr.")]
Color = Annotated[str, typer.Option("--color", metavar="WHEN", help="auto, always or never.")]
Debug = Annotated[bool, typer.Option("--debug", help="Show a traceback when something fails.")]
