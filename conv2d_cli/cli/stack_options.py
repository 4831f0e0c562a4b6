"""The options of `conv2d stack` that no other command has."""

from __future__ import annotations

from typing import Annotated, NamedTuple

import typer  # noqa: TC002 - Typer reads the annotations

from conv2d_cli.cli import choices
from conv2d_cli.cli.options import INPUT, NETWORK, OUTPUT, RESULT, option, shared
from conv2d_cli.cli.typed import TYPED, Typed


class StackOptions(NamedTuple):
    """The options as typed, and the whole line."""

    sizes: tuple[str, ...]
    assume: str
    node: str | None
    depth: str | None
    only: str | None
    convention: str
    dtype: str | None
    fit: str | None
    assertions: tuple[str, ...]
    diff: str | None
    html: str | None
    force: bool
    list: bool
    print: bool
    schema: bool
    file_schema: bool
    typed: Typed


def _stack_options(
    context: typer.Context,
    sizes: Annotated[
        list[str] | None,
        option(
            *("--input", "-i"),
            metavar="SIZE",
            section=INPUT,
            help="224, 224x224, 3x224x224, 8x3x224x224, or a tensor file; NAME=SIZE for one of several inputs",
        ),
    ] = None,
    assume: Annotated[
        str,
        option(
            "--assume",
            metavar="WHAT",
            section=NETWORK,
            help="known, what blocks and networks known by their names do; or none, only what is written",
            complete=choices.assumptions,
        ),
    ] = "known",
    node: Annotated[
        str | None,
        option("--node", metavar="NAME", section=RESULT, help="the facts of this one layer, and what --assert judges"),
    ] = None,
    depth: Annotated[
        str | None,
        option("--depth", metavar="N", section=RESULT, help="layers summed up by the first N parts of their names"),
    ] = None,
    only: Annotated[
        str | None,
        option("--only", metavar="KIND,...", section=RESULT, help="layers of these kinds: conv, linear, MaxPool2d"),
    ] = None,
    convention: Annotated[
        str,
        option(
            "--convention",
            metavar="NAME",
            section=RESULT,
            help="what tables count as work: macs, macs+bias, flops, flops+bias",
            complete=choices.conventions,
        ),
    ] = "macs",
    dtype: Annotated[
        str | None,
        option(
            "--dtype",
            metavar="T",
            section=RESULT,
            help="element type that bytes are counted in: float32, half, bf16, int8, ...",
            complete=choices.dtypes,
        ),
    ] = None,
    fit: Annotated[
        str | None,
        option("--fit", metavar="BYTES", section=RESULT, help="the largest batch that fits in 16GiB: largest_batch"),
    ] = None,
    assertions: Annotated[
        list[str] | None,
        option("--assert", metavar="EXPR", section=RESULT, help="exit 1 unless it holds: 'macs <= 600e6'"),
    ] = None,
    diff: Annotated[
        str | None,
        option("--diff", metavar="OTHER", section=RESULT, help="what changes from this network to the other"),
    ] = None,
    html: Annotated[
        str | None,
        option("--html", metavar="FILE", section=RESULT, help="write a page: charts, a graph that folds, a table"),
    ] = None,
    force: Annotated[bool, option("--force", "-f", section=RESULT, help="replace an existing file")] = False,
    list_: Annotated[
        bool, option("--list", section=NETWORK, help="the networks that come with the program, by name")
    ] = False,
    print_: Annotated[
        bool, option("--print", section=NETWORK, help="the file of one of them, to start one's own from")
    ] = False,
    schema: Annotated[bool, option("--json-schema", section=OUTPUT, help="the schema of the JSON output")] = False,
    file_schema: Annotated[
        bool, option("--from-schema", section=OUTPUT, help="the schema of a network's file, in TOML, JSON or YAML")
    ] = False,
) -> StackOptions:
    return StackOptions(
        tuple(sizes or ()),
        assume,
        node,
        depth,
        only,
        convention,
        dtype,
        fit,
        tuple(assertions or ()),
        diff,
        html,
        force,
        list_,
        print_,
        schema,
        file_schema,
        context.meta[TYPED],
    )


stack_options = shared(_stack_options, "stack_options")
