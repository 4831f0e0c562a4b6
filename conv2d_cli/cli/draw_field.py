"""`conv2d draw --receptive-field`: what an element of a network's node sees, of the input and of every layer before."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conv2d_cli.cli.draw_field_output import show_facts
from conv2d_cli.cli.draw_field_request import check_operands, element_of, network_of, node_of
from conv2d_cli.cli.draw_output import target_of
from conv2d_cli.cli.draw_place import typed_place
from conv2d_cli.cli.output import output_of
from conv2d_cli.cli.stack_request import as_typed, sizes_of
from conv2d_cli.errors import UsageError, cut
from conv2d_cli.report.draw_field import TOTALS

if TYPE_CHECKING:
    from conv2d_cli.cli.draw_request import Request


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

    options, size = request.options, request.options.input_size
    output = output_of(request.output, ("schema_version", *TOTALS))
    at = typed_place(options.at)
    if options.animate:
        raise UsageError("--animate is of the window of one layer, not of --receptive-field", "leave --animate out")
    check_operands(request.words)
    target = target_of(options, output, KINDS)
    graph = network_of(request.words)
    with as_typed():
        passed = propagate(graph, input_shapes(graph, sizes_of(graph, () if size is None else (size,))))
        node = node_of(passed, options.node, request.words)
        found = field_report(passed, node, element_of(passed, node, at))
    report = found.report
    if target is not None:
        from conv2d_cli.render.drawing.field import drawing
        from conv2d_cli.render.pictures.registry import content

        place = "" if report.at is None else f" --at {report.at[0]},{report.at[1]}"
        target.write(content(target.kind, drawing(report), target.theme), f"--node {cut(report.node)}{place}")
    if target is None or output.asked_for:
        show_facts(report, found.notes, output)
    elif found.notes:
        for note in found.notes:
            output.note(note)
    return 0
