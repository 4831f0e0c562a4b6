"""Generated programs are run, many layers in one process, and judged by the textbook bound and by exact integers.

CONV2D_LAYERS is the number of layers of each target; those whose framework is not installed are skipped.
"""

from __future__ import annotations

import os
from random import Random
from typing import TYPE_CHECKING

import numpy as np
import pytest
from bounds import Limits, part_of, textbook_limits
from generated_code import FRAMEWORKS, drawn, jobs_of, outputs_of_c, outputs_of_python, require

from conv2d_cli import conv2d
from conv2d_cli.codegen.registry import TARGETS

if TYPE_CHECKING:
    from pathlib import Path

    from generated_code import Array, Job

pytestmark = [
    pytest.mark.long,
    # Of frameworks: programs that people run have no such filter either.
    pytest.mark.filterwarnings("ignore"),
]

LAYERS = int(os.environ.get("CONV2D_LAYERS", "20"))


def outputs_of(target: str, jobs: list[Job], folder: Path) -> list[Array]:
    return [*(outputs_of_c(jobs, folder) if target == "c" else outputs_of_python(target, jobs))]


@pytest.mark.parametrize("target", TARGETS)
def test_programs_agree_with_our_result(target: str, tmp_path: Path) -> None:
    require(target)
    cases, share = drawn(Random(7), target, LAYERS)
    integers, normal = (jobs_of(cases, tmp_path, integers=integers) for integers in (True, False))
    outputs = outputs_of(target, [*integers, *normal], tmp_path)
    for job, output in zip(integers, outputs[: len(cases)], strict=True):
        assert np.array_equal(output, ours_of(job)), job.case
        assert output.dtype == job.x.dtype, job.case
    for job, output in zip(normal, outputs[len(cases) :], strict=True):
        assert output.shape == ours_of(job).shape, job.case
        if output.size:
            assert part_of(limits_of(target, job), batch_of(output)) <= 1, job.case
    print(f"{target}: {LAYERS} layers, {share:.0%} of those drawn can be expressed")


def limits_of(target: str, job: Job) -> Limits:
    """Return the exact result and what a program may be off; PyTorch makes complex products of three real ones.

    The imaginary part is then `(a + b)(c + d) - ac - bd` in K + 5 roundings, at most twice the bound's 2 K + 1:
    Higham, "Accuracy and stability of numerical algorithms", 2002, section 23.2.4.
    """
    limits = textbook_limits(batch_of(job.x), job.weight, job.bias, **job.case.reference)
    if target == "pytorch" and "imag" in limits.allowed:
        real, imaginary = limits.allowed["real"], limits.allowed["imag"]
        return limits._replace(allowed={"real": real, "imag": 2 * (2 * real + imaginary)})
    return limits


def ours_of(job: Job) -> Array:
    output = conv2d(batch_of(job.x), job.weight, job.bias, **job.case.reference)
    return output if job.x.ndim == 4 else output[0]


def batch_of(array: Array) -> Array:
    return array if array.ndim == 4 else array[np.newaxis]


def test_every_target_is_run() -> None:
    assert {*FRAMEWORKS} == {*TARGETS}
