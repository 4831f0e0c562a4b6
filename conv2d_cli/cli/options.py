"""The options that commands share, each written down once, and the decorators that give them to a command."""

import functools
import inspect
import os
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any, NamedTuple

import typer

from conv2d_cli.cli import choices
from conv2d_cli.cli.typed import TYPED, Typed

# Set by a shell that asks for completion.
COMPLETE = "_CONV2D_COMPLETE"
# The sections of a help page, in their order.
SECTIONS = (
    *("Layer", "Drawing", "Network", "Tolerance", "Input", "Pictures", "Parameters", "Integers", "Result", "Roofline"),
    *("Engine", "Cluster", "Output", "Other"),
)
LAYER, DRAWING, NETWORK, TOLERANCE, INPUT, PICTURES, PARAMETERS, INTEGERS, RESULT, ROOFLINE, *_LAST = SECTIONS
ENGINE, CLUSTER, OUTPUT, OTHER = _LAST


def completion(values: Callable[..., Sequence[str]]) -> Callable[[typer.Context, str], list[str]]:
    """Return what Typer asks for the values that a word can become; of `--get a,b` the last is completed."""

    def completed(context: typer.Context, incomplete: str) -> list[str]:
        before, comma, last = incomplete.rpartition(",")
        if not before.isprintable():
            # A shell would show it again.
            return []
        # Every command has keys of its own.
        known = values(context.info_name) if values in {choices.keys, choices.formats} else values()
        return [f"{before}{comma}{value}" for value in known if value.startswith(last)]

    return completed


def option(
    *names: str,
    section: str,
    help: str,  # noqa: A002 - Typer's name
    metavar: str | None = None,
    complete: Callable[..., Sequence[str]] | None = None,
) -> Any:  # noqa: ANN401 - Typer's own
    """Return an option under a heading of the help page; `complete` lists the values that it can have."""
    # Typer looks closely at each of these functions: only where a shell asks.
    asked = complete is not None and COMPLETE in os.environ
    return typer.Option(
        *names,
        metavar=metavar,
        help=help,
        rich_help_panel=section,
        show_default=False,
        autocompletion=completion(complete) if asked and complete is not None else None,
    )


class LayerOptions(NamedTuple):
    """The text of each option of a layer that was given, by argument, and the whole line as typed."""

    given: dict[str, str]
    typed: Typed


def _layer_options(
    context: typer.Context,
    stride: Annotated[
        str | None, option("--stride", "-s", metavar="S", section=LAYER, help="2, or 2x1: H first")
    ] = None,
    padding: Annotated[
        str | None,
        option(
            *("--padding", "-p"),
            metavar="P",
            section=LAYER,
            help="3, 3x1, T,L,B,R, same, valid, same_upper, same_lower",
            complete=choices.padding_words,
        ),
    ] = None,
    dilation: Annotated[
        str | None, option("--dilation", "-d", metavar="D", section=LAYER, help="spacing of the kernel's elements")
    ] = None,
    groups: Annotated[
        str | None, option("--groups", "-g", metavar="G", section=LAYER, help="groups of channels")
    ] = None,
    no_bias: Annotated[bool, option("--no-bias", section=LAYER, help="the layer has no bias")] = False,
    padding_mode: Annotated[
        str | None,
        option(
            "--padding-mode",
            metavar="MODE",
            section=LAYER,
            help="zeros, reflect, replicate or circular",
            complete=choices.padding_modes,
        ),
    ] = None,
    device: Annotated[
        str | None,
        option("--device", metavar="DEVICE", section=LAYER, help="cpu, cuda:0, mps: run computes there by torch"),
    ] = None,
    dtype: Annotated[
        str | None,
        option(
            "--dtype",
            metavar="T",
            section=LAYER,
            help="element type of every tensor: float32, half, bf16, int8, ...",
            complete=choices.dtypes,
        ),
    ] = None,
) -> LayerOptions:
    texts = {
        "stride": stride,
        "padding": padding,
        "dilation": dilation,
        "groups": groups,
        "bias": "" if no_bias else None,
        "padding_mode": padding_mode,
        "device": device,
        "dtype": dtype,
    }
    typed: Typed = context.meta[TYPED]
    return LayerOptions({field: text for field, text in texts.items() if text is not None}, typed)


class OutputOptions(NamedTuple):
    """How facts are asked for: by format or by key, and how much is said beside them."""

    format: str | None
    json: bool
    get: tuple[str, ...]
    verbose: bool
    quiet: bool
    color: str


def _output_options(
    get: Annotated[
        list[str] | None,
        option(
            "--get",
            metavar="KEY,...",
            section=OUTPUT,
            help="bare values for a script, one a line; --get help lists the keys",
            complete=choices.keys,
        ),
    ] = None,
    json: Annotated[bool, option("--json", section=OUTPUT, help="short for --format json")] = False,
    format_name: Annotated[
        str | None,
        option(
            "--format",
            metavar="F",
            section=OUTPUT,
            help="table (on a terminal), plain (elsewhere), json, ndjson, csv, tsv, markdown",
            complete=choices.formats,
        ),
    ] = None,
    verbose: Annotated[bool, option("--verbose", "-v", section=OUTPUT, help="all figures, and notes")] = False,
    quiet: Annotated[bool, option("--quiet", "-q", section=OUTPUT, help="no notes on stderr")] = False,
    color: Annotated[
        str,
        option(
            "--color",
            metavar="WHEN",
            section=OUTPUT,
            help="auto, always, never (NO_COLOR is heeded)",
            complete=choices.colors,
        ),
    ] = "auto",
    debug: Annotated[bool, option("--debug", section=OTHER, help="show a traceback when something fails")] = False,
) -> OutputOptions:
    del debug  # the way in has read it
    return OutputOptions(format_name, json, tuple(get or ()), verbose, quiet, color)


def shared(
    options: Callable[..., object], name: str, *, without: Sequence[str] = ()
) -> Callable[[Callable[..., int]], Callable[..., int]]:
    """Return a decorator that gives a command these options; their value arrives as its argument `name`."""
    signature = inspect.signature(options, eval_str=True)
    parameters = {key: value for key, value in signature.parameters.items() if key not in without}

    def decorate(command: Callable[..., int]) -> Callable[..., int]:
        own = inspect.signature(command, eval_str=True)

        @functools.wraps(command)
        def called(**given: object) -> int:
            values: Mapping[str, object] = {key: given.pop(key) for key in parameters}
            return command(**given, **{name: options(**values)})

        kept = [parameter for key, parameter in own.parameters.items() if key != name]
        added = [parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY) for parameter in parameters.values()]
        kept = [parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY) for parameter in kept]
        parameters_of_both = [*added, *kept]
        called.__signature__ = own.replace(parameters=parameters_of_both)  # type: ignore[attr-defined]
        # Read already: Typer would read them once more.
        called.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters_of_both}
        return called

    return decorate


layer_options = shared(_layer_options, "layer_options")
output_options = shared(_output_options, "output_options")

Layer = Annotated[
    list[str] | None, typer.Argument(metavar="LAYER", help="IN OUT KERNEL, or one expression", show_default=False)
]
SIZES = "224, 224x224, 3x224x224, 8x3x224x224, or a tensor file"
Size = Annotated[str | None, option("--input", "-i", metavar="SIZE", section=INPUT, help=SIZES)]
