"""The way in: argv to a command, and every end of it to an exit code. The one place where errors become text."""

from __future__ import annotations

import codecs
import errno
import gc
import os
import sys
import warnings
from contextlib import suppress
from typing import TYPE_CHECKING

from conv2d_cli.cli import shell_limits, signals
from conv2d_cli.cli.errors import ReaderGoneError
from conv2d_cli.errors import Conv2dError, FileError, MemoryLimitError, UsageError, hint_of

if TYPE_CHECKING:
    from collections.abc import Iterator

_FAULT_OF_OURS, _INTERRUPTED, _READER_GONE = 70, 130, 141
# What Python, NumPy and the loader of libraries say when there is no memory left.
_NO_ROOM = ("failed to map segment", "annot allocate memory", "error return without exception set", "returned NULL")
_NO_THREAD = ("can't start new thread", os.strerror(errno.EAGAIN))
_LAST_WORDS = b"error: the machine has not enough memory for this\n"

# The shells that Typer completes in, and the variables in which they say what has been typed.
_ASKED_BY = {
    "bash": ("COMP_WORDS", "COMP_CWORD"),
    **dict.fromkeys(("zsh", "fish", "powershell", "pwsh"), ("_TYPER_COMPLETE_ARGS",)),
}
# How Python holds bytes of names that are no text (PEP 383), and what we call their way out.
_FIRST_BYTE, _LAST_BYTE, _NAMES = 0xDC80, 0xDCFF, "names"


def main() -> None:
    """Run the command that argv names and leave with its exit code."""
    try:
        signals.answer_signals()
        code = _ended()
    except signals.Terminated as ended:
        signals.leave(ended.exit_code)
    except KeyboardInterrupt:
        # It came while signals were being answered, and was Python's still.
        signals.leave(_INTERRUPTED)
    except (MemoryError, SystemError):
        # There was none left to say so in any other way.
        os.write(2, _LAST_WORDS)
        signals.leave(MemoryLimitError.exit_code)
    # The last search for cycles in all that was loaded took 13 % of a run of `shape`, and the process ends anyway.
    gc.freeze()
    sys.exit(code)


def _ended() -> int:
    """Run the command, and return its exit code when all that it writes is written."""
    try:
        # Whatever the environment says: integers of a layer are refused in words of ours.
        sys.set_int_max_str_digits(sys.int_info.default_max_str_digits)
        _write_what_is_no_text()
        # They are for those who write libraries.
        warnings.simplefilter("ignore")
        shell_limits.fit()
        code = _run()
        _flush()
    except (BrokenPipeError, ReaderGoneError):
        code = _READER_GONE
    except Exception as error:  # noqa: BLE001 - every fault ends in a message
        signals.leave_if_any_came()
        if "--debug" in sys.argv[1:]:
            _show_traceback()
        code = _explain(error)
    _settle_streams()
    signals.raise_no_more()
    return code


def _show_traceback() -> None:
    """Show where an error comes from; what it says may hold a file's names."""
    import traceback

    from conv2d_cli.render.escaping import printable

    if sys.stderr is not None:
        sys.stderr.write(printable(traceback.format_exc(), keep="\n"))


def _write_what_is_no_text() -> None:
    """Let stdout take every name: bytes of a file name that are no text as they are, other signs escaped."""

    def written(error: UnicodeError) -> tuple[str | bytes, int]:
        if not isinstance(error, UnicodeEncodeError):
            raise error
        sign = error.object[error.start]
        is_byte = _FIRST_BYTE <= ord(sign) <= _LAST_BYTE
        return sign.encode("ascii", "surrogateescape" if is_byte else "backslashreplace"), error.start + 1

    codecs.register_error(_NAMES, written)
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors=_NAMES)


def _run() -> int:
    # Loaded here, so that Ctrl-C meanwhile is answered as at any other time.
    from conv2d_cli.cli.commands import application
    from conv2d_cli.cli.options import COMPLETE

    if COMPLETE in os.environ:
        _check_completion(os.environ[COMPLETE])
        _keep_rich_out_of_completion()
    result = application()(sys.argv[1:] or ["--help"], standalone_mode=False, prog_name="conv2d")
    if not sys.argv[1:]:
        return UsageError.exit_code
    return result if isinstance(result, int) else 0


