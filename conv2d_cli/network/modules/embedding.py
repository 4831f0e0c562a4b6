"""Tables of learned vectors, looked up by numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from conv2d_cli.errors import ShapeError
from conv2d_cli.network.modules.base import Module, NotNegative, Parameters, Plane, Positive, Work, words_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from conv2d_cli.network.modules.base import Shape


class _Table(Module, frozen=True):
    """A vector for each of several numbers."""

    positional: ClassVar[tuple[str, ...]] = ("num_embeddings", "embedding_dim")

    num_embeddings: Positive
    embedding_dim: Positive
    padding_idx: NotNegative | None = None
    max_norm: float | None = None
    norm_type: float = 2.0
    scale_grad_by_freq: bool = False
    sparse: bool = False

    @property
    def parameters(self) -> Parameters | None:
        """The table; a row of padding has values too."""
        return Parameters(self.num_embeddings * self.embedding_dim)

    def plane(self, _planes: Sequence[Plane], _shapes: Sequence[Shape], _output: Shape) -> Plane | None:
        """Return None: numbers have no plane."""
        return None


class Embedding(_Table, frozen=True):
    """`torch.nn.Embedding`: a vector for each number of any shape."""

    type: Literal["Embedding"] = "Embedding"

    def output_shape(self, shapes: Sequence[Shape]) -> Shape:
        """Return (..., embedding_dim)."""
        return (*shapes[0], self.embedding_dim)

    def work(self, _shapes: Sequence[Shape], _output: Shape) -> Work:
        """Return nothing: vectors are only copied."""
        return Work()


class EmbeddingBag(_Table, frozen=True):
    """`torch.nn.EmbeddingBag` of bags of one size, (B, L): the sum, mean or largest of the vectors of each."""

    type: Literal["EmbeddingBag"] = "EmbeddingBag"
    mode: Literal["sum", "mean", "max"] = "mean"

    def output_shape(self, shapes: Sequence[Shape]) -> Shape:
        """Return (B, embedding_dim)."""
        shape = shapes[0]
        if len(shape) != len(("B", "L")):
            raise ShapeError(f"EmbeddingBag takes bags of one size, (B, L), not {words_of(shape)}")
        return (shape[0], self.embedding_dim)

    def work(self, shapes: Sequence[Shape], output: Shape) -> Work:
        """Return one operation for each element of each vector."""
        return Work(elementwise=output[-1] * shapes[0][0] * shapes[0][1])
