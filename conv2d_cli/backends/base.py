"""What an engine is: one protocol, on integers up to the plan, on arrays from there on."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, Self

if TYPE_CHECKING:
    from conv2d_cli.arithmetic.geometry import Geometry
    from conv2d_cli.engine.api import Parameters, Tiling
    from conv2d_cli.numpy_dtypes import Array

OURS, CPU = "numpy", "cpu"
# The hint where another engine cannot: it works on the command line and in Python.
BY_OURS = f"--engine {OURS}, in Python engine='{OURS}'"


class Wanted(NamedTuple):
    """A convolution that is asked for, and how: what a plan is made from.

    `is_prepared` says that the parameters are kept for many inputs, so that an engine may lay them out beforehand.
    `threads` None leaves the engine its own number. `device` is `cpu`, or one that PyTorch sees: `cuda:0`, `mps`.
    """

    geometry: Geometry
    padding_mode: str = "zeros"
    dtype: str = "float32"
    accuracy: str = "strict"
    algorithm: str | None = None
    threads: int | None = None
    flush_subnormals: bool = False
    is_prepared: bool = False
    device: str = CPU


class AnyPlan(Protocol):
    """A plan of any engine: what is known of a convolution before a byte is allocated, sizes in bytes."""

    @property
    def engine(self) -> str:
        """Who carries it out."""

    @property
    def geometry(self) -> Geometry:
        """The whole convolution."""

    @property
    def padding_mode(self) -> str:
        """What padding holds."""

    @property
    def dtype(self) -> str:
        """The element type of the output."""

    @property
    def algorithm(self) -> str | None:
        """The algorithm's name; None where the engine chooses it itself and does not say."""

    @property
    def tiling(self) -> Tiling | None:
        """The tiles of an image; None where it is convolved whole."""

    @property
    def threads_used(self) -> int:
        """Threads that carry it out."""

    @property
    def library_bytes(self) -> int:
        """What the engine's libraries take of memory once they are loaded."""

    @property
    def input_bytes(self) -> int:
        """Bytes of the whole input."""

    @property
    def weight_bytes(self) -> int:
        """Bytes of the weight, and of one bias per output channel."""

    @property
    def output_bytes(self) -> int:
        """Bytes of the whole output."""

    @property
    def tile_bytes(self) -> int:
        """Input and output of one tile; 0 where images are convolved whole."""

    @property
    def scratch_bytes(self) -> int:
        """The most that is allocated besides input, parameters and output."""

    @property
    def fallback_bytes(self) -> int:
        """The same where an output is done again that is not finite; 0 where none is."""

    @property
    def blocks_in_words(self) -> str | None:
        """Say what one block of the work is; None where the engine does not say."""

    def for_images(self, count: int) -> Self:
        """Return the plan of a number of images: the batch changes nothing else."""


class Execution(Protocol):
    """A plan ready to be carried out, any number of times and by several threads."""

    @property
    def plan(self) -> Any:  # noqa: ANN401 - of whichever engine
        """The plan."""

    def __call__(self, x: Array, parameters: Parameters) -> Array:
        """Return a new C-contiguous output (N, out_channels, Ho, Wo) of an input (N, in_channels, H, W)."""

    def once(self, x: Array, weight: Array, bias: Array | None) -> Array:
        """Return the same with parameters of which nothing is kept."""


class Backend(Protocol):
    """One engine: which convolutions it has, how it plans them, what that takes, and how a plan is carried out."""

    name: str

    def lacks(self, wanted: Wanted) -> str | None:
        """Say what it has not that is wanted: `int32`; None where it can."""

    def plan(self, wanted: Wanted) -> AnyPlan:
        """Return its plan of a convolution that it can do.

        Raises:
            UsageError: an option names nothing that exists.
            DataError: nothing computes that element type.
        """

    def nanoseconds(self, plan: Any) -> float:  # noqa: ANN401 - a plan of its own
        """Return what the convolution takes by the cost model, once the engine has started."""

    def words(self, plan: Any) -> str:  # noqa: ANN401 - the same
        """Say how it goes about it."""

    def execution(self, plan: Any) -> Execution:  # noqa: ANN401 - the same
        """Return what carries a plan out."""

    def tile_execution(self, plan: Any, rows: int, columns: int) -> Execution:  # noqa: ANN401 - the same
        """Return what convolves a tile of that many output rows and columns of the plan's image, padding made."""


# What makes operands of a weight (out_channels, in_channels / groups, kh, kw) and a bias or None.
Prepare = Callable[["Array", "Array | None"], Any]
# What makes an output of a dense input (N, in_channels, H, W) and operands.
Convolve = Callable[["Array", Any], "Array"]


class Kernel(Protocol):
    """What another engine adds to the way that all of them have in common (`execution.py`)."""

    def __hash__(self) -> int:
        """Be a key: what is ready to be carried out is kept for each kernel."""

    def key(self, plan: Any) -> Hashable:  # noqa: ANN401 - a plan of its own
        """Return what operands depend on."""

    def preparing(self, plan: Any) -> Prepare:  # noqa: ANN401 - the same
        """Return what makes operands of parameters as a plan wants them."""

    def convolve(self, plan: Any) -> Convolve:  # noqa: ANN401 - the same
        """Return the engine's call for a plan, its padding included."""

    def own_call(self, plan: Any, x: Array, operands: Any) -> Callable[[], object]:  # noqa: ANN401 - the same
        """Return the same on one input, as the engine's own users call it: nothing of ours is around it."""
