"""Every way this program says no: one class per exit code, each with a message and a hint that works."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


class Conv2dError(Exception):
    """A fault that is explained to the person, never shown as a traceback.

    `message` says what is wrong, `hint` names values that work. `exit_code` is the process exit status it leads to.
    """

    exit_code: ClassVar[int] = 70

    def __init__(self, message: str, hint: str | None = None) -> None:
        """Keep the message and the hint apart, so that each output format can place them."""
        super().__init__(message)
        self.message = message
        self.hint = hint

    def lines(self) -> list[tuple[str, str | None]]:
        """Return (message, hint) pairs: one per fault."""
        return [(self.message, self.hint)]


class Fault(NamedTuple):
    """One thing wrong with one argument of a layer."""

    field: str
    given: str
    problem: str
    hint: str | None = None


class UsageError(Conv2dError):
    """The command line is invalid (exit 2)."""

    exit_code = 2


class LayerError(Conv2dError, ValueError):
    """The layer is invalid (exit 2); `faults` holds everything that is wrong with it."""

    exit_code = 2

    def __init__(self, faults: Iterable[Fault], typed: Mapping[str, str] | None = None) -> None:
        """Join the faults; `typed` maps a field to what its user wrote (`--stride 0`), else `stride=0` is shown."""
        self.faults = tuple(faults)
        self.typed = dict(typed or {})
        super().__init__(
            "; ".join(self._describe(fault) for fault in self.faults),
            "; ".join(dict.fromkeys(fault.hint for fault in self.faults if fault.hint)) or None,
        )

    def _describe(self, fault: Fault) -> str:
        where = f"{fault.field}={fault.given}" if fault.given else fault.field
        return f"{self.typed.get(fault.field, where)}: {fault.problem}"

    def lines(self) -> list[tuple[str, str | None]]:
        """Return one (message, hint) pair per fault."""
        return [(self._describe(fault), fault.hint) for fault in self.faults]


class ShapeError(Conv2dError, ValueError):
    """A typed size or an array does not fit the layer (exit 2)."""

    exit_code = 2


class DataError(Conv2dError, ValueError):
    """A file's contents are bad, or do not fit the layer (exit 3)."""

    exit_code = 3


class FileError(Conv2dError, OSError):
    """A file cannot be read or written, or already exists (exit 4)."""

    exit_code = 4


class MissingExtraError(Conv2dError, ImportError):
    """An optional dependency is not installed (exit 4)."""

    exit_code = 4

    def __init__(self, what: str, extra: str) -> None:
        """Name the install that mends it."""
        super().__init__(f"{what} needs an extra that is not installed", f"pip install 'conv2d-cli[{extra}]'")


class MemoryLimitError(Conv2dError, MemoryError):
    """More memory than the limit or the machine allows (exit 5)."""

    exit_code = 5
