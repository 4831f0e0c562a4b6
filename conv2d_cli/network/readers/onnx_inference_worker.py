"""The process that infers the shapes of ONNX models: each with its length in front, answered in JSON alike."""

from __future__ import annotations

import json
import os
import sys
from contextlib import suppress
from typing import Any

from conv2d_cli.limits import ONNX_ASKED_BYTES, ONNX_MEMORY_BYTES, ONNX_SECONDS
from conv2d_cli.tensors.onnx_model import library

_LENGTH_BYTES = 8


def main() -> None:
    """Answer until nobody asks any more."""
    # What the library prints must not come between the answers.
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    onnx = library()
    _limit_itself()
    while len(length := sys.stdin.buffer.read(_LENGTH_BYTES)) == _LENGTH_BYTES:
        size = int.from_bytes(length, "little")
        if size > ONNX_ASKED_BYTES:
            return
        words = json.dumps(_inferred(onnx, sys.stdin.buffer.read(size))).encode()
        answers.write(len(words).to_bytes(_LENGTH_BYTES, "little") + words)
        answers.flush()


def _limit_itself() -> None:
    """Take no more memory and time than is allowed, and write no file."""
    with suppress(ImportError, ValueError, OSError):
        import resource

        # The seconds are of work, over all models; each has its own by the clock, which the asking process keeps.
        limits = {"AS": ONNX_MEMORY_BYTES, "CPU": 10 * ONNX_SECONDS, "FSIZE": 0, "CORE": 0}
        for name, most in limits.items():
            kind = getattr(resource, f"RLIMIT_{name}")
            allowed = resource.getrlimit(kind)[1]
            limited = most if allowed == resource.RLIM_INFINITY else min(most, allowed)
            resource.setrlimit(kind, (limited, limited))


def _inferred(onnx: Any, model: bytes) -> dict[str, Any]:  # noqa: ANN401 - the library
    """Return element type and sizes of every tensor that is known; of a model that it refuses, nothing."""
    with suppress(Exception):
        graph = onnx.shape_inference.infer_shapes(onnx.load_model_from_string(model), data_prop=True).graph
        return {
            one.name: (one.type.tensor_type.elem_type, _sizes(one.type.tensor_type))
            for one in (*graph.value_info, *graph.output)
            if one.type.HasField("tensor_type")
        }
    return {}


def _sizes(kind: Any) -> list[int | None] | None:  # noqa: ANN401 - a message of protobuf
    if not kind.HasField("shape"):
        return None
    return [one.dim_value if one.HasField("dim_value") and one.dim_value >= 0 else None for one in kind.shape.dim]


if __name__ == "__main__":
    main()
