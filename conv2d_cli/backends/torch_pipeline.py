"""Chunks through a device: the next is copied in while one is convolved and the last is copied out."""

from __future__ import annotations

from collections import deque
from contextlib import suppress
from importlib import import_module
from math import prod
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from conv2d_cli.numpy_dtypes import Array

    # A torch.Tensor: PyTorch is imported where it computes.
    Tensor = Any
    Compute = Callable[[Tensor], Tensor]
    Wait = Callable[[], object]

# Chunks on their way at a time: one is copied in, one convolved, one copied out.
SLOTS = 3


class Chunk(NamedTuple):
    """A part of the work: `fill` writes its input (n, in_channels, H, W), its output lands in `place`.

    Where `again` is given, an image whose output is not finite is computed by it once more.
    """

    input_shape: tuple[int, ...]
    output_shape: tuple[int, ...]
    fill: Callable[[Array], object]
    place: Array
    compute: Compute
    again: Compute | None = None


class Lanes(Protocol):
    """How work gets to a device and back."""

    def buffer(self, elements: int) -> Tensor:
        """Return a flat tensor in the CPU's memory, of the type of the convolution, that is copied from or to."""

    def start(self, source: Tensor, compute: Compute, target: Tensor) -> Wait:
        """Copy `source` to the device, compute there, copy what comes out to `target`; return what waits for all of it.

        Until then neither may be touched.
        """

    def drain(self) -> None:
        """Wait for everything that was started, also where it failed."""


class OneLane:
    """One thing after another, on a device whose copies wait: the CPU itself, and MPS."""

    def __init__(self, device: str, dtype: Any) -> None:  # noqa: ANN401 - a torch.dtype
        """Work on a device."""
        self._device, self._dtype = device, dtype

    def buffer(self, elements: int) -> Tensor:
        """Return a flat tensor in the CPU's memory."""
        from torch import empty

        return empty(elements, dtype=self._dtype)

    def start(self, source: Tensor, compute: Compute, target: Tensor) -> Wait:
        """Do all of it at once."""
        target.copy_(compute(source.to(self._device)))
        return _nothing

    def drain(self) -> None:
        """Have nothing to wait for."""


class CudaLanes:
    """Three streams of a CUDA device, each of which waits for the one before; the CPU's memory is pinned."""

    def __init__(self, device: str, dtype: Any) -> None:  # noqa: ANN401 - a torch.dtype
        """Make the streams. What the current one has begun, such as weights that are copied, comes first."""
        cuda: Any = import_module("torch.cuda")
        self._device, self._dtype = device, dtype
        self._arriving, self._computing, self._leaving = (cuda.Stream(device) for _ in range(3))
        self._computing.wait_stream(cuda.current_stream(device))

    def buffer(self, elements: int) -> Tensor:
        """Return a flat tensor in pinned memory, from which the device copies by itself."""
        from torch import empty

        try:
            return empty(elements, dtype=self._dtype, pin_memory=True)
        except RuntimeError:
            # A system lets so much memory be pinned and no more. Other copies are as right, and let the CPU wait.
            return empty(elements, dtype=self._dtype)

    def start(self, source: Tensor, compute: Compute, target: Tensor) -> Wait:
        """Queue all of it, and return what waits for its end.

        The allocator gives a tensor's memory to the next of the stream that made it, as soon as Python has dropped the
        tensor: `record_stream` tells it of the stream that still reads.
        """
        cuda: Any = import_module("torch.cuda")
        with cuda.stream(self._arriving):
            x = source.to(self._device, non_blocking=True)
        self._computing.wait_stream(self._arriving)
        with cuda.stream(self._computing):
            x.record_stream(self._computing)
            out = compute(x)
        self._leaving.wait_stream(self._computing)
        with cuda.stream(self._leaving):
            out.record_stream(self._leaving)
            target.copy_(out, non_blocking=True)
            # A thread that waits for such an event sleeps.
            done = cuda.Event(blocking=True)
            done.record(self._leaving)
        wait: Wait = done.synchronize
        return wait

    def drain(self) -> None:
        """Wait for all three streams."""
        for stream in (self._arriving, self._computing, self._leaving):
            stream.synchronize()


class _Slot:
    """Buffers of the CPU for one chunk at a time."""

    def __init__(self, lanes: Lanes, elements: tuple[int, int]) -> None:
        self._input, self._output = lanes.buffer(elements[0]), lanes.buffer(elements[1])

    def tensors(self, chunk: Chunk) -> tuple[Tensor, Tensor]:
        """Return what stands for input and output of a chunk."""
        source = self._input[: prod(chunk.input_shape)].view(chunk.input_shape)
        return source, self._output[: prod(chunk.output_shape)].view(chunk.output_shape)


class Pipeline:
    """Carries chunks through the lanes of a device.

    `elements` are the most that input and output of a chunk have. `is_full` tells whether an exception says that the
    device's memory does not do.
    """

    def __init__(
        self,
        lanes: Lanes,
        array: Callable[[Tensor], Array],
        elements: tuple[int, int],
        is_full: Callable[[Exception], bool],
    ) -> None:
        """Allocate nothing yet: few chunks need few buffers."""
        self._lanes, self._array, self._elements, self._is_full = lanes, array, elements, is_full
        self._free: list[_Slot] = []
        self._slots = 0

    def run(self, chunks: Iterable[Chunk]) -> int:
        """Carry chunks through in their order.

        Returns:
            How many: fewer than all where the device's memory did not do for the next.
        """
        underway: deque[tuple[Chunk, _Slot, Wait]] = deque()
        done = 0
        try:
            for chunk in chunks:
                if not self._free and self._slots == SLOTS:
                    self._finish(*underway.popleft())
                    done += 1
                slot = self._slot()
                source, target = slot.tensors(chunk)
                chunk.fill(self._array(source))
                try:
                    wait = self._lanes.start(source, chunk.compute, target)
                except Exception as error:
                    if not self._is_full(error):
                        raise
                    self._lanes.drain()
                    self._free.append(slot)
                    break
                underway.append((chunk, slot, wait))
            while underway:
                self._finish(*underway.popleft())
                done += 1
        except BaseException:
            # Nothing may be copied any more to what is let go. What went wrong before says more than what does now.
            with suppress(Exception):
                self._lanes.drain()
            raise
        return done

    def _slot(self) -> _Slot:
        if self._free:
            return self._free.pop()
        self._slots += 1
        return _Slot(self._lanes, self._elements)

    def _finish(self, chunk: Chunk, slot: _Slot, wait: Wait) -> None:
        """Wait for a chunk and move its output to its place."""
        wait()
        source, target = slot.tensors(chunk)
        if chunk.again is not None:
            self._again(source, target, chunk.again)
        chunk.place[...] = self._array(target)
        self._free.append(slot)

    def _again(self, source: Tensor, target: Tensor, compute: Compute) -> None:
        """Compute each image once more whose output is not finite."""
        from torch import isfinite

        for number in range(len(target)):
            if not isfinite(target[number]).all():
                one = slice(number, number + 1)
                self._lanes.start(source[one], compute, target[one])()


def _nothing() -> None:
    """Wait for nothing."""
