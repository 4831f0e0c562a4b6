"""From the words of `conv2d bench` to what its job is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conv2d_cli.backends.api import checked_engine
from conv2d_cli.cli.algorithms import algorithm_of
from conv2d_cli.cli.choices import ACCURACIES_OF_BENCH
from conv2d_cli.cli.layer_words import LAYER_OPTIONS, LayerWords
from conv2d_cli.cli.number_options import choice, integer
from conv2d_cli.cli.sizes import shape_on
from conv2d_cli.errors import UsageError
from conv2d_cli.jobs.bench.case import case_of
from conv2d_cli.jobs.bench.engines import engines_named
from conv2d_cli.jobs.bench.job import Request
from conv2d_cli.jobs.bench.suites import SUITES, suite

if TYPE_CHECKING:
    from conv2d_cli.cli.bench_options import BenchOptions
    from conv2d_cli.jobs.bench.case import Case


def request_of(words: LayerWords, input_size: str | None, options: BenchOptions, processors: int) -> Request:
    """Return the request that the command line makes.

    Raises:
        UsageError, LayerError: an option or the layer is none.
        MissingExtraError: an engine is not installed.
    """
    accuracies = ACCURACIES_OF_BENCH[choice("--accuracy", options.accuracy, (*ACCURACIES_OF_BENCH,))]
    named = options.engines
    cases = [_case(words, input_size)] if options.suite is None else _suite(options.suite, words, input_size)
    return Request(
        accuracies=accuracies,
        engine=checked_engine(options.engine, "--engine "),
        is_prepared=options.prepared,
        algorithm=algorithm_of(options.algorithm, accuracies[0], cases[0].layer),
        rounds=integer("--rounds", options.rounds, least=1),
        threads=_threads(options.threads, processors),
        seed=integer("--seed", options.seed, least=0),
        engines=engines_named(None if named is None else [name.strip() for name in named.split(",")]),
        cases=cases,
    )


def _suite(name: str, words: LayerWords, input_size: str | None) -> tuple[Case, ...]:
    choice("--suite", name, SUITES)
    if words.given or words.options or input_size is not None:
        raise UsageError(
            "a suite has its own layers and sizes", words.typed.without(*LAYER_OPTIONS, "-i", "--input", operands=True)
        )
    return suite(name)


def _case(words: LayerWords, input_size: str | None) -> Case:
    if not words.given and not words.options:
        raise UsageError("LAYER is missing", "conv2d bench 64 64 3 -p 1 -i 56, or conv2d bench --suite resnet50")
    layer = words.layer()
    if input_size is None:
        channels = layer.in_channels
        raise UsageError(
            "-i SIZE is missing: time depends on the size of the input", f"-i 56, or -i 8x{channels}x56x56"
        )
    with words.own_words():
        return case_of(layer, shape_on(input_size)(layer))


def _threads(text: str, processors: int) -> tuple[int, ...]:
    """Return numbers of threads, each once."""
    words = [word.strip() for word in text.split(",")]
    numbers = (processors if word == "all" else integer("--threads", word, least=1) for word in words)
    return tuple(dict.fromkeys(numbers))
