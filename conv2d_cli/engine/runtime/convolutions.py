"""The convolutions that are under way in this process, and what they share: BLAS's number of threads, and forks.

Nothing here may stay half done when Ctrl-C is pressed: what is held is an entry of a dictionary, which one operation
adds and one removes, and all else follows from the entries.
"""

from __future__ import annotations

import _thread
import os
from time import sleep
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from conv2d_cli.engine.runtime.blas import given_threads, libraries
from conv2d_cli.engine.runtime.quiet import quietly

if TYPE_CHECKING:
    from collections.abc import Callable

Result = TypeVar("Result")

# Seconds between two looks at whether others have ended, and what a fork waits for a thread that sets BLAS's number.
_POLL, _MOST_WAIT = 1e-4, 1.0


class _Claim(NamedTuple):
    """A thread that convolves, and the number of threads that BLAS must have for it; None where it does not matter."""

    thread: int
    blas_threads: int | None


class _Convolutions:
    """The claims of all convolutions, in their order.

    BLAS's number of threads is one for the whole process: convolutions that need one share it, one that needs more
    waits until those before it have ended, and those after it wait for that. The number from before is restored when
    the last has ended.

    A fork waits too, and convolutions that have not begun wait for it: BLAS's locks would stay taken in the new
    process, and OpenBLAS ends its threads before a fork, so that a product they were to compute is never done.
    """

    def __init__(self) -> None:
        self._claims: dict[object, _Claim] = {}
        self._before: list[int | None] | None = None
        self._lock = _thread.allocate_lock()
        self._forks = _thread.allocate_lock()
        self._forking: int | None = None

    def enter(self, token: object, blas_threads: int | None) -> None:
        """Wait until a convolution may begin, and bring BLAS to its number of threads."""
        claim = _Claim(_thread.get_ident(), blas_threads)
        # A fork waits for a thread that convolves, which may not wait for it in a signal handler.
        under_way = any(other.thread == claim.thread for other in list(self._claims.values()))
        self._claims[token] = claim
        while self._forking is not None and not under_way and self._forking != claim.thread:
            self._claims.pop(token, None)
            sleep(_POLL)
            self._claims[token] = claim
        if blas_threads is not None:
            while not self._may_begin(token, claim):
                sleep(_POLL)
            self._set_blas_threads()

    def run(self, blas_threads: int | None, function: Callable[..., Result], *args: object) -> Result:
        """Call a function without warnings, while BLAS has a number of threads."""
        token = object()
        try:
            self.enter(token, blas_threads)
            return quietly(function, *args)
        finally:
            # Ctrl-C may come at the first instruction of `leave` too.
            try:
                self.leave(token)
            except BaseException:
                self.leave(token)
                raise

    def run_short(self, function: Callable[..., Result], *args: object) -> Result:
        """Call a function whose products BLAS keeps on one thread, without warnings."""
        token = object()
        try:
            self._claims[token] = _Claim(_thread.get_ident(), None)
            if self._forking is not None:
                self._claims.pop(token, None)
                self.enter(token, None)
            return quietly(function, *args)
        finally:
            self._claims.pop(token, None)

    def leave(self, token: object) -> None:
        """End a convolution; it may be called again, and must be where it was interrupted."""
        self._claims.pop(token, None)
        if self._before is not None:
            self._set_blas_threads()

    def _may_begin(self, token: object, claim: _Claim) -> bool:
        """Whether all that came before, of other threads, share one thread of BLAS with it."""
        for other, earlier in list(self._claims.items()):
            if other is token:
                return True
            shared = earlier.blas_threads == claim.blas_threads == 1
            if earlier.blas_threads is not None and not shared and earlier.thread != claim.thread:
                return False
        return True

    def _set_blas_threads(self) -> None:
        """Bring BLAS to the number of the first claim that has one, or back to that from before."""
        with self._lock:
            numbers = (claim.blas_threads for claim in list(self._claims.values()))
            wanted = next((number for number in numbers if number is not None), None)
            if wanted is not None:
                # More threads than BLAS was given would stay for good, and wait for processors.
                wanted = min(wanted, given_threads())
                present = [library.read() for library in libraries()]
                if any(number != wanted for number in present):
                    self._before = self._before or present
                    for library in libraries():
                        library.set(wanted)
            elif self._before is not None:
                for library, number in zip(libraries(), self._before, strict=True):
                    if number is not None and library.read() != number:
                        library.set(number)
                self._before = None

    def before_fork(self) -> None:
        """Wait until no other thread convolves, and let none begin until the fork is done."""
        self._forks.acquire()
        self._forking = caller = _thread.get_ident()
        while any(claim.thread != caller for claim in list(self._claims.values())):
            sleep(_POLL)
        self._lock.acquire(timeout=_MOST_WAIT)

    def after_fork(self) -> None:
        """Let others begin again."""
        if self._lock.locked():
            self._lock.release()
        self._forking = None
        self._forks.release()

    def after_fork_in_child(self) -> None:
        """Keep what this thread has; of the others there is none."""
        self._lock, self._forks, self._forking = _thread.allocate_lock(), _thread.allocate_lock(), None
        caller = _thread.get_ident()
        self._claims = {token: claim for token, claim in self._claims.items() if claim.thread == caller}
        if self._before is not None:
            self._set_blas_threads()


convolutions = _Convolutions()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=convolutions.before_fork,
        after_in_parent=convolutions.after_fork,
        after_in_child=convolutions.after_fork_in_child,
    )
