"""What a mistake is: ways in which it may have been made, each a change of the operation or of its output."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import numpy as np

    from conv2d_cli.jobs.compare.operation import Operation

    Array = np.ndarray[Any, Any]


def same(value: Any) -> Any:  # noqa: ANN401 - whatever it is
    """Return what is given."""
    return value


class Variant(NamedTuple):
    """One way to make a mistake, and the words that tell it.

    `operation` changes operands or windows, and `summed` works the output out of them otherwise than as exact sums.
    `moved` puts elements of the output into other places, and is done to the magnitudes of their sums too; `changed`
    makes other values of them. `fitted` does so as the other result says, and `reread` makes other values of that.
    """

    words: str
    operation: Callable[[Operation], Operation] = same
    summed: Callable[[Operation], Array] | None = None
    moved: Callable[[Array], Array] = same
    changed: Callable[[Array], Array] = same
    fitted: Callable[[Array, Array], Array] | None = None
    reread: Callable[[Array], Array] = same

    @property
    def keeps_places(self) -> bool:
        """Whether each element of the output depends on its own sum alone."""
        return self.moved is same and self.fitted is None


class Output(NamedTuple):
    """What is known of two results: their shapes, the type of the actual one, and whether values meet at its ends.

    `lowest` and `highest` are the ends of the actual values where several are there, else None; `has_infinities` is
    said of the actual values, `is_complex` where either result is.
    """

    shape: tuple[int, ...]
    actual_shape: tuple[int, ...]
    actual_dtype: str
    lowest: float | None
    highest: float | None
    has_infinities: bool
    is_complex: bool


class Mistake(NamedTuple):
    """A mistake by its name in the contract.

    `of_output` is how it shows in the output, `of_operation` how where the operation is known, `of_output_alone` how
    only where it is not.
    """

    name: str
    of_output: Callable[[Output], Iterator[Variant]] | None = None
    of_operation: Callable[[Operation, Output], Iterator[Variant]] | None = None
    of_output_alone: Callable[[Output], Iterator[Variant]] | None = None

    def variants(self, operation: Operation | None, output: Output) -> Iterator[Variant]:
        """Yield every way to make it that is known."""
        if operation is not None and self.of_operation is not None:
            yield from self.of_operation(operation, output)
        if self.of_output is not None:
            yield from self.of_output(output)
        if operation is None and self.of_output_alone is not None:
            yield from self.of_output_alone(output)
