"""The names of tensors in a file that may hold several."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conv2d_cli.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Sequence

_MOST_LISTED = 20
# What an output is called in a file that names its tensors.
OUTPUT = "output"


def chosen(names: Sequence[str | None], name: str | None) -> str | None:
    """Return `name`, or the only name there is: None where the only tensor has none.

    Raises:
        DataError: there is no such tensor, or none, or a choice to make.
    """
    if [*names] == [None]:
        if name is not None:
            raise DataError(f"it holds one tensor, which has no name such as {name!r}", "leave ::NAME out")
        return None
    listed = ", ".join(map(str, names[:_MOST_LISTED])) + (", ..." if len(names) > _MOST_LISTED else "")
    if not names:
        raise DataError("it holds no tensor", "give a file that holds one")
    if len(names) > 1 and len({*names}) == 1:
        raise DataError(f"it holds {len(names)} tensors, all named {names[0]!r}", "write each under a name of its own")
    if name is None and len(names) > 1:
        # A name of signs that a terminal obeys cannot be copied.
        typed = next((each for each in names if each and each.isprintable()), "NAME")
        raise DataError(f"it holds {len(names)} tensors: {listed}", f"choose one: FILE::{typed}")
    wanted = names[0] if name is None else name
    if names.count(wanted) != 1:
        problem = "holds no tensor" if wanted not in names else "holds more than one tensor"
        raise DataError(f"it {problem} named {wanted!r}", f"it holds: {listed}")
    return wanted
