"""Signals that end a process: what is unfinished is removed first, and the exit code is 128 and the signal's number."""

from __future__ import annotations

import os
import signal
import sys
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from types import FrameType
    from typing import Any

# What a shell adds to the number of the signal that ended a process.
_OF_A_SIGNAL = 128
# Those that end nothing unless they are answered, and those that nobody can answer.
_HARMLESS = (
    "SIGCHLD",
    "SIGCLD",
    "SIGCONT",
    "SIGSTOP",
    "SIGTSTP",
    "SIGTTIN",
    "SIGTTOU",
    "SIGURG",
    "SIGWINCH",
    "SIGINFO",
)
# A fault of the process itself: it would happen again as soon as it was answered.
_FAULTS = ("SIGSEGV", "SIGBUS", "SIGFPE", "SIGILL", "SIGKILL")


class Terminated(BaseException):
    """A signal that ends a process arrived: raised so that everything on the way out is put right."""

    def __init__(self, number: int) -> None:
        """Keep the number of the signal."""
        super().__init__(number)
        self.exit_code = _OF_A_SIGNAL + number


# How long the way out may take before the process ends where it stands. A library may have caught what was raised.
_GRACE_SECONDS = 3.0
# The first signal that came; the next ends the process where it stands.
_first: int | None = None
_is_raised = True


def answer_signals() -> None:
    """Have every signal that ends a process remove what is unfinished first; what nohup ignores stays ignored."""
    for number in _ending():
        signal.signal(number, _answer)
    # Python calls some functions, such as those of weak references, where nothing can be raised.
    sys.unraisablehook = _leave_if_terminated


def raise_no_more() -> None:
    """Have signals end the process where it stands: there is nobody left who would catch what they raise."""
    global _is_raised  # noqa: PLW0603 - signals are of the whole process
    _is_raised = False


def leave_if_any_came() -> None:
    """End the process if a signal came, whatever has been made of what it raised, such as an import that failed."""
    if _first is not None:
        leave(_OF_A_SIGNAL + _first)


def leave(code: int) -> NoReturn:
    """End at once after a signal, undisturbed by more of them, with nothing half written left behind.

    Not through the interpreter's own way out: it would wait for threads, and a signal may have come while one was made,
    which then nobody tells to end.
    """
    for number in signal.valid_signals():
        if signal.getsignal(number) is _answer:
            signal.signal(number, signal.SIG_IGN)
    temporaries = sys.modules.get("conv2d_cli.tensors.temporaries")
    if temporaries is not None:
        temporaries.remove_leftovers()
    os._exit(code)


def _ending() -> list[int]:
    """Return the signals that would end this process now."""
    others = {getattr(signal, name) for name in (*_HARMLESS, *_FAULTS) if hasattr(signal, name)}
    now = (signal.SIG_DFL, signal.default_int_handler)
    return [number for number in signal.valid_signals() - others if signal.getsignal(number) in now]


def _answer(number: int, _frame: FrameType | None) -> None:
    global _first  # noqa: PLW0603 - the same
    leave_if_any_came()
    _first = number
    if not _is_raised:
        leave_if_any_came()
    if hasattr(signal, "setitimer"):
        signal.setitimer(signal.ITIMER_REAL, _GRACE_SECONDS)
    raise Terminated(number)


def _leave_if_terminated(unraisable: Any) -> None:  # noqa: ANN401 - Python's own, which has no type
    """End where a signal came in a function that cannot raise; other faults in such are nobody's to know."""
    if isinstance(unraisable.exc_value, Terminated):
        leave_if_any_came()
    if "--debug" in sys.argv[1:]:
        sys.__unraisablehook__(unraisable)
