"""`conv2d shape` for one layer: the layer, its facts on a SIZE, and what is asserted of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conv2d_cli.cli.output import output_of, say
from conv2d_cli.errors import UsageError
from conv2d_cli.report.shape import ShapeReport

if TYPE_CHECKING:
    from conv2d_cli.arithmetic.roofline import Roofline
    from conv2d_cli.cli.layer_words import LayerWords
    from conv2d_cli.cli.output import Output
    from conv2d_cli.cli.shape_request import Request
    from conv2d_cli.layer.model import Conv2d
    from conv2d_cli.report.roofline import OnMachine

# A bias that does not exist has no shape, whatever the size.
_MAY_BE_NONE = frozenset({"bias_shape"})


def show_one(request: Request) -> int:
    """Write the facts of a layer to stdout, and what does not hold to stderr; return the exit code."""
    from conv2d_cli.cli.roofline import keys_with, machine_of, refuse_keys_without

    words, input_size, options, roofline, output_options = request
    refuse_keys_without(roofline, output_options, has_size=input_size is not None)
    output = output_of(output_options, ("schema_version", *ShapeReport._fields, *keys_with(roofline)))
    if options.layout is not None and input_size is None:
        raise UsageError("--layout is of a tensor file that -i gives", "leave --layout out")
    if options.weight_layout is not None and options.weight is None:
        raise UsageError("--weight-layout is of a weight that --weight gives", "leave --weight-layout out")
    assertions, machine = request.assertions(), machine_of(roofline, output)
    layer = (
        words.layer()
        if options.weight is None
        else layer_of_weight(options.weight, options.weight_layout, words, output)
    )
    report = analyzed(layer, input_size, options.layout, words)
    facts, least_time = report._asdict(), None
    if machine is not None:
        least_time = _least_time(report, machine(report.dtype))
        facts |= least_time.report._asdict()
    failed = []
    if assertions:
        from conv2d_cli.cli.assertions import failures
        from conv2d_cli.report.quantities import quantities_of

        failed = failures(assertions, quantities_of(facts), has_size=input_size is not None)
    unknown = {key for key, value in facts.items() if value is None} - _MAY_BE_NONE
    output.show(report, least_time=least_time, needs_size=unknown if input_size is None else ())
    for line in failed:
        say("error", line, output.color)
    return 1 if failed else 0


def _least_time(report: ShapeReport, roofline: Roofline) -> OnMachine:
    from conv2d_cli.report.roofline import on_machine, roofline_report

    return on_machine(roofline_report(report._asdict(), roofline), roofline)


def layer_of_weight(weight: str, layout: str | None, words: LayerWords, output: Output) -> Conv2d:
    """Return the layer that a weight's header makes, with what LAYER and the options say.

    Raises:
        FileError: the file cannot be read.
        DataError: it is no weight, or not the layer's.
        UsageError, LayerError: the layer is wrong.
    """
    from conv2d_cli.cli.output import stdin_bytes
    from conv2d_cli.cli.readings import weight_layout_of
    from conv2d_cli.jobs.headers import faults_in, weight_and_bias
    from conv2d_cli.tensors.layout import OIHW, weight_layout_seen

    found, has_bias = weight_and_bias(weight, stdin_bytes(), weight_layout_of(layout) or OIHW)
    with faults_in(weight):
        layer = words.layer_of_weight(found, bias=None if words.given else has_bias)
    seen = weight_layout_seen(found) if layout is None and not words.given else None
    if seen is not None:
        output.note(f"{weight} looks like {seen}; --weight-layout {seen} reads it so")
    return layer


def analyzed(layer: Conv2d, input_size: str | None, layout: str | None, words: LayerWords) -> ShapeReport:
    """Return the facts about a layer on a SIZE, or without one; `layout` is the order of the axes of a file.

    Raises:
        ShapeError: it is no size, or none for the layer.
        FileError, DataError: it is a file that cannot be read, or does not fit the layer.
    """
    from conv2d_cli.report.analysis import analyze

    if input_size is None:
        return analyze(layer)
    from conv2d_cli.cli.sizes import shape_on

    with words.own_words():
        return analyze(layer, shape_on(input_size, layout)(layer))
