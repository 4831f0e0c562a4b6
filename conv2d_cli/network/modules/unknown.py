"""A module that nothing is known of but the name of its class."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from conv2d_cli.errors import ShapeError
from conv2d_cli.network.modules.base import Module

if TYPE_CHECKING:
    from collections.abc import Sequence

    from conv2d_cli.network.modules.base import Parameters, Shape


class Unknown(Module, frozen=True):
    """A module of another class, `name`: what comes out of it and what it learns are not known, and never guessed."""

    inputs: ClassVar[int | None] = None

    type: Literal["Unknown"] = "Unknown"
    name: str

    @property
    def kind(self) -> str:
        """The name of the class, as it was printed."""
        return self.name

    def output_shape(self, _shapes: Sequence[Shape]) -> Shape:
        """Raise: nobody knows.

        Raises:
            ShapeError: always.
        """
        raise ShapeError("what comes out of a module of an unknown class is not known")

    @property
    def parameters(self) -> Parameters | None:
        """None: what it learns is not known."""
        return None
