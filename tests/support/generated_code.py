"""Layers drawn for generated programs, and programs of every target run in this process: many layers, one start."""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
from typing import TYPE_CHECKING, Any, NamedTuple

import ml_dtypes
import numpy as np
import pytest
from random_layers import MODES, draw_valid

from conv2d_cli import Conv2d, ShapeError
from conv2d_cli.codegen.api import source, targets_of
from conv2d_cli.layer.forward import geometry_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path
    from random import Random

    Array = np.ndarray[Any, Any]

# Complex layers are fewer than `draw_valid` draws: four targets of eight have them.
_DTYPES = ("float32", "float32", "float32", "float64", "float16", "bfloat16", "complex64", "complex128")
# TensorFlow returns a batch of no images as it is, and onnxruntime cannot pad one circularly.
_LOSES_EMPTY_BATCHES = frozenset({"tensorflow", "onnx"})
COMPILER = shutil.which("cc")
WARNINGS = ("-std=c99", "-Wall", "-Wextra", "-Werror", "-pedantic")


# What a program imports, by its target; TensorFlow's wheel has 570 MB, and is not installed for these tests alone.
FRAMEWORKS = {
    "pytorch": ("torch",),
    "keras": ("keras", "jax"),
    "tensorflow": ("tensorflow",),
    "jax": ("jax",),
    "flax": ("flax", "jax"),
    "onnx": ("onnx", "onnxruntime"),
    "numpy": (),
    "c": (),
}


