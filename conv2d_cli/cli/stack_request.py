"""What `conv2d stack` is asked for: the network, the sizes of its inputs, and how it is counted."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

from conv2d_cli.cli.roofline_options import OPTION_OF
from conv2d_cli.errors import FileError, ShapeError, UsageError, cut, did_you_mean, nearest

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from conv2d_cli.cli.assertions import Assertion
    from conv2d_cli.cli.roofline_options import RooflineOptions
    from conv2d_cli.cli.stack_options import StackOptions
    from conv2d_cli.network.graph import Graph
    from conv2d_cli.network.sizes import Size
    from conv2d_cli.report.network_analysis import Analysis

_STDIN = "-"


class Request(NamedTuple):
    """A network, and the options with their values."""

    network: str
    options: StackOptions
    assume: bool
    dtype: str
    budget: int | None
    depth: int | None
    only: tuple[str, ...]
    convention: str
    assertions: tuple[Assertion, ...]


def asks_for_text(options: StackOptions) -> bool:
    """Whether a text is asked for and no network's facts."""
    return options.list or options.print or options.schema or options.file_schema


def text_of(network: str | None, options: StackOptions) -> str:
    """Return the text that --list, --print, --json-schema or --from-schema ask for.

    Raises:
        UsageError: --print has no network that comes with the program.
    """
    from conv2d_cli.network.shipped import SHIPPED, shipped_text

    if options.list:
        return "".join(f"{name}\n" for name in SHIPPED)
    if options.schema or options.file_schema:
        from json import dumps

        from conv2d_cli.network.schema import network_schema
        from conv2d_cli.report.schema import stack_schema

        return dumps(stack_schema() if options.schema else network_schema(), indent=2) + "\n"
    if network not in SHIPPED:
        raise UsageError(
            "--print shows a network that comes with the program"
            + ("" if network is None else f", which {network} is not"),
            did_you_mean(network or "", SHIPPED, "conv2d stack --print "),
        )
    return shipped_text(network)


def request_of(network: str | None, options: StackOptions, roofline: RooflineOptions) -> Request:
    """Return what is asked for.

    Raises:
        UsageError: an option has no such value, or options exclude each other.
    """
    from conv2d_cli.cli import choices
    from conv2d_cli.cli.assertions import assertions_of
    from conv2d_cli.cli.number_options import bytes_of, choice, integer
    from conv2d_cli.report.stack import NodeReport, StackReport

    if not network:
        raise UsageError(
            "the network is missing: a name of --list, a file, or - for stdin", options.typed.line({}, "resnet50")
        )
    given = {"--assert": options.assertions, "--node": options.node, "--only": options.only}
    given |= {name: getattr(roofline, field) for field, name in OPTION_OF.items()}
    beside = next((name for name, value in given.items() if value), None)
    if options.diff is not None and beside is not None:
        raise UsageError(f"{beside} and --diff exclude each other", "leave --diff out")
    return Request(
        network,
        options,
        choice("--assume", options.assume, choices.assumptions()) == "known",
        _dtype_of(options.dtype),
        bytes_of(options.fit, "--fit"),
        None if options.depth is None else integer("--depth", options.depth, least=1),
        tuple(filter(None, map(str.strip, (options.only or "").split(",")))),
        choice("--convention", options.convention, choices.conventions()),
        assertions_of(options.assertions, StackReport if options.node is None else NodeReport, roofline),
    )


def _dtype_of(text: str | None) -> str:
    from conv2d_cli.dtypes import DEFAULT_DTYPE, NAMES, find_dtype

    found = find_dtype(text or DEFAULT_DTYPE)
    if found is None:
        raise UsageError(f"--dtype {text}: there is no such element type", did_you_mean(text or "", NAMES, "--dtype "))
    return found.name


def analyzed(network: str, request: Request) -> Analysis:
    """Return the facts of a network on the sizes that were given.

    Raises:
        FileError, DataError: it cannot be read, or is no network.
        ShapeError: layers do not fit one another, or the sizes.
    """
    from conv2d_cli.network.sizes import input_shapes
    from conv2d_cli.report.network_analysis import analyze_network

    graph = graph_of(network, assume=request.assume)
    with as_typed():
        shapes = input_shapes(graph, sizes_of(graph, request.options.sizes))
        return analyze_network(graph, shapes, request.dtype, request.budget)


def no_such_layer(name: str, names: Sequence[str], otherwise: str = "--format csv lists the layers") -> UsageError:
    """Return the error of a --node that the network has not; `otherwise` is the hint where none is near."""
    hint = did_you_mean(name, names, "--node ") if nearest(name, names) else otherwise
    return UsageError(f"--node {cut(name)}: no such layer", hint)


def graph_of(network: str, *, assume: bool) -> Graph:
    """Return the graph of a network: one that comes with the program, of a file, or of stdin.

    Raises:
        FileError: it cannot be read.
        DataError: it is no network.
    """
    from conv2d_cli.network.network import Network
    from conv2d_cli.network.shipped import SHIPPED

    if network == _STDIN:
        from conv2d_cli.cli.output import stdin_bytes
        from conv2d_cli.network.readers.base import Content
        from conv2d_cli.network.readers.registry import read_graph

        stream = stdin_bytes()
        if stream is None:
            raise FileError("stdin is closed", "give a file")
        return read_graph(Content(stream.read(), "stdin"), assume=assume)
    try:
        return Network.read_named(network, assume=assume).graph
    except FileError as error:
        near = nearest(network, SHIPPED)
        raise FileError(error.message, did_you_mean(network, near) if near else error.hint) from None


def sizes_of(graph: Graph, words: tuple[str, ...]) -> Size | dict[str, Size] | None:
    """Return the sizes that were typed: one, or several by the names of their inputs."""
    names = [one.name for one in graph.inputs]
    sizes: dict[str, Size] = {}
    for word in words:
        name, sign, size = word.rpartition("=")
        # A file may have such a name too.
        named = bool(sign) and (name in names or name.isidentifier())
        key = name if named else _unnamed(graph)
        if key in sizes:
            raise UsageError(f"-i {word}: the size of {key!r} is given twice", f"-i {word} alone")
        sizes[key] = _size(size if named else word)
    return sizes or None


def _unnamed(graph: Graph) -> str:
    """Return the name of the only input."""
    from conv2d_cli.network.sizes import size_allowed

    names = [one.name for one in graph.inputs]
    if len(names) > 1:
        raise UsageError(
            f"the network has {len(names)} inputs: {', '.join(names[:10])}",
            " ".join(f"-i {one.name}={size_allowed(one)}" for one in graph.inputs[:10]),
        )
    return names[0]


def _size(text: str) -> Size:
    from conv2d_cli.layer.text import is_size

    if is_size(text):
        return text
    from conv2d_cli.cli.output import stdin_bytes
    from conv2d_cli.tensors.opening import header_of
    from conv2d_cli.tensors.reading import Reading

    return header_of(text, Reading(), stdin=stdin_bytes()).shape


@contextmanager
def as_typed() -> Iterator[None]:
    """Have errors write sizes as the command takes them."""
    from conv2d_cli.network.misfits import MisfitError

    try:
        yield
    except MisfitError as error:
        raise error.with_sizes_after("-i ") from None
    except ShapeError as error:
        raise ShapeError(error.message, error.hint and error.hint.replace("input_shape=", "-i ")) from None
