"""Chunks through a device, of which the CPU is one: whatever their size and however late copies are, the same bytes."""

from __future__ import annotations

from functools import partial
from random import Random
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from random_layers import draw_valid

from conv2d_cli import Conv2d, MemoryLimitError, conv2d
from conv2d_cli.backends.api import Wanted
from conv2d_cli.layer.forward import geometry_of
from conv2d_cli.numpy_dtypes import numpy_dtype

torch = pytest.importorskip("torch")
late_streams = pytest.importorskip("late_streams")

from conv2d_cli.backends import torch_device, torch_pipeline  # noqa: E402 - they need torch
from conv2d_cli.backends.torch_device import DeviceExecution, device_plan, images_that_fit  # noqa: E402
from conv2d_cli.backends.torch_pipeline import Chunk, CudaLanes, OneLane, Pipeline  # noqa: E402
from conv2d_cli.engine.api import Parameters, Tiling  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Callable

    from conv2d_cli.backends.plan import EnginePlan

    Array = np.ndarray[Any, Any]

torch.set_num_threads(1)


class Drawn(NamedTuple):
    """A layer with whole numbers, whose sums are exact: every order of adding has the same bytes."""

    layer: Conv2d
    x: Array
    weight: Array
    bias: Array | None
    plan: EnginePlan

    @property
    def parameters(self) -> Parameters:
        return Parameters(self.weight, self.bias)

    def expected(self) -> Array:
        layer = self.layer
        padding: Any = layer.padding
        return conv2d(
            *(self.x, self.weight, self.bias, layer.stride, padding, layer.dilation, layer.groups),
            padding_mode=layer.padding_mode,
        )


