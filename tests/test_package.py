"""The package as Python sees it."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

import conv2d_cli
from conv2d_cli import Conv2d, Conv2dError, analyze, conv2d, errors, init_parameters


def test_the_names_it_offers() -> None:
    kinds = {
        name for name, value in vars(errors).items() if isinstance(value, type) and value.__module__ == errors.__name__
    }
    reports = {
        "BenchClass",
        "BenchMachine",
        "BenchRow",
        "CompareReport",
        "CostsReport",
        "DiffReport",
        "DiffRow",
        "InstallationReport",
        "ManyReport",
        "PlanReport",
        "RooflineReport",
        "RunReport",
    }
    reports |= {"ChangeRow", "CodeReport", "NodeReport", "ShapeReport", "StackReport", "TensorReport"}
    reports |= {"SolutionRow", "TermRow", "TraceReport", "VectorsReport"}
    reports |= {"GroupRow", "TransposedReport", "VolumeReport"}
    reports |= {"ExplainReport", "NoteRow", "ReconcileReport", "StepRow", "ToolCount"}
    reports |= {"PlotReport", "PlotRow"}
    reports |= {"AxisRow", "ChannelRow", "DrawReport", "DrawValuesReport", "PictureReport", "WindowRow"}
    reports |= {"FieldReport", "FieldRow"}
    verbs = {"Conv2d", "Network", "PreparedConv2d", "analyze", "conv2d", "init_parameters", "prepare", "trace_element"}
    verbs |= {"Picture", "draw"}
    verbs |= {"code_for", "conv2d_integer", "explain", "reconcile", "requantize", "solve"}
    assert {*conv2d_cli.__all__} == kinds | reports | verbs
    assert sorted(conv2d_cli.__all__) == conv2d_cli.__all__
    assert all(callable(getattr(conv2d_cli, name)) for name in conv2d_cli.__all__)
    assert set(dir(conv2d_cli)) >= {*conv2d_cli.__all__, "__version__"}
    with pytest.raises(AttributeError, match="module 'conv2d_cli' has no attribute 'Conv3d'"):
        _ = conv2d_cli.Conv3d


def test_importing_it_loads_nothing_heavy() -> None:
    program = (
        "import sys, conv2d_cli; heavy = {'numpy', 'pydantic', 'rich', 'typer'} & set(sys.modules); "
        "sys.exit(','.join(sorted(heavy)) or None)"
    )
    done = subprocess.run([sys.executable, "-c", program], check=False, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def test_from_a_layer_to_its_output() -> None:
    layer = Conv2d(3, 8, 3, stride=2, padding=1)
    weight, bias = init_parameters(layer, seed=0)
    x = np.ones((2, 3, 9, 8), np.float32)
    y = conv2d(x, weight, bias, layer.stride, layer.padding, layer.dilation, layer.groups)
    assert y.shape == analyze(layer, x.shape).output_shape == (2, 8, 5, 4)
    assert y.dtype == np.float32


def test_every_refusal_is_one_class() -> None:
    with pytest.raises(Conv2dError):
        Conv2d(3, 8, 0)
    with pytest.raises(Conv2dError):
        analyze(Conv2d(3, 8, 3), (1, 4, 8, 8))
    with pytest.raises(Conv2dError):
        conv2d(np.ones((1, 3, 8, 8)), np.ones((8, 3, 3, 3), np.float32))