def _check_completion(asked: str) -> None:
    """Check that it is a shell that asks for completion.

    Raises:
        UsageError: somebody has set the variables by hand, or not all of them.
    """
    what, _, shell = asked.partition("_")
    if shell not in _ASKED_BY or what not in {"source", "complete"}:
        raise UsageError(f"_CONV2D_COMPLETE={asked} is no completion that a shell asks for", "unset _CONV2D_COMPLETE")
    missing = next((name for name in _ASKED_BY[shell] if name not in os.environ), None)
    if what == "complete" and missing is not None:
        raise UsageError(f"_CONV2D_COMPLETE={asked} without {missing}", "unset _CONV2D_COMPLETE")


def _keep_rich_out_of_completion() -> None:
    """Let Typer show help texts as they are: to take Rich's markup out of ours, which have none, it would load Rich."""
    from importlib import import_module

    # There is no public way.
    setattr(import_module("typer._completion_classes"), "_sanitize_help_text", str)  # noqa: B010


def _flush() -> None:
    """Write out what is left in stdout's buffer while an error can still be told."""
    if sys.stdout is not None:
        try:
            sys.stdout.flush()
        except BrokenPipeError:
            raise
        except OSError as error:
            raise FileError(f"cannot write to stdout: {error.strerror}") from error


def _settle_streams() -> None:
    """Point a stream nowhere of which the buffer cannot be written: the interpreter tries again, and ends with 120."""
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            try:
                stream.flush()
            except OSError:
                os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _explain(error: Exception) -> int:
    """Print an error for the person, and return the exit code that it means."""
    try:
        told = _told(error)
    except Exception as fault:  # noqa: BLE001 - as if it had been this one
        told = _told(fault)
    try:
        _tell(told)
    except Exception:  # noqa: BLE001 - no memory for what shows it, or an encoding that has not these signs
        _tell_plainly(told)
    return told.exit_code


def _told(error: Exception) -> Conv2dError:
    """Return an error as it is told."""
    if isinstance(error, Conv2dError):
        return error
    if hasattr(error, "format_message"):
        from conv2d_cli.cli.usage_errors import explained

        return explained(error)
    lacks_thread = any(words in str(error) for words in _NO_THREAD)
    if lacks_thread or any(map(_is_want_of_memory, _causes(error))):
        lacks = "lets this start no more threads or processes" if lacks_thread else "has not enough memory for this"
        return MemoryLimitError(f"the machine {lacks}", shell_limits.hint())
    if isinstance(error, OSError):
        # Without the name of a file: what Typer writes itself, help and version.
        what = "write to stdout" if error.filename is None else f"read or write {error.filename}"
        return FileError(f"cannot {what}: {error.strerror or error}", hint_of(error, None))
    return Conv2dError(
        f"a fault of conv2d itself: {type(error).__name__}: {error}",
        "run it again with --debug and report what it prints",
    )


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """Yield an error and those that it came of."""
    seen: list[BaseException] = []
    while error is not None and error not in seen:
        seen.append(error)
        yield error
        error = error.__cause__ or error.__context__


def _is_want_of_memory(error: BaseException) -> bool:
    return (
        isinstance(error, MemoryError)
        or (isinstance(error, OSError) and error.errno == errno.ENOMEM)
        or (isinstance(error, (ImportError, SystemError, OSError)) and any(words in str(error) for words in _NO_ROOM))
    )


def _tell(error: Conv2dError) -> None:
    from conv2d_cli.cli.output import say

    color = "never" if {"--color=never", "never"} & {*sys.argv[1:]} else "auto"
    for message, hint in error.lines():
        say("error", message, color)
        if hint:
            say("hint", hint, color)


def _tell_plainly(error: Conv2dError) -> None:
    """Write an error to stderr with nothing but what is loaded already."""
    lines = [
        f"{kind}: {text}" for pair in error.lines() for kind, text in zip(("error", "hint"), pair, strict=True) if text
    ]
    with suppress(OSError):
        os.write(2, "".join(f"{ascii(line)[1:-1]}\n" for line in lines).encode())
