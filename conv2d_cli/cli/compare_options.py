"""The options of `conv2d compare` that no other command has."""

from __future__ import annotations

from typing import Annotated, NamedTuple

from conv2d_cli.cli import choices
from conv2d_cli.cli.options import INPUT, LAYER, OTHER, PARAMETERS, TOLERANCE, option, shared


class CompareOptions(NamedTuple):
    """The options as typed."""

    input: str | None
    weight: str | None
    bias: str | None
    seed: str | None
    rtol: str | None
    atol: str | None
    ulp: str | None
    no_equal_nan: bool
    raw_shape: str | None
    raw_dtype: str | None
    no_progress: bool


def _compare_options(
    input_: Annotated[
        str | None,
        option(*("--input", "-i"), metavar="FILE", section=LAYER, help="its input: says what the operation is"),
    ] = None,
    weight: Annotated[
        str | None,
        option("--weight", metavar="FILE", section=PARAMETERS, help="a tensor file, or typed: '[[1,0],[0,-1]]'"),
    ] = None,
    bias: Annotated[
        str | None, option("--bias", metavar="FILE", section=PARAMETERS, help="a tensor file, or typed: '[0.5]'")
    ] = None,
    seed: Annotated[
        str | None,
        option("--seed", metavar="N", section=PARAMETERS, help="drawn as torch.manual_seed(N) would; 0 if not given"),
    ] = None,
    rtol: Annotated[
        str | None,
        option("--rtol", metavar="R", section=TOLERANCE, help="allow R * |expected|: 1e-3; torch's for the type else"),
    ] = None,
    atol: Annotated[str | None, option("--atol", metavar="A", section=TOLERANCE, help="allow A besides: 1e-5")] = None,
    ulp: Annotated[
        str | None, option("--ulp", metavar="N", section=TOLERANCE, help="allow N units in the last place")
    ] = None,
    *,
    no_equal_nan: Annotated[
        bool, option("--no-equal-nan", section=TOLERANCE, help="as in IEEE 754, NaN differs from NaN")
    ] = False,
    raw_shape: Annotated[
        str | None,
        option("--raw-shape", metavar="SHAPE", section=INPUT, help="of raw EXPECTED and ACTUAL; else the other's"),
    ] = None,
    raw_dtype: Annotated[
        str | None,
        option(
            "--raw-dtype",
            metavar="T",
            section=INPUT,
            help="element type of both; '>f4' is big-endian",
            complete=choices.dtypes,
        ),
    ] = None,
    no_progress: Annotated[bool, option("--no-progress", section=OTHER, help="no progress of long runs")] = False,
) -> CompareOptions:
    return CompareOptions(input_, weight, bias, seed, rtol, atol, ulp, no_equal_nan, raw_shape, raw_dtype, no_progress)


compare_options = shared(_compare_options, "compare_options")
