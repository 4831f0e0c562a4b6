"""A convolution in pieces that fit in memory: a few images at a time, or a tile of a large one.

Pieces are cut from sizes alone, and change no bit of the result.
"""

from __future__ import annotations

from collections import deque
from functools import partial
from math import prod
from time import perf_counter
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from conv2d_cli.dtypes import DTYPES
from conv2d_cli.engine.convolution import Parameters, run_settled
from conv2d_cli.engine.tiled import gathered_tile, plan_of_tile
from conv2d_cli.engine.tiles import tiles_of
from conv2d_cli.jobs.background import BackgroundIO

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from concurrent.futures import Future

    from numpy.typing import NDArray

    from conv2d_cli.engine.plan import Plan
    from conv2d_cli.engine.tiles import Tile
    from conv2d_cli.jobs.summary import RunningSummary
    from conv2d_cli.tensors.formats import Output

# Input and output of the images that are held at a time.
_PIECE_BYTES = 64 << 20


class Images(Protocol):
    """A tensor that is read image by image."""

    def image(self, number: int) -> Any:  # noqa: ANN401 - an array, or an image in a file
        """Return one image, of which parts are taken."""

    def read_images(self, first: int, count: int) -> NDArray[Any]:
        """Return images (count, channels, H, W)."""


class Done(NamedTuple):
    """What has been done: the algorithm of most pieces, and the seconds that convolving took, without files."""

    plan: Plan
    seconds: float


def images_together(plan: Plan) -> int:
    """Return how many images are held at a time."""
    geometry = plan.geometry
    return max(1, min(geometry.batch, _PIECE_BYTES // max(1, _image_bytes(plan))))


def piece_bytes(plan: Plan) -> int:
    """Return the bytes of input and output that are held at a time, besides the tile of a large image."""
    return 0 if plan.tiling is not None else images_together(plan) * _image_bytes(plan)


def convolve_pieces(
    plan: Plan,
    images: Images,
    weight: NDArray[Any],
    bias: NDArray[Any] | None,
    output: Output | None,
    *,
    summary: RunningSummary | None = None,
    advance: Callable[[int], None] = lambda _: None,
    seen: Callable[[NDArray[Any]], None] | None = None,
    ahead: bool = False,
    behind: bool = False,
) -> Done:
    """Convolve images piece by piece, and write each to `output`.

    `advance` is told the output elements of each piece when it is done, and `seen` is shown each as it was read, in
    their order. Where reading is slow, the next piece is read
    `ahead` meanwhile, and where writing is, the last is written `behind`: not of pipes, which may let a thread wait.

    Raises:
        DataError: the bytes are not what the header promises.
        FileError: they cannot be read or written.
    """
    parameters, seconds = Parameters(weight, bias), 0.0
    used: dict[str, tuple[int, Plan]] = {}
    readers, writers = BackgroundIO(int(ahead)), BackgroundIO(int(behind))
    pieces = _pieces(plan, images, output)
    reading: deque[tuple[_Piece, Future[NDArray[Any]]]] = deque()
    writing: deque[Future[object]] = deque()

    def read_next() -> None:
        piece = next(pieces, None)
        if piece is not None:
            reading.append((piece, readers.start(_read, piece, seen)))

    try:
        read_next()
        while reading:
            piece, future = reading.popleft()
            x = future.result()
            if readers.are_slow:
                read_next()
            started = perf_counter()
            out, settled = run_settled(piece.plan, x, parameters)
            seconds += perf_counter() - started
            used[settled.algorithm] = used.get(settled.algorithm, (0, settled))[0] + out.size, settled
            if summary is not None:
                # A tile holds rows of one channel, then of the next.
                summary.add(out, in_order=plan.tiling is None)
            if writing:
                writing.popleft().result()
            if piece.write is not None:
                writing.append(writers.start(piece.write, out))
            advance(out.size)
            if not reading:
                read_next()
        while writing:
            writing.popleft().result()
    finally:
        readers.end()
        writers.end()
    return Done(max(used.values(), key=lambda one: one[0])[1] if used else plan, seconds)


def read_pieces(plan: Plan, images: Images) -> Iterator[NDArray[Any]]:
    """Yield what would be convolved, piece by piece."""
    return (piece.read() for piece in _pieces(plan, images, None))


class _Piece(NamedTuple):
    """Some images, or a tile of one: the plan for it, and how it is read and its output is written, if it is."""

    plan: Plan
    read: Callable[[], NDArray[Any]]
    write: Callable[[NDArray[Any]], object] | None


def _read(piece: _Piece, seen: Callable[[NDArray[Any]], None] | None) -> NDArray[Any]:
    x = piece.read()
    if seen is not None:
        seen(x)
    return x


def _pieces(plan: Plan, images: Images, output: Output | None) -> Iterator[_Piece]:
    """Yield the pieces in their order."""
    if plan.tiling is None or not plan.geometry.batch:
        together = images_together(plan)
        # An empty batch is one empty piece, with the checks of any other.
        for first in range(0, max(1, plan.geometry.batch), together):
            count = min(together, plan.geometry.batch - first)
            write = None if output is None else partial(output.write, first)
            yield _Piece(_of_images(plan, count), partial(images.read_images, first, count), write)
        return
    for number in range(plan.geometry.batch):
        image = images.image(number)
        for tile in tiles_of(plan.geometry, plan.tiling):
            write = None if output is None else partial(_write_tile, output, number, tile)
            tile_plan = plan_of_tile(plan, tile.rows, tile.columns)
            yield _Piece(tile_plan, partial(gathered_tile, plan, image, tile), write)


def _write_tile(output: Output, number: int, tile: Tile, out: NDArray[Any]) -> None:
    output.write_tile(number, tile.top, tile.left, out[0])


def _of_images(plan: Plan, count: int) -> Plan:
    """Return the plan of so many images: the batch changes nothing else."""
    return plan if count == plan.geometry.batch else plan._replace(geometry=plan.geometry._replace(batch=count))


def _image_bytes(plan: Plan) -> int:
    geometry = plan.geometry
    elements = prod(geometry.batched_input_shape[1:]) + prod(geometry.batched_output_shape[1:])
    return elements * DTYPES[plan.dtype].bytes
