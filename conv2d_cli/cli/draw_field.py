"""`conv2d draw --receptive-field`: what an element of a network's node sees, of the input and of every layer before."""

from __future__ import annotations

import shlex
import sys
from typing import TYPE_CHECKING

from conv2d_cli.cli.draw_output import target_of
from conv2d_cli.cli.draw_place import typed_place
from conv2d_cli.cli.layer_words import OPTIONS
from conv2d_cli.cli.output import output_of, screen_of
from conv2d_cli.cli.stack_request import as_typed, graph_of, no_such_layer, sizes_of
from conv2d_cli.errors import UsageError, cut
from conv2d_cli.layer.text import looks_like_expression
from conv2d_cli.render.formats import ROW_FORMATS, render, render_rows
from conv2d_cli.report.draw_field import TOTALS, field_record
from conv2d_cli.report.record import record_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from conv2d_cli.cli.draw_request import Request
    from conv2d_cli.cli.layer_words import LayerWords
    from conv2d_cli.cli.output import Output
    from conv2d_cli.network.graph import Graph
    from conv2d_cli.network.propagation import Propagated
    from conv2d_cli.report.draw_field import FieldReport

_EXAMPLE = "resnet18"


def show(request: Request) -> int:
    """Draw what an element sees to a file or in the terminal; the facts go to stdout where they are asked for.

    Raises:
        UsageError: there is no such node, no such element, or options do not go together.
        FileError, DataError: the network cannot be read, is none, or the picture cannot be written.
        ShapeError: layers do not fit one another, or the size.
    """
    from conv2d_cli.network.propagation import propagate
    from conv2d_cli.network.sizes import input_shapes
    from conv2d_cli.render.pictures.registry import KINDS
    from conv2d_cli.report.field_analysis import field_report

    options, size = request.options, request.input_size
    output = output_of(request.output, ("schema_version", *TOTALS))
    at = typed_place(options.at)
    if options.animate:
        raise UsageError("--animate is of the window of one layer, not of --receptive-field", "leave --animate out")
    _check_operands(request.words)
    target = target_of(options, output, KINDS)
    graph = _graph(request.words)
    with as_typed():
        passed = propagate(graph, input_shapes(graph, sizes_of(graph, () if size is None else (size,))))
        node = _node(passed, options.node, request.words)
        found = field_report(passed, node, _element(passed, node, at))
    report = found.report
    if target is not None:
        from conv2d_cli.render.drawing.field import drawing
        from conv2d_cli.render.pictures.registry import content

        place = "" if report.at is None else f" --at {report.at[0]},{report.at[1]}"
        target.write(content(target.kind, drawing(report)), f"--node {cut(report.node)}{place}")
    if target is None or output.asked_for:
        _show_facts(report, found.notes, output)
    elif found.notes:
        for note in found.notes:
            output.note(note)
    return 0


def _is_layer(words: LayerWords) -> bool:
    return len(words.operands) > 1 or looks_like_expression(words.operands[0])


def _check_operands(words: LayerWords) -> None:
    """Check that there is a network, or a layer, and that no option of a layer stands beside a network.

    Raises:
        UsageError: there is none, or one does.
    """
    if not words.given or not words.operands[0]:
        raise UsageError(
            "the network is missing: a name of conv2d stack --list, a file, - for stdin, or a layer",
            words.typed.line({}, _EXAMPLE),
        )
    if not _is_layer(words) and words.options:
        field = next(iter(words.options))
        option = words.typed.option(OPTIONS[field])
        without = words.typed.line(dict.fromkeys(option.positions if option else ()))
        raise UsageError(f"{words.spelled(field)} is of a layer, and {cut(words.operands[0])} is a network", without)


def _graph(words: LayerWords) -> Graph:
    if not _is_layer(words):
        return graph_of(words.operands[0], assume=True)
    from conv2d_cli.network import notation

    layer = words.layer()
    # A file has lists.
    arguments = {
        name: [*value] if isinstance(value, tuple) else value
        for name, value in layer.model_dump().items()
        if value is not None
    }
    return notation.graph_of({"layers": [{"name": "conv", "type": "Conv2d", **arguments}]}, str(layer))


def _node(passed: Propagated, name: str | None, words: LayerWords) -> int:
    """Return the place of the node that was asked for, else of the last with rows and columns."""
    from conv2d_cli.report.field_analysis import last_plane

    nodes = passed.graph.nodes
    names = [node.name for node in nodes]
    if all(one.output_shape is None for one in passed.nodes):
        raise UsageError("-i is missing: what an element sees depends on the input", words.typed.line({}, "-i", "224"))
    if name is not None:
        if name in names:
            return names.index(name)
        raise no_such_layer(name, names, f"conv2d stack {shlex.join(words.operands[:1])} lists the layers")
    last = last_plane(passed)
    if last is None:
        raise UsageError("no layer of the network has rows and columns", f"--node {shlex.quote(names[-1])}")
    return last


def _element(passed: Propagated, node: int, at: tuple[int, int] | None) -> tuple[int, int] | None:
    """Return the element that was asked for, else the one in the middle; None of a node without rows and columns."""
    from conv2d_cli.report.field_analysis import plane_of

    size = plane_of(passed, node)
    name = passed.graph.nodes[node].name
    if size is None or 0 in size:
        if at is not None:
            raise UsageError(f"--at {at[0]},{at[1]}: {cut(name)} has no rows and columns", "leave --at out")
        return None
    if at is None:
        return size[0] // 2, size[1] // 2
    if not all(0 <= place < length for place, length in zip(at, size, strict=True)):
        raise UsageError(
            f"--at {at[0]},{at[1]}: {cut(name)} makes {size[0]}x{size[1]}, and rows and columns count from 0",
            f"--at {size[0] - 1},{size[1] - 1}, the last element",
        )
    return at


def _show_facts(report: FieldReport, notes: Sequence[str], output: Output) -> None:
    """Write the facts to stdout, and notes to stderr, where no table has them."""
    if not output.is_table:
        for note in notes:
            output.note(note)
    screen = screen_of(sys.stdout, output.color, is_table=output.is_table)
    if output.keys:
        output.show({key: getattr(report, key) for key in TOTALS})
    elif output.is_table:
        output.text(render("table", report, screen, verbose=output.verbose, remarks=notes))
    elif output.format in ROW_FORMATS:
        output.show_rows([record_of(row) for row in report.nodes])
    elif output.format == "json":
        output.text(render("json", field_record(report), screen))
    else:
        rows = render_rows("markdown", [record_of(row) for row in report.nodes], screen) + "\n"
        totals = render(output.format, {key: getattr(report, key) for key in TOTALS}, screen)
        output.text((rows if output.format == "markdown" else "") + totals)
