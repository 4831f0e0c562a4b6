"""Every way this program says no: one class per exit code, each with a message and a hint that works.

How a message shows a value, lists alternatives and offers what was probably meant is decided here too.
"""

import errno
from collections.abc import Iterable, Mapping
from typing import ClassVar, NamedTuple

_LONGEST_SHOWN = 80
_MOST_OFFERED = 3
# A longer name was not meant for one of ours, and to compare it takes its time.
_LONGEST_COMPARED = 64


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
    """One thing wrong with one argument of a layer.

    `problem` is told in plain words, `torch` in PyTorch's where it has a message for the same mistake. `hint` writes
    arguments as `stride=2`, so that each way of giving a layer can spell them as its user did.
    """

    field: str
    given: str
    problem: str
    torch: str | None = None
    hint: str | None = None


class UsageError(Conv2dError):
    """The command line is invalid (exit 2)."""

    exit_code = 2


class LayerError(Conv2dError, ValueError):
    """The layer is invalid (exit 2); `faults` holds everything that is wrong with it.

    >>> from conv2d_cli import Conv2d
    >>> try:
    ...     Conv2d(3, 64, 7, stride=0)
    ... except LayerError as error:
    ...     error.hint
    'stride=1'
    """

    exit_code = 2

    def __init__(self, faults: Iterable[Fault], typed: Mapping[str, str] | None = None) -> None:
        """Join the faults; `typed` maps a field to what its user wrote (`-s 0`), else `stride=0` is shown."""
        self.faults = tuple(faults)
        self.typed = dict(typed or {})
        super().__init__(
            "; ".join(self._describe(fault) for fault in self.faults),
            "; ".join(dict.fromkeys(fault.hint for fault in self.faults if fault.hint)) or None,
        )

    def _describe(self, fault: Fault) -> str:
        where = f"{fault.field}={fault.given}" if fault.given else fault.field
        wording = f" (torch: {fault.torch})" if fault.torch else ""
        return f"{self.typed.get(fault.field, where)}: {fault.problem}{wording}"

    def lines(self) -> list[tuple[str, str | None]]:
        """Return one (message, hint) pair per fault."""
        return [(self._describe(fault), fault.hint) for fault in self.faults]


class ShapeError(Conv2dError, ValueError):
    """A typed size or an array does not fit the layer (exit 2).

    `hint` is a size that fits; `layer_hint` an argument of the layer, for inputs that are what they are. `reason` says
    it of any layer and input, so that many can be counted.
    """

    exit_code = 2

    def __init__(
        self, message: str, hint: str | None = None, layer_hint: str | None = None, reason: str | None = None
    ) -> None:
        """Keep both hints, and the reason: the message where there is no other."""
        super().__init__(message, hint)
        self.layer_hint = layer_hint or hint
        self.reason = reason or message


class DataError(Conv2dError, ValueError):
    """A file's contents are bad, or do not fit the layer (exit 3)."""

    exit_code = 3


def hint_of(error: Exception, otherwise: str | None) -> str | None:
    """Return what helps against an error of the system, or else what usually does."""
    too_many_open = isinstance(error, OSError) and error.errno in {errno.EMFILE, errno.ENFILE}
    return "ulimit -n N lets more files be open" if too_many_open else otherwise


class FileError(Conv2dError, OSError):
    """A file cannot be read or written, or already exists (exit 4)."""

    exit_code = 4


class MissingExtraError(Conv2dError, ImportError):
    """An optional dependency is not installed (exit 4)."""

    exit_code = 4

    def __init__(self, what: str, extra: str) -> None:
        """Name the install that mends it."""
        super().__init__(f"{what} needs an extra that is not installed", f"pip install 'conv2d-cli[{extra}]'")


class DeviceError(Conv2dError, RuntimeError):
    """A device that was asked for is not there, or fails (exit 4)."""

    exit_code = 4


class MemoryLimitError(Conv2dError, MemoryError):
    """More memory than the limit or the machine allows (exit 5)."""

    exit_code = 5


def shown(value: object) -> str:
    """Return a value as a message shows it: its repr, cut when long."""
    if isinstance(value, str | list | tuple):
        # The rest would be cut: what is not shown need not be written either.
        value = value[:_LONGEST_SHOWN]
    try:
        text = repr(value)
    except ValueError:
        # Python refuses to write integers of more than some 4,300 digits.
        text = "an integer of thousands of digits"
    return cut(text)


def cut(text: str) -> str:
    """Return a text short enough for a message.

    >>> cut("x" * 100) == "x" * 79 + "…"
    True
    """
    return text if len(text) <= _LONGEST_SHOWN else f"{text[: _LONGEST_SHOWN - 1]}…"


def one_of(values: Iterable[object]) -> str:
    """Return alternatives as people write them.

    >>> one_of([1, 2, 4])
    '1, 2 or 4'
    """
    *head, last = [str(value) for value in values]
    return f"{', '.join(head)} or {last}" if head else last


def nearest(name: str, known: Iterable[str]) -> list[str]:
    """Return the known names that `name` was probably meant for, best first: those like it, else those it is part of.

    >>> nearest("smae", ["same", "valid"])
    ['same']
    >>> nearest("output", ["macs", "output_shape", "output_bytes"])
    ['output_shape', 'output_bytes']
    """
    if len(name) > _LONGEST_COMPARED:
        return []
    import difflib

    candidates = {candidate.lower(): candidate for candidate in known}
    close = difflib.get_close_matches(name.lower(), candidates, n=_MOST_OFFERED, cutoff=0.6)
    holding = [candidate for candidate in candidates if len(name) > 1 and name.lower() in candidate]
    return [candidates[candidate] for candidate in close or holding[:_MOST_OFFERED]]


def did_you_mean(name: str, known: Iterable[str], before: str = "") -> str:
    """Return the hint for a name that is none: what was probably meant, else all there are; `before` stands in front.

    >>> did_you_mean("jsn", ["table", "json"], "--format ")
    'did you mean --format json?'
    >>> did_you_mean("xml", ["table", "json"], "--format ")
    '--format table or json'
    """
    names = [*known]
    near = nearest(name, names)
    return f"did you mean {before}{one_of(near)}?" if near else f"{before}{one_of(names)}"
