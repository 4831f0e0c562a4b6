"""The options of `conv2d shape` that no other command has."""

from __future__ import annotations

from typing import Annotated, NamedTuple

from conv2d_cli.cli import choices
from conv2d_cli.cli.options import INPUT, LAYER, OUTPUT, RESULT, option, shared


class ShapeOptions(NamedTuple):
    """The options as typed."""

    weight: str | None
    weight_layout: str | None
    layout: str | None
    from_: str | None
    assertions: tuple[str, ...]
    schema: bool
    record_schema: bool


def _shape_options(
    weight: Annotated[
        str | None,
        option("--weight", metavar="FILE", section=LAYER, help="channels and kernel from a weight's header"),
    ] = None,
    weight_layout: Annotated[
        str | None,
        option(
            "--weight-layout",
            metavar="HWIO",
            section=LAYER,
            help="axes of the weight: OIHW, HWIO, OHWI, CHWN",
            complete=choices.weight_layouts,
        ),
    ] = None,
    layout: Annotated[
        str | None,
        option(
            "--layout",
            metavar="NHWC",
            section=INPUT,
            help="axes of a tensor file given with -i; NCHW if not given",
            complete=choices.layouts,
        ),
    ] = None,
    from_: Annotated[
        str | None,
        option("--from", metavar="FILE", section=INPUT, help="many layers, one a line; - is stdin"),
    ] = None,
    assertions: Annotated[
        list[str] | None,
        option("--assert", metavar="EXPR", section=RESULT, help="exit 1 unless it holds: 'output_height == 112'"),
    ] = None,
    schema: Annotated[bool, option("--json-schema", section=OUTPUT, help="the schema of the JSON output")] = False,
    record_schema: Annotated[
        bool, option("--from-schema", section=OUTPUT, help="the schema of a record of --from")
    ] = False,
) -> ShapeOptions:
    return ShapeOptions(weight, weight_layout, layout, from_, tuple(assertions or ()), schema, record_schema)


shape_options = shared(_shape_options, "shape_options")
