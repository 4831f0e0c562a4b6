"""The targets there are, by the names that `--for` takes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conv2d_cli.codegen.targets.c import C
from conv2d_cli.codegen.targets.flax import Flax
from conv2d_cli.codegen.targets.jax import Jax
from conv2d_cli.codegen.targets.keras import Keras
from conv2d_cli.codegen.targets.numpy import NumPy
from conv2d_cli.codegen.targets.onnx import Onnx
from conv2d_cli.codegen.targets.pytorch import PyTorch
from conv2d_cli.codegen.targets.tensorflow import TensorFlow

if TYPE_CHECKING:
    from collections.abc import Mapping

    from conv2d_cli.codegen.base import Target

TARGETS: Mapping[str, Target] = {
    "pytorch": PyTorch(),
    "keras": Keras(),
    "tensorflow": TensorFlow(),
    "jax": Jax(),
    "flax": Flax(),
    "onnx": Onnx(),
    "numpy": NumPy(),
    "c": C(),
}
