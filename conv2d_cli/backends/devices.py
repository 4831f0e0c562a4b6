"""Where a convolution is carried out: on the CPU by any engine, or through PyTorch on a device that it sees."""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

from conv2d_cli.backends.base import CPU, OURS
from conv2d_cli.backends.registry import AUTO, checked_engine, is_installed, loaded
from conv2d_cli.errors import Conv2dError, DeviceError, FileError, MemoryLimitError, MissingExtraError, UsageError, cut

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conv2d_cli.backends.base import Wanted

_TORCH, _CUDA, _MPS = "torch", "cuda", "mps"
_THROUGH_TORCH = (_CUDA, _MPS)
# More digits no number of devices has.
_NUMBER = re.compile(r"[0-9]{0,9}")
# In the words of a layer's argument; the command line has it in its own.
_ON_THE_CPU = f"device='{CPU}'"


class Place(NamedTuple):
    """Who computes, and on what: an engine's name or `auto`, and a device of PyTorch with its number: `cuda:0`."""

    engine: str
    device: str


def place_of(engine: str | None, device: str | None, option: str = "engine=", of_the_cpu: str | None = None) -> Place:
    """Return who computes a layer on its device, as far as that can be said without its input.

    An engine that is not named (None) is NumPy's on the CPU, and PyTorch on every other device. `auto` does not choose
    a device: it is asked for. `of_the_cpu` is what is asked for that the CPU alone has, in the words of the function.

    Raises:
        UsageError: there is no such engine, or it does not compute there, or what is asked for is not.
        MissingExtraError: the engine, or PyTorch for the device, is not installed.
        DeviceError: PyTorch does not see the device.
    """
    name = None if engine is None else checked_engine(engine, option)
    kind, _, number = (device or CPU).partition(":")
    if kind == CPU:
        return Place(name or OURS, CPU)
    if kind not in _THROUGH_TORCH or not _NUMBER.fullmatch(number):
        raise UsageError(f"device {cut(str(device))}: convolutions run on cpu, cuda, cuda:N and mps", _ON_THE_CPU)
    if name not in {None, AUTO, _TORCH}:
        raise UsageError(f"{option}{name} computes on the CPU alone, and not on {device}", _ON_THE_CPU)
    check_not_of_the_cpu(device, of_the_cpu)
    if not is_installed(_TORCH):
        raise MissingExtraError(f"device {device}", _TORCH)
    seen = _seen_cuda if kind == _CUDA else _seen_mps
    _check_loads(str(device))
    with faults_of(str(device)):
        return Place(_TORCH, seen(str(device), number))


def _check_loads(device: str) -> None:
    """Load PyTorch for a device.

    Raises:
        DeviceError: it cannot be loaded.
    """
    try:
        loaded(_TORCH)
    except FileError as error:
        raise DeviceError(f"device {device}: {error.message}", _ON_THE_CPU) from error


def of_the_cpu(accuracy: object, algorithm: object, *, accumulates: bool = False) -> str | None:
    """Say what is asked for that no other device has; None where nothing is."""
    if accumulates:
        return "integers are accumulated"
    if isinstance(accuracy, str) and accuracy == "exact":
        return "exact sums are made"
    return None if algorithm is None else f"the algorithm {algorithm} is"


def check_has(wanted: Wanted, lacking: str | None) -> None:
    """Check that a device has all that is wanted of it, and PyTorch the element type: it is never the CPU instead.

    Raises:
        UsageError: it has not.
    """
    check_not_of_the_cpu(wanted.device, of_the_cpu(wanted.accuracy, wanted.algorithm))
    if wanted.device == _MPS and wanted.dtype == "float64":
        lacking = wanted.dtype
    if lacking is not None:
        raise UsageError(f"device {wanted.device}: PyTorch does not convolve {lacking} there", _ON_THE_CPU)


def check_not_of_the_cpu(device: str | None, words: str | None) -> None:
    """Check that nothing is asked of a device that the CPU alone has, in the words of `of_the_cpu`.

    Raises:
        UsageError: it is.
    """
    if device != CPU and words is not None:
        raise UsageError(f"device {device}: {words} on the CPU alone", _ON_THE_CPU)


def described(device: str) -> str:
    """Return a device that PyTorch sees with the name that its maker gave it: `cuda:0 (NVIDIA H200)`."""
    if device in {CPU, _MPS}:
        return device
    from torch import cuda

    return f"{device} ({cuda.get_device_name(device)})"


@contextmanager
def faults_of(device: str) -> Iterator[None]:
    """Tell what PyTorch raises of a device as ours.

    Raises:
        MemoryLimitError: its memory does not do.
        MemoryError: the CPU's does not, for what is copied.
        UsageError: PyTorch has no convolution of this kind there.
        DeviceError: it fails.
    """
    try:
        yield
    except Conv2dError:
        raise
    except NotImplementedError as error:
        raise UsageError(f"device {device}: PyTorch refuses: {_first_line(error)}", _ON_THE_CPU) from error
    except RuntimeError as error:
        if is_full(error):
            raise no_room(device) from error
        if "allocate" in str(error):
            raise MemoryError(_first_line(error)) from error
        raise DeviceError(f"device {device} failed: {_first_line(error)}", _ON_THE_CPU) from error


def is_full(error: Exception) -> bool:
    """Whether PyTorch says that a device's memory does not do: by a type of its own, of MPS and cuBLAS in words."""
    words = str(error).lower()
    return isinstance(error, RuntimeError) and ("out of memory" in words or "alloc_failed" in words)


def no_room(device: str) -> MemoryLimitError:
    """Return the fault of a device whose memory does not do."""
    return MemoryLimitError(f"device {device} has not memory enough for one image or tile", _ON_THE_CPU)


def _first_line(error: Exception) -> str:
    return str(error).strip().split("\n")[0]


def _seen_cuda(device: str, number: str) -> str:
    """Return a CUDA device with its number.

    Raises:
        DeviceError: PyTorch does not see it.
    """
    import torch
    from torch import cuda

    if torch.version.cuda is None and torch.version.hip is None:
        raise _unseen(device, f"this build of PyTorch, {torch.__version__}, is for the CPU alone")
    count = cuda.device_count() if cuda.is_available() else 0
    if not count:
        raise _unseen(device, f"PyTorch {torch.__version__} sees no GPU here: a driver or the device is missing")
    index = int(number) if number else cuda.current_device()
    if index >= count:
        names = [described(f"{_CUDA}:{one}") for one in range(count)]
        raise _unseen(device, f"PyTorch sees {', '.join(names)} alone")
    return f"{_CUDA}:{index}"


def _seen_mps(device: str, number: str) -> str:
    """Return Apple's device, of which there is one.

    Raises:
        DeviceError: PyTorch does not see it.
    """
    import torch
    from torch.backends import mps

    if not mps.is_built():
        raise _unseen(device, f"this build of PyTorch, {torch.__version__}, has no MPS, which is for Apple's GPUs")
    if not mps.is_available():
        raise _unseen(device, "PyTorch has MPS, but this machine or its macOS has not")
    if number and int(number):
        raise _unseen(device, "PyTorch sees one device of MPS, mps:0")
    return _MPS


def _unseen(device: str, reason: str) -> DeviceError:
    return DeviceError(f"device {device}: {reason}", _ON_THE_CPU)
