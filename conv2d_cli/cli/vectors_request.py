"""From the words of `conv2d vectors` to its cases, and what is told of a folder that was written or checked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conv2d_cli.cli import choices
from conv2d_cli.cli.machine import machine
from conv2d_cli.cli.number_options import choice, dtype_of, integer, seed_of
from conv2d_cli.cli.output import say
from conv2d_cli.cli.readings import layout_of, weight_layout_of
from conv2d_cli.cli.sizes import shape_on
from conv2d_cli.dtypes import COMPUTABLE, DEFAULT_DTYPE
from conv2d_cli.errors import ShapeError, UsageError, one_of
from conv2d_cli.jobs.vectors.case import Orders, Planned
from conv2d_cli.jobs.vectors.choices import default_data
from conv2d_cli.jobs.vectors.suites import SUITES, Corner
from conv2d_cli.jobs.vectors.writing import Target, write_vectors
from conv2d_cli.layer.forward import geometry_of
from conv2d_cli.layer.text import looks_like_expression
from conv2d_cli.render.units import short_bytes
from conv2d_cli.tensors.layout import NCHW, OIHW

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conv2d_cli.cli.layer_words import LayerWords
    from conv2d_cli.cli.output import Output
    from conv2d_cli.cli.vectors_options import VectorsOptions
    from conv2d_cli.layer.model import Conv2d
    from conv2d_cli.report.vectors import VectorsReport

_SEEDS = 2**64
_MOST_CASES = 10_000


def write(words: LayerWords, options: VectorsOptions, output: Output) -> int:
    """Write test vectors and say so; return the exit code.

    Raises:
        UsageError, LayerError, ShapeError: the words make no cases.
        FileError: the folder cannot be written, or exists.
        MemoryLimitError: a case would take more memory than there is.
    """
    _check_whole(words, options)
    images = layout_of("--layout", options.layout) or NCHW
    orders = Orders(images, weight_layout_of(options.weight_layout) or OIHW)
    files = choice("--files", options.files, choices.vector_files())
    with words.own_words(), output.progress_line(shown=True) as progress:
        cases = _cases(words, options)
        target = Target(str(options.folder), files, orders, options.force)
        report = write_vectors(cases, target, machine().available, progress.begin, progress.advance)
    output.done(f"wrote {options.folder}  {_sizes(report)}")
    if output.asked_for:
        output.show(report)
    return 0


def check(folder: str, words: LayerWords, options: VectorsOptions, output: Output) -> int:
    """Check a folder, and say what does not hold; return the exit code.

    Raises:
        UsageError: layers are given too, or options of writing.
        FileError, DataError: the folder is no folder of test vectors, or not a whole one.
    """
    from conv2d_cli.jobs.vectors.checking import check_vectors

    if words.given or words.options:
        raise UsageError("--check reads the layers from the manifest", f"conv2d vectors --check {folder}")
    if not folder:
        raise UsageError("--check names no folder", "--check golden")
    if others := options.of_writing:
        raise UsageError(
            f"--check writes nothing, and takes no {', '.join(others)}", f"conv2d vectors --check {folder}"
        )
    with output.progress_line(shown=True) as progress:
        report = check_vectors(folder, progress.begin, progress.advance)
    if output.asked_for:
        output.show(report)
    elif not report.failures:
        output.done(f"checked {folder}  {_sizes(report)}: every sum and every output holds")
    for failure in report.failures:
        say("error", failure, output.color)
    return 1 if report.failures else 0


def _check_whole(words: LayerWords, options: VectorsOptions) -> None:
    """Check that layers, their size and the folder are given; the hint is a line that has all of them.

    Raises:
        UsageError: one is missing.
    """
    suites = one_of(f"--suite {name}" for name in choices.vector_suites())
    own = options.suite is None
    parts = (
        (own and not words.given, f"LAYER is missing: IN OUT KERNEL, expressions, or {suites}", ("3", "8", "3")),
        (own and options.size is None, "-i is missing: the size of the input", ("-i", "16")),
        (not options.folder, "-o is missing: the folder for the test vectors", ("-o", "golden")),
    )
    missing = [part for part in parts if part[0]]
    if missing:
        added = [word for _, _, some in missing for word in some]
        raise UsageError(missing[0][1], words.typed.line({}, *added))


def _sizes(report: VectorsReport) -> str:
    counts = ((report.cases, "case"), (report.files, "file"))
    words = [f"{count} {name}{'' if count == 1 else 's'}" for count, name in counts]
    return ", ".join([*words, short_bytes(report.bytes)])


def _cases(words: LayerWords, options: VectorsOptions) -> list[Planned]:
    """Return the cases: of each layer as many as asked for, with seeds that follow one another."""
    seed = seed_of(options.seed)
    count = 1 if options.cases is None else integer("--count", options.cases, least=1)
    corners = [*(_layers(words, options) if options.suite is None else _suite(words, options))]
    number = count * len(corners)
    if number > _MOST_CASES:
        raise UsageError(
            f"--count {count}: that is {number} cases, and a folder has at most {_MOST_CASES}", "--count 1"
        )
    digits = len(str(count - 1))
    return [
        Planned(
            f"{corner.name}_{place:0{digits}d}" if count > 1 else corner.name,
            corner.layer,
            corner.input_shape,
            _seed_after(seed, place),
            _data(options.data, corner),
        )
        for corner in corners
        for place in range(count)
    ]


def _seed_after(seed: int, place: int) -> int:
    """Return the seed of a later case; behind the largest comes 0."""
    return seed + place if seed + place < _SEEDS else seed + place - _SEEDS


def _data(text: str | None, corner: Corner) -> str:
    if text is not None:
        return choice("--data", text, choices.vector_data())
    return corner.data or default_data(corner.layer.dtype or DEFAULT_DTYPE)


def _layers(words: LayerWords, options: VectorsOptions) -> Iterator[Corner]:
    """Yield the layers that were typed: three values, or expressions."""
    shape_of = shape_on(str(options.size))
    several = len(words.operands) > 1 and all(map(looks_like_expression, words.operands))
    alone = [words._replace(operands=[word], first=place) for place, word in enumerate(words.operands)]
    for number, one in enumerate(alone if several else [words]):
        with one.own_words():
            layer = _with_dtype(one.layer())
            corner = Corner(f"layer_{number}" if several else "layer", layer, shape_of(layer))
            try:
                geometry_of(layer, corner.input_shape)
            except ShapeError as error:
                if not several:
                    raise
                # A size that has its own channels fits no layers of several numbers of them.
                plane = "x".join(map(str, corner.input_shape[-2:]))
                fits = layer.in_channels == corner.input_shape[-3] if len(corner.input_shape) > len("HW") else True
                raise ShapeError(f"{layer}: {error.message}", error.hint if fits else f"input_shape={plane}") from error
            yield corner


def _with_dtype(layer: Conv2d) -> Conv2d:
    dtype = layer.dtype or DEFAULT_DTYPE
    if dtype not in COMPUTABLE:
        # Of the words that name it, the option's are the plainest.
        dtype_of("--dtype", dtype)
    return layer.model_copy(update={"dtype": dtype})


def _suite(words: LayerWords, options: VectorsOptions) -> Iterator[Corner]:
    """Yield the layers of a suite, in the element type that is asked for."""
    assert options.suite is not None  # noqa: S101 - it is asked for
    name = choice("--suite", options.suite, choices.vector_suites())
    others = [*(["LAYER"] if words.given else []), *(["-i"] if options.size is not None else [])]
    others += [f"--{field.replace('_', '-')}" for field in words.options if field != "dtype"]
    if others:
        raise UsageError(f"--suite has layers and sizes of its own: {', '.join(others)}", f"leave {others[0]} out")
    dtype = dtype_of("--dtype", words.options.get("dtype")) or DEFAULT_DTYPE
    for corner in SUITES[name]:
        yield corner._replace(layer=corner.layer.model_copy(update={"dtype": dtype}))
