"""What a worker's file is asked for, and what it answers with: a call, and who carries it out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable


class Asked(NamedTuple):
    """How a layer is convolved.

    `engine` is that of `--engine` where the worker is ours, else the worker's own name. `is_prepared` says that the
    parameters are laid out before the call, by engines that do so.
    """

    threads: int
    engine: str
    accuracy: str | None = None
    algorithm: str | None = None
    is_prepared: bool = False


class Prepared(NamedTuple):
    """The call that is timed; `algorithm` is None where the engine, `carried_out_by`, chooses it itself."""

    call: Callable[[], Any]
    algorithm: str | None
    carried_out_by: str
