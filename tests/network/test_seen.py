"""What an element of a node is made from, against pixels that are marked tap by tap."""

from __future__ import annotations

from itertools import product
from random import Random
from typing import TYPE_CHECKING, Any

import pytest

from conv2d_cli.network.notation import graph_of
from conv2d_cli.network.propagation import propagate
from conv2d_cli.network.seen import Area, seen_from, sizes_of_planes
from conv2d_cli.report.field_analysis import field_report
from conv2d_cli.report.network_analysis import node_reports

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from conv2d_cli.network.propagation import Propagated

Place = tuple[int, int]
Layer = dict[str, Any]
CHANNELS = 4


def window(random: Random, *, least: int = 1) -> Layer:
    kernel, dilation = random.randint(least, 3), random.choice((1, 1, 2, 3))
    return {"kernel_size": kernel, "dilation": dilation, "stride": random.choice((1, 1, 2, 3))}


def drawn_layer(random: Random) -> Layer:
    """Return a layer that leaves the channels as they are."""
    kinds = ("Conv2d", "Conv2d", "Conv2d", "MaxPool2d", "AvgPool2d", "ReLU", "Upsample", "ConvTranspose2d", "ZeroPad2d")
    kind = random.choice(kinds)
    given = window(random, least=2 if kind == "MaxPool2d" else 1)
    own: dict[str, Layer] = {
        "Conv2d": {**given, "out_channels": CHANNELS, "padding": random.randint(0, 3)},
        "MaxPool2d": {**given, "padding": random.randint(0, given["kernel_size"] // 2)},
        "AvgPool2d": {"kernel_size": random.randint(1, 3), "stride": random.randint(1, 3)},
        "Upsample": {"scale_factor": random.choice((2, 3)), "mode": random.choice(("nearest", "bilinear"))},
        "ConvTranspose2d": {**given, "out_channels": CHANNELS, "padding": random.randint(0, 1)},
        "ZeroPad2d": {"padding": [random.randint(-1, 2) for _ in range(4)]},
    }
    return {"type": kind, **own.get(kind, {})}


def same_size(random: Random, source: str, name: str) -> Layer:
    """Return a branch whose output is as large as its input."""
    reach = random.randint(0, 2)
    dilation = random.choice((1, 2))
    given = {"kernel_size": 2 * reach + 1, "padding": reach * dilation, "dilation": dilation}
    return {"type": "Conv2d", "name": name, "from": source, "out_channels": CHANNELS, **given}


def drawn_network(seed: int, *, joins: bool) -> Propagated | None:
    """Return a network on its input, None where the layers that were drawn do not fit it."""
    random = Random(seed)
    layers: list[Layer] = [{"type": "Conv2d", "out_channels": CHANNELS, "name": "l0", **window(random), "padding": 1}]
    for number in range(random.randint(1, 5)):
        before = layers[-1]["name"]
        if joins and random.random() < 0.6:
            names = [f"b{number}_{branch}" for branch in range(random.randint(1, 3))]
            layers += [same_size(random, before, name) for name in names]
            kind = random.choice(("Add", "Concat"))
            layers.append({"type": kind, "name": f"j{number}", "from": [before, *names]})
            if kind == "Concat":
                layers.append({"type": "Conv2d", "name": f"n{number}", "out_channels": CHANNELS, "kernel_size": 1})
        else:
            layers.append({"name": f"l{number + 1}", **drawn_layer(random)})
    passed = propagate(graph_of({"layers": layers}, "drawn"), [(1, 3, random.randint(4, 14), random.randint(4, 14))])
    return None if passed.misfits else passed


def networks(number: int, *, joins: bool) -> Iterator[tuple[Propagated, Random]]:
    """Yield networks that fit their inputs, each with what draws their elements."""
    seed = 0
    while number:
        seed += 1
        passed = drawn_network(seed, joins=joins)
        if passed is not None:
            number -= 1
            yield passed, Random(seed)


def taps(module: Any, place: int, axis: int) -> Iterator[int]:
    """Yield the places of one axis that an output is made from, those in padding too, as torch defines its modules."""
    kind = module.kind
    if kind == "Upsample":
        factor = int(module.scale_factor)
        if module.mode == "nearest":
            yield place // factor
            return
        centre = (place + 0.5) / factor - 0.5
        low = int(centre // 1)
        yield low
        if abs(centre - low) > 1e-9:
            yield low + 1
    elif kind == "ZeroPad2d":
        left, _, top, _ = module.padding
        yield place - (top, left)[axis]
    elif kind in {"Conv2d", "MaxPool2d", "AvgPool2d", "ConvTranspose2d"}:
        layer = getattr(module, "layer", module)
        kernel, stride = layer.kernel_size[axis], (layer.stride or layer.kernel_size)[axis]
        dilation = getattr(layer, "dilation", (1, 1))[axis]
        padding = layer.padding[axis]
        for tap in range(kernel):
            if kind != "ConvTranspose2d":
                yield place * stride - padding + tap * dilation
            elif (place + padding - tap * dilation) % stride == 0:
                yield (place + padding - tap * dilation) // stride
    else:
        yield place


def marked(passed: Propagated, node: int, at: Place, *, clipped: bool) -> Mapping[int, set[Place]]:
    """Return the pixels of each tensor that an element is made from, walked back tap by tap."""
    sizes, inputs = sizes_of_planes(passed), len(passed.input_shapes)
    pixels: dict[int, set[Place]] = {node + inputs: {at}}
    for number in range(node, -1, -1):
        here = pixels.get(number + inputs, set())
        module = passed.nodes[number].module
        for tensor in passed.graph.nodes[number].reads or ():
            size = sizes[tensor]
            assert size is not None
            found = pixels.setdefault(tensor, set())
            reads: list[dict[int, set[int]]] = []
            for axis in range(2):
                read = {place: {*taps(module, place, axis)} for place in {one[axis] for one in here}}
                reads.append({a: {b for b in some if not clipped or 0 <= b < size[axis]} for a, some in read.items()})
            for row, column in here:
                found.update(product(reads[0][row], reads[1][column]))
    return pixels


def hull(pixels: set[Place]) -> tuple[tuple[int, ...], tuple[int, ...]]:
    if not pixels:
        return (), ()
    rows, columns = zip(*pixels, strict=True)
    return (min(rows), max(rows)), (min(columns), max(columns))


def ends(area: Area | None) -> tuple[tuple[int, ...], tuple[int, ...]]:
    assert area is not None
    rows, columns = ((places[0], places[-1]) if places else () for places in area)
    return rows, columns


def drawn_element(passed: Propagated, node: int, random: Random) -> Place:
    """Return an element, if there is one that is made from something: of a transposed convolution not all are."""
    size = sizes_of_planes(passed)[node + 1]
    assert size is not None
    drawn = [(random.randrange(size[0]), random.randrange(size[1])) for _ in range(10)]
    made = (at for at in drawn if any(ends(seen_from(passed, node, at).seen[0].real)))
    return next(made, drawn[0])


@pytest.mark.parametrize("joins", [False, True], ids=["in a row", "with joins"])
def test_every_layer_sees_what_its_taps_read(*, joins: bool) -> None:
    for passed, random in networks(75, joins=joins):
        node = len(passed.nodes) - 1
        at = drawn_element(passed, node, random)
        walked = seen_from(passed, node, at)
        assert not walked.lost
        for clipped in (False, True):
            pixels = marked(passed, node, at, clipped=clipped)
            for tensor, seen in walked.seen.items():
                area = seen.real if clipped else seen.reach
                assert ends(area) == hull(pixels[tensor]), (passed.graph, at, tensor, clipped)


def test_what_is_seen_of_the_input_is_the_receptive_field_of_stack() -> None:
    """A phase of an enlargement may see less than another: the receptive field is that of the largest."""
    for passed, random in networks(60, joins=True):
        node = len(passed.nodes) - 1
        at = drawn_element(passed, node, random)
        plane = passed.nodes[node].plane
        if plane is None:
            continue
        report = field_report(passed, node, at).report
        for field, place, seen in zip(plane, at, (report.padded_rows, report.padded_columns), strict=True):
            span = field.at(place)
            assert not seen or seen == (span.first, span.last)
        stack = node_reports(passed)[node]
        if all(len(field.spans) == 1 for field in plane) and stack.receptive_field_start is not None:
            starts = zip(at, stack.effective_stride or (), stack.receptive_field_start, strict=True)
            firsts = tuple(start + place * int(stride) for place, stride, start in starts)
            sizes = stack.receptive_field or ()
            assert report.padded_rows == (firsts[0], firsts[0] + sizes[0] - 1)
            assert report.padded_columns == (firsts[1], firsts[1] + sizes[1] - 1)


SHUT: Layer = {"type": "Conv2d", "out_channels": CHANNELS, "kernel_size": 1}


def notes_of(layers: list[Layer], node: str, at: Place | None = (0, 0)) -> tuple[Any, tuple[str, ...]]:
    passed = propagate(graph_of({"layers": layers}, "given"), [(1, 3, 12, 12)])
    assert not passed.misfits
    place = [one.name for one in passed.graph.nodes].index(node)
    return field_report(passed, place, at)


@pytest.mark.parametrize(
    ("mode", "said"),
    [("zeros", None), ("reflect", "mirrored"), ("replicate", "at the border"), ("circular", "opposite border")],
)
def test_padding_that_repeats_elements_is_noted_where_it_is_read(mode: str, said: str | None) -> None:
    layer = {"type": "Conv2d", "name": "edge", "out_channels": 2, "kernel_size": 3, "padding": 1, "padding_mode": mode}
    report, notes = notes_of([layer], "edge")
    assert (report.rows, report.padded_rows) == ((0, 1), (-1, 1))
    assert (said is None and not notes) or (said is not None and said in notes[0] and "edge" in notes[0])
    assert not notes_of([layer], "edge", (5, 5))[1]


def test_padding_of_a_layer_of_its_own_is_noted() -> None:
    pad: Layer = {"type": "CircularPad2d", "name": "wrapped", "padding": 1}
    assert "circular padding of wrapped" in notes_of([pad, {**SHUT, "name": "conv"}], "conv")[1][0]


def test_behind_a_global_pooling_or_flatten_all_is_seen_and_nothing_of_the_padding() -> None:
    wide: Layer = {**SHUT, "name": "wide", "kernel_size": 5, "padding": 2}
    pool, flatten = {"type": "AdaptiveAvgPool2d", "name": "pool", "output_size": 1}, {"type": "Flatten", "name": "flat"}
    for layers, node, at in (([wide, pool], "pool", (0, 0)), ([wide, flatten], "flat", None)):
        report, notes = notes_of(layers, node, at)
        assert report.rows == report.columns == report.padded_rows == report.padded_columns == (0, 11)
        assert not notes


def test_rows_that_no_window_reaches_are_not_seen_behind_a_global_pooling() -> None:
    report, _ = notes_of([{**SHUT, "kernel_size": 2, "stride": 5}, {"type": "Flatten", "name": "flat"}], "flat", None)
    assert report.rows == (0, 11)
    report, _ = notes_of([{**SHUT, "kernel_size": 2, "stride": 4}, {"type": "Flatten", "name": "flat"}], "flat", None)
    assert report.rows == (0, 9)


def test_what_is_not_known_is_said_and_is_none() -> None:
    fractional: Layer = {"type": "Upsample", "name": "odd", "size": [17, 17]}
    report, notes = notes_of([{**SHUT, "name": "first"}, fractional, {**SHUT, "name": "last"}], "last")
    assert [(row.name, row.rows) for row in report.nodes] == [
        ("input", None),
        ("first", None),
        ("odd", (0, 0)),
        ("last", (0, 0)),
    ]
    assert report.rows is None
    assert "odd" in notes[0]
    # Windows that are not alike: 5 of 12 rows.
    assert notes_of([{"type": "AdaptiveAvgPool2d", "name": "uneven", "output_size": 5}], "uneven")[1]


def test_of_an_image_without_a_batch_the_same_is_known() -> None:
    uneven = {"type": "AdaptiveAvgPool2d", "output_size": 5}
    for shape in ((3, 12, 12), (1, 3, 12, 12)):
        passed = propagate(graph_of({"layers": [uneven]}, "given"), [shape])
        assert seen_from(passed, 0, (0, 0)).seen[0].real is None
        passed = propagate(graph_of({"layers": [{**SHUT, "kernel_size": 3}, "ReLU"]}, "given"), [shape])
        assert ends(seen_from(passed, 1, (2, 3)).seen[0].real) == ((2, 4), (3, 5))


def test_gates_are_left_out_and_said() -> None:
    layers: list[Layer] = [
        {**SHUT, "name": "body", "kernel_size": 3},
        {"type": "AdaptiveAvgPool2d", "name": "pool", "output_size": 1},
        {"type": "Mul", "name": "gated", "from": ["body", "pool"]},
    ]
    report, notes = notes_of(layers, "gated", (4, 4))
    assert report.rows == (4, 6)
    assert "pool" not in {row.name for row in report.nodes}
    assert "gated" in notes[0]


def test_rows_and_columns_are_found_where_channels_stand_last() -> None:
    layers: list[Layer] = [
        {**SHUT, "name": "body", "kernel_size": 3, "stride": [2, 3]},
        {"type": "Permute", "name": "last", "dims": [0, 2, 3, 1]},
        {"type": "LayerNorm", "name": "norm"},
        {"type": "Permute", "name": "first", "dims": [0, 3, 1, 2]},
    ]
    report, _ = notes_of(layers, "norm", (4, 3))
    assert {row.plane for row in report.nodes} == {(12, 12), (5, 4)}
    assert (report.rows, report.columns) == ((8, 10), (9, 11))


def test_large_planes_take_no_loop() -> None:
    layers: list[Layer] = [{**SHUT, "kernel_size": 3, "padding": 1, "name": f"l{number}"} for number in range(20)]
    passed = propagate(graph_of({"layers": layers}, "large"), [(1, 3, 10**15, 10**15)])
    report = field_report(passed, 19, (5 * 10**14, 0)).report
    assert report.rows == (5 * 10**14 - 20, 5 * 10**14 + 20)
    assert report.padded_columns == (-20, 20)
