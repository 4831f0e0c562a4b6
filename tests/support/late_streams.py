"""CUDA's streams in miniature: queues on the CPU that do nothing until somebody waits, as late as they are let.

What a program may rely on is what it waited for. All else has not happened yet: an input that is overwritten before its
copy is done is seen by the copy, and an output that is read too early is not there.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import torch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class LateStream:
    """Operations in their order, done when something waits for them."""

    def __init__(self, _device: object = None) -> None:
        self.operations: list[Callable[[], object]] = []
        self.done = 0

    def wait_stream(self, other: LateStream) -> None:
        """Let what comes from here on wait for what the other has been given so far."""
        until = len(other.operations)
        self.operations.append(lambda: other.go_on(until))

    def go_on(self, until: int) -> None:
        """Do operations up to a number of them."""
        while self.done < until:
            self.done += 1
            self.operations[self.done - 1]()

    def synchronize(self) -> None:
        """Do all."""
        self.go_on(len(self.operations))


class LateEvent:
    """A place in a stream."""

    def __init__(self, *, blocking: bool = False) -> None:
        self.blocking = blocking

    def record(self, stream: LateStream) -> None:
        """Stand behind what the stream has been given so far."""
        self._stream, self._until = stream, len(stream.operations)

    def synchronize(self) -> None:
        """Wait for all before it."""
        self._stream.go_on(self._until)


class OnDevice:
    """A tensor in a device's memory, whose allocator knows the stream that made it, and those that it was told of."""

    def __init__(self, cuda: LateCuda) -> None:
        self.cuda, self.value = cuda, torch.empty(0)
        self.known = [cuda.current]

    def record_stream(self, stream: LateStream) -> None:
        """Be read by another stream too."""
        self.known.append(stream)

    def read(self) -> torch.Tensor:
        """Return what is read in the current stream once its turn has come."""
        return self.value


# Types are checked alike with PyTorch and without.
_Tensor: Any = torch.Tensor


class OnHost(_Tensor):  # type: ignore[misc]
    """A tensor in pinned memory: copies of it are queued."""

    cuda: Any = None

    def to(self, *_arguments: object, **_options: object) -> Any:
        """Copy to the device, in the current stream."""
        cuda, copy = self.cuda, OnDevice(self.cuda)
        source = self.as_subclass(torch.Tensor)

        def done() -> None:
            copy.value = source.clone()

        cuda.current.operations.append(done)
        return copy

    def copy_(self, out: Any, *_arguments: object, **_options: object) -> Any:
        """Copy from the device, in the current stream."""
        cuda, target = self.cuda, self.as_subclass(torch.Tensor)
        assert cuda.current in out.known, "the allocator may have given the memory to another tensor"
        cuda.current.operations.append(lambda: target.copy_(out.read()))
        return self


class LateCuda:
    """What stands for `torch.cuda`."""

    Event = LateEvent

    def __init__(self) -> None:
        self.current = self.default = LateStream()
        self.streams: list[Any] = []

    def Stream(self, _device: object) -> Any:  # noqa: N802 - a class there
        """Return a new stream."""
        self.streams.append(LateStream())
        return self.streams[-1]

    def current_stream(self, _device: object) -> LateStream:
        """Return the stream that operations go to."""
        return self.current

    @contextmanager
    def stream(self, stream: LateStream) -> Iterator[None]:
        """Return a context in which they go to another."""
        before, self.current = self.current, stream
        try:
            yield
        finally:
            self.current = before

    def host(self, elements: int, dtype: torch.dtype) -> Any:
        """Return a tensor in pinned memory."""
        kind = type("OnHostOfThis", (OnHost,), {"cuda": self})
        return torch.empty(elements, dtype=dtype).as_subclass(kind)

    def on_device(self, compute: Callable[[Any], Any]) -> Callable[[Any], Any]:
        """Return what computes in the current stream."""

        def later(x: OnDevice) -> OnDevice:
            assert self.current in x.known, "the allocator may have given the memory to another tensor"
            out = OnDevice(self)
            self.current.operations.append(lambda: setattr(out, "value", compute(x.read())))
            return out

        return later
