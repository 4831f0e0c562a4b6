"""Plain data as TOML, JSON and YAML give it, looked through before anything is made of it."""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING, Any, NamedTuple

from conv2d_cli.errors import DataError, cut

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

# A million layers of a few arguments each; aliases of YAML count wherever they stand.
MOST_VALUES = 5_000_000
_MOST_DEPTH, _LONGEST_TEXT = 64, 1000
_LARGEST = 2**63 - 1


class _Place(NamedTuple):
    """Where a value stands: its key or index, and what that belongs to."""

    part: str | int
    within: _Place | None

    def parts(self) -> list[str | int]:
        """Return keys and indices from the outside in."""
        found: list[str | int] = []
        place: _Place | None = self
        while place is not None:
            found.append(place.part)
            place = place.within
        return found[::-1]


def path_of(parts: Iterable[str | int], before: str = "") -> str:
    """Return where a value stands, as people write it.

    >>> path_of(["layers", 3, "stride"])
    'layers[3].stride'
    """
    path = before
    for part in parts:
        if isinstance(part, int):
            path += f"[{part}]"
        elif part:
            path += f".{cut(part)}" if path else cut(part)
    return path


def look_through(content: object) -> None:
    """Check that there are only tables, lists, text, and numbers that a network may hold.

    Raises:
        DataError: there is something else, too much, or too deep; the message says where.

    >>> look_through({"layers": [{"type": "Conv2d", "stride": float("nan")}]})
    Traceback (most recent call last):
    conv2d_cli.errors.DataError: layers[0].stride: not a finite number
    """
    waiting: list[tuple[object, _Place | None, int]] = [(content, None, 0)]
    values = 0
    while waiting:
        container, within, depth = waiting.pop()
        for part, value in _items(container):
            values += 1
            fault = _fault(part, value)
            if values > MOST_VALUES or depth >= _MOST_DEPTH:
                fault = f"more than {MOST_VALUES} values" if values > MOST_VALUES else "nested too deeply"
            if fault is not None:
                key = part if isinstance(part, str | int) else str(type(part).__name__)
                raise DataError(f"{path_of(_Place(_encodable(key), within).parts())}: {fault}")
            if isinstance(value, dict | list):
                waiting.append((value, _Place(part, within), depth + 1))


def _items(container: object) -> Iterator[tuple[Any, object]]:
    if isinstance(container, dict):
        yield from container.items()
    elif isinstance(container, list):
        yield from enumerate(container)


def _fault(key: object, value: object) -> str | None:
    """Return what is wrong with a value or its key, apart from what it holds."""
    if not isinstance(key, str | int) or (isinstance(key, str) and not _is_text(key)):
        return "a key that is no text"
    for one in (key, value):
        if isinstance(one, str) and len(one) > _LONGEST_TEXT:
            return f"text of more than {_LONGEST_TEXT} characters"
    if isinstance(value, str):
        return None if _is_text(value) else "no text of Unicode"
    if isinstance(value, int):
        return None if -_LARGEST - 1 <= value <= _LARGEST else "a number beyond 64 bits"
    if isinstance(value, float):
        return None if isfinite(value) else "not a finite number"
    return None if value is None or isinstance(value, dict | list) else f"a {type(value).__name__}, which no layer has"


def _is_text(text: str) -> bool:
    """Whether there are no halves of surrogate pairs, which JSON can write."""
    return text.isascii() or _encodable(text) == text


def _encodable(text: str | int) -> str | int:
    return text if isinstance(text, int) else text.encode("utf-8", "backslashreplace").decode()
