"""The way in: argv to a command, and every end of it to an exit code. The one place where errors become text."""

from __future__ import annotations

import codecs
import gc
import os
import signal
import sys
from typing import TYPE_CHECKING, NoReturn

from conv2d_cli.cli.errors import ReaderGoneError
from conv2d_cli.errors import Conv2dError, FileError, UsageError

if TYPE_CHECKING:
    from types import FrameType

_FAULT_OF_OURS, _INTERRUPTED, _READER_GONE, _NO_MEMORY = 70, 130, 141, 5
# What a shell adds to the number of the signal that ended a process.
_OF_A_SIGNAL = 128
# Those that end a process unless it answers them, as a closed terminal, a limit of CPU time or a person may send.
_ENDING = ("SIGTERM", "SIGHUP", "SIGQUIT", "SIGALRM", "SIGVTALRM", "SIGPROF", "SIGUSR1", "SIGUSR2", "SIGXCPU")
# What Python and the loader of libraries say when there is no memory left.
_NO_ROOM = ("can't start new thread", "failed to map segment", "annot allocate memory")


class _Terminated(BaseException):
    """A signal that ends a process arrived: raised so that every temporary file on the way out is removed."""


# How Python holds bytes of names that are no text (PEP 383), and what we call their way out.
_FIRST_BYTE, _LAST_BYTE, _NAMES = 0xDC80, 0xDCFF, "names"


def main() -> None:
    """Run the command that argv names and leave with its exit code."""
    _answer_signals()
    # Whatever the environment says: integers of a layer are refused in words of ours.
    sys.set_int_max_str_digits(sys.int_info.default_max_str_digits)
    _write_what_is_no_text()
    try:
        code = _run()
        _flush()
    except (BrokenPipeError, ReaderGoneError):
        code = _READER_GONE
    except KeyboardInterrupt:
        _leave(_INTERRUPTED)
    except _Terminated as ended:
        _leave(_OF_A_SIGNAL + ended.args[0])
    except Exception as error:  # noqa: BLE001 - every fault ends in a message
        if "--debug" in sys.argv[1:]:
            _show_traceback()
        code = _explain(error)
    _settle_stdout()
    # The last search for cycles in all that was loaded took 13 % of a run of `shape`, and the process ends anyway.
    gc.freeze()
    sys.exit(code)


def _show_traceback() -> None:
    """Show where an error comes from; what it says may hold a file's names."""
    import traceback

    from conv2d_cli.render.escaping import printable

    if sys.stderr is not None:
        sys.stderr.write(printable(traceback.format_exc(), keep="\n"))


def _leave(code: int) -> NoReturn:
    """End at once after a signal, undisturbed by more of them, with nothing half written left behind.

    Not through the interpreter's own way out: it would wait for threads, and a signal may have come while one was made,
    which then nobody tells to end.
    """
    for number in (signal.SIGINT, *_ending()):
        signal.signal(number, signal.SIG_IGN)
    replacement = sys.modules.get("conv2d_cli.tensors.replacement")
    if replacement is not None:
        replacement.remove_leftovers()
    os._exit(code)


def _answer_signals() -> None:
    """Have signals that end a process remove what is unfinished first; what nohup ignores stays ignored."""
    for number in _ending():
        if number == signal.SIGTERM or signal.getsignal(number) == signal.SIG_DFL:
            signal.signal(number, _raise_terminated)


def _ending() -> list[signal.Signals]:
    return [getattr(signal, name) for name in _ENDING if hasattr(signal, name)]


def _raise_terminated(number: int, _frame: FrameType | None) -> None:
    raise _Terminated(number)


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
        _keep_rich_out_of_completion()
    result = application()(sys.argv[1:] or ["--help"], standalone_mode=False, prog_name="conv2d")
    if not sys.argv[1:]:
        return UsageError.exit_code
    return result if isinstance(result, int) else 0


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


def _settle_stdout() -> None:
    """Point stdout nowhere if what is left in its buffer cannot be written: the interpreter tries again at exit."""
    if sys.stdout is not None:
        try:
            sys.stdout.flush()
        except OSError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _explain(error: Exception) -> int:
    """Print an error for the person, and return the exit code that it means."""
    if isinstance(error, Conv2dError):
        _tell(error)
        return error.exit_code
    if hasattr(error, "format_message"):
        from conv2d_cli.cli.usage_errors import explained

        _tell(explained(error))
        return UsageError.exit_code
    if isinstance(error, OSError):
        # Only what Typer writes itself: help and version.
        _tell(FileError(f"cannot write to stdout: {error.strerror or error}"))
        return FileError.exit_code
    if isinstance(error, MemoryError) or any(words in str(error) for words in _NO_ROOM):
        _tell(Conv2dError("the machine has not enough memory for this", "conv2d run --plan shows how much is needed"))
        return _NO_MEMORY
    _tell(
        Conv2dError(
            f"a fault of conv2d itself: {type(error).__name__}: {error}",
            "run it again with --debug and report what it prints",
        )
    )
    return _FAULT_OF_OURS


def _tell(error: Conv2dError) -> None:
    from conv2d_cli.cli.output import say

    color = "never" if {"--color=never", "never"} & {*sys.argv[1:]} else "auto"
    for message, hint in error.lines():
        say("error", message, color)
        if hint:
            say("hint", hint, color)
