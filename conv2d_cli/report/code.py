"""What `conv2d code` answers with: a layer as a program of another framework, and what it takes to run it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from conv2d_cli.codegen.api import code
from conv2d_cli.report.analysis import analyze
from conv2d_cli.showing import shows_itself

if TYPE_CHECKING:
    from conv2d_cli.layer.model import Conv2d
    from conv2d_cli.report.analysis import Size


@shows_itself
class CodeReport(NamedTuple):
    """A program. `weights` are the files that it reads its parameters from, `install` the packages that it imports.

    `input_shape` is the input that padding was worked out for, None where none was given. `remark` says what of the
    layer the program does not use, None where it uses everything.
    """

    target: str
    language: str
    code: str
    weights: tuple[str, ...]
    install: tuple[str, ...]
    input_shape: tuple[int, ...] | None
    remark: str | None


def code_for(layer: Conv2d, target: str, input_shape: Size | None = None, weights: str | None = None) -> CodeReport:
    """Return a program that convolves as the layer does, complete enough to run, and what it takes to run it.

    `target` is `pytorch`, `keras`, `tensorflow`, `jax`, `flax`, `onnx`, `numpy` or `c`. `input_shape` is every SIZE
    that `analyze` takes; the paddings `same_upper` and `same_lower` are worked out for it. `weights` names the file
    that the program reads: `.npz` or `.safetensors`, `.bin` in C; `conv2d run --save-parameters` writes them.

    Raises:
        UsageError: there is no such target, it cannot express the layer, or it does not read such a file.
        ShapeError: the layer cannot take such an input.

    >>> from conv2d_cli import Conv2d
    >>> report = code_for(Conv2d(3, 64, 7, stride=2, padding=3), "keras")
    >>> report.install, report.weights
    (('numpy', 'keras'), ('parameters.npz',))
    >>> "keras.layers.ZeroPadding2D(((3, 3), (3, 3))" in report.code
    True
    """
    shape = None if input_shape is None else analyze(layer, input_shape).input_shape
    written = code(layer, target, input_shape=shape, weights=weights)
    return CodeReport(target, written.language, written.text, written.weights, written.install, shape, written.remark)
