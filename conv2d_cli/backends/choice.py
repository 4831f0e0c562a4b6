"""Which engine carries a convolution out: the one asked for, or the one that is expected to be the fastest."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from conv2d_cli.backends.base import CPU, OURS, AnyPlan
from conv2d_cli.backends.devices import check_has
from conv2d_cli.backends.registry import AUTO, ENTRIES, backend_of, checked_engine, is_installed, is_loaded
from conv2d_cli.engine.api import check_options, threads_for, time_in_words
from conv2d_cli.errors import UsageError

if TYPE_CHECKING:
    from conv2d_cli.backends.base import Wanted

# An engine is started only where it is expected to save this many times what starting it takes.
_START_CAUTION = 1.5


class Uses(NamedTuple):
    """How often a convolution is carried out in this process, and the memory that an engine may have (None: any)."""

    times: int = 1
    room_bytes: int | None = None


ONCE = Uses()


class Decision(NamedTuple):
    """A plan, and why it is this engine's; "" where there was no choice."""

    plan: AnyPlan
    why: str


class _Expected(NamedTuple):
    engine: str
    plan: AnyPlan
    nanoseconds: float


def decide(wanted: Wanted, engine: str = OURS, uses: Uses = ONCE, option: str = "engine=") -> Decision:
    """Decide who carries a convolution out, and how. What an engine does not have, NumPy computes.

    What a device other than the CPU does not have is refused; `place_of` has the engine of a device.

    Raises:
        UsageError: an option names nothing that exists, or what the engine named or the device cannot have.
        MissingExtraError: the engine is not installed.
        DataError: nothing computes that element type.
    """
    if wanted.device != CPU:
        _check_options(wanted)
        backend = backend_of(engine)
        check_has(wanted, backend.lacks(wanted))
        return Decision(backend.plan(wanted), "")
    if engine == OURS:
        return Decision(backend_of(OURS).plan(wanted), "")
    checked_engine(engine, option)
    if engine == AUTO:
        return _fastest(wanted, uses)
    _check_options(wanted)
    _check_is_ours(wanted, engine, option)
    lacking = backend_of(engine).lacks(wanted)
    if lacking is None:
        return Decision(backend_of(engine).plan(wanted), "")
    return Decision(backend_of(OURS).plan(wanted), f"{engine} does not compute {lacking}")


def _check_options(wanted: Wanted) -> None:
    """Check what NumPy's planner checks of its own plans.

    Raises:
        UsageError: an option names nothing that exists.
    """
    options = (wanted.accuracy, wanted.algorithm, threads_for(wanted.threads))
    check_options(*options, flush_subnormals=wanted.flush_subnormals)


def _check_is_ours(wanted: Wanted, engine: str, option: str) -> None:
    """Check that nothing is asked of an engine that NumPy alone has.

    Raises:
        UsageError: it is.
    """
    if wanted.accuracy == "exact":
        raise UsageError(f"{option}{engine}: exact sums are made by numpy alone", f"{option}{OURS}")
    if wanted.algorithm is not None:
        raise UsageError(
            f"{option}{engine} chooses its algorithm itself, {wanted.algorithm} is one of numpy's", f"{option}{OURS}"
        )


def _fastest(wanted: Wanted, uses: Uses) -> Decision:
    ours = _expected(wanted, OURS)
    if wanted.accuracy == "exact" or wanted.algorithm is not None:
        return Decision(ours.plan, "numpy alone has " + ("exact sums" if wanted.algorithm is None else "algorithms"))
    others = [
        _expected(wanted, name)
        for name in ENTRIES
        if name != OURS and is_installed(name) and backend_of(name).lacks(wanted) is None
    ]
    best, least = ours, ours.nanoseconds * uses.times
    for other in others:
        start = 0.0 if is_loaded(other.engine) else _START_CAUTION * ENTRIES[other.engine].start_nanoseconds
        if other.nanoseconds * uses.times + start < least and _has_room(other, uses):
            best, least = other, other.nanoseconds * uses.times + start
    return Decision(best.plan, _why(best, [ours, *others], uses))


def _expected(wanted: Wanted, engine: str) -> _Expected:
    backend = backend_of(engine)
    plan = backend.plan(wanted)
    return _Expected(engine, plan, backend.nanoseconds(plan))


def _has_room(expected: _Expected, uses: Uses) -> bool:
    plan = expected.plan
    needed = plan.library_bytes + plan.scratch_bytes + plan.weight_bytes
    return uses.room_bytes is None or needed <= uses.room_bytes


def _why(best: _Expected, all_expected: list[_Expected], uses: Uses) -> str:
    """Say what each engine was expected to take."""
    if len(all_expected) == 1:
        return "no other engine is installed that computes it"
    told = ", ".join(
        f"{one.engine} {time_in_words(one.nanoseconds)}{_start_in_words(one.engine)}"
        for one in sorted(all_expected, key=lambda one: one.nanoseconds)
    )
    times = f" for {uses.times} times" if uses.times > 1 else ""
    return f"{best.engine} is expected to be the fastest{times}: {told}"


def _start_in_words(engine: str) -> str:
    start = 0.0 if is_loaded(engine) else ENTRIES[engine].start_nanoseconds
    return f" and {time_in_words(start)} to start" if start else ""