class Case(NamedTuple):
    """A layer, the shape of an input that fits it, and its arguments as the reference takes them."""

    layer: Conv2d
    input_shape: tuple[int, ...]

    @property
    def reference(self) -> dict[str, Any]:
        geometry = geometry_of(self.layer, self.input_shape)
        rows, columns = geometry.height, geometry.width
        layer = self.layer
        return {
            "stride": layer.stride,
            "padding": (rows.before, columns.before, rows.after, columns.after),
            "dilation": layer.dilation,
            "groups": layer.groups,
            "padding_mode": layer.padding_mode,
        }

    def data(self, seed: int, *, integers: bool = False) -> tuple[Array, Array, Array | None]:
        """Return input, weight and bias: normal numbers, or integers that sums of every type hold exactly."""
        random = np.random.default_rng(seed)
        layer = self.layer
        shapes = [
            self.input_shape,
            (layer.out_channels, layer.in_channels // layer.groups, *layer.kernel_size),
            (layer.out_channels,),
        ]
        dtype = np.dtype(ml_dtypes.bfloat16 if layer.dtype == "bfloat16" else layer.dtype)
        arrays = []
        for shape in shapes:
            real, imaginary = (
                random.integers(-1, 2, shape).astype(float) if integers else random.standard_normal(shape)
                for _ in range(2)
            )
            arrays.append((real + 1j * imaginary if dtype.kind == "c" else real).astype(dtype))
        return arrays[0], arrays[1], arrays[2] if layer.bias else None


def draw(random: Random) -> Case:
    """Return a layer with an input: every form of padding, also on four sides and by the size of the input."""
    while True:
        arguments, shape, _, _ = draw_valid(random)
        padding = random.choice(("as drawn", "as drawn", "sides", "same_upper", "same_lower"))
        if padding == "sides":
            arguments |= {"padding": tuple(random.randint(0, 3) for _ in range(4))}
        elif padding != "as drawn":
            arguments |= {"padding": padding}
        arguments |= {"padding_mode": random.choice((*MODES, "zeros", "zeros")), "dtype": random.choice(_DTYPES)}
        try:
            case = Case(Conv2d(**arguments), shape)
            geometry_of(*case)
        except (ShapeError, ValueError):
            continue
        return case


def drawn(random: Random, target: str, count: int) -> tuple[list[Case], float]:
    """Return layers that a target can express, and the share of all that were drawn."""
    cases: list[Case] = []
    tried = 0
    while len(cases) < count:
        case = draw(random)
        if target in _LOSES_EMPTY_BATCHES and 0 in case.input_shape:
            continue
        tried += 1
        if target in targets_of(case.layer, case.input_shape):
            cases.append(case)
    return cases, count / tried


class Job(NamedTuple):
    """A case with its data, and the file that its program reads."""

    case: Case
    x: Array
    weight: Array
    bias: Array | None
    weights: str


def jobs_of(cases: Sequence[Case], folder: Path, *, integers: bool) -> list[Job]:
    """Return the cases with data, whose parameters are kept in files."""
    jobs = []
    for number, case in enumerate(cases):
        x, weight, bias = case.data(number, integers=integers)
        path = folder / f"{number}_{integers}.npz"
        parameters = {"weight": weight} if bias is None else {"weight": weight, "bias": bias}
        np.savez(path, **parameters)  # type: ignore[arg-type] # arrays by their names
        jobs.append(Job(case, x, weight, bias, str(path)))
    return jobs


def outputs_of_python(target: str, jobs: Sequence[Job]) -> Iterator[Array]:
    """Yield what the programs of a target in Python return; one program serves all data of its layer.

    XLA compiles a function once for each shape: two programs of one text would be compiled twice.
    """
    programs: dict[str, dict[str, Any]] = {}
    for job in jobs:
        text = source(job.case.layer, target, input_shape=job.case.input_shape)
        if text not in programs:
            programs[text] = {"__name__": "generated"}
            exec(compile(text, target, "exec"), programs[text])  # noqa: S102 - what it says is what is tested
        programs[text]["WEIGHTS"] = job.weights
        yield programs[text]["run"](job.x)


def outputs_of_c(jobs: Sequence[Job], folder: Path) -> Iterator[Array]:
    """Yield what the functions in C return: a program is compiled once, and all of them lie in one library."""
    assert COMPILER is not None
    texts = [source(job.case.layer, "c", input_shape=job.case.input_shape) for job in jobs]
    numbers = {text: number for number, text in enumerate(dict.fromkeys(texts))}
    for text, number in numbers.items():
        (folder / f"{number}.c").write_text(text, "ascii")
        made = ["-DCONV2D_WITHOUT_MAIN", f"-Dconv2d=conv2d_{number}", "-fPIC", "-c", f"{number}.c", "-o", f"{number}.o"]
        subprocess.run([COMPILER, *WARNINGS, *made], cwd=folder, check=True)
    objects = [f"{number}.o" for number in numbers.values()]
    subprocess.run([COMPILER, "-shared", "-o", "layers.so", *objects], cwd=folder, check=True)
    library = ctypes.CDLL(str(folder / "layers.so"))
    for job, text in zip(jobs, texts, strict=True):
        geometry = geometry_of(*job.case)
        y = np.empty(geometry.batched_output_shape, job.x.dtype)
        arrays = [array for array in (job.x, job.weight, job.bias, y) if array is not None]
        sizes = [ctypes.c_ssize_t(size) for size in (geometry.batch, geometry.height.size, geometry.width.size)]
        library[f"conv2d_{numbers[text]}"](*(array.ctypes.data_as(ctypes.c_void_p) for array in arrays), *sizes)
        yield y if job.x.ndim == len(y.shape) else y[0]


def require(target: str) -> None:
    """Skip a test whose framework is not installed, and say so."""
    if target == "c" and COMPILER is None:
        pytest.skip("no C compiler is installed: programs in C are not run")
    # Keras asks for its backend when it is loaded; XLA compiles each layer anew, and need not do its best.
    os.environ.setdefault("KERAS_BACKEND", "jax")
    os.environ.setdefault("XLA_FLAGS", "--xla_backend_optimization_level=0")
    for name in FRAMEWORKS[target]:
        pytest.importorskip(name, reason=f"{name} is not installed: programs for {target} are not run")
