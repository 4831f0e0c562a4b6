"""PyTorch: `torch.nn.functional.conv2d` on the CPU, the weight untransformed at each call."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from conv2d_cli.jobs.bench.workers.problem import Problem


def describe(threads: int) -> dict[str, Any]:
    """Load torch, hold it to a number of threads, and return its version."""
    import torch

    torch.set_num_threads(threads)
    torch.set_grad_enabled(False)
    return {"version": torch.__version__}


def prepare(problem: Problem, _threads: int, _accuracy: None, _algorithm: None) -> tuple[Callable[[], Any], None]:
    """Return the call; padding that `conv2d` does not have is done by `pad` before it."""
    import torch
    from torch.nn.functional import conv2d, pad

    x, weight = torch.from_numpy(problem.x), torch.from_numpy(problem.weight)
    bias = None if problem.bias is None else torch.from_numpy(problem.bias)
    arguments: tuple[Any, ...] = (problem.dilation, problem.groups)
    rows, columns = problem.sides
    if problem.symmetric:
        padding = (rows[0], columns[0])
        return lambda: conv2d(x, weight, bias, problem.stride, padding, *arguments), None
    mode = {"zeros": "constant"}.get(problem.layer.padding_mode, problem.layer.padding_mode)
    return lambda: conv2d(pad(x, (*columns, *rows), mode), weight, bias, problem.stride, 0, *arguments), None


def array_of(output: Any) -> Any:  # noqa: ANN401 - a tensor to an array
    """Return an output as an array."""
    return output.numpy()
