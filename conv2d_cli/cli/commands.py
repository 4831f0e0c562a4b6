"""The table of commands: a name, the summary that `--help` shows, and the file that is loaded when it is called."""

from __future__ import annotations

import os
from contextlib import contextmanager
from importlib import import_module
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup

from conv2d_cli import __version__
from conv2d_cli.cli import help_page
from conv2d_cli.cli.errors import ReaderGoneError
from conv2d_cli.cli.typed import PROGRAM, TYPED, Typed, is_option, refuse_options_as_values
from conv2d_cli.errors import UsageError, nearest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

COMMANDS = {
    "shape": "output shape, parameters, MACs, FLOPs, bytes and receptive field of a layer",
    "explain": "the formulas with the numbers in them, and how other counters see the layer",
    "solve": "the inverse questions: which kernel, stride, padding, size or batch gives what is wanted",
    "sweep": "a grid of layers on sizes, a row each: filtered, sorted, the Pareto front",
    "diff": "what changes from one layer to another, absolute and in percent",
    "stack": "a whole network, layer by layer: shapes, parameters, MACs, memory, receptive fields",
    "draw": "a layer on its input as a picture: padding, the window of an output element, what is not read",
    "run": "the convolution itself, on a tensor file",
    "compare": "are two tensor files the same, where do they differ, and why",
    "trace": "one output element, term by term",
    "vectors": "seeded golden test vectors, in the formats that simulators and compilers read",
    "code": "a layer as a program of another framework: PyTorch, Keras, JAX, ONNX, C and others",
    "bench": "this engine beside the installed others, on this machine",
    "info": "version, engines and formats available here; what a file holds",
    "help": "padding, groups, counting, formulas, roofline, formats, mistakes, exit codes, accuracy",
    "version": "the version, in one word",
}
EXAMPLES = (
    "conv2d shape 3 64 7 -s 2 -p 3 -i 224",
    'conv2d shape "Conv2d(3, 64, kernel_size=(7, 7), padding=same)" -i 1x3x224x224 --json',
    "conv2d run x.npy 3 64 7 -s 2 -p 3 -o y.npy",
)
SAYS = "Everything torch.nn.Conv2d would tell you or compute, without torch."
CONTEXT: dict[str, Any] = {
    "help_option_names": ["-h", "--help"],
    # torch's own spelling, --padding_mode, works too.
    "token_normalize_func": lambda token: token.replace("_", "-"),
}


class _Command(TyperCommand):
    """A command that keeps what was typed, and that takes `-1` for an operand: a fault of the kernel, not an option."""

    usages: tuple[str, ...] = ()
    examples: tuple[str, ...] = ()

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:  # noqa: ANN401 - Typer's own
        takes_value = {name: not getattr(one, "is_flag", False) for one in self.params for name in one.opts}
        typed = ctx.meta[TYPED] = Typed(self.name or "", tuple(args), takes_value)
        try:
            refuse_options_as_values(typed)
            return super().parse_args(ctx, args)
        except Exception as error:
            # Not every error of Typer's parser knows its command.
            if hasattr(error, "ctx") and error.ctx is None:
                error.ctx = ctx
            raise

    def make_parser(self, ctx: Any) -> Any:  # noqa: ANN401 - Typer's parser is private
        parser = super().make_parser(ctx)
        process_options = parser._process_opts  # noqa: SLF001 - there is no public way

        def process(argument: str, state: Any) -> None:  # noqa: ANN401
            if is_option(argument):
                # `-p=1` is meant as `--padding=1`.
                name, sign, value = argument.partition("=")
                short = sign and not argument.startswith("--") and len(name) == len("-p")
                process_options(name + value if short else argument, state)
            else:
                state.largs.append(argument)

        parser._process_opts = process  # type: ignore[method-assign, assignment] # noqa: SLF001
        return parser

    def format_help(self, ctx: Any, formatter: Any) -> None:  # noqa: ANN401
        help_page.write_command(formatter, ctx, self.usages, self.examples)


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
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ANN401, ARG002
        return load(cmd_name) if cmd_name in COMMANDS else None

    def shell_complete(self, ctx: Any, incomplete: str) -> Any:  # noqa: ANN401
        """Offer the commands without loading them."""
        item = import_module("typer._click.shell_completion").CompletionItem
        found = [item(name, help=says) for name, says in COMMANDS.items() if name.startswith(incomplete)]
        return found + [one for one in super().shell_complete(ctx, incomplete) if one.value.startswith("-")]

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:  # noqa: ANN401
        if args[0] not in COMMANDS:
            raise _no_command(args)
        return super().resolve_command(ctx, args)

    def format_help(self, ctx: Any, formatter: Any) -> None:  # noqa: ANN401
        help_page.write_group(formatter, ctx, COMMANDS, EXAMPLES)


def load(name: str) -> Any:  # noqa: ANN401
    """Return a command, with its module loaded."""
    module = import_module(f"conv2d_cli.cli.{name}")
    function: Callable[..., object] = getattr(module, name)
    single = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
    # Python may have been told to forget docstrings.
    says = function.__doc__ or COMMANDS[name]
    single.command(name, cls=_Command, context_settings=CONTEXT, help=says)(function)
    command = typer.main.get_command(single)
    assert isinstance(command, _Command)  # noqa: S101 - made so above
    command.usages, command.examples = module.USAGES, module.EXAMPLES
    return command


def _no_command(args: list[str]) -> UsageError:
    """Return the error of a line whose first word is no command: a layer and a file say which is meant."""
    import shlex

    first = args[0]
    near = nearest(first, COMMANDS)
    if first[:1].isdigit() or "Conv2d" in first:
        meant = f"{PROGRAM} shape {shlex.join(args)}"
    elif os.path.exists(first):  # noqa: PTH110 - a word that may be no path at all
        meant = f"{PROGRAM} {'run' if args[1:] and not is_option(args[1]) else 'info'} {shlex.join(args)}"
    elif near:
        meant = f"did you mean {shlex.join([PROGRAM, near[0], *args[1:]])}?"
    else:
        meant = f"{PROGRAM} --help lists the commands"
    return UsageError(f"no such command: {first}", meant)


def _show_version(value: bool) -> None:
    if value:
        typer.echo(f"{PROGRAM} {__version__}")
        raise typer.Exit


def _group(
    *,
    _version: Annotated[
        bool, typer.Option("--version", "-V", help="show the version", callback=_show_version, is_eager=True)
    ] = False,
    _debug: Annotated[bool, typer.Option("--debug", help="show a traceback when something fails")] = False,
) -> None:
    """The program itself; what it says of itself is `SAYS`."""


def application() -> typer.Typer:
    """Return the program: the group, with nothing but its table loaded."""
    app = typer.Typer(cls=_LazyGroup, rich_markup_mode=None, pretty_exceptions_enable=False, context_settings=CONTEXT)
    app.callback(help=SAYS)(_group)
    return app