def drawn(seed: int, dtype: str = "float32", *, images: int | None = None) -> Drawn:
    random = Random(seed)
    case = draw_valid(random)
    layer = Conv2d(**case.arguments)
    *_, channels, height, width = case.input_shape
    shape = (random.randint(1, 9) if images is None else images, channels, height, width)
    numbers = np.random.default_rng(seed)
    element = numpy_dtype(dtype)
    x, weight = (
        numbers.integers(-4, 5, size).astype(element)
        for size in (shape, (layer.out_channels, channels // layer.groups, *layer.kernel_size))
    )
    bias = numbers.integers(-4, 5, layer.out_channels).astype(element) if layer.bias else None
    plan = device_plan(Wanted(geometry_of(layer, shape), layer.padding_mode, dtype))
    return Drawn(layer, x, weight, bias, plan)


def bits(out: Array) -> bytes:
    """Return the bytes of an output, every zero without a sign: where all products are zeros, engines differ in it."""
    unsigned: bytes = (out + out.dtype.type(0)).tobytes()
    return unsigned


@given(st.integers(0, 2**32), st.sampled_from(("float32", "float64", "float16", "bfloat16")), st.integers(1, 10))
def test_chunks_of_every_size_have_the_bytes_of_the_whole(seed: int, dtype: str, count: int) -> None:
    one = drawn(seed, dtype)
    whole = DeviceExecution(one.plan)(one.x, one.parameters)
    assert (whole.dtype, whole.flags.c_contiguous) == (one.x.dtype, True)
    assert bits(whole) == bits(one.expected())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(torch_device, "_images_at_once", lambda _: count)
        assert bits(DeviceExecution(one.plan)(one.x, one.parameters)) == bits(whole)


@given(st.integers(0, 2**32), st.integers(1, 4), st.integers(1, 4))
def test_tiles_have_the_bytes_of_the_whole(seed: int, rows: int, columns: int) -> None:
    one = drawn(seed)
    plan = one.plan._replace(tiling=Tiling(rows, columns))
    assert bits(DeviceExecution(plan)(one.x, one.parameters)) == bits(one.expected())


def test_an_empty_batch_needs_no_device() -> None:
    one = drawn(3, images=0)

    def no_lanes() -> Any:
        raise AssertionError

    out = DeviceExecution(one.plan, no_lanes)(one.x, one.parameters)
    assert out.shape == one.plan.geometry.batched_output_shape


# Streams that do nothing until they are waited for.


class LateLanes(CudaLanes):
    """The lanes of CUDA, on streams of the CPU."""

    def __init__(self, cuda: Any, dtype: Any) -> None:
        super().__init__("cuda:0", dtype)
        self.cuda = cuda

    def buffer(self, elements: int) -> Any:
        return self.cuda.host(elements, self._dtype)

    def start(self, source: Any, compute: Callable[[Any], Any], target: Any) -> Any:
        return super().start(source, self.cuda.on_device(compute), target)


@pytest.fixture
def cuda(monkeypatch: pytest.MonkeyPatch) -> Any:
    cuda = late_streams.LateCuda()
    monkeypatch.setattr(torch_pipeline, "import_module", lambda _: cuda)
    return cuda


@pytest.mark.parametrize("count", [1, 2, 3, 20])
@pytest.mark.parametrize("seed", range(12))
def test_however_late_the_copies_the_bytes_are_the_same(
    cuda: Any, monkeypatch: pytest.MonkeyPatch, seed: int, count: int
) -> None:
    one = drawn(seed, images=11)
    monkeypatch.setattr(torch_device, "_images_at_once", lambda _: count)
    execution = DeviceExecution(one.plan, partial(LateLanes, cuda, torch.float32))
    assert bits(execution(one.x, one.parameters)) == bits(one.expected())
    assert len(cuda.streams) == len(("in", "compute", "out"))


@pytest.mark.parametrize("slots", [1, 2, 3, 5])
def test_buffers_are_used_again_for_any_number_of_chunks(
    cuda: Any, slots: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch_pipeline, "SLOTS", slots)
    x, out = np.arange(40.0).reshape(20, 2), np.zeros((20, 2))
    made: list[int] = []

    class Counted(LateLanes):
        def buffer(self, elements: int) -> Any:
            made.append(elements)
            return super().buffer(elements)

    pipeline = Pipeline(
        Counted(cuda, torch.float64), lambda tensor: tensor.as_subclass(torch.Tensor).numpy(), (2, 2), _never
    )
    chunks = [Chunk((1, 2), (1, 2), partial(_copy, x[[row]]), out[row : row + 1], _doubled) for row in range(20)]
    assert pipeline.run(chunks) == len(x)
    assert (out == 2 * x).all()
    assert len(made) == 2 * slots


def _never(_error: Exception) -> bool:
    return False


def _copy(x: Array, buffer: Array) -> None:
    buffer[...] = x


def _doubled(x: Any) -> Any:
    return 2 * x


# Memory that does not do.


class Card:
    """A device that takes so many images at a time, and counts those that it was given."""

    def __init__(self, most: int, monkeypatch: pytest.MonkeyPatch) -> None:
        self.most, self.calls, self._computed = most, list[int](), torch_device._computed
        monkeypatch.setattr(torch_device, "_computed", self.computed)

    def computed(self, plan: EnginePlan, operands: Any, x: Any, *, cudnn: bool) -> Any:
        self.calls.append(len(x))
        if len(x) > self.most:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")
        return self._computed(plan, operands, x, cudnn=cudnn)


def test_of_what_does_not_fit_half_is_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    one, card = drawn(5, images=19), Card(3, monkeypatch)
    assert bits(DeviceExecution(one.plan)(one.x, one.parameters)) == bits(one.expected())
    assert card.calls == [19, 9, 4, *[2] * 9, 1]


def test_one_image_that_does_not_fit_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    one, card = drawn(5, images=4), Card(0, monkeypatch)
    with pytest.raises(MemoryLimitError, match="device cpu has not memory enough for one image or tile") as told:
        DeviceExecution(one.plan)(one.x, one.parameters)
    assert (told.value.exit_code, told.value.hint) == (5, "device='cpu'")
    assert card.calls == [4, 2, 1]
    with pytest.raises(MemoryLimitError, match="not memory enough"):
        DeviceExecution(one.plan._replace(tiling=Tiling(2, 2)))(one.x, one.parameters)


def test_images_wait_for_one_another_where_two_do_not_fit(cuda: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second is refused while the first is on its way, and done when it has ended."""
    one = drawn(7, images=6)
    monkeypatch.setattr(torch_device, "_images_at_once", lambda _: 1)
    underway: list[int] = []
    drained: list[int] = []

    class Crowded(LateLanes):
        def start(self, source: Any, compute: Callable[[Any], Any], target: Any) -> Any:
            if underway:
                raise torch.OutOfMemoryError("CUDA out of memory")
            underway.append(1)
            wait = super().start(source, compute, target)

            def ended() -> None:
                wait()
                underway.clear()

            return ended

        def drain(self) -> None:
            # What was queued for the one that is refused holds memory too.
            super().drain()
            drained.append(1)

    execution = DeviceExecution(one.plan, partial(Crowded, cuda, torch.float32))
    assert bits(execution(one.x, one.parameters)) == bits(one.expected())
    assert len(drained) == len(one.x) - 1


def test_images_that_fit_are_less_than_the_room() -> None:
    plan = drawn(2, images=8).plan
    fits = [images_that_fit(plan, room) for room in range(0, 1 << 20, 1 << 12)]
    assert fits == sorted(fits)
    assert fits[0] == 0 < fits[-1]
    halves = plan._replace(dtype="float16")
    assert images_that_fit(halves, 1 << 20) < 2 * images_that_fit(plan, 1 << 20)


# A fault, and what is not finite.


def test_a_fault_waits_for_copies_before_their_buffers_go(cuda: Any) -> None:
    drained = []

    class Drained(LateLanes):
        def drain(self) -> None:
            drained.append(all(stream.done == len(stream.operations) for stream in cuda.streams))
            super().drain()
            drained.append(all(stream.done == len(stream.operations) for stream in cuda.streams))

    def fails(_: Array) -> None:
        raise ValueError("a file ends")

    lanes = Drained(cuda, torch.float64)
    pipeline = Pipeline(lanes, lambda tensor: tensor.as_subclass(torch.Tensor).numpy(), (2, 2), _never)
    out = np.zeros((1, 2))
    chunks = [Chunk((1, 2), (1, 2), fill, out, _doubled) for fill in (partial(_copy, out), fails)]
    with pytest.raises(ValueError, match="a file ends"):
        pipeline.run(chunks)
    assert drained == [False, True]


def test_an_output_that_is_not_finite_is_computed_again_by_image() -> None:
    x = np.ones((3, 1, 2, 2))
    x[1, 0, 0, 0] = np.nan
    seen: list[int] = []

    def spreads(images: Any) -> Any:
        return images + images.sum((2, 3), keepdim=True) * 0

    def directly(images: Any) -> Any:
        seen.append(len(images))
        return images.clone()

    out = np.zeros_like(x)
    pipeline = Pipeline(OneLane("cpu", torch.float64), lambda tensor: tensor.numpy(), (12, 12), _never)
    assert pipeline.run([Chunk(x.shape, x.shape, partial(_copy, x), out, spreads, directly)]) == 1
    assert np.array_equal(out, x, equal_nan=True)
    assert seen == [1]
