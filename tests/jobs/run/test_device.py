"""A run on a device, which the CPU plays: chunks and tiles of files go through, and the plan names the device."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from conv2d_cli import Conv2d, conv2d
from conv2d_cli.errors import UsageError
from conv2d_cli.jobs.run.memory import Machine
from conv2d_cli.jobs.run.one_file import plan_one, run_one
from conv2d_cli.jobs.run.request import Request

torch = pytest.importorskip("torch")

from conv2d_cli.backends import torch_device, torch_pipeline  # noqa: E402 - they need torch

if TYPE_CHECKING:
    from pathlib import Path

    from conv2d_cli.backends.plan import EnginePlan

MACHINE = Machine(0, None)


@pytest.fixture(autouse=True)
def _mps_is_the_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the device MPS be the CPU: its copies wait, as the CPU's do."""
    prepare, lanes = torch_device._DeviceKernel.prepare, torch_pipeline.OneLane

    def on_the_cpu(self: Any, plan: EnginePlan, *parameters: Any) -> Any:
        return prepare(self, plan._replace(device="cpu"), *parameters)

    monkeypatch.setattr(torch_device._DeviceKernel, "prepare", on_the_cpu)
    monkeypatch.setattr(torch_device, "OneLane", lambda _, dtype: lanes("cpu", dtype))
    torch_device.device_execution.cache_clear()


def _whole_numbers(seed: int, *shape: int, dtype: str = "float32") -> np.ndarray[Any, Any]:
    return np.random.default_rng(seed).integers(1, 4, shape).astype(dtype)


@pytest.mark.parametrize("mode", ["zeros", "circular"])
@pytest.mark.parametrize("shape", [(300, 3, 64, 64), (1, 3, 1500, 2100)], ids=["chunks", "tiles"])
def test_a_file_goes_through_in_parts(tmp_path: Path, mode: Any, shape: tuple[int, ...]) -> None:
    x, weight = _whole_numbers(1, *shape), _whole_numbers(2, 4, 3, 3, 3)
    for name, array in (("x", x), ("w", weight)):
        np.save(tmp_path / f"{name}.npy", array)
    layer = Conv2d(3, 4, 3, padding=1, padding_mode=mode, bias=False, device="mps")
    paths = (str(tmp_path / name) for name in ("x.npy", "w.npy", "y.npy"))
    request = Request(next(paths), layer, {}, weight=next(paths), output=next(paths), engine="torch", device="mps")
    report = run_one(request, MACHINE, summarize=False, announce=lambda _: None)
    assert (report.engine, report.algorithm) == ("torch", None)
    out = np.load(tmp_path / "y.npy")
    assert out.tobytes() == conv2d(x, weight, padding=1, padding_mode=mode).tobytes()
    file, plan = plan_one(request._replace(output=None), MACHINE)
    assert plan.reason.startswith("PyTorch's convolution on mps")
    assert (plan.tiles is None) == (len(x) > 1)
    elsewhere = plan_one(request._replace(output=None, engine="torch", device="cpu"), MACHINE)[0]
    # What `--resume` compares.
    assert elsewhere.shared._deciding() != file.shared._deciding()


@pytest.mark.parametrize(("dtype", "accuracy"), [("int32", "strict"), ("complex64", "strict"), ("int32", "exact")])
def test_what_the_device_has_not_is_refused_for_the_file(tmp_path: Path, dtype: str, accuracy: str) -> None:
    for name, shape in (("x", (1, 3, 8, 8)), ("w", (4, 3, 3, 3))):
        np.save(tmp_path / f"{name}.npy", _whole_numbers(1, *shape, dtype=dtype))
    files = str(tmp_path / "x.npy"), str(tmp_path / "w.npy")
    request = Request(files[0], None, {}, weight=files[1], engine="torch", device="mps", accuracy=accuracy)
    with pytest.raises(UsageError, match="device mps: ") as told:
        plan_one(request, MACHINE)
    assert told.value.hint == "device='cpu'"
