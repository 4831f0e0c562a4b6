"""PyTorch's convolution on a GPU: what may be chosen there, how much at a time, and from arrays to arrays."""

from __future__ import annotations

from functools import lru_cache, partial
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from conv2d_cli.backends.devices import described, faults_of, is_full, no_room
from conv2d_cli.backends.plan import EnginePlan, tiles_for
from conv2d_cli.backends.torch_pipeline import SLOTS, Chunk, CudaLanes, OneLane, Pipeline
from conv2d_cli.backends.torch_precision import full_precision
from conv2d_cli.backends.torch_tensors import pads_itself, tensor_maker, to_array, to_bfloat16
from conv2d_cli.dtypes import DTYPES
from conv2d_cli.engine.api import Tile, gathered_tile, tile_geometry, tiles_of
from conv2d_cli.errors import MemoryLimitError
from conv2d_cli.numpy_dtypes import Array, numpy_dtype

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterator

    from conv2d_cli.arithmetic.geometry import Geometry
    from conv2d_cli.backends.base import Wanted
    from conv2d_cli.backends.torch_pipeline import Compute, Lanes
    from conv2d_cli.engine.api import Parameters

    # Weight and bias, or None, as tensors on the device.
    Operands = tuple[Any, Any]

# Input and output of the images that are convolved at once: some, so that copies overlap with work also in the chunks
# of 64 MiB that files are read in. It is of the plan and not of the card, on which the bits would depend otherwise.
_CHUNK_BYTES = 16 << 20
# The share of a card's free memory that is taken: others may use it too.
_SHARE = 0.5
# What PyTorch takes of the CPU's memory with NVIDIA's libraries: not measured.
_LIBRARY_BYTES = 1 << 30
# Types that are summed in float32, on the card too: a bias that is added to a half would round twice.
_HALVES = frozenset({"float16", "bfloat16"})
_WIDE_BYTES = 4


def device_plan(wanted: Wanted) -> EnginePlan:
    """Return the plan of a convolution on a device other than the CPU."""
    geometry = wanted.geometry
    transforms = _may_transform(geometry) and wanted.dtype == "float32" and wanted.device.startswith("cuda")
    plan = EnginePlan(
        engine="torch",
        geometry=geometry,
        padding_mode=wanted.padding_mode,
        dtype=wanted.dtype,
        threads=wanted.threads,
        threads_used=1,
        is_prepared=wanted.is_prepared,
        pads_itself=pads_itself(geometry, wanted.padding_mode),
        engine_bytes=0,
        library_bytes=_LIBRARY_BYTES,
        tiling=tiles_for(wanted),
        device=wanted.device,
        may_transform=transforms and wanted.accuracy == "fast",
    )
    return plan._replace(engine_bytes=SLOTS * _images_at_once(plan) * _image_bytes(plan))


def device_words(plan: EnginePlan) -> str:
    """Say how a plan of a device goes about it."""
    padding = "" if plan.pads_itself else f", {plan.padding_mode} padding made beside the input"
    way = ""
    if plan.device.startswith("cuda"):
        way = " by cuDNN" if _takes_cudnn(plan) else " as products of matrices, for cuDNN might transform"
    return f"PyTorch's convolution on {described(plan.device)}{way}{padding}"


@lru_cache(maxsize=64)
def device_execution(plan: EnginePlan) -> DeviceExecution:
    """Return a plan of a device ready to be carried out, the same for equal plans."""
    return DeviceExecution(plan)


