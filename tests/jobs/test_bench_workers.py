"""Workers: what they answer, and what becomes of those that die, fail or are not there."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from conv2d_cli import conv2d
from conv2d_cli.errors import MissingExtraError, UsageError
from conv2d_cli.jobs.bench.case import Case, case_of
from conv2d_cli.jobs.bench.engines import ENGINES, Engine, engines_named
from conv2d_cli.jobs.bench.job import Request, opened
from conv2d_cli.jobs.bench.worker import Host, Worker, WorkerError
from conv2d_cli.jobs.bench.workers.problem import Problem, error_units
from conv2d_cli.layer.model import Conv2d

if TYPE_CHECKING:
    from pathlib import Path

FAKE = """
import os, sys
def describe(threads, engine):
    if {fails_to_load}: raise ImportError("no such library")
    return {{"version": "7"}}
def prepare(problem, asked):
    print("a library talks on stdout")
    if {dies} and problem.geometry.in_channels == 2:
        print("Illegal instruction", file=sys.stderr, flush=True)
        os._exit(9)
    from conv2d_cli import conv2d
    return lambda: conv2d(problem.x, problem.weight), None, asked.engine
def array_of(output): return output
"""


def host_with(folder: Path, **fakes: str) -> Host:
    for name, text in fakes.items():
        (folder / f"{name}.py").write_text(text)
    return Host(sys.executable, os.environ | {"PYTHONPATH": str(folder)}, "a processor", 1)


def fake(*, dies: bool = False, fails_to_load: bool = False) -> str:
    return FAKE.format(dies=dies, fails_to_load=fails_to_load)


def layer_of(channels: int) -> Case:
    return case_of(Conv2d(channels, 4, 3, bias=False), (1, channels, 8, 8))


def test_a_worker_that_dies_is_a_note_and_is_there_again_for_the_next_layer(tmp_path: Path) -> None:
    peers = (Engine("dying", "dying", (), ""), Engine("broken", "broken", (), ""), ENGINES["conv2d"])
    cases = [layer_of(2), layer_of(3)]
    host = host_with(tmp_path, dying=fake(dies=True), broken=fake(fails_to_load=True))
    with opened(Request(cases, peers, (1,), ("strict",), rounds=2), host) as bench:
        died, came_back = (dict(zip(("conv2d", "dying", "broken"), bench.rows(case), strict=True)) for case in cases)
    assert died["dying"].note == "the worker died (exit 9): Illegal instruction"
    assert died["dying"].median_ms is died["dying"].ratio is None
    assert died["conv2d"].ratio is None
    assert died["conv2d"].rounds == 2
    assert died["broken"].note == came_back["broken"].note == "no such library"
    assert came_back["dying"].note is None
    assert came_back["dying"].engine_version == "7"
    assert came_back["dying"].ratio == 1.0
    assert came_back["conv2d"].ratio is not None
    assert bench.machine.processor == "a processor"
    assert bench.machine.numpy_version == np.__version__


def test_a_worker_answers_with_a_failure_and_goes_on(tmp_path: Path) -> None:
    worker = Worker(ENGINES["conv2d"], 1, host_with(tmp_path))
    try:
        with pytest.raises(WorkerError, match="there is no algorithm 'magic'"):
            worker.ask(
                "prepare",
                layer={"in_channels": 1, "out_channels": 1, "kernel_size": 1},
                input_shape=[1, 1, 2, 2],
                seed=0,
                accuracy="strict",
                algorithm="magic",
                is_prepared=False,
            )
        assert worker.ask("describe")["python"] == sys.version.split()[0]
    finally:
        worker.close()
    assert not worker.alive


def test_variables_hold_a_process_to_its_threads() -> None:
    assert ENGINES["conv2d"].environment(2)["OPENBLAS_NUM_THREADS"] == "2"
    assert ENGINES["onnxruntime"].environment(2)["OPENBLAS_NUM_THREADS"] == "1"
    assert ENGINES["torch"].environment(2)["OMP_PLACES"] == "cores"
    assert "OMP_PLACES" not in ENGINES["torch"].environment(1)


def test_engines_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    assert [engine.name for engine in engines_named(["conv2d", "conv2d"])] == ["conv2d"]
    assert ENGINES["conv2d"] in engines_named(None)
    with pytest.raises(UsageError, match="--engines pytorch: no such engine") as fault:
        engines_named(["pytorch"])
    assert fault.value.hint == "did you mean --engines torch?"
    monkeypatch.setattr("conv2d_cli.jobs.bench.engines.find_spec", lambda _: None)
    with pytest.raises(MissingExtraError) as missing:
        engines_named(["onnxruntime"])
    assert missing.value.hint == "pip install 'conv2d-cli[onnxruntime]'"


LAYERS: list[tuple[dict[str, Any], list[int]]] = [
    (
        {"in_channels": 4, "out_channels": 6, "kernel_size": [3, 2], "stride": [2, 1], "padding": [1, 2, 0, 1]},
        [2, 4, 9, 8],
    ),
    ({"in_channels": 4, "out_channels": 6, "kernel_size": 3, "padding": "same_upper", "stride": 2}, [1, 4, 8, 8]),
    ({"in_channels": 4, "out_channels": 8, "kernel_size": 3, "groups": 2, "dilation": 2, "bias": False}, [1, 4, 9, 7]),
    ({"in_channels": 2, "out_channels": 3, "kernel_size": 3, "padding": 2, "dilation": [2, 1]}, [1, 2, 9, 7]),
    *(
        ({"in_channels": 2, "out_channels": 3, "kernel_size": 3, "padding": [1, 2], "padding_mode": mode}, [2, 2, 5, 6])
        for mode in ("reflect", "replicate", "circular")
    ),
    ({"in_channels": 2, "out_channels": 3, "kernel_size": 3, "dtype": "float64"}, [1, 2, 5, 6]),
]


@pytest.mark.parametrize(("layer", "shape"), LAYERS)
def test_an_output_is_judged_against_float64(layer: dict[str, Any], shape: list[int]) -> None:
    problem = Problem(layer, shape, 0)
    arguments: dict[str, Any] = {name: getattr(problem.layer, name) for name in ("stride", "padding", "dilation")}
    output = conv2d(
        problem.x,
        problem.weight,
        problem.bias,
        groups=problem.groups,
        padding_mode=problem.layer.padding_mode,
        **arguments,
    )
    assert error_units(problem, output) < 4
    worst = output.copy()
    worst.flat[-1] += 1
    assert error_units(problem, worst) > 1000
    with pytest.raises(ValueError, match="the output has shape"):
        error_units(problem, output[..., 1:])


def test_large_outputs_are_judged_by_a_sample() -> None:
    problem = Problem({"in_channels": 256, "out_channels": 256, "kernel_size": 3, "padding": 1}, [1, 256, 28, 28], 0)
    wrong = np.zeros((1, 256, 28, 28), np.float32)
    assert error_units(problem, wrong) > 1000


def test_a_zero_that_should_be_one_is_exact() -> None:
    problem = Problem({"in_channels": 1, "out_channels": 1, "kernel_size": 1, "bias": False}, [1, 1, 2, 2], 0)
    problem.x[:] = 0
    output = np.zeros((1, 1, 2, 2), np.float32)
    assert error_units(problem, output) == 0
    output[0, 0, 1, 1] = 1e-30
    assert error_units(problem, output) == float("inf")


def test_an_engine_that_cannot_be_loaded_leaves_auto_the_others(tmp_path: Path) -> None:
    broken = host_with(tmp_path, onnxruntime="raise ImportError('no such library')")
    for engine in ("auto", "onnxruntime"):
        worker = Worker(ENGINES["conv2d"], 1, broken, engine)
        try:
            if engine == "auto":
                assert worker.ask("describe")["numpy"] == np.__version__
            else:
                with pytest.raises(WorkerError, match="onnxruntime is installed, but cannot be loaded"):
                    worker.ask("describe")
        finally:
            worker.close()


@pytest.mark.parametrize("prepared", [True, False])
@pytest.mark.parametrize("name", [name for name in ENGINES if name != "conv2d"])
def test_peers_compute_the_same_layers(name: str, prepared: bool, tmp_path: Path) -> None:
    if not ENGINES[name].installed:
        pytest.skip(f"{name} is not installed")
    worker = Worker(ENGINES[name], 1, host_with(tmp_path))
    try:
        assert worker.ask("describe")["version"]
        for layer, shape in LAYERS:
            if name == "scipy" and "groups" in layer:
                continue
            question = {"layer": layer, "input_shape": shape, "seed": 3, "accuracy": None, "algorithm": None}
            question["is_prepared"] = prepared
            if name == "onnxruntime" and "dtype" in layer:
                with pytest.raises(WorkerError, match="onnxruntime does not compute float64"):
                    worker.ask("prepare", **question)
                continue
            answer = worker.ask("prepare", **question)
            assert answer["error_units"] < 20, layer
            assert (answer["algorithm"], answer["carried_out_by"]) == (None, name)
            assert worker.ask("time", accuracy=None, warm_up=0.0, timed=0.0)["calls"] == 1
    finally:
        worker.close()
