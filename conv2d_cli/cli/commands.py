"""The table of commands: a name, the summary that `--help` shows, and the file that is loaded when it is called."""

from __future__ import annotations

import difflib
import re
from contextlib import contextmanager
from importlib import import_module
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup

from conv2d_cli import __version__
from conv2d_cli.cli.errors import ReaderGoneError
from conv2d_cli.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SUMMARIES = {
    "shape": "Output shape, parameters, MACs, FLOPs, bytes and receptive field of a layer.",
    "run": "The convolution itself, on a tensor file.",
    "info": "Version, engines and formats available here; what a file holds.",
    "bench": "This engine beside the installed others, on this machine.",
}
_EPILOG = """\
Examples:

\b
  conv2d shape 3 64 7 -s 2 -p 3 -i 224
  conv2d shape "Conv2d(3, 64, kernel_size=(7, 7), padding=same)" -i 1x3x224x224 --json
  conv2d run x.npy 3 64 7 -s 2 -p 3 -o y.npy
"""
_NEGATIVE_NUMBER = re.compile(r"-[0-9.]")
_CONTEXT = {
    "help_option_names": ["-h", "--help"],
    # torch's own spelling, --padding_mode, works too.
    "token_normalize_func": lambda token: token.replace("_", "-"),
}


class _Command(TyperCommand):
    """A command that takes `-1` for an operand: it is a fault of the kernel, not an unknown option."""

    def make_parser(self, ctx: Any) -> Any:  # noqa: ANN401 - Typer's parser is private
        parser = super().make_parser(ctx)
        process_options = parser._process_opts  # noqa: SLF001 - there is no public way

        def process(argument: str, state: Any) -> None:  # noqa: ANN401
            if _NEGATIVE_NUMBER.match(argument):
                state.largs.append(argument)
            else:
                process_options(argument, state)

        parser._process_opts = process  # type: ignore[method-assign, assignment] # noqa: SLF001
        return parser


@contextmanager
def _telling_of_the_reader() -> Iterator[None]:
    try:
        yield
    except BrokenPipeError as error:
        raise ReaderGoneError from error


class _LazyGroup(TyperGroup):
    """Commands whose modules are loaded when they are called; their summaries come from the table."""

    def make_context(self, *arguments: Any, **extra: Any) -> Any:  # noqa: ANN401
        with _telling_of_the_reader():
            return super().make_context(*arguments, **extra)

    def invoke(self, ctx: Any) -> Any:  # noqa: ANN401
        with _telling_of_the_reader():
            return super().invoke(ctx)

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ANN401, ARG002
        return list(SUMMARIES)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ANN401, ARG002
        return _load(cmd_name) if cmd_name in SUMMARIES else None

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:  # noqa: ANN401
        if args[0] not in SUMMARIES:
            near = difflib.get_close_matches(args[0], SUMMARIES, n=1)
            hint = f"did you mean {near[0]}?" if near else f"commands: {', '.join(SUMMARIES)}; conv2d --help shows more"
            raise UsageError(f"no such command: {args[0]}", hint)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: Any, formatter: Any) -> None:  # noqa: ANN401, ARG002
        with formatter.section("Commands"):
            formatter.write_dl(list(SUMMARIES.items()))


def _load(name: str) -> Any:  # noqa: ANN401
    function: Callable[..., object] = getattr(import_module(f"conv2d_cli.cli.{name}"), name)
    single = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
    single.command(name, cls=_Command, context_settings=_CONTEXT)(function)
    return typer.main.get_command(single)


def _show_version(value: bool) -> None:
    if value:
        typer.echo(f"conv2d-cli {__version__}")
        raise typer.Exit


def _group(
    *,
    _version: Annotated[
        bool, typer.Option("--version", "-V", help="Show the version.", callback=_show_version, is_eager=True)
    ] = False,
    _debug: Annotated[bool, typer.Option("--debug", help="Show a traceback when something fails.")] = False,
) -> None:
    """Everything torch.nn.Conv2d would tell you or compute, without torch."""


def application() -> typer.Typer:
    """Return the program: the group, with nothing but its table loaded."""
    app = typer.Typer(
        cls=_LazyGroup,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings=_CONTEXT,
        epilog=_EPILOG,
    )
    app.callback()(_group)
    return app
