"""The options of `conv2d solve`, beside those of a layer, which are alternatives in a search."""

from __future__ import annotations

from typing import Annotated, NamedTuple

from conv2d_cli.cli import choices
from conv2d_cli.cli.options import INPUT, LAYER, RESULT, option, shared

# Of each number of a search its option, under all names.
NAMES = {
    "input_size": ("-i", "--input-size", "--input"),
    "kernel_size": ("-k", "--kernel-size"),
    "stride": ("-s", "--stride"),
    "padding": ("-p", "--padding"),
    "dilation": ("-d", "--dilation"),
    "output_size": ("--output-size",),
}
# What has no part in a search of one axis, and what has none in a question about a layer.
OF_A_LAYER = ("--groups", "-g", "--no-bias", "--padding-mode", "--device", "--dtype")
OF_A_SEARCH = (*NAMES["kernel_size"], *NAMES["output_size"], "--limit")


class SolveOptions(NamedTuple):
    """The options as typed."""

    input_size: str | None
    kernel_size: str | None
    output_size: str | None
    question: str | None
    limit: str | None


def _solve_options(
    input_size: Annotated[
        str | None,
        option(
            *("--input-size", "--input", "-i"),
            metavar="N",
            section=INPUT,
            help="elements of one axis: 224, 32,64 or 1..64..8; of a LAYER its SIZE: 224, 224x160, 8x3x224x224",
        ),
    ] = None,
    kernel_size: Annotated[
        str | None,
        option(
            *("--kernel-size", "-k"),
            metavar="K",
            section=LAYER,
            help="without LAYER: 3, 1,3,5 or 1..7, and -s, -p, -d alike; what is left out is open",
        ),
    ] = None,
    output_size: Annotated[
        str | None,
        option("--output-size", metavar="N", section=RESULT, help="the output that is wanted: 112, 7,14 or 100..120"),
    ] = None,
    question: Annotated[
        str | None,
        option(
            "--for",
            metavar="QUESTION",
            section=RESULT,
            help="what LAYER is to become: same-size, half-size, tensorflow-same, no-unused, receptive-field=31, "
            "batch=16GiB, image=16GiB, groups; conv2d help solving",
            complete=choices.questions,
        ),
    ] = None,
    limit: Annotated[
        str | None,
        option("--limit", metavar="N", section=RESULT, help="the most answers; 50 in a table, all of them elsewhere"),
    ] = None,
) -> SolveOptions:
    return SolveOptions(input_size, kernel_size, output_size, question, limit)


solve_options = shared(_solve_options, "solve_options")
