"""`conv2d run`: the convolution itself, on a tensor file."""

from __future__ import annotations

from typing import Annotated

import typer

from conv2d_cli.cli.cluster_options import ClusterOptions, check_resume, cluster_options, place_of
from conv2d_cli.cli.integer_options import IntegerWords, integer_options
from conv2d_cli.cli.options import LayerOptions, OutputOptions, layer_options, output_options
from conv2d_cli.cli.reading_options import ReadingOptions, reading_options
from conv2d_cli.cli.run_options import RunOptions, run_options
from conv2d_cli.errors import UsageError

USAGES = ("INPUT IN OUT KERNEL [OPTIONS]", 'INPUT "Conv2d(...)" [OPTIONS]', "INPUT --weight FILE [OPTIONS]")
EXAMPLES = (
    "conv2d run x.npy 3 64 7 -s 2 -p 3 -o y.npy",
    "conv2d run x.npy 3 64 7 --plan",
    "conv2d run x.npy --weight w.npy --bias b.npy --get mean",
    "conv2d run 'frames/*.npy' 3 64 7 -o out/",
    "conv2d run big.zarr 3 64 7 -o out.zarr --workers 4 --memory-limit 1GiB",
    "conv2d run q.npy --weight w8.npy --accumulate int32 --input-zero-point 128 -o sums.npy",
)


@layer_options
@run_options
@reading_options
@integer_options
@cluster_options
@output_options
def run(
    operands: Annotated[
        list[str] | None, typer.Argument(metavar="INPUT [LAYER]", help="a tensor file, then the layer")
    ] = None,
    *,
    layer_options: LayerOptions,
    reading_options: ReadingOptions,
    integer_options: IntegerWords,
    cluster_options: ClusterOptions,
    run_options: RunOptions,
    output_options: OutputOptions,
) -> int:
    """The convolution itself, on a tensor file; INPUT is a file, - for stdin, a folder or a quoted 'pattern*.npy'."""
    from conv2d_cli.cli.layer_words import LayerWords
    from conv2d_cli.cli.output import asks_for_keys, output_of, show_keys
    from conv2d_cli.tensors.matching import is_many

    input_, *layer = operands or [""]
    many = bool(operands) and is_many(input_)
    keys = _keys(run_options, many=many)
    if asks_for_keys(output_options):
        show_keys(keys)
        return 0
    output = output_of(output_options, ("schema_version", *keys))
    words = LayerWords(layer, layer_options.given, layer_options.typed, first=1)
    if not input_:
        raise UsageError(
            "INPUT is missing: a tensor file, or - for stdin", words.typed.line({}, "FILE", "3", "64", "7")
        )
    place = place_of(cluster_options) if cluster_options.given else None
    check_resume(cluster_options, run_options, many=many)
    from conv2d_cli.cli import run_many, run_one
    from conv2d_cli.cli.costs import use_measured_costs
    from conv2d_cli.cli.run_request import request_of

    request = request_of(input_, words, run_options, reading_options, integer_options, output)
    request = request._replace(costs_file=use_measured_costs(output.note))
    with words.own_words():
        if place is not None:
            from conv2d_cli.cli import run_cluster

            request = run_cluster.with_threads(request, place)
        if place is not None and not run_options.plan:
            way = run_cluster.run_files if many else run_cluster.run_store
            return way(request, output, run_options, place, words.typed)
        if many:
            return (run_many.plan_files if run_options.plan else run_many.run_files)(request, output, run_options)
        return (run_one.plan_file if run_options.plan else run_one.run_file)(request, output, run_options)


def _keys(options: RunOptions, *, many: bool) -> tuple[str, ...]:
    from conv2d_cli.report.run import ManyReport, PlanReport, RunReport

    if options.plan:
        return ("file", *PlanReport._fields) if many else PlanReport._fields
    return ManyReport._fields if many else RunReport._fields
