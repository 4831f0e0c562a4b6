"""The options of `conv2d run` that no other command has, and what their words stand for."""

from __future__ import annotations

import math
import re
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, NamedTuple

from conv2d_cli.cli import choices
from conv2d_cli.cli.options import ENGINE, INPUT, OTHER, PARAMETERS, RESULT, option, shared
from conv2d_cli.errors import UsageError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable

_INTEGER = re.compile(r"[-+]?[0-9]{1,30}", re.ASCII)
_BYTES = re.compile(r"(?P<number>[0-9]{1,18}(?:\.[0-9]{1,6})?)\s*(?P<unit>[A-Za-z]*)", re.ASCII)
_UNITS = {"B": 1} | {
    prefix + unit: base**power for power, prefix in enumerate("KMGT", 1) for unit, base in (("B", 1000), ("IB", 1024))
}
# What NumPy can count.
_MOST_ELEMENTS = 2**58
_SEEDS = range(-(2**63), 2**64)
_RANKS = frozenset({3, 4})


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
    input_shape: str | None
    input_dtype: str | None
    accuracy: str
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
            help="keep what was drawn: .npz, .safetensors, .zarr; --weight reads it",
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
        bool, option("--resume", section=RESULT, help="of many files, leave out what the same layer has done")
    ] = False,
    plan: Annotated[bool, option("--plan", section=RESULT, help="show what would be done, and do nothing")] = False,
    input_shape: Annotated[
        str | None,
        option("--input-shape", metavar="SHAPE", section=INPUT, help="of a raw .bin: 3,224,224, or with a batch"),
    ] = None,
    input_dtype: Annotated[
        str | None,
        option("--input-dtype", metavar="T", section=INPUT, help="element type of a raw .bin", complete=choices.dtypes),
    ] = None,
    accuracy: Annotated[
        str,
        option("--accuracy", metavar="NAME", section=ENGINE, help="strict, or fast", complete=choices.accuracies),
    ] = "strict",
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
        input_shape,
        input_dtype,
        accuracy,
        algorithm,
        threads,
        memory_limit,
        no_progress,
    )


run_options = shared(_run_options, "run_options")


def choice(name: str, text: str, known: tuple[str, ...]) -> str:
    """Return a text that is one of the known ones.

    Raises:
        UsageError: it is none of them.
    """
    if text not in known:
        raise UsageError(f"{name} {text}: no such {name.strip('-')}", did_you_mean(text, known, f"{name} "))
    return text


def seed_of(text: str | None) -> int:
    """Return a seed that torch takes; 0 when none is given.

    Raises:
        UsageError: it takes no such seed.
    """
    seed = 0 if text is None else integer("--seed", text)
    if seed not in _SEEDS:
        raise UsageError(
            f"--seed {text}: a seed lies between -2^63 and 2^64 - 1 (torch: Overflow when unpacking long long)",
            f"--seed {seed % 2**32}, which is the same in its low 32 bits",
        )
    return seed


def integer(name: str, text: str, *, least: int | None = None) -> int:
    """Return the integer that an option's text spells.

    Raises:
        UsageError: it spells none, or one below the least.
    """
    if not _INTEGER.fullmatch(text):
        raise UsageError(f"{name} {text}: not a whole number", f"{name} {max(1, least or 1)}")
    if least is not None and int(text) < least:
        raise UsageError(f"{name} {text}: must be {least} or more", f"{name} {least}")
    return int(text)


def dtype_of(name: str, text: str | None, *, drawn: bool = False) -> str | None:
    """Return our name of a dtype that can be computed with; parameters that are `drawn` are floats or complex.

    Raises:
        UsageError: it cannot be.
    """
    from conv2d_cli.dtypes import COMMON, COMPUTABLE, DTYPES, NAMES, find_dtype
    from conv2d_cli.errors import nearest, one_of

    if text is None:
        return None
    usual = [known for known in COMMON if not drawn or DTYPES[known].can_be_parameter]
    found = find_dtype(text)
    if found is None:
        near = [known for known in nearest(text, NAMES) if (meant := find_dtype(known)) and meant.name in COMPUTABLE]
        hint = f"did you mean {name} {near[0]}?" if near else f"{name} {one_of(usual)}"
        raise UsageError(f"{name} {text}: there is no such element type", hint)
    if found.name not in COMPUTABLE:
        raise UsageError(f"{name} {text}: nothing is computed in it", f"{name} {one_of(usual)}")
    return found.name


def described(
    shape: str | None, dtype: str | None, of_file: Callable[[str], str]
) -> tuple[tuple[int, ...], str] | None:
    """Return the shape and the type that a file without a header has; `of_file` is the shape that its size allows.

    Raises:
        UsageError: one of them is missing, or is none.
    """
    if shape is None and dtype is None:
        return None
    if dtype is None:
        raise UsageError("--input-shape and --input-dtype go together", "--input-dtype float32")
    if shape is None:
        raise UsageError("--input-shape and --input-dtype go together", f"--input-shape {of_file(dtype)}")
    from conv2d_cli.layer.text import integers_of

    sizes = integers_of(shape)
    sizes = (sizes,) if isinstance(sizes, int) else sizes
    if sizes is None or min(sizes) < 0 or len(sizes) not in _RANKS or math.prod(sizes) > _MOST_ELEMENTS:
        raise UsageError(f"--input-shape {shape}: no shape of images, C,H,W or N,C,H,W", "--input-shape 1,3,224,224")
    name = dtype_of("--input-dtype", dtype)
    assert name is not None  # noqa: S101 - a text was given
    return sizes, name


def bytes_of(text: str | None) -> int | None:
    """Return a number of bytes from `512MiB`, `2GB` or `1000000`.

    Raises:
        UsageError: it is none.
    """
    if text is None:
        return None
    match = _BYTES.fullmatch(text.strip())
    unit = match and (match["unit"] or "B").upper()
    if match is None or unit not in _UNITS:
        raise UsageError(
            f"--memory-limit {text}: not a size, which is a number of bytes with KiB, MiB, GiB, kB, MB or GB behind it",
            "--memory-limit 1GiB",
        )
    return int(Decimal(match["number"]) * _UNITS[unit])
