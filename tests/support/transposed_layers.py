"""Transposed convolutions drawn at random, each with an input of which something is left, and what is scattered."""

from __future__ import annotations

from itertools import product
from random import Random
from typing import TYPE_CHECKING

from conv2d_cli.network.transposed_expression import transposed_of_expression
from conv2d_cli.report.draw_transposed import transposed_draw_report
from conv2d_cli.report.transposed import analyze_transposed

if TYPE_CHECKING:
    from conv2d_cli.report.draw import DrawReport
    from conv2d_cli.report.transposed import TransposedReport


def pair(random: Random, least: int, most: int) -> tuple[int, int]:
    return random.randint(least, most), random.randint(least, most)


def drawn(seed: int) -> tuple[str, tuple[int, ...]]:
    """Return an expression and the shape of an input of which something is left."""
    random = Random(seed)
    groups = random.choice((1, 1, 2, 3))
    kernel, stride, dilation = pair(random, 1, 4), pair(random, 1, 4), pair(random, 1, 3)
    padding = pair(random, 0, 5)
    extra = tuple(random.randrange(max(both)) for both in zip(stride, dilation, strict=True))
    sizes = []
    for k, s, d, p, o in zip(kernel, stride, dilation, padding, extra, strict=True):
        size = random.randint(1, 5)
        while (size - 1) * s + d * (k - 1) + 1 - 2 * p + o < 1:
            size += 1
        sizes.append(size)
    channels = [groups * random.randint(1, 2) for _ in range(2)]
    expression = (
        f"ConvTranspose2d({channels[0]}, {channels[1]}, {kernel}, stride={stride}, padding={padding}, "
        f"output_padding={extra}, dilation={dilation}, groups={groups}, bias={random.random() > 0.3})"
    )
    return expression, (random.randint(1, 2), channels[0], *sizes)


def reports(seed: int) -> tuple[TransposedReport, DrawReport]:
    expression, shape = drawn(seed)
    facts = analyze_transposed(transposed_of_expression(expression).module, shape)
    return facts, transposed_draw_report(facts, at=(0, 0))


def scattered(facts: TransposedReport, place: int) -> list[set[tuple[int, int]]]:
    """Return for each output of an axis the real elements it is made of, each with the tap that takes it there."""
    size, outputs = facts.input_shape[place - 2], facts.output_shape[place - 2]
    made: list[set[tuple[int, int]]] = [set() for _ in range(outputs)]
    for element, tap in product(range(size), range(facts.kernel_size[place])):
        output = element * facts.stride[place] - facts.padding[place] + facts.dilation[place] * tap
        if 0 <= output < outputs:
            made[output].add((element, tap))
    return made
