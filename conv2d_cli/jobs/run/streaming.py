"""Streaming: a convolution in chunks that fit in memory, of a few images at a time or a tile of a large one.

Chunks are cut from sizes alone, and change no bit of the result.
"""

from __future__ import annotations

from collections import deque
from functools import partial
from time import perf_counter
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from conv2d_cli.engine.api import tiles_of
from conv2d_cli.jobs.run.background import BackgroundIO
from conv2d_cli.jobs.run.convolution import gathered

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from concurrent.futures import Future

    from numpy.typing import NDArray

    from conv2d_cli.backends.api import AnyPlan
    from conv2d_cli.engine.api import Tile
    from conv2d_cli.jobs.run.convolution import Convolution
    from conv2d_cli.tensors.formats import Output

# Input and output of the images of a chunk.
_CHUNK_BYTES = 64 << 20


class Images(Protocol):
    """A tensor that is read image by image."""

    def image(self, number: int) -> Any:  # noqa: ANN401 - an array, or an image in a file
        """Return one image, of which parts are taken."""

    def read_images(self, first: int, count: int) -> NDArray[Any]:
        """Return images (count, channels, H, W)."""


def chunk_bytes(plan: AnyPlan) -> int:
    """Return the bytes of input and output of a chunk of images; 0 where a chunk is a tile."""
    return 0 if plan.tiling is not None else images_together(plan) * _image_bytes(plan)


def is_one_chunk(plan: AnyPlan) -> bool:
    """Whether all images are one chunk."""
    batch = plan.geometry.batch
    return not batch or (plan.tiling is None and images_together(plan) >= batch)


def convolve_chunks(
    plan: AnyPlan,
    images: Images,
    convolution: Convolution,
    output: Output | None,
    *,
    has_convolved: Callable[[NDArray[Any], float], object] = lambda *_: None,
    has_read: Callable[[NDArray[Any]], object] = lambda _: None,
    ahead: bool = False,
    behind: bool = False,
) -> None:
    """Convolve images chunk by chunk as the plan is carried out, and write each to `output`.

    `has_read` is shown the input of each chunk and `has_convolved` its output and the seconds, in their order. Where
    reading is slow,
    the next chunk is read `ahead` meanwhile, and where writing is, the last is written `behind`: not of pipes, which
    may let a thread wait.

    Raises:
        DataError: the bytes are not what the header promises.
        FileError: they cannot be read or written.
    """
    chunks = _chunks(plan, images, convolution, output)
    reading: deque[tuple[_Chunk, Future[NDArray[Any]]]] = deque()
    writing: deque[Future[object]] = deque()

    def read(chunk: _Chunk) -> NDArray[Any]:
        x = chunk.read()
        has_read(x)
        return x

    def read_next() -> None:
        chunk = next(chunks, None)
        if chunk is not None:
            reading.append((chunk, readers.start(read, chunk)))

    # A signal waits for neither: a network may hang.
    with BackgroundIO(int(ahead)) as readers, BackgroundIO(int(behind)) as writers:
        read_next()
        while reading:
            chunk, future = reading.popleft()
            x = future.result()
            if readers.are_slow:
                read_next()
            started = perf_counter()
            out = chunk.convolve(x)
            has_convolved(out, perf_counter() - started)
            if writing:
                writing.popleft().result()
            if chunk.write is not None:
                writing.append(writers.start(chunk.write, out))
            if not reading:
                read_next()
        while writing:
            writing.popleft().result()


def read_chunks(plan: AnyPlan, images: Images) -> Iterator[NDArray[Any]]:
    """Yield what would be convolved, chunk by chunk."""
    return (chunk.read() for chunk in _chunks(plan, images, None, None))


class _Chunk(NamedTuple):
    """Some images, or a tile of one: how it is convolved and read, and its output written, if it is."""

    convolve: Callable[[NDArray[Any]], NDArray[Any]]
    read: Callable[[], NDArray[Any]]
    write: Callable[[NDArray[Any]], object] | None


def _chunks(plan: AnyPlan, images: Images, convolution: Convolution | None, output: Output | None) -> Iterator[_Chunk]:
    """Yield the chunks in their order; without a convolution they are only read."""
    if plan.tiling is None or not plan.geometry.batch:
        together = images_together(plan)
        # An empty batch is one empty chunk, with the checks of any other.
        for first in range(0, max(1, plan.geometry.batch), together):
            count = min(together, plan.geometry.batch - first)
            write = None if output is None else partial(output.write, first)
            convolve = _unchanged if convolution is None else partial(convolution.images, first)
            yield _Chunk(convolve, partial(images.read_images, first, count), write)
        return
    for number in range(plan.geometry.batch):
        image = images.image(number)
        for tile in tiles_of(plan.geometry, plan.tiling):
            write = None if output is None else partial(_write_tile, output, number, tile)
            convolve = _unchanged if convolution is None else partial(convolution.tile, number, tile)
            yield _Chunk(convolve, partial(gathered, plan, image, tile), write)


def _unchanged(x: NDArray[Any]) -> NDArray[Any]:
    return x


def _write_tile(output: Output, number: int, tile: Tile, out: NDArray[Any]) -> None:
    output.write_tile(number, tile.top, tile.left, out[0])


def images_together(plan: AnyPlan) -> int:
    """Return the number of images in a chunk."""
    return max(1, min(plan.geometry.batch, _CHUNK_BYTES // max(1, _image_bytes(plan))))


def _image_bytes(plan: AnyPlan) -> int:
    one = plan.for_images(1)
    return one.input_bytes + one.output_bytes
