"""ONNX's own shape inference, in a process with limits: a hostile model may end that one, and nothing else."""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import suppress
from threading import Timer
from typing import TYPE_CHECKING, Any, NamedTuple
from weakref import finalize

from conv2d_cli.limits import ONNX_ASKED_BYTES, ONNX_SECONDS
from conv2d_cli.network.readers import onnx_inference_worker

if TYPE_CHECKING:
    from collections.abc import Mapping

LENGTH_BYTES = 8
# A process that has died of three models is not started again.
_MOST_STARTS = 3


class Typed(NamedTuple):
    """What is known of a tensor: ONNX's number of its element type, and its shape with None for open sizes."""

    element: int
    shape: tuple[int | None, ...] | None


class Inference:
    """Asks for the shapes of models, one after another; the process starts with the first one."""

    def __init__(self) -> None:
        """Start nothing yet."""
        self._process: subprocess.Popen[bytes] | None = None
        self._starts = 0

    def of(self, model: bytes) -> Mapping[str, Typed]:
        """Return what ONNX knows of the tensors of a model, by their names; nothing where it ended over it."""
        if len(model) > ONNX_ASKED_BYTES:
            return {}
        process = self._started()
        if process is None:
            return {}
        timer = Timer(ONNX_SECONDS, process.kill)
        timer.start()
        try:
            answer = _asked(process, model)
        finally:
            timer.cancel()
        if answer is None:
            _end(process)
            self._process = None
            return {}
        return {
            name: Typed(element, None if shape is None else tuple(shape)) for name, (element, shape) in answer.items()
        }

    def _started(self) -> subprocess.Popen[bytes] | None:
        if self._process is None and self._starts < _MOST_STARTS and sys.executable:
            self._starts += 1
            self._process = subprocess.Popen(  # noqa: S603 - our own module
                [sys.executable, "-P", "-m", onnx_inference_worker.__name__],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            )
            finalize(self, _end, self._process)
        return self._process


def _asked(process: subprocess.Popen[bytes], model: bytes) -> dict[str, Any] | None:
    """Return the answer of a process; None where it died."""
    assert process.stdin is not None  # noqa: S101 - both are pipes
    assert process.stdout is not None  # noqa: S101
    with suppress(OSError, ValueError):
        process.stdin.write(len(model).to_bytes(LENGTH_BYTES, "little") + model)
        process.stdin.flush()
        length = process.stdout.read(LENGTH_BYTES)
        words = process.stdout.read(int.from_bytes(length, "little"))
        if len(length) == LENGTH_BYTES:
            answer: dict[str, Any] = json.loads(words)
            return answer
    return None


def _end(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.wait()
    for stream in (process.stdin, process.stdout):
        if stream is not None:
            with suppress(OSError):
                stream.close()
