"""What an algorithm is: two protocols, one on integers and one on arrays."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, Protocol, TypeVar

from conv2d_cli.dtypes import DTYPES

if TYPE_CHECKING:
    from conv2d_cli.engine.planning.candidate import Memory, Work
    from conv2d_cli.engine.planning.plan import Plan
    from conv2d_cli.engine.planning.problem import Problem
    from conv2d_cli.engine.runtime.workspace import Workspace

FLOATS = frozenset({"float32", "float64", "float16", "bfloat16"})
COMPLEX = frozenset({"complex64", "complex128"})
INTEGERS = frozenset(name for name, dtype in DTYPES.items() if dtype.kind in "iu")

Blocks = TypeVar("Blocks", bound=tuple[object, ...])
Operands = TypeVar("Operands")


class Planner(Protocol[Blocks]):
    """An algorithm on integers: which problems it takes, how it may cut them, and what that takes.

    `dtypes` are the element types of input and output. In a transform domain (Winograd, Fourier) an output is made of
    more than its own window, which only `fast` allows.
    """

    @property
    def dtypes(self) -> frozenset[str]:
        """Element types that it computes."""

    @property
    def in_transform_domain(self) -> bool:
        """Whether outputs are made in a transform domain."""

    def takes(self, problem: Problem) -> bool:
        """Whether it computes such a layer, whatever the blocks."""

    def blockings(self, problem: Problem) -> Iterable[Blocks]:
        """Return the blocks that may be the best, a few of them."""

    def memory(self, problem: Problem, blocks: Blocks) -> Memory:
        """Return what it holds with these blocks."""

    def work(self, problem: Problem, blocks: Blocks) -> Work:
        """Return what one image takes with these blocks, by the cost model."""

    def words(self, problem: Problem, blocks: Blocks) -> str:
        """Say how it goes through an image with these blocks."""

    def spreads(self, blocks: Blocks) -> bool:
        """Whether a NaN or an infinity reaches outputs that it does not belong to: structural zeros multiply it."""


class Call(NamedTuple, Generic[Blocks, Operands]):
    """One convolution: fill `out` (N, out_channels, Ho, Wo) from `x` (N, in_channels, H, W), of any strides."""

    plan: Plan[Blocks]
    x: Any
    operands: Operands
    out: Any


# What is worked on at a time: an image, then where in it.
Item = tuple[int, ...]
Items = Iterable[Item]
# What one thread does items with.
Worker = Callable[[Item], object]


class Kernel(Protocol[Blocks, Operands]):
    """An algorithm on arrays: a finished plan carried out. Every number it needs is in the plan."""

    def prepare(self, plan: Plan[Blocks], weight: Any, bias: Any) -> Operands:  # noqa: ANN401 - arrays
        """Return the parameters as it wants them: weight (out_channels, in_channels / groups, kh, kw), bias or None.

        They serve one input or many, several threads at the same time, and are never changed.
        """

    def short_call(self, plan: Plan[Blocks]) -> ShortCall | None:
        """Return what makes an output of an input, a weight and a bias at once; None where work items are needed."""

    def items(self, call: Call[Blocks, Operands]) -> Items:
        """Return the work items, which fill the output together and may be done in any order."""

    def worker(self, call: Call[Blocks, Operands], workspace: Workspace) -> Worker:
        """Return what one thread does items with, in a workspace of the size that the plan says."""


ShortCall = Callable[[Any, Any, Any], Any]


class BlockKernel:
    """What most kernels have in common: no call is so short that what comes before its blocks matters."""

    def short_call(self, _plan: Plan[Any]) -> ShortCall | None:
        """Return None."""
        return None


class BlockPlanner:
    """What most algorithms have in common."""

    dtypes: frozenset[str] = FLOATS | COMPLEX
    in_transform_domain = False

    def spreads(self, _blocks: Any) -> bool:  # noqa: ANN401 - whatever the blocks
        """Whether every output is made of more than its own products: in a transform domain."""
        return self.in_transform_domain
