"""The options of `conv2d run` that no other command has."""

from __future__ import annotations

from typing import Annotated, NamedTuple

from conv2d_cli.cli import choices
from conv2d_cli.cli.options import ENGINE, OTHER, PARAMETERS, RESULT, option, shared


class RunOptions(NamedTuple):
    """The options as typed, but for what they say of each other, which `checked` looks at."""

    weight: str | None
    bias: str | None
    seed: str | None
    save_parameters: str | None
    output_file: str | None
    force: bool
    resume: bool
    plan: bool
    engine: str | None
    accuracy: str
    flush_subnormals: bool
    algorithm: str | None
    threads: str | None
    memory_limit: str | None
    no_progress: bool


def _run_options(
    weight: Annotated[
        str | None,
        option("--weight", metavar="FILE", section=PARAMETERS, help="a tensor file, or typed: '[[1,0],[0,-1]]'"),
    ] = None,
    bias: Annotated[
        str | None, option("--bias", metavar="FILE", section=PARAMETERS, help="a tensor file, or typed: '[0.5]'")
    ] = None,
    seed: Annotated[
        str | None,
        option(
            "--seed", metavar="N", section=PARAMETERS, help="draw them as torch.manual_seed(N) would; 0 if not given"
        ),
    ] = None,
    save_parameters: Annotated[
        str | None,
        option(
            "--save-parameters",
            metavar="FILE",
            section=PARAMETERS,
            help="keep what was drawn: .npz, .safetensors, .zarr, or .bin for two raw files; --weight reads it",
        ),
    ] = None,
    output_file: Annotated[
        str | None,
        option(
            *("--output", "-o"),
            metavar="FILE",
            section=RESULT,
            help="write it: .npy, .npz, .bin, .safetensors, .zarr, .png, ..., or - for stdout; a folder for many",
        ),
    ] = None,
    *,
    force: Annotated[bool, option("--force", "-f", section=RESULT, help="replace files that exist")] = False,
    resume: Annotated[
        bool,
        option(
            "--resume",
            section=RESULT,
            help="of many files, or a store on --workers, leave out what the same layer has done",
        ),
    ] = False,
    plan: Annotated[bool, option("--plan", section=RESULT, help="show what would be done, and do nothing")] = False,
    engine: Annotated[
        str | None,
        option(
            "--engine",
            metavar="NAME",
            section=ENGINE,
            help="numpy (if not given), onnxruntime, torch, or auto for the fastest",
            complete=choices.engines,
        ),
    ] = None,
    accuracy: Annotated[
        str,
        option("--accuracy", metavar="NAME", section=ENGINE, help="strict, fast or exact", complete=choices.accuracies),
    ] = "strict",
    flush_subnormals: Annotated[
        bool,
        option("--flush-subnormals", section=ENGINE, help="with exact: subnormal operands and results are zeros"),
    ] = False,
    algorithm: Annotated[
        str | None,
        option(
            "--algorithm",
            metavar="NAME",
            section=ENGINE,
            help=f"use this one: {', '.join(choices.algorithms())}",
            complete=choices.algorithms,
        ),
    ] = None,
    threads: Annotated[
        str | None, option("--threads", metavar="N", section=ENGINE, help="threads that compute; all if not given")
    ] = None,
    memory_limit: Annotated[
        str | None, option("--memory-limit", metavar="BYTES", section=ENGINE, help="take no more memory: 512MiB")
    ] = None,
    no_progress: Annotated[bool, option("--no-progress", section=OTHER, help="no progress of long runs")] = False,
) -> RunOptions:
    return RunOptions(
        weight,
        bias,
        seed,
        save_parameters,
        output_file,
        force,
        resume,
        plan,
        engine,
        accuracy,
        flush_subnormals,
        algorithm,
        threads,
        memory_limit,
        no_progress,
    )


run_options = shared(_run_options, "run_options")
# For a command that writes no tensor and chooses no engine.
_PARAMETERS = frozenset({"weight", "bias", "seed"})
parameter_options = shared(
    _run_options, "run_options", without=[name for name in RunOptions._fields if name not in _PARAMETERS]
)
