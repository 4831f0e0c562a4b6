"""How layers and reports show themselves on a Rich console and in a notebook, though they know no Rich."""

from __future__ import annotations

from importlib import import_module
from typing import Any, TypeVar

import conv2d_cli

Shown = TypeVar("Shown", bound=type)


def shows_itself(kind: Shown) -> Shown:
    """Give a class what Rich and notebooks ask for; the package says by name who answers (`conv2d_cli.SHOWN_BY`)."""

    def rich(self: object) -> object:
        return _room().rich_of(self)

    def html(self: object) -> object:
        return _room().html_of(self)

    for name, method in (("__rich__", rich), ("_repr_html_", html)):
        setattr(kind, name, method)
    return kind


def draws_itself(kind: Shown) -> Shown:
    """Give a class of which there is a picture what notebooks ask for that show pictures."""

    def svg(self: object) -> object:
        return _room().svg_of(self)

    setattr(kind, "_repr_svg_", svg)  # noqa: B010 - the type of a class has no such attribute
    return kind


def _room() -> Any:  # noqa: ANN401 - a module
    return import_module(conv2d_cli.SHOWN_BY)
