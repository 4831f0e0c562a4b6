"""How the user wants a tensor to be read: what its file does not say, and what its elements become."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from conv2d_cli.tensors.layout import NCHW, Layout

if TYPE_CHECKING:
    from conv2d_cli.tensors.preparation import Preparation


class Described(NamedTuple):
    """What a raw file does not say: its shape, our name of its type, their byte order (`>`, `<`), what stands before.

    A shape of None is one axis with as many elements as the file has. `owner` is whose it is: `input`, `weight` or
    `bias`.
    """

    shape: tuple[int, ...] | None
    dtype: str
    byte_order: str = "="
    offset: int = 0
    owner: str = "input"


class Reading(NamedTuple):
    """How a tensor is read.

    `dtype` is our name of the type that its elements become, their own if None, and `casts` what may be lost by that.
    `layout` is the order of its axes in the file; a picture has its own. `as_stored` leaves the pixels of a picture as
    they lie, `max_pixels` is how many there may be.
    """

    dtype: str | None = None
    casts: frozenset[str] = frozenset()
    described: Described | None = None
    layout: Layout = NCHW
    as_stored: bool = False
    max_pixels: int | None = None
    preparation: Preparation | None = None