class DeviceExecution:
    """A plan of a device ready to be carried out, any number of times and by several threads; it holds no parameters.

    On the CPU, where `lanes` do not overlap, the same code gives the same results.
    """

    def __init__(self, plan: EnginePlan, lanes: Callable[[], Lanes] | None = None) -> None:
        """Work out what every call needs; `lanes` are those of the device."""
        import torch

        self.plan, self.kernel, self.key = plan, _KERNEL, _KERNEL.key(plan)
        self._shape, self._dtype = plan.geometry.batched_output_shape, numpy_dtype(plan.dtype)
        kind = CudaLanes if plan.device.startswith("cuda") else OneLane
        self._lanes = lanes or partial(kind, plan.device, getattr(torch, plan.dtype))
        self._array = to_bfloat16 if plan.dtype == "bfloat16" else to_array

    def __call__(self, x: Array, parameters: Parameters) -> Array:
        """Convolve `x` (N, in_channels, H, W), of the shape and the type that the plan was made for.

        Returns:
            A new C-contiguous array (N, out_channels, Ho, Wo).

        Raises:
            MemoryLimitError: the device or the CPU has not memory enough.
            UsageError: PyTorch has no such convolution there.
            DeviceError: the device fails.
        """
        try:
            out = np.empty(self._shape, self._dtype)
            if out.size:
                with faults_of(self.plan.device), full_precision():
                    self._convolve(x, out, parameters)
        except MemoryError as error:
            if isinstance(error, MemoryLimitError):
                raise
            raise MemoryLimitError(
                f"there is no room for an output of shape {list(self._shape)} in {self.plan.dtype}",
                "a smaller image, less padding or fewer channels take less",
            ) from error
        return out

    def prepare(self, weight: Array, bias: Array | None) -> tuple[Any, Any]:
        """Return the parameters in the device's memory."""
        return self.kernel.prepare(self.plan, weight, bias)

    def _convolve(self, x: Array, out: Array, parameters: Parameters) -> None:
        plan = self.plan
        operands: Any = (
            parameters.operands(self) if plan.is_prepared else self.prepare(parameters.weight, parameters.bias)
        )
        count = self._at_once()
        largest = plan.inner._replace(batch=count)
        elements = prod(largest.batched_input_shape), prod(largest.batched_output_shape)
        pipeline = Pipeline(self._lanes(), self._array, elements, is_full)
        if plan.tiling is None:
            self._images(pipeline, x, out, operands, count)
        else:
            self._tiles(pipeline, x, out, operands)

    def _at_once(self) -> int:
        """Return the images that are convolved at once: those of the plan, or fewer on a card that has not the room."""
        most = 1 if self.plan.tiling else _images_at_once(self.plan)
        free = _free_bytes(self.plan.device)
        return most if free is None else max(1, min(most, images_that_fit(self.plan, int(free * _SHARE))))

    def _images(self, pipeline: Pipeline, x: Array, out: Array, operands: Operands, count: int) -> None:
        first = 0
        while True:
            done = pipeline.run(_of_images(self.plan, x[first:], out[first:], operands, count))
            first += done * count
            if first >= len(x):
                return
            count = self._fewer(count, done)

    def _tiles(self, pipeline: Pipeline, x: Array, out: Array, operands: Operands) -> None:
        chunks = list(_of_tiles(self.plan, x, out, operands))
        while True:
            done = pipeline.run(chunks)
            del chunks[:done]
            if not chunks:
                return
            self._fewer(1, done)

    def _fewer(self, count: int, done: int) -> int:
        """Return how many images are tried next where the memory did not do for `count` after `done` chunks of them.

        One may do by itself where it did not beside those before it.

        Raises:
            MemoryLimitError: it does not do for one alone.
        """
        _release(self.plan.device)
        if count == 1 and not done:
            raise no_room(self.plan.device)
        return max(1, count // 2)


def _of_images(plan: EnginePlan, x: Array, out: Array, operands: Operands, count: int) -> Iterator[Chunk]:
    """Yield chunks of so many images, and the rest."""
    compute = _computing(plan, operands)
    for first in range(0, len(x), count):
        images = x[first : first + count]
        geometry = _given(plan)._replace(batch=len(images))
        fill = partial(_copied if plan.pads_itself else partial(_padded, plan), images)
        place = out[first : first + count]
        yield Chunk(geometry.batched_input_shape, geometry.batched_output_shape, fill, place, *compute)


def _given(plan: EnginePlan) -> Geometry:
    """Return what PyTorch is given: the images, or as much of them with their padding as windows read."""
    if plan.pads_itself:
        return plan.geometry
    return tile_geometry(plan.geometry, plan.geometry.height.output, plan.geometry.width.output)


def _of_tiles(plan: EnginePlan, x: Array, out: Array, operands: Operands) -> Iterator[Chunk]:
    """Yield the tiles of each image."""
    assert plan.tiling is not None  # noqa: S101 - the caller has looked
    for image, image_out in zip(x, out, strict=True):
        for tile in tiles_of(plan.geometry, plan.tiling):
            # What a run from a file convolves by itself.
            one = plan.for_tile(tile.rows, tile.columns)
            inner, compute = one.inner, _computing(one, operands)
            rows, columns = slice(tile.top, tile.top + tile.rows), slice(tile.left, tile.left + tile.columns)
            place, fill = image_out[None, :, rows, columns], partial(_gathered, plan, image, tile)
            yield Chunk(inner.batched_input_shape, inner.batched_output_shape, fill, place, *compute)


def _copied(images: Array, buffer: Array) -> None:
    buffer[...] = images


def _padded(plan: EnginePlan, images: Array, buffer: Array) -> None:
    """Write images with the padding that PyTorch does not make."""
    whole = Tile(0, 0, plan.geometry.height.output, plan.geometry.width.output)
    for image, place in zip(images, buffer, strict=True):
        place[...] = gathered_tile(plan, image, whole)[0]


def _gathered(plan: EnginePlan, image: Array, tile: Tile, buffer: Array) -> None:
    buffer[...] = gathered_tile(plan, image, tile)


def _computing(plan: EnginePlan, operands: Operands) -> tuple[Compute, Compute | None]:
    """Return what computes images, and what does it directly where the first may not."""
    directly = partial(_computed, plan, operands, cudnn=False) if plan.may_transform else None
    return partial(_computed, plan, operands, cudnn=_takes_cudnn(plan)), directly


def _computed(plan: EnginePlan, operands: Operands, x: Any, *, cudnn: bool) -> Any:  # noqa: ANN401 - tensors
    """Return the output of images on a device.

    `torch._convolution` is what `conv2d` calls, with what cuDNN may do as arguments: elsewhere they are settings of the
    process, which other threads change and see.
    """
    import torch

    height, width = plan.inner.height, plan.inner.width
    wide = x.float() if plan.dtype in _HALVES else x
    out = torch._convolution(  # noqa: SLF001 - there is no other name
        wide,
        *operands,
        (height.stride, width.stride),
        (height.before, width.before),
        (height.dilation, width.dilation),
        transposed=False,
        output_padding=(0, 0),
        groups=plan.inner.groups,
        benchmark=False,
        deterministic=True,
        cudnn_enabled=cudnn,
        allow_tf32=False,
    )
    return out.to(x.dtype).contiguous()


class _DeviceKernel:
    """Parameters in a device's memory."""

    def key(self, plan: EnginePlan) -> Hashable:
        return ("torch", plan.device)

    def prepare(self, plan: EnginePlan, weight: Array, bias: Array | None) -> tuple[Any, Any]:
        """Copy weight and bias, widened on the CPU, so that the copies are done when this returns."""
        tensor = tensor_maker()

        def copied(array: Array) -> Any:  # noqa: ANN401 - a torch.Tensor
            wide = tensor(array).float() if plan.dtype in _HALVES else tensor(array)
            return wide.to(plan.device)

        return copied(weight), None if bias is None else copied(bias)


_KERNEL = _DeviceKernel()


def images_that_fit(plan: EnginePlan, room: int) -> int:
    """Return how many images may be convolved at once in so many bytes of a device; it may be none.

    Where products of matrices are made, PyTorch lays the windows of one image side by side.
    """
    itemsize = _WIDE_BYTES if plan.dtype in _HALVES else DTYPES[plan.dtype].bytes
    inner = plan.inner
    taps = inner.in_channels * inner.height.kernel * inner.width.kernel
    windows = taps * inner.height.output * inner.width.output * itemsize
    # Halves are there a second time, twice as wide.
    each = SLOTS * _image_bytes(plan) * (3 if plan.dtype in _HALVES else 1)
    return max(0, room - windows) // max(1, each)


def _images_at_once(plan: EnginePlan) -> int:
    """Return the images that are convolved at once where there is memory enough."""
    return max(1, min(plan.geometry.batch, _CHUNK_BYTES // max(1, _image_bytes(plan))))


def _image_bytes(plan: EnginePlan) -> int:
    """Return the bytes of input and output of an image, or a tile, as they are copied."""
    one = plan.inner._replace(batch=1)
    return (prod(one.batched_input_shape) + prod(one.batched_output_shape)) * DTYPES[plan.dtype].bytes


def _free_bytes(device: str) -> int | None:
    """Return what a device has to give, with what PyTorch holds of it unused; None where that is not known."""
    if not device.startswith("cuda"):
        return None
    from torch import cuda

    free, _ = cuda.mem_get_info(device)
    unused: int = cuda.memory_reserved(device) - cuda.memory_allocated(device)
    return int(free) + unused


def _release(device: str) -> None:
    """Give back what PyTorch holds of a device's memory unused: it may lie in pieces."""
    if device.startswith("cuda"):
        from torch import cuda

        cuda.empty_cache()


def _may_transform(geometry: Geometry) -> bool:
    """Whether cuDNN may convolve in a transform domain, by Winograd or Fourier: without strides and dilation.

    Source: the table of cudnnConvolutionForward in NVIDIA's cuDNN API reference.
    """
    axes = (geometry.height, geometry.width)
    return any(axis.kernel > 1 for axis in axes) and all(axis.stride == axis.dilation == 1 for axis in axes)


def _takes_cudnn(plan: EnginePlan) -> bool:
    """Whether cuDNN is let choose: it cannot be told to sum directly, so not where it might do otherwise.

    Transforms are of float32; float64 has none.
    """
    return plan.may_transform or plan.dtype == "float64" or not _may_transform(plan.inner)
