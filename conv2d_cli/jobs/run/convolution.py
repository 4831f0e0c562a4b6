"""How the chunks of a run are convolved: by a plan of some engine, or in integer arithmetic."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from conv2d_cli.backends.api import execution_of, tile_execution
from conv2d_cli.engine.api import gathered_tile, integer
from conv2d_cli.jobs.headers import faults_in
from conv2d_cli.jobs.run.integers import in_the_words_of_options

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from conv2d_cli.backends.api import AnyPlan
    from conv2d_cli.engine.api import Parameters, Tile

    AnyParameters = Parameters | integer.IntegerParameters


class Convolution(Protocol):
    """Convolves the images of one input, chunk by chunk in their order."""

    sums: integer.Accumulated | None

    def images(self, first: int, x: NDArray[Any]) -> NDArray[Any]:
        """Return the output of images from that number on."""

    def tile(self, number: int, tile: Tile, strip: NDArray[Any]) -> NDArray[Any]:
        """Return the output (1, out_channels, rows, columns) of a tile of one image, from what it reads."""


class _Plain:
    """In the element type of the input."""

    def __init__(self, plan: AnyPlan, parameters: Parameters) -> None:
        self.sums: integer.Accumulated | None = None
        self._plan, self._parameters = plan, parameters
        # What the engine needs is loaded now, before anything is timed.
        execution_of(plan)

    def images(self, _first: int, x: NDArray[Any]) -> NDArray[Any]:
        return execution_of(self._plan.for_images(len(x)))(x, self._parameters)

    def tile(self, _number: int, tile: Tile, strip: NDArray[Any]) -> NDArray[Any]:
        return tile_execution(self._plan, tile.rows, tile.columns)(strip, self._parameters)


class _InIntegers:
    """In an accumulator; a sum that overflows is the fault of the file."""

    def __init__(self, name: str, convolution: integer.IntegerConvolution) -> None:
        self._name, self._convolution = name, convolution
        self.sums: integer.Accumulated | None = convolution.sums

    def images(self, first: int, x: NDArray[Any]) -> NDArray[Any]:
        with faults_in(self._name), in_the_words_of_options():
            return self._convolution.images(first, x)

    def tile(self, number: int, tile: Tile, strip: NDArray[Any]) -> NDArray[Any]:
        with faults_in(self._name), in_the_words_of_options():
            return self._convolution.tile(number, tile, strip)


def convolution_of(plan: AnyPlan, parameters: AnyParameters, name: str = "", *, unbatched: bool = False) -> Convolution:
    """Return what carries a plan out on the input of that name."""
    if isinstance(plan, integer.IntegerPlan):
        assert isinstance(parameters, integer.IntegerParameters)  # noqa: S101 - both come from one layer
        return _InIntegers(name, integer.IntegerConvolution(plan, parameters, unbatched=unbatched))
    assert not isinstance(parameters, integer.IntegerParameters)  # noqa: S101 - the same
    return _Plain(plan, parameters)


def gathered(plan: AnyPlan, image: Any, tile: Tile) -> NDArray[Any]:  # noqa: ANN401 - an array, or an image in a file
    """Return what a tile of the plan's image reads: dense, the padding made."""
    if isinstance(plan, integer.IntegerPlan):
        return integer.gathered_integers(plan, image, tile)
    return gathered_tile(plan, image, tile)
