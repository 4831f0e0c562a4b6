"""The registry: a folder for each name, and planners and kernels that are what the protocols say."""

from __future__ import annotations

from pathlib import Path
from typing import Any, get_args

import pytest
from plans import GEOMETRIES, every_candidate

from conv2d_cli import engine
from conv2d_cli.dtypes import COMPUTABLE
from conv2d_cli.engine.algorithms.base import Kernel, Planner
from conv2d_cli.engine.algorithms.fft.kernel import FftKernel
from conv2d_cli.engine.algorithms.fft.planning import FftPlanner
from conv2d_cli.engine.algorithms.im2col.kernel import Im2colKernel
from conv2d_cli.engine.algorithms.im2col.planning import Im2colPlanner
from conv2d_cli.engine.algorithms.pointwise.kernel import PointwiseKernel
from conv2d_cli.engine.algorithms.pointwise.planning import PointwisePlanner
from conv2d_cli.engine.algorithms.registry import PLANNERS, kernel_of
from conv2d_cli.engine.algorithms.row_lowering.kernel import RowLoweringKernel
from conv2d_cli.engine.algorithms.row_lowering.planning import RowLoweringPlanner
from conv2d_cli.engine.algorithms.shifted.kernel import ShiftedKernel
from conv2d_cli.engine.algorithms.shifted.planning import ShiftedPlanner
from conv2d_cli.engine.algorithms.small.kernel import SmallKernel
from conv2d_cli.engine.algorithms.small.planning import SmallPlanner
from conv2d_cli.engine.algorithms.winograd.kernel import WinogradKernel
from conv2d_cli.engine.algorithms.winograd.planning import WinogradPlanner
from conv2d_cli.engine.api import ALGORITHMS

FOLDER = Path(engine.__path__[0]) / "algorithms"
# mypy checks that each is what its protocol says.
EVERY_PLANNER: dict[str, Planner[Any]] = {
    "pointwise": PointwisePlanner(),
    "small": SmallPlanner(),
    "im2col": Im2colPlanner(),
    "shifted": ShiftedPlanner(),
    "row_lowering": RowLoweringPlanner(),
    "winograd": WinogradPlanner(),
    "fft": FftPlanner(),
}
EVERY_KERNEL: dict[str, Kernel[Any, Any]] = {
    "pointwise": PointwiseKernel(),
    "small": SmallKernel(),
    "im2col": Im2colKernel(),
    "shifted": ShiftedKernel(),
    "row_lowering": RowLoweringKernel(),
    "winograd": WinogradKernel(),
    "fft": FftKernel(),
}


def test_the_registry_holds_them_all() -> None:
    for names in (EVERY_PLANNER, EVERY_KERNEL, dict.fromkeys(ALGORITHMS)):
        assert [*names] == [*PLANNERS]
    for name in PLANNERS:
        assert type(PLANNERS[name]) is type(EVERY_PLANNER[name])
        assert type(kernel_of(name)) is type(EVERY_KERNEL[name])


def test_a_name_is_a_folder_with_a_planning_and_a_kernel() -> None:
    folders = {path.name for path in FOLDER.iterdir() if path.is_dir() and path.name != "__pycache__"}
    assert folders == {*PLANNERS}
    for name in folders:
        assert {"__init__.py", "planning.py", "kernel.py"} <= {path.name for path in (FOLDER / name).iterdir()}


def test_no_algorithm_knows_another() -> None:
    for name in PLANNERS:
        for path in (FOLDER / name).glob("*.py"):
            for other in {*PLANNERS} - {name}:
                assert f"algorithms.{other}" not in path.read_text(), path


@pytest.mark.parametrize("name", ALGORITHMS)
def test_a_planner_says_what_it_may_be_asked(name: str) -> None:
    planner = PLANNERS[name]
    assert planner.dtypes <= COMPUTABLE
    assert isinstance(planner.in_transform_domain, bool)
    found = 0
    for geometry, padding_mode in GEOMETRIES:
        for plan in every_candidate(geometry, name, padding_mode=padding_mode, accuracy="fast"):
            assert planner.takes(plan.problem)
            # Blocks are a key of what is kept, and are shown field by field.
            assert hash(plan.blocks) == hash(type(plan.blocks)(*plan.blocks))
            assert plan.candidate.memory == planner.memory(plan.problem, plan.blocks)
            assert planner.words(plan.problem, plan.blocks)
            found += 1
    assert found


def test_protocols_are_generic_in_the_blocks() -> None:
    assert get_args(Planner[Any]) == (Any,)
    assert get_args(Kernel[Any, Any]) == (Any, Any)
